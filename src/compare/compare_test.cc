#include "compare/compare.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/status_matchers.h"
#include "compare/causes.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::compare {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// Two build directories with what edges have made in them.
class CompareTest : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::Create("compare-test");
    ASSERT_OK(dir);
    dir_ = std::make_unique<TempDir>(*std::move(dir));
    for (const auto& [side, name] :
         {std::pair<Side*, const char*>(&a_, "a"), std::pair<Side*, const char*>(&b_, "bbb")}) {
      side->witness.build_dir = JoinPath(dir_->path(), name);
      side->environment_known = true;
      ASSERT_OK(MakeDirectories(side->witness.build_dir));
    }
  }
  EdgeSide& Add(Side* side, const std::string& name, const std::string& content,
                const std::vector<std::string>& reads) {
    EdgeSide edge;
    edge.name = name;
    edge.outputs = {"${build}/" + name};
    edge.output_paths = {JoinPath(side->witness.build_dir, name)};
    edge.command = "make " + name;
    edge.ran = true;
    for (const std::string& read : reads)
      edge.reads["${build}/" + read] = JoinPath(side->witness.build_dir, read);
    if (!content.empty()) {
      EXPECT_OK(WriteFile(edge.output_paths[0], content));
    }
    side->edges.push_back(std::move(edge));
    return side->edges.back();
  }
  void Both(const std::string& name, const std::string& a, const std::string& b,
            const std::vector<std::string>& reads = {}) {
    Add(&a_, name, a, reads);
    Add(&b_, name, b, reads);
  }
  Comparison Run() {
    auto comparison = Compare(a_, b_);
    EXPECT_OK(comparison);
    return comparison.ok() ? *std::move(comparison) : Comparison();
  }
  // "time: a b > c": where it begins, and what it reaches.
  static std::vector<std::string> Causes(const Comparison& comparison) {
    std::vector<std::string> lines;
    for (const Cause& cause : comparison.causes) {
      std::string line = absl::StrCat(SourceName(cause.source), ":");
      for (const size_t node : cause.origins) absl::StrAppend(&line, " ", comparison.nodes[node].name);
      if (!cause.reached.empty()) line += " >";
      for (const size_t node : cause.reached) absl::StrAppend(&line, " ", comparison.nodes[node].name);
      lines.push_back(line);
    }
    return lines;
  }
  std::unique_ptr<TempDir> dir_;
  Side a_, b_;
};

TEST_F(CompareTest, TwoAlikeDoNotDiffer) {
  Both("x", "1", "1");
  Both("y", "2", "2", {"x"});
  const Comparison comparison = Run();
  EXPECT_FALSE(comparison.differs());
  EXPECT_EQ(comparison.outputs, 2u);
  EXPECT_THAT(comparison.nodes, IsEmpty());
}

TEST_F(CompareTest, WhatComesThroughIsToldWhereItBegins) {
  Both("top", "[[10:00:00]]", "[[10:00:01]]", {"middle"});
  Both("middle", "[10:00:00]", "[10:00:01]", {"bottom"});
  Both("bottom", "10:00:00", "10:00:01");
  Both("beside", "1", "1");
  const Comparison comparison = Run();
  EXPECT_EQ(comparison.different, 3u);
  EXPECT_THAT(Causes(comparison), ElementsAre("time: bottom > top middle"));
}

TEST_F(CompareTest, WhatAnEdgeAddsOfItsOwnBeginsThere) {
  Both("stamp.h", "10:00:00", "10:00:01");
  Both("x.o", absl::StrCat("10:00:00 ", a_.witness.build_dir),
       absl::StrCat("10:00:01 ", b_.witness.build_dir), {"stamp.h"});
  EXPECT_THAT(Causes(Run()), ElementsAre("time: stamp.h > x.o", "build-path: x.o"));
}

TEST_F(CompareTest, AFileThatNoEdgeMakesBeginsItToo) {
  ASSERT_OK(WriteFile(a_.witness.build_dir + "/config.h", a_.witness.build_dir));
  ASSERT_OK(WriteFile(b_.witness.build_dir + "/config.h", b_.witness.build_dir));
  Both("x.o", "1", "2", {"config.h"});
  EXPECT_THAT(Causes(Run()), ElementsAre("build-path: ${build}/config.h > x.o"));
}

TEST_F(CompareTest, AFileThatAnEdgeMadeWithoutSayingSoIsThatEdges) {
  for (Side* side : {&a_, &b_}) {
    Add(side, "x", "1", {}).made = {"${build}/beside.txt"};
    ASSERT_OK(WriteFile(side->witness.build_dir + "/beside.txt", side == &a_ ? "10:00:00" : "10:00:01"));
  }
  Both("y", "10:00:00", "10:00:01", {"beside.txt"});
  const Comparison comparison = Run();
  EXPECT_THAT(Causes(comparison), ElementsAre("time: x > y"));
  EXPECT_FALSE(comparison.nodes[1].outputs[0].declared && comparison.nodes[0].outputs[0].declared);
}

TEST_F(CompareTest, WhatNothingTellsIsOfWhatTheEdgeTouched) {
  Both("random", "lifted", "sunken");
  Both("command", "lifted", "sunken");
  Both("inputs", "lifted", "sunken");
  Both("dark", "lifted", "sunken");
  a_.edges[0].chances = {"/dev/urandom"};
  b_.edges[1].command = "make command --otherwise";
  b_.edges[2].reads["${build}/dark"] = b_.witness.build_dir + "/dark";
  EXPECT_THAT(Causes(Run()),
              ElementsAre("random: random", "command: command", "inputs: inputs", "unknown: dark"));
}

TEST_F(CompareTest, WhatWasEditedOrAskedForOtherwiseIsToldBesideTheRest) {
  ASSERT_OK(WriteFile(dir_->path() + "/source.c", "x"));
  for (Side* side : {&a_, &b_}) {
    side->start_unix_ns = 1;
    const std::string time = side == &a_ ? "10:00:00" : "10:00:01";
    Add(side, "edited", time, {}).reads["${source}/source.c"] = dir_->path() + "/source.c";
    Add(side, "asked", time, {}).command = "make at " + time;
  }
  EXPECT_THAT(Causes(Run()), ElementsAre("time: edited asked", "command: asked", "inputs: edited"));
}

TEST_F(CompareTest, AnEdgeOfOneBuildAloneIsADifference) {
  Both("x", "1", "1");
  Add(&b_, "y", "2", {}).command = "other";
  const Comparison comparison = Run();
  EXPECT_THAT(comparison.only_b, ElementsAre("y"));
  EXPECT_TRUE(comparison.differs());
}

TEST_F(CompareTest, EdgesOfOneCommandAreToldByTheirOutputsElseByTurns) {
  for (Side* side : {&a_, &b_}) {
    Add(side, "x", "", {}).command = "true";
    Add(side, side == &a_ ? "p" : "q", "", {}).command = "true";
  }
  std::swap(b_.edges[0], b_.edges[1]);
  EXPECT_THAT(PairEdges(a_, b_), ElementsAre(1u, 0u));
}

TEST_F(CompareTest, RunsOfOneDirectoryHaveOneSetOfOutputs) {
  b_.witness.build_dir = a_.witness.build_dir;
  Add(&a_, "x", "1", {});
  Add(&b_, "x", "1", {}).command = "make x again";
  const Comparison comparison = Run();
  EXPECT_TRUE(comparison.one_directory);
  EXPECT_EQ(comparison.outputs, 0u);
  EXPECT_THAT(comparison.nodes, SizeIs(1));
}

TEST_F(CompareTest, VariablesAreHeldAgainstEachOther) {
  a_.witness.environment = {{"SAME", "1"}, {"OTHER", "1"}, {"GONE", "1"}};
  b_.witness.environment = {{"SAME", "1"}, {"OTHER", "2"}, {"NEW", "1"}};
  std::vector<std::string> told;
  for (const VariableDifference& one : Run().environment)
    told.push_back(absl::StrCat(one.name, one.in_a, one.in_b));
  EXPECT_THAT(told, ElementsAre("GONE10", "NEW01", "OTHER11"));
}

TEST(Causes, ACircleEnds) {
  std::vector<Node> nodes(2);
  for (size_t i = 0; i < 2; ++i) {
    nodes[i].outputs.emplace_back();
    nodes[i].outputs[0].difference.spots.emplace_back();
    nodes[i].outputs[0].difference.spots[0].source = Source::kTime;
    nodes[i].inputs.push_back({"x", InputHow::kContent, 1 - i});
  }
  EXPECT_THAT(FindCauses(&nodes), SizeIs(1));
}

}  // namespace
}  // namespace glovebox::compare
