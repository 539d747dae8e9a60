#include "graph/ninja_log.h"

#include "base/status_matchers.h"
#include "gtest/gtest.h"

namespace glovebox::graph {
namespace {

constexpr char kLog[] = "# ninja log v5\n1\t20\t300\ta.o\tdeadbeef\n1\t30\t0\tb c\t1\n";

TEST(NinjaLog, EntriesAreRead) {
  ASSERT_OK_AND_ASSIGN(const NinjaLog log, ParseNinjaLog(kLog));
  EXPECT_EQ(log.version, 5);
  EXPECT_THAT(log.entries, testing::ElementsAre(NinjaLogEntry{1, 20, 300, "a.o", 0xdeadbeef},
                                                NinjaLogEntry{1, 30, 0, "b c", 1}));
  EXPECT_EQ(log.bad_lines, 0);
}

TEST(NinjaLog, BadInput) {
  struct Case {
    std::string text;
    absl::StatusCode code;
    size_t entries;
    int bad;
  };
  const Case cases[] = {
      {"", absl::StatusCode::kOk, 0, 0},
      {"# ninja log v6\n", absl::StatusCode::kOk, 0, 0},
      {"# ninja log v7\n1\t2\t3\ta\tf\n", absl::StatusCode::kOk, 1, 0},
      {"# ninja log v4\n", absl::StatusCode::kUnimplemented, 0, 0},
      {"# ninja log v8\n", absl::StatusCode::kUnimplemented, 0, 0},
      {"# ninja log v5", absl::StatusCode::kInvalidArgument, 0, 0},
      {"# ninja log vx\n", absl::StatusCode::kInvalidArgument, 0, 0},
      {"hello\n", absl::StatusCode::kInvalidArgument, 0, 0},
      {"# ninja log v5\n1\t2\t3\ta\tf\n1\t2\t3\tto", absl::StatusCode::kOk, 1, 1},
      {"# ninja log v5\n\n", absl::StatusCode::kOk, 0, 1},
      {"# ninja log v5\nx\t2\t3\ta\tf\n1\t2\t3\t\tf\n1\t2\t3\ta\tg\n1\t2\ta\n", absl::StatusCode::kOk, 0, 4},
      {"# ninja log v5\n99999999999999999999\t2\t3\ta\tf\n", absl::StatusCode::kOk, 0, 1},
  };
  for (const Case& c : cases) {
    const absl::StatusOr<NinjaLog> log = ParseNinjaLog(c.text);
    EXPECT_EQ(log.status().code(), c.code) << c.text;
    if (!log.ok()) continue;
    EXPECT_EQ(log->entries.size(), c.entries) << c.text;
    EXPECT_EQ(log->bad_lines, c.bad) << c.text;
  }
}

TEST(EdgesRan, WhatWasAppendedRanAlsoWhereItLooksTheSame) {
  const std::string before = kLog;
  ASSERT_OK_AND_ASSIGN(std::vector<RanEdge> ran, EdgesRan(before, before));
  EXPECT_TRUE(ran.empty());
  ASSERT_OK_AND_ASSIGN(ran, EdgesRan(before, before + "1\t30\t0\tb c\t1\n"));
  EXPECT_THAT(ran, testing::ElementsAre(RanEdge{1, 30, {"b c"}}));
}

TEST(EdgesRan, OutputsOfOneEdgeStandTogether) {
  ASSERT_OK_AND_ASSIGN(const std::vector<RanEdge> ran,
                       EdgesRan("", "# ninja log v5\n1\t2\t3\ta\tf\n1\t2\t3\tb\tf\n1\t2\t3\tc\te\n"));
  EXPECT_THAT(ran, testing::ElementsAre(RanEdge{1, 2, {"a", "b"}}, RanEdge{1, 2, {"c"}}));
}

TEST(EdgesRan, ARewrittenLogIsComparedEntryByEntry) {
  ASSERT_OK_AND_ASSIGN(const std::vector<RanEdge> ran,
                       EdgesRan(kLog, "# ninja log v5\n1\t30\t0\tb c\t1\n5\t9\t400\ta.o\tdeadbeef\n"));
  EXPECT_THAT(ran, testing::ElementsAre(RanEdge{5, 9, {"a.o"}}));
}

TEST(BuildDirVariable, IsFoundWhereNinjaWouldFindIt) {
  struct Case {
    std::string text, value;
    bool found;
  };
  const Case cases[] = {
      {"", "", true},
      {"rule r\n  command = x\n", "", true},
      {"builddir = out\n", "out", true},
      {"builddir=out\n", "out", true},
      {"root = a\nbuilddir = $root/b${root}$$\n", "a/ba$", true},
      {"builddir = a\nbuilddir = b\n", "b", true},
      {"rule r\n  builddir = no\n", "", true},
      {"builddir = $\n  out\n", "", false},
      {"builddir = ${open\n", "", false},
      {"include other.ninja\n", "", false},
      {"# x\ninclude CMakeFiles/rules.ninja\n", "", true},
  };
  for (const Case& c : cases) {
    const BuildDirVariable variable = FindBuildDirVariable(c.text);
    EXPECT_EQ(variable.found, c.found) << c.text;
    if (c.found) {
      EXPECT_EQ(variable.value, c.value) << c.text;
    }
  }
}

}  // namespace
}  // namespace glovebox::graph
