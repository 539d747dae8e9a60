#include "graph/ninja_graph.h"

#include "base/files.h"
#include "base/status_matchers.h"
#include "graph/run_tool.h"
#include "gtest/gtest.h"

namespace glovebox::graph {
namespace {

using testing::ElementsAre;

TEST(ParseTargetsAll, APathMayHoldAColon) {
  ASSERT_OK_AND_ASSIGN(const auto targets, ParseTargetsAll("a: cc\nx: y: phony\n"));
  EXPECT_THAT(targets, ElementsAre(TargetRule{"a", "cc"}, TargetRule{"x: y", "phony"}));
  for (const char* bad : {"a\n", ": r\n", "a: \n", "a:r\n"}) EXPECT_FALSE(ParseTargetsAll(bad).ok()) << bad;
}

// Who prints the error escapes it.
TEST(ParseTargetsAll, AnErrorNamesTheLineByItsOwnBytes) {
  EXPECT_THAT(ParseTargetsAll("a\\\xff\n"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       testing::HasSubstr("ninja -t targets: cannot read \"a\\\xff\"")));
}

TEST(ParseCompdb, BytesAndEscapesSurvive) {
  ASSERT_OK_AND_ASSIGN(
      const auto entries,
      ParseCompdb("[\n  {\n    \"directory\": \"/b\",\n    \"command\": \"echo \\\"a\\\\b\\\" "
                  "\xff\\u0001\",\n    \"file\": \"i\",\n    \"output\": \"o\"\n  },\n  {\n    "
                  "\"directory\": \"/b\",\n    \"command\": \"\",\n    \"file\": \"i\",\n    "
                  "\"output\": \"phony\"\n  }\n]\n"));
  EXPECT_THAT(entries, ElementsAre(CompdbEntry{"echo \"a\\b\" \xff\x01", "i", "o"}));
  for (const char* bad :
       {"", "[\n", "{}\n", "[\n{\n\"command\": \"a\n}\n]\n", "[\n{\n\"output\": \"\\q\"\n}\n]\n",
        "[\n{\n\"output\": \"\\u12\"\n}\n]\n", "[\n{\n\"x\": \"\"\n}\n]\n", "[\n{\n}\n]\n",
        "[\n{\n\"output\": \"a\"b\"\n}\n]\n"}) {
    EXPECT_FALSE(ParseCompdb(bad).ok()) << bad;
  }
}

TEST(ParseQuery, InputsByKind) {
  ASSERT_OK_AND_ASSIGN(const auto entries,
                       ParseQuery("o:\n  input: cc\n    a\n    | b\n    || c\n  outputs:\n    "
                                  "all\np:\n  outputs:\n",
                                  {"o", "p"}));
  EXPECT_THAT(entries, ElementsAre(QueryEntry{"o", "cc", {"a", "b"}, {"c"}}, QueryEntry{"p", "", {}, {}}));
  for (const char* bad : {"", "x:\n", "  input: cc\n", "o:\nbad\n", "o:\n"}) {
    EXPECT_FALSE(ParseQuery(bad, {"o", "p"}).ok()) << bad;
  }
}

TEST(LoadNinjaGraph, EveryEdgeOfARealManifest) {
  ASSERT_OK_AND_ASSIGN(TempDir dir, TempDir::Create());
  ASSERT_OK(WriteFile(dir.path() + "/build.ninja",
                      "rule cp\n  command = cp $in $out # \"\\\xff\n"
                      "rule two\n  command = touch $out\n"
                      "rule gen\n  command = gen > $out\n"
                      "build a: cp i | imp || ord\n"
                      "build b c: two i\n"
                      "build d e: two i\n"
                      "build g h " +
                          dir.path() + "/g: gen\nbuild k: gen\nbuild -dash: gen\nbuild all: phony a b\n"));
  ASSERT_OK_AND_ASSIGN(const NinjaGraph graph, LoadNinjaGraph({"ninja", dir.path(), "build.ninja"}));
  EXPECT_EQ(graph.edges().size(), 6u);
  ASSERT_NE(graph.ByOutput("a"), nullptr);
  EXPECT_THAT(graph.ByOutput("a")->inputs, ElementsAre("i", "imp"));
  EXPECT_THAT(graph.ByOutput("a")->order_only, ElementsAre("ord"));
  EXPECT_EQ(graph.ByOutput("a")->command, "cp i a # \"\\\xff");
  EXPECT_THAT(graph.ByOutput("c")->outputs, ElementsAre("b", "c"));
  EXPECT_THAT(graph.ByOutput("./e")->outputs, ElementsAre("d", "e"));
  EXPECT_EQ(graph.ByOutput("h"), graph.ByOutput(dir.path() + "/g"));
  EXPECT_EQ(graph.ByOutput("h"), graph.ByOutput("g"));
  EXPECT_EQ(graph.ByOutput("k")->command, "gen > k");
  EXPECT_NE(graph.ByOutput("-dash"), nullptr);
  EXPECT_EQ(graph.ByOutput("all"), nullptr);
  EXPECT_EQ(graph.ByOutput("i"), nullptr);
  EXPECT_THAT(graph.ByCommand("gen > k"), ElementsAre(graph.ByOutput("k")));
  EXPECT_TRUE(graph.ByCommand("nothing").empty());
}

TEST(LoadNinjaGraph, WhatNinjaSaysOfABrokenManifestIsKept) {
  ASSERT_OK_AND_ASSIGN(TempDir dir, TempDir::Create());
  ASSERT_OK(WriteFile(dir.path() + "/build.ninja", "bild x\n"));
  EXPECT_THAT(LoadNinjaGraph({"ninja", dir.path(), "build.ninja"}),
              StatusIs(absl::StatusCode::kFailedPrecondition, testing::HasSubstr("build.ninja:1")));
  EXPECT_THAT(LoadNinjaGraph({"/nonexistent/ninja", dir.path(), "build.ninja"}),
              StatusIs(absl::StatusCode::kNotFound, testing::HasSubstr("/nonexistent/ninja")));
}

TEST(RunTool, LongOutputOnBothStreamsIsWhole) {
  ASSERT_OK_AND_ASSIGN(
      const ToolOutput output,
      RunTool({"/bin/sh", "-c", "head -c 300000 /dev/zero >&2; head -c 300000 /dev/zero; kill -9 $$"}, "/"));
  EXPECT_EQ(output.out.size(), 300000u);
  EXPECT_EQ(output.err.size(), 300000u);
  EXPECT_EQ(output.exit_status, 128 + 9);
}

}  // namespace
}  // namespace glovebox::graph
