#include "graph/configure_facts.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::graph {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ParseVerifyGlobs, SaysWhichDirectoriesAreLookedAtBeforeEachBuild) {
  EXPECT_THAT(
      ParseVerifyGlobs("# CMAKE generated file: DO NOT EDIT!\n"
                       "cmake_policy(SET CMP0009 NEW)\n"
                       "# SRCS at CMakeLists.txt:3 (file)\n"
                       "file(GLOB NEW_GLOB LIST_DIRECTORIES true \"/s/a b/*.c\")\n"
                       "set(OLD_GLOB\n  \"/s/a b/x.c\"\n  )\n"
                       "if(NOT \"${NEW_GLOB}\" STREQUAL \"${OLD_GLOB}\")\n"
                       "  message(\"-- GLOB mismatch!\")\n"
                       "  file(TOUCH_NOCREATE \"/b/CMakeFiles/cmake.verify_globs\")\n"
                       "endif()\n"
                       "file(GLOB_RECURSE NEW_GLOB LIST_DIRECTORIES false RELATIVE \"/s\" \"/s/r/*.h\")\n"
                       "file(GLOB NEW_GLOB LIST_DIRECTORIES true \"/s/m/*/x.c\")\n"),
      ElementsAre(WatchedDirectory{"/s/a b", false}, WatchedDirectory{"/s/r", true},
                  WatchedDirectory{"/s/m", true}));
  EXPECT_THAT(ParseVerifyGlobs(""), IsEmpty());
}

}  // namespace
}  // namespace glovebox::graph
