#include "graph/configure_call.h"

#include <map>

#include "absl/strings/str_join.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::graph {
namespace {

using testing::HasSubstr;
using Files = std::map<std::string, std::string>;

FileText From(const Files& files) {
  return [&files](const std::string& path) -> absl::StatusOr<std::string> {
    const auto found = files.find(path);
    if (found == files.end()) return absl::NotFoundError(path);
    return found->second;
  };
}

TEST(ReadConfigureCall, FindsSourceAndBuildDirectoryAsCMakeDoes) {
  const Files files = {{"/w/old/CMakeCache.txt", "CMAKE_HOME_DIRECTORY:INTERNAL=/s\n"}};
  struct Case {
    std::vector<std::string> words;
    const char* source;
    const char* build;
  };
  const Case cases[] = {
      {{"-S", ".", "-B", "build", "-G", "Ninja", "-DX=Y"}, "/w", "/w/build"},
      {{"-S.", "-Bbuild"}, "/w", "/w/build"},
      {{"-B=../b"}, "/w", "/b"},
      {{"-S", "/s"}, "/s", "/w"},
      {{".."}, "/", "/w"},
      {{"-D", "X=Y", "-C", "cache.cmake", "../src"}, "/src", "/w"},
      {{"old"}, "/s", "/w/old"},
      {{"old/CMakeCache.txt", "-DX=1"}, "/s", "/w/old"},
      {{"-S", "src", "b"}, "/w/src", "/w/b"},
      {{"-B", "b", "src"}, "/w/src", "/w/b"},
      {{"-DX=1"}, "/w", "/w"},
      {{"--toolchain", "t.cmake", "--log-level=DEBUG", "-Wno-dev", "--fresh", "-B", "b"}, "/w", "/w/b"},
  };
  for (const Case& c : cases) {
    ASSERT_OK_AND_ASSIGN(const ConfigureCall call, ReadConfigureCall(c.words, "/w", From(files)));
    EXPECT_EQ(call.source_dir, c.source) << absl::StrJoin(c.words, " ");
    EXPECT_EQ(call.build_dir, c.build) << absl::StrJoin(c.words, " ");
  }
}

TEST(ReadConfigureCall, WhatConfiguresNothingIsToldWithWhatDoesTheJob) {
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{"--build", "b"}, "cmake: --build configures nothing: glovebox-ninja -C BUILD"},
      {{"-E", "touch", "x"}, "glovebox run -- cmake -E"},
      {{"-DX=1", "-P", "x.cmake"}, "glovebox run -- cmake -P"},
      {{"--install", "b"}, "glovebox run -- cmake --install"},
      {{"--help-module", "X"}, "use cmake itself"},
      {{"--version"}, "use cmake itself"},
      {{}, "nothing to configure"},
  };
  for (const auto& [words, message] : cases) {
    EXPECT_THAT(ReadConfigureCall(words, "/w", From({})).status(),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
  }
}

TEST(ReadConfigureCall, APresetSaysWhereItBuilds) {
  const Files files = {
      {"/w/CMakePresets.json",
       R"({"version": 4, "include": ["more/x.json"], "configurePresets": [
            {"name": "base", "hidden": true, "generator": "Ninja",
             "binaryDir": "${sourceParentDir}/out/${sourceDirName}-${presetName}-${generator}"},
            {"name": "dev", "inherits": ["none", "base"]},
            {"name": "here", "binaryDir": "b"},
            {"name": "env", "binaryDir": "$env{HOME}/b"},
            {"name": "round", "inherits": "round"}]})"},
      {"/w/more/x.json", R"({"configurePresets": [{"name": "far", "binaryDir": "${fileDir}/b"}]})"},
      {"/w/CMakeUserPresets.json", R"({"configurePresets": [{"name": "mine", "inherits": "here"}]})"},
  };
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{"--preset", "dev"}, "/out/w-dev-Ninja"},
      {{"--preset=here"}, "/w/b"},
      {{"--preset=far"}, "/w/more/b"},
      {{"--preset=mine"}, "/w/b"},
      {{"--preset=none"}, "/w"},
      {{"--preset=round"}, "/w"},
      {{"--preset=env", "-B", "x"}, "/w/x"},
      {{"-S", "/w", "--preset", "here"}, "/w/b"},
  };
  for (const auto& [words, build] : cases) {
    ASSERT_OK_AND_ASSIGN(const ConfigureCall call, ReadConfigureCall(words, "/w", From(files)));
    EXPECT_EQ(call.build_dir, build) << absl::StrJoin(words, " ");
    EXPECT_EQ(call.source_dir, "/w");
  }
  EXPECT_THAT(ReadConfigureCall({"--preset", "env"}, "/w", From(files)).status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("has $env{HOME}, which is not known here: say -B DIR as well")));
}

}  // namespace
}  // namespace glovebox::graph
