#include "child/launch_options.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::child {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Strings = std::vector<std::string>;

struct Parsed {
  explicit Parsed(Strings words_in) : words(std::move(words_in)) {
    words.insert(words.begin(), "glovebox-launch");
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    room.resize(argv.size());
    const char* message =
        ParseLaunchOptions(static_cast<int>(words.size()), argv.data(), room.data(), options);
    if (message != nullptr) error = message;
  }
  Strings Outputs() const { return {options.outputs, options.outputs + options.output_count}; }
  Strings Command() const { return {options.command, options.command + options.command_count}; }

  Strings words;
  std::vector<char*> argv;
  std::vector<const char*> room;
  LaunchOptions options;
  std::string error;
};

TEST(LaunchOptions, AreRead) {
  const Parsed p({"--role=compile", "--lang=CXX", "--target=a", "--type=EXECUTABLE", "--out=a.o", "--dep=a.d",
                  "--build=/b%20c", "--", "cc", "--out=x", "--"});
  EXPECT_EQ(p.error, "");
  EXPECT_EQ(p.options.role, Role::kCompile);
  EXPECT_STREQ(p.options.language, "CXX");
  EXPECT_STREQ(p.options.target, "a");
  EXPECT_STREQ(p.options.type, "EXECUTABLE");
  EXPECT_STREQ(p.options.depfile, "a.d");
  EXPECT_STREQ(p.options.build, "/b%20c");
  EXPECT_THAT(p.Outputs(), ElementsAre("a.o"));
  EXPECT_THAT(p.Command(), ElementsAre("cc", "--out=x", "--"));
}

TEST(LaunchOptions, SeveralOutputsBelongToOneOption) {
  const Parsed p({"--out=a", "b", "c", "--dep=d", "e", "--out=f", "--", "x"});
  EXPECT_THAT(p.Outputs(), ElementsAre("a", "b", "c", "f"));
  EXPECT_STREQ(p.options.depfile, "d");
}

TEST(LaunchOptions, UnfilledPlaceholdersAreAbsent) {
  const Parsed p({"--role=custom", "--lang=LANGUAGE", "--target=TARGET_NAME", "--type=TARGET_TYPE",
                  "--out=OUTPUT", "--dep=<DEP_FILE>", "--", "x"});
  EXPECT_STREQ(p.options.language, "");
  EXPECT_STREQ(p.options.target, "");
  EXPECT_STREQ(p.options.type, "");
  EXPECT_STREQ(p.options.depfile, "");
  EXPECT_THAT(p.Outputs(), IsEmpty());
}

TEST(LaunchOptions, UnknownOnesArePassedOver) {
  const Parsed p({"--role=quantum", "--colour=red", "blue", "--bare", "--", "x"});
  EXPECT_EQ(p.error, "");
  EXPECT_EQ(p.options.role, Role::kRun);
}

TEST(LaunchOptions, ACommandIsNeeded) {
  EXPECT_NE(Parsed({}).error, "");
  EXPECT_NE(Parsed({"--role=link"}).error, "");
  EXPECT_NE(Parsed({"--role=link", "--"}).error, "");
  EXPECT_EQ(Parsed({"--", "x"}).error, "");
}

TEST(LaunchOptions, RolesHaveNamesThatAreReadAgain) {
  for (uint32_t role = 0; role <= static_cast<uint32_t>(Role::kConfigure); ++role) {
    const Parsed p({std::string("--role=") + RoleName(static_cast<Role>(role)), "--", "x"});
    EXPECT_EQ(p.options.role, static_cast<Role>(role));
  }
}

TEST(IsUtility, KnowsCMakesOwnTargets) {
  for (const char* name : {"test", "install", "list_install_components", "edit_cache", "rebuild_cache",
                           "package", "package_source", "install/local", "install/strip"}) {
    const std::string out = std::string("--out=CMakeFiles/") + name + ".util";
    EXPECT_TRUE(IsUtility(Parsed({"--role=custom", out, "--", "x"}).options)) << out;
    EXPECT_FALSE(IsUtility(Parsed({"--role=compile", out, "--", "x"}).options)) << out;
  }
  const Strings kYes[] = {
      {"--role=custom", "--out=/b/sub/CMakeFiles/test.util", "--", "x"},
      {"--role=custom", "--target=TARGET_NAME", "--out=", "--", "/usr/bin/ctest", "--force-new-ctest-process",
       "-j2", "-C", "Debug"},
      {"--role=custom", "--out=OUTPUT", "--", "/usr/bin/cmake", "-P", "cmake_install.cmake"},
      {"--role=custom", "--out=", "--", "cmake", "--regenerate-during-build", "-S/s", "-B/b"},
      {"--role=custom", "--target=test", "--out=", "--", "ctest"},
      {"--role=custom", "--out=", "--", "cmake", "-DCMAKE_INSTALL_LOCAL_ONLY=1", "-P", "cmake_install.cmake"},
      {"--role=custom", "--out=", "--", "cmake", "-DCMAKE_INSTALL_DO_STRIP=1", "-DBUILD_TYPE=Debug", "-P",
       "cmake_install.cmake"},
      {"--role=custom", "--out=", "--", "cpack", "--config", "./CPackConfig.cmake"},
      {"--role=custom", "--out=", "--", "cpack", "-C", "Debug", "--config", "./CPackConfig.cmake"},
      {"--role=custom", "--out=", "--", "cpack", "--config", "./CPackSourceConfig.cmake", "/b/C.cmake"},
      {"--role=custom", "--out=", "--", "ccmake", "-S/s", "-B/b"},
  };
  for (const Strings& words : kYes) EXPECT_TRUE(IsUtility(Parsed(words).options)) << words[1];
  const Strings kNo[] = {
      {"--role=custom", "--out=CMakeFiles/mytest.util", "--", "x"},
      {"--role=custom", "--out=CMakeFiles/local.util", "--", "x"},
      {"--role=custom", "--out=xCMakeFiles/test.util", "--", "x"},
      {"--role=custom", "--out=CMakeFiles/test.util.c", "--", "x"},
      {"--role=custom", "--out=test.util", "--", "x"},
      {"--role=custom", "--out=log", "--", "ctest"},
      {"--role=custom", "--target=unit", "--out=", "--", "ctest"},
      {"--role=custom", "--out=", "--", "cmake", "-E", "touch", "x"},
      // POST_BUILD commands of a project have neither output nor target either.
      {"--role=custom", "--target=TARGET_NAME", "--out=", "--", "ctest"},
      {"--role=custom", "--target=TARGET_NAME", "--out=", "--", "/usr/bin/ctest", "-R", "unit"},
      {"--role=custom", "--out=", "--", "ctest", "-N", "--force-new-ctest-process"},
      {"--role=custom", "--out=", "--", "cpack"},
      {"--role=custom", "--out=", "--", "cpack", "-G", "TGZ"},
      {"--role=custom", "--out=", "--", "cpack", "--config", "/b/CPackConfig.cmake"},
      {"--role=custom", "--out=", "--", "ccmake"},
      {"--role=custom", "--out=", "--", "cmake", "-P", "/b/sub/cmake_install.cmake"},
      {"--role=custom", "--out=", "--", "cmake", "-DX=1", "-P", "cmake_install.cmake"},
      {"--role=custom", "--out=", "--", "cmake", "-P", "cmake_install.cmake", "x"},
      {"--role=custom", "--out=", "--", "cmake", "-P", "x.cmake", "--regenerate-during-build"},
  };
  for (const Strings& words : kNo) EXPECT_FALSE(IsUtility(Parsed(words).options)) << words[1];
}

}  // namespace
}  // namespace glovebox::child
