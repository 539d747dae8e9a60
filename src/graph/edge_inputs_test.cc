#include "graph/edge_inputs.h"

#include <memory>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::graph {
namespace {

NinjaEdge Edge(const std::string& output, std::vector<std::string> inputs,
               std::vector<std::string> order_only = {}) {
  return {{output}, "r", "make " + output, std::move(inputs), std::move(order_only)};
}

EdgeInputs Make(std::vector<NinjaEdge> edges, std::vector<PhonyEdge> phony = {}) {
  return EdgeInputs(std::make_shared<NinjaGraph>(std::move(edges), "/b", std::move(phony)));
}

InputKind KindOf(const EdgeInputs& inputs, const std::string& edge, const std::string& path) {
  return inputs.Kind(*inputs.graph().ByOutput(edge), path);
}

TEST(EdgeInputs, WhatRunsBeforeIsSeenThroughWhateverDeclaresIt) {
  const EdgeInputs inputs = Make({Edge("gen.h", {"gen.in"}), Edge("a.o", {"a.c"}, {"headers"}),
                                  Edge("b.o", {"b.c"}), Edge("app", {"a.o", "b.o"})},
                                 {{"headers", {"all-headers"}, {}}, {"all-headers", {}, {"gen.h"}}});
  EXPECT_EQ(KindOf(inputs, "a.o", "gen.h"), InputKind::kBefore) << "order-only, through two phony names";
  EXPECT_EQ(KindOf(inputs, "app", "/b/gen.h"), InputKind::kBefore) << "two edges away, and absolute";
  EXPECT_EQ(KindOf(inputs, "b.o", "gen.h"), InputKind::kUnordered);
  EXPECT_EQ(KindOf(inputs, "gen.h", "a.o"), InputKind::kUnordered) << "what comes after";
  EXPECT_EQ(KindOf(inputs, "a.o", "a.o"), InputKind::kOwn);
  EXPECT_EQ(KindOf(inputs, "a.o", "a.c"), InputKind::kNotMade);
  EXPECT_EQ(KindOf(inputs, "a.o", "/usr/include/stdio.h"), InputKind::kNotMade);
}

TEST(EdgeInputs, AnEdgeDeclaresItsOwnInputsOnly) {
  const EdgeInputs inputs = Make({Edge("gen.h", {"gen.in"}), Edge("a.o", {"a.c"}, {"headers"})},
                                 {{"headers", {"gen.h", "plain.h"}, {}}});
  const NinjaEdge& edge = *inputs.graph().ByOutput("a.o");
  EXPECT_TRUE(inputs.Declares(edge, "a.c"));
  EXPECT_TRUE(inputs.Declares(edge, "/b/plain.h")) << "behind a phony name";
  EXPECT_FALSE(inputs.Declares(edge, "gen.in")) << "an input of what is before";
}

TEST(EdgeInputs, ACycleOfPhonyNamesEnds) {
  const EdgeInputs inputs =
      Make({Edge("a.o", {"x"})}, {{"x", {"y"}, {}}, {"y", {"x"}, {}}, {"self", {"self"}, {}}});
  EXPECT_EQ(KindOf(inputs, "a.o", "x"), InputKind::kNotMade);
}

TEST(EdgeInputs, NinjasOwnAnswersHavePhonyNames) {
  ASSERT_OK_AND_ASSIGN(TempDir dir, TempDir::Create());
  ASSERT_OK(WriteFile(dir.path() + "/build.ninja",
                      "rule cp\n  command = cp $in $out\n"
                      "build gen.h: cp gen.in\nbuild headers: phony gen.h || late.h\n"
                      "build late.h: cp late.in\nbuild a.o: cp a.c || headers\nbuild b.o: cp b.c\n"));
  ASSERT_OK_AND_ASSIGN(NinjaGraph graph, LoadNinjaGraph({"ninja", dir.path(), "build.ninja"}));
  const EdgeInputs inputs(std::make_shared<NinjaGraph>(std::move(graph)));
  EXPECT_EQ(KindOf(inputs, "a.o", "gen.h"), InputKind::kBefore);
  EXPECT_EQ(KindOf(inputs, "a.o", "late.h"), InputKind::kBefore);
  EXPECT_EQ(KindOf(inputs, "b.o", "gen.h"), InputKind::kUnordered);
}

}  // namespace
}  // namespace glovebox::graph
