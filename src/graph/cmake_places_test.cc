#include "graph/cmake_places.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "graph/cmake_variables.h"
#include "gtest/gtest.h"

namespace glovebox::graph {
namespace {

using testing::ElementsAre;
using Kind = CMakeDeclaration::Kind;

// "FILE:LINE command how", "-" for none.
std::string Written(const std::optional<CMakePlace>& place) {
  return place.has_value() ? absl::StrCat(place->file, ":", place->line, " ", place->command, " ", place->how)
                           : "-";
}

CMakeDeclaration Output(const std::string& pattern, int line, const std::string& binary_dir = "",
                        const std::string& target = "") {
  return {Kind::kOutput,
          absl::StrReplaceAll(pattern, {{"?", std::string(1, kAnyText)}}),
          target,
          {"/s/CMakeLists.txt", line, "add_custom_command"},
          binary_dir};
}
CMakeDeclaration Target(const std::string& pattern, int line, const std::string& command,
                        const std::string& binary_dir = "/b") {
  return {Kind::kTarget,
          absl::StrReplaceAll(pattern, {{"?", std::string(1, kAnyText)}}),
          "",
          {"/s/CMakeLists.txt", line, command},
          binary_dir};
}

TEST(CMakePlaces, OnlyTheOneLineThatReadsAFileCounts) {
  const std::string any(1, kAnyText);
  const auto read = [](CMakeRead::Kind kind, const std::string& pattern, bool below, int line) {
    return CMakeRead{kind, pattern, below, {"/link/CMakeLists.txt", line, "file"}};
  };
  CMakePlaceFacts facts;
  facts.source_dir = "/link";
  facts.real_source_dir = "/s";
  facts.build_dir = "/b";
  facts.script.reads = {read(CMakeRead::Kind::kFile, "/link/VERSION", false, 1),
                        read(CMakeRead::Kind::kFile, "/link/twice", false, 2),
                        read(CMakeRead::Kind::kFile, "/link/twice", false, 3),
                        read(CMakeRead::Kind::kList, "/link/src", true, 4),
                        read(CMakeRead::Kind::kFile, any + "/table.txt", false, 5),
                        // A program lists for itself.
                        {CMakeRead::Kind::kList, any, false, {"/link/CMakeLists.txt", 8, "execute_process"}}};
  const CMakePlaces places(facts);
  EXPECT_EQ(Written(places.OfRead("/s/VERSION", false)), "CMakeLists.txt:1 file text");
  EXPECT_EQ(Written(places.OfRead("/s/VERSION", true)), "-");
  EXPECT_EQ(Written(places.OfRead("/s/twice", false)), "-");
  EXPECT_EQ(Written(places.OfRead("/s/src/sub", true)), "CMakeLists.txt:4 file text");
  EXPECT_EQ(Written(places.OfRead("/s/d/table.txt", false)), "CMakeLists.txt:5 file text");
  EXPECT_EQ(Written(places.OfRead("/s/other", false)), "-");
  EXPECT_TRUE(places.MayList("/s/src/sub"));
  EXPECT_FALSE(places.MayList("/s/lib"));
  EXPECT_EQ(Written(places.OfNetwork()), "-");
  facts.script.reads.push_back(read(CMakeRead::Kind::kNetwork, "", false, 6));
  EXPECT_EQ(Written(CMakePlaces(facts).OfNetwork()), "CMakeLists.txt:6 file text");
  facts.script.reads.push_back(read(CMakeRead::Kind::kNetwork, "", false, 7));
  EXPECT_EQ(Written(CMakePlaces(facts).OfNetwork()), "-");
}

TEST(CMakePlaces, OnlyTheOneLineThatCanHaveMadeAFileCounts) {
  struct Case {
    const char* what;
    std::vector<CMakeDeclaration> declarations;
    const char* path;
    int line;  // 0: no place
  };
  const Case cases[] = {
      {"none", {}, "/b/x.h", 0},
      {"the very path", {Output("/b/x.h", 1), Output("/b/y.h", 2), Output("?/x.h", 3)}, "/b/x.h", 1},
      {"two lines for the very path", {Output("/b/x.h", 1), Output("/b/x.h", 2)}, "/b/x.h", 0},
      {"one line met twice", {Output("/b/x.h", 1, "/b"), Output("/b/x.h", 1, "/b/c")}, "/b/x.h", 1},
      {"an unknown directory", {Output("?/x.h", 1), Output("?/y.h", 2)}, "/b/x.h", 1},
      {"more than the last part is known", {Output("?/sub/x.h", 1)}, "/b/x.h", 0},
      {"two unknown directories", {Output("?/x.h", 1), Output("?/x.h", 2)}, "/b/x.h", 0},
      {"two, one in the directory that holds it",
       {Output("?/x.h", 1, "/b/sub"), Output("?/x.h", 2, "/b/other")},
       "/b/sub/x.h",
       1},
      {"two, the inner directory", {Output("?/x.h", 1, "/b"), Output("?/x.h", 2, "/b/sub")}, "/b/sub/x.h", 2},
      {"two, of one directory", {Output("?/x.h", 1, "/b"), Output("?/x.h", 2, "/b")}, "/b/x.h", 0},
      {"a line that may make anything", {Output("?/x.h", 1), Output("?", 2)}, "/b/x.h", 0},
      {"the same, but the directory fits", {Output("?/x.h", 1, "/b/sub"), Output("?", 2)}, "/b/sub/x.h", 1},
      {"enough of the last part", {Output("/b/?_gen.h", 1)}, "/b/x_gen.h", 1},
      {"too little of the last part", {Output("/b/?.h", 1)}, "/b/x.h", 0},
      {"enough, but two", {Output("/b/?_gen.h", 1), Output("?x_gen?", 2)}, "/b/x_gen.h", 0},
      {"enough, but another may be it", {Output("/b/?_gen.h", 1), Output("?.h", 2)}, "/b/x_gen.h", 0},
      {"enough, another cannot be it", {Output("/b/?_gen.h", 1), Output("/c/?.h", 2)}, "/b/x_gen.h", 1},
  };
  for (const Case& c : cases) {
    CMakePlaceFacts facts;
    facts.asked_dir = facts.build_dir = "/b";
    facts.source_dir = "/s";
    facts.script.declarations = c.declarations;
    const std::string want =
        c.line == 0 ? "-" : absl::StrCat("CMakeLists.txt:", c.line, " add_custom_command text");
    EXPECT_EQ(Written(CMakePlaces(facts).OfOutput(c.path)), want) << c.what;
    // There may be lines that were not met: the very path alone counts.
    facts.script.complete = false;
    const bool exact = !c.declarations.empty() && c.declarations[0].pattern == c.path;
    EXPECT_EQ(Written(CMakePlaces(facts).OfOutput(c.path)), exact ? want : "-") << c.what;
  }
}

TEST(CMakePlaces, TargetsWithoutAReply) {
  CMakePlaceFacts facts;
  facts.asked_dir = "/link/to/b";
  facts.build_dir = "/b";
  facts.source_dir = "/s";
  facts.configurations = {"Debug", "Release"};
  facts.target_dirs = {{"app", "/b"}, {"l", "/b/sub"}, {"ct", "/b"},        {"a_test", "/b"},
                       {"ep", "/b"},  {"two", "/b"},   {"edit_cache", "/b"}};
  facts.script.declarations = {
      Target("app", 1, "add_executable"),        Target("l", 2, "add_library", "/b/sub"),
      Target("l", 3, "add_library", "/b/other"),  // in a branch, for another directory
      Target("ct", 4, "add_custom_target"),      Target("?_test", 5, "add_executable"),
      Target("ep", 6, "externalproject_add"),    Target("two", 7, "add_library"),
      Target("two", 8, "add_library"),           Output("/b/post", 9, "/b", "app")};
  const CMakePlaces places(facts);
  struct Case {
    const char* path;
    const char* target;
    const char* place;
  };
  const Case cases[] = {
      {"app", "app", "CMakeLists.txt:1 add_executable text"},
      {"Debug/app", "app", "CMakeLists.txt:1 add_executable text"},
      {"/link/to/b/app", "app", "CMakeLists.txt:1 add_executable text"},
      {"bin/app", "app", "CMakeLists.txt:1 add_executable text"},
      {"CMakeFiles/app.dir/x.c.o", "app", "CMakeLists.txt:1 add_executable text"},
      {"sub/CMakeFiles/app.dir/x.c.o", "-", "-"},  // of a build inside this one
      {"sub/libl.a", "l", "CMakeLists.txt:2 add_library text"},
      {"sub/libl.so.1.2", "l", "CMakeLists.txt:2 add_library text"},
      {"sub/libl.so.old", "-", "-"},
      {"sub/CMakeFiles/l.dir/Debug/x.c.o", "l", "CMakeLists.txt:2 add_library text"},
      {"CMakeFiles/ct", "ct", "CMakeLists.txt:4 add_custom_target text"},
      {"CMakeFiles/ct-Release", "ct", "CMakeLists.txt:4 add_custom_target text"},
      {"CMakeFiles/ct-Other", "-", "-"},
      {"CMakeFiles/a_test.dir/x.c.o", "a_test", "CMakeLists.txt:5 add_executable text"},
      {"ep-prefix/src/ep-stamp/ep-build", "ep", "CMakeLists.txt:6 externalproject_add text"},
      {"ep-prefix/src/ep-stamp/ep-own", "-", "-"},
      {"CMakeFiles/ep-complete", "ep", "CMakeLists.txt:6 externalproject_add text"},
      {"CMakeFiles/two.dir/x.c.o", "two", "-"},
      {"CMakeFiles/edit_cache.util", "-", "-"},
      {"post", "app", "CMakeLists.txt:9 add_custom_command text"},
      {"/usr/lib/libc.so", "-", "-"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Written(places.OfOutput(c.path)), c.place) << c.path;
    EXPECT_EQ(places.TargetOfOutput(c.path).value_or("-"), c.target) << c.path;
  }
  // By the name of a rule, whatever the file is called.
  EXPECT_EQ(Written(places.OfEdge({{"libother.a"}, "C_STATIC_LIBRARY_LINKER__l_Debug", "", {}, {}})),
            "CMakeLists.txt:2 add_library text");
  EXPECT_EQ(places.TargetOfEdge({{"x.o"}, "CXX_COMPILER__a_test_", "", {}, {}}), "a_test");
  EXPECT_EQ(places.TargetOfEdge({{"no", "app"}, "CUSTOM_COMMAND", "", {}, {}}), "app");
  EXPECT_EQ(Written(places.OfEdge({{"no", "post"}, "C_EXECUTABLE_LINKER__gone_", "", {}, {}})),
            "CMakeLists.txt:9 add_custom_command text");
  EXPECT_EQ(Written(places.OfEdge({{"no"}, "_LINKER__", "", {}, {}})), "-");
  // Elsewhere than in its directory a program may be what another command copies.
  facts.script.declarations.push_back(Output("?", 10));
  EXPECT_EQ(Written(CMakePlaces(facts).OfOutput("bin/app")), "-");
}

TEST(CMakePlaces, OfABackTraceTheProjectsInnermostCallCounts) {
  struct Case {
    const char* what;
    CMakeCalls calls;
    const char* want;
  };
  const Case cases[] = {
      {"none", {}, "-"},
      {"a function of the project",
       {{"/s/m.cmake", 2, "add_library"}, {"/s/sub/CMakeLists.txt", 9, "my_lib"}},
       "m.cmake:2 add_library file-api"},
      {"a module of CMake, which lies below the project",
       {{"/s/cmake/Modules/E.cmake", 2, "add_custom_target"},
        {"/s/CMakeLists.txt", 9, "ExternalProject_Add"}},
       "CMakeLists.txt:9 externalproject_add file-api"},
      {"a module of an installed package",
       {{"/usr/lib/p.cmake", 2, "add_library"}, {"/b/_deps/d/CMakeLists.txt", 9, "p_add"}},
       "/b/_deps/d/CMakeLists.txt:9 p_add file-api"},
      {"a directory outside",
       {{"/else/CMakeLists.txt", 2, "add_library"}},
       "/else/CMakeLists.txt:2 add_library file-api"},
      {"nothing but CMake", {{"/s/cmake/Modules/E.cmake", 2, "add_library"}}, "-"},
  };
  for (const Case& c : cases) {
    CMakePlaceFacts facts;
    facts.asked_dir = facts.build_dir = "/b";
    facts.source_dir = "/s";
    facts.cmake_root = "/s/cmake/Modules";
    facts.targets = {{"t", "UTILITY", "/b", {"/b/lib/libt.so"}, c.calls, {"/b/g"}}};
    const CMakePlaces places(facts);
    EXPECT_EQ(Written(places.OfTarget("t")), c.want) << c.what;
    EXPECT_EQ(Written(places.OfOutput("lib/libt.so")), c.want) << c.what;
    EXPECT_EQ(Written(places.OfOutput("lib/libt.so.1.0.git")), c.want) << c.what;
    EXPECT_EQ(Written(places.OfOutput("lib/libt.so.debug")), "-") << c.what;
    EXPECT_EQ(places.TargetOfOutput("g").value_or("-"), "t");
    EXPECT_EQ(Written(places.OfTarget("u")), "-");
  }
}

TEST(CMakePlaces, FilesThatEachBuildHasAreRead) {
  const CMakeInstallScript script = ParseCMakeInstallScript(
      "# Install script for directory: /s/a b\n\nif(1)\n  include(\"/b/x/cmake_install.cmake\")\n"
      "  include(\"/b/other.cmake\")\n  include(\"${x}/cmake_install.cmake\")\nendif()\n");
  EXPECT_EQ(script.source_dir, "/s/a b");
  EXPECT_THAT(script.scripts, ElementsAre("/b/x/cmake_install.cmake"));
  EXPECT_EQ(ParseCMakeInstallScript("# other\n").source_dir, "");
  EXPECT_THAT(ParseTargetDirectories(
                  "/b/CMakeFiles/a.dir\n/b/CMakeFiles/s/CMakeFiles/b.c.dir\nx\n/b/CMakeFiles/.dir\n"),
              ElementsAre(CMakeTargetDir{"a", "/b"}, CMakeTargetDir{"b.c", "/b/CMakeFiles/s"}));
  EXPECT_THAT(ParseMakefileDepends("set(CMAKE_MAKEFILE_DEPENDS\n \"CMakeCache.txt\"\n \"/s/C\\\"x.txt\"\n )\n"
                                   "set(OTHER y)\n",
                                   "/b"),
              ElementsAre("/b/CMakeCache.txt", "/s/C\"x.txt"));
}

}  // namespace
}  // namespace glovebox::graph
