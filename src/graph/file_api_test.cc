#include "graph/file_api.h"

#include "base/files.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"

namespace glovebox::graph {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr char kIndex[] = R"({"cmake": {"paths": {"root": "/usr/share/cmake"}}, "objects": [
  {"kind": "codemodel", "jsonFile": "codemodel.json"}, {"kind": "cache", "jsonFile": "../cache.json"},
  {"kind": "cmakeFiles", "jsonFile": "files.json"}, {"jsonFile": 1}, 7]})";
constexpr char kModel[] =
    R"({"kind": "codemodel", "paths": {"source": "/s", "build": "/b"}, "configurations": [
  {"name": "Debug", "directories": [{"source": ".", "build": "."}, {"source": "sub", "build": "out/sub"}],
   "targets": [{"name": "a", "jsonFile": "a-d.json"}, {"name": "bad", "jsonFile": "/a"}]},
  {"name": "Release", "directories": [{"source": ".", "build": "."}, {"source": "/else", "build": "else"}],
   "targets": [{"name": "a", "jsonFile": "a-r.json"}, {"name": "a", "jsonFile": "a-d.json"}]}]})";
constexpr char kTarget[] =
    R"({"name": "a", "type": "SHARED_LIBRARY", "paths": {"source": "sub", "build": "out/sub"},
  "artifacts": [{"path": "lib/liba.so"}, {"path": "/abs/liba.so"}, {}], "backtrace": 2,
  "backtraceGraph": {"commands": ["add_library", "my_lib"], "files": ["/usr/share/x.cmake", "sub/CMakeLists.txt"],
    "nodes": [{"file": 1}, {"file": 1, "line": 7, "command": 1, "parent": 0},
              {"file": 0, "line": 3, "command": 0, "parent": 1}]},
  "sources": [{"path": "a.c", "backtrace": 1}, {"path": "/b/g.c", "isGenerated": true},
              {"path": "/b/g.c.rule", "isGenerated": true}, {"path": "kept.rule"}]})";

TEST(FileApi, RepliesAreRead) {
  ASSERT_OK_AND_ASSIGN(const FileApiIndex index, ParseFileApiIndex(kIndex));
  EXPECT_EQ(index.cmake_root, "/usr/share/cmake");
  EXPECT_THAT(index.files,
              UnorderedElementsAre(Pair("codemodel", "codemodel.json"), Pair("cmakeFiles", "files.json")));
  ASSERT_OK_AND_ASSIGN(const Codemodel model, ParseCodemodel(kModel));
  EXPECT_EQ(model.source_dir, "/s");
  EXPECT_THAT(model.directories,
              ElementsAre(CMakeDirectory{"/s", "/b"}, CMakeDirectory{"/s/sub", "/b/out/sub"},
                          CMakeDirectory{"/else", "/b/else"}));
  EXPECT_THAT(model.target_files, ElementsAre("a-d.json", "a-r.json"));
  ASSERT_OK_AND_ASSIGN(const FileApiTarget target, ParseFileApiTarget(kTarget, model));
  EXPECT_EQ(target,
            (FileApiTarget{"a",
                           "SHARED_LIBRARY",
                           "/b/out/sub",
                           {"/b/lib/liba.so", "/abs/liba.so"},
                           {{"/usr/share/x.cmake", 3, "add_library"}, {"/s/sub/CMakeLists.txt", 7, "my_lib"}},
                           {"/b/g.c"}}));
}

TEST(FileApi, FilesOfCMakeItselfAreNotTheProjects) {
  ASSERT_OK_AND_ASSIGN(
      const std::vector<std::string> files,
      ParseCMakeFiles(R"({"kind": "cmakeFiles", "paths": {"source": "/s", "build": "/b"}, "inputs": [
        {"path": "CMakeLists.txt"}, {"path": "/u/C.cmake", "isCMake": true, "isExternal": true},
        {"path": "/x/y.cmake", "isExternal": true}, {}, 1]})"));
  EXPECT_THAT(files, ElementsAre("/s/CMakeLists.txt", "/x/y.cmake"));
}

TEST(FileApi, BadInput) {
  for (const char* bad : {"", "[", "[]", "1", "{\"kind\": \"x\"}", "\xff"}) {
    EXPECT_FALSE(ParseCodemodel(bad).ok()) << bad;
    EXPECT_FALSE(ParseFileApiTarget(bad, {}).ok()) << bad;
    EXPECT_FALSE(ParseCMakeFiles(bad).ok()) << bad;
  }
  EXPECT_FALSE(ParseFileApiIndex("[]").ok());
  // A back-trace that leads in a circle, or out of the list, ends.
  for (const char* nodes :
       {R"([{"file": 0, "line": 1, "command": 0, "parent": 0}])", R"([{"file": 9, "line": 1, "parent": 7}])",
        R"([{"file": -1, "line": 1}])", R"([{"file": "x", "line": {}}])", "{}", R"([1])"}) {
    ASSERT_OK_AND_ASSIGN(const FileApiTarget target,
                         ParseFileApiTarget(std::string(R"({"name": "a", "type": "UTILITY", "backtrace": 0,
                                                            "backtraceGraph": {"files": ["f"], "nodes": )") +
                                                nodes + "}}",
                                            {"/s", "/b", {}, {}}));
    EXPECT_LE(target.calls.size(), 1000u) << nodes;
  }
}

TEST(FileApi, TheNewestReplyCounts) {
  ASSERT_OK_AND_ASSIGN(TempDir dir, TempDir::Create());
  EXPECT_THAT(LoadFileApi(dir.path()), StatusIs(absl::StatusCode::kNotFound, testing::_));
  const std::string reply = dir.path() + "/.cmake/api/v1/reply/";
  ASSERT_OK(MakeDirectories(reply));
  ASSERT_OK(WriteFile(reply + "index-2026-01-01.json", "damaged"));
  ASSERT_OK(WriteFile(reply + "index-2026-01-02.json", R"({"objects": []})"));
  EXPECT_THAT(LoadFileApi(dir.path()),
              StatusIs(absl::StatusCode::kNotFound, testing::HasSubstr("codemodel")));
  ASSERT_OK(WriteFile(reply + "index-2026-01-03.json", kIndex));
  ASSERT_OK(WriteFile(reply + "codemodel.json", kModel));
  ASSERT_OK(WriteFile(reply + "a-d.json", kTarget));
  ASSERT_OK(WriteFile(reply + "a-r.json", "damaged"));
  ASSERT_OK_AND_ASSIGN(const FileApiReply loaded, LoadFileApi(dir.path()));
  ASSERT_EQ(loaded.targets.size(), 1u);
  EXPECT_EQ(loaded.targets[0].name, "a");
  EXPECT_TRUE(loaded.files.empty());
}

}  // namespace
}  // namespace glovebox::graph
