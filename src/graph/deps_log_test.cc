#include "graph/deps_log.h"

#include "base/files.h"
#include "base/status_matchers.h"
#include "graph/run_tool.h"
#include "gtest/gtest.h"

namespace glovebox::graph {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

TEST(ParseDepsLog, NamesAreTakenByteForByte) {
  ASSERT_OK_AND_ASSIGN(const DepsLog log, ParseDepsLog("a: b.o: #deps 2, deps mtime 17 (VALID)\n"
                                                       "    x y\n"
                                                       "      two blanks in front\xff \n"
                                                       "\n"
                                                       "    indented: #deps 0, deps mtime 0 (STALE)\n"
                                                       "\n"
                                                       "n: #deps 1, deps mtime 1 (VALID)\n"
                                                       "    p: #deps 1, deps mtime 1 (VALID)\n"
                                                       "\n"
                                                       "q: #deps 9, deps mtime 9 (VALID): #deps 1, deps "
                                                       "mtime -1 (STALE)\n"
                                                       "    \n"
                                                       "\n"
                                                       "gone: deps not found\n"));
  EXPECT_THAT(log,
              UnorderedElementsAre(Pair("a: b.o", DepsEntry{true, {"x y", "  two blanks in front\xff "}}),
                                   Pair("    indented", DepsEntry{false, {}}),
                                   Pair("n", DepsEntry{true, {"p: #deps 1, deps mtime 1 (VALID)"}}),
                                   Pair("q: #deps 9, deps mtime 9 (VALID)", DepsEntry{false, {""}})));
}

TEST(ParseDepsLog, BadInput) {
  for (const char* bad : {
           "\n",
           "a\n",
           "a: #deps 0, deps mtime 1 (VALID)",
           "a: #deps 0, deps mtime 1 (VALID)\n",
           "a: #deps 0, deps mtime 1 (OTHER)\n\n",
           "a: #deps x, deps mtime 1 (VALID)\n\n",
           "a: #deps -1, deps mtime 1 (VALID)\n\n",
           "a: #deps 0, deps mtime y (VALID)\n\n",
           "a: #deps, deps mtime 1 (VALID)\n\n",
           ": #deps 0, deps mtime 1 (VALID)\n\n",
           "a: #deps 2, deps mtime 1 (VALID)\n    b\n\n",
           "a: #deps 1, deps mtime 1 (VALID)\n    b\n    c\n\n",
           "a: #deps 99999999999999, deps mtime 1 (VALID)\n    b\n",
       }) {
    EXPECT_THAT(ParseDepsLog(bad), StatusIs(absl::StatusCode::kInvalidArgument,
                                            testing::HasSubstr("ninja -t deps: cannot read")))
        << bad;
  }
  EXPECT_THAT(*ParseDepsLog(""), IsEmpty());
}

TEST(LoadDepsLog, WhatARealNinjaReadOfDepfiles) {
  ASSERT_OK_AND_ASSIGN(TempDir dir, TempDir::Create());
  ASSERT_OK(WriteFile(dir.path() + "/build.ninja",
                      "rule cc\n"
                      "  command = printf 'x: i a\\\\ b ../c\\n' > d.d && touch $out\n"
                      "  depfile = d.d\n"
                      "  deps = gcc\n"
                      "rule touch\n"
                      "  command = touch $out\n"
                      "build o$ 1$:$ x: cc i\n"
                      "build o2: cc i || o$ 1$:$ x\n"
                      "build plain: touch\n"));
  const NinjaCall call = {"ninja", dir.path(), "build.ninja"};
  ASSERT_OK(WriteFile(dir.path() + "/i", ""));
  ASSERT_OK_AND_ASSIGN(DepsLog log, LoadDepsLog(call));
  EXPECT_THAT(log, IsEmpty());
  EXPECT_FALSE(FileExists(dir.path() + "/.ninja_deps"));  // asking leaves no trace

  ASSERT_OK_AND_ASSIGN(const ToolOutput built, RunTool({"ninja"}, dir.path()));
  ASSERT_EQ(built.exit_status, 0) << built.out;
  ASSERT_OK(WriteFile(dir.path() + "/o2", "newer than its entry"));
  ASSERT_OK_AND_ASSIGN(const ToolOutput touched, RunTool({"touch", "-d", "+1 hour", "o2"}, dir.path()));
  ASSERT_OK_AND_ASSIGN(log, LoadDepsLog(call));
  EXPECT_THAT(log, UnorderedElementsAre(Pair("o 1: x", DepsEntry{true, {"i", "a b", "../c"}}),
                                        Pair("o2", DepsEntry{false, {"i", "a b", "../c"}})));
}

TEST(LoadDepsLog, WhatNinjaSaysOfABrokenManifestIsKept) {
  ASSERT_OK_AND_ASSIGN(TempDir dir, TempDir::Create());
  ASSERT_OK(WriteFile(dir.path() + "/build.ninja", "bild x\n"));
  EXPECT_THAT(LoadDepsLog({"ninja", dir.path(), "build.ninja"}),
              StatusIs(absl::StatusCode::kFailedPrecondition, testing::HasSubstr("build.ninja:1")));
}

}  // namespace
}  // namespace glovebox::graph
