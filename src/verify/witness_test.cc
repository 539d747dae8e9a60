#include "verify/witness.h"

#include <memory>
#include <utility>

#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::verify {
namespace {

graph::BuildFacts TwoEdges() {
  graph::BuildFacts facts;
  facts.ninja = std::make_shared<const graph::NinjaGraph>(
      std::vector<graph::NinjaEdge>{{{"gen.h"}, "r", "make gen.h", {}, {}},
                                    {{"x.o"}, "r", "make x.o", {}, {}}},
      "/build");
  return facts;
}

Finding Found(const std::string& rule, std::vector<size_t> edges) {
  Finding finding;
  finding.rule = rule;
  finding.object = "/build/gen.h";
  finding.edges = std::move(edges);
  return finding;
}

TEST(PlanWitness, SaysWhoIsAtOddsWithWhom) {
  const graph::BuildFacts facts = TwoEdges();
  const auto early = PlanWitness(Found("latent-ordering", {1, 0}), facts);
  ASSERT_OK(early);
  EXPECT_EQ(early->kind, WitnessKind::kTooEarly);
  EXPECT_EQ(early->file, "/build/gen.h");
  EXPECT_EQ(early->edge->outputs.front(), "x.o");
  EXPECT_EQ(early->other->outputs.front(), "gen.h");
  const auto stale = PlanWitness(Found("missing-input", {0}), facts);
  ASSERT_OK(stale);
  EXPECT_EQ(stale->kind, WitnessKind::kStale);
  EXPECT_EQ(stale->edge->outputs.front(), "gen.h");
  EXPECT_EQ(stale->other, nullptr);
}

TEST(PlanWitness, OfAnOrderThatMayBeEitherWayTheReaderRuns) {
  const graph::BuildFacts facts = TwoEdges();
  const auto shadow = PlanWitness(Found("shadowing-write", {1, 0}), facts);
  ASSERT_OK(shadow);
  EXPECT_EQ(shadow->kind, WitnessKind::kEitherWay);
  EXPECT_EQ(shadow->edge->outputs.front(), "x.o");
  EXPECT_TRUE(shadow->made);
  Finding late = Found("write-after-read", {0, 1});
  ASSERT_OK(PlanWitness(late, facts));
  EXPECT_EQ(PlanWitness(late, facts)->edge->outputs.front(), "x.o");
  EXPECT_FALSE(PlanWitness(late, facts)->made);
  late.evidence.result = access::Result::kCreated;
  EXPECT_TRUE(PlanWitness(late, facts)->made);
}

TEST(PlanWitness, OfAListWhatTheOtherEdgeMakesInTheDirectory) {
  const graph::BuildFacts facts = TwoEdges();
  Finding list = Found("enumeration", {1, 0});
  list.object = "/build/";
  ASSERT_OK(PlanWitness(list, facts));
  EXPECT_EQ(PlanWitness(list, facts)->file, "/build/gen.h");
  list.object = "/build/parts";
  EXPECT_THAT(PlanWitness(list, facts).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, testing::HasSubstr("gen.h declares nothing")));
}

TEST(PlanWitness, ThereIsNoneForEveryRule) {
  const graph::BuildFacts facts = TwoEdges();
  for (const Finding& finding :
       {Found("missing-output", {0}), Found("ordering-violation", {0}), Found("missing-input", {})}) {
    EXPECT_THAT(PlanWitness(finding, facts).status(),
                StatusIs(absl::StatusCode::kInvalidArgument, testing::HasSubstr("no witness")));
  }
}

}  // namespace
}  // namespace glovebox::verify
