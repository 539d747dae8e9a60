#include "verify/edge_states.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "verify/test_graph.h"

namespace glovebox::verify {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> Verdicts(const Judgement& judgement) {
  std::vector<std::string> lines;
  for (const EdgeVerdict& edge : judgement.edges) {
    lines.push_back(absl::StrCat(edge.outputs.front(), " ", VerdictName(edge.verdict),
                                 edge.why.empty() ? "" : ": ", edge.why));
  }
  return lines;
}

TEST(EdgeStates, NeverUpToDate) {
  TestGraph build;
  build.facts().dirty = {{"a", "is older than its input", "/src/x", 0}, {"b", "is not there", "", 0}};
  build.Edge(1, {"a"}, {"/src/x"}).Read(1, "/src/x").Write(1, "/build/a");
  build.Declare({"b"});  // did not run: nothing is said of it
  EXPECT_THAT(build.Faults(), ElementsAre("perpetual-dirty a /build/a"));
}

TEST(EdgeStates, WhatWasEditedSinceIsNotAFault) {
  TestGraph build;
  build.facts().dirty = {{"a", "is older than its input", "/src/x", INT64_MAX}};
  build.Edge(1, {"a"}, {"/src/x"}).Read(1, "/src/x").Write(1, "/build/a");
  EXPECT_THAT(build.Faults(), IsEmpty());
}

TEST(EdgeStates, WhatComesAfterACustomTargetRunsEachTime) {
  TestGraph build;
  build.absent = {"CMakeFiles/always"};
  build.Phony("always", {"CMakeFiles/always"}).Phony("all", {"a"});
  build.facts().dirty = {{"a", "is older than its input", "CMakeFiles/always", 0}};
  build.Edge(1, {"CMakeFiles/always"});
  build.Edge(2, {"a"}, {"always"}).Write(2, "/build/a");
  EXPECT_THAT(build.Faults(), IsEmpty());
}

TEST(EdgeStates, WhatCMakeReadsAndDoesNotList) {
  TestGraph build;
  build.facts().configure_inputs = {"/src/CMakeLists.txt"};
  build.facts().files["/src/CMakeLists.txt"] = {"/src/CMakeLists.txt", "", true};
  build.Edge(1, {"build.ninja"}, {"/src/CMakeLists.txt"}, {}, "RERUN_CMAKE");
  build.Read(1, "/src/CMakeLists.txt").Read(1, "/src/VERSION").Write(1, "/build/build.ninja");
  EXPECT_THAT(build.Faults(), ElementsAre("generator-escape build.ninja /src/VERSION"));
}

TEST(EdgeStates, ReadsOutsideAndOfChance) {
  TestGraph build;
  build.Edge(1, {"a"}).Read(1, "/home/u/secret.h").Read(1, "/home/u/.gitconfig").Read(1, "/data/x");
  build.Read(1, "/etc/machine-id").Read(1, "/usr/share/x").Write(1, "/build/a");
  EXPECT_THAT(build.Faults(true), ElementsAre("outside-read a /home/u/secret.h", "outside-read a /data/x",
                                              "nondeterminism-source a /etc/machine-id"));
}

TEST(EdgeStates, AnAddressThatOthersCanReach) {
  TestGraph build;
  build.Edge(1, {"a"}).Do(1, Op::kBind, "inet:0.0.0.0:8080").Do(1, Op::kBind, "inet6:[::]:0");
  build.Do(1, Op::kBind, "inet:127.0.0.1:0").Do(1, Op::kBind, "inet6:[::1]:80");
  build.Do(1, Op::kBind, "inet6:[::ffff:127.0.0.1]:80");
  build.Do(1, Op::kBind, "inet:0.0.0.0:8080").Write(1, "/build/a");
  EXPECT_THAT(build.Faults(), ElementsAre("network-bind a inet:0.0.0.0:8080", "network-bind a inet6:[::]:0"));
  EXPECT_EQ(build.JudgeGraph().findings.front().what, "a can be reached by others at inet:0.0.0.0:8080");
  build.terms().tells_networks = true;
  EXPECT_THAT(build.Faults(), IsEmpty());
}

TEST(EdgeStates, ARepairNamesItsObjectAsAPolicySpellsIt) {
  TestGraph build;
  build.Edge(1, {"a"}).Read(1, "/home/u/secret.h").Do(1, Op::kConnect, "inet:10.0.0.1:443");
  build.Write(1, "/home/u/left").Write(1, "/build/a");
  std::vector<std::string> repairs;
  for (const Finding& finding : build.JudgeGraph().findings) repairs.push_back(finding.repair);
  EXPECT_THAT(repairs, testing::UnorderedElementsAre(testing::HasSubstr("read-add = [\"${home}/secret.h\"]"),
                                                     testing::HasSubstr("write-add = [\"${home}/left\"]"),
                                                     testing::HasSubstr("connect = [\"10.0.0.1:443\"]")));
}

// Without a target there is no call of CMake's to be written.
TEST(EdgeStates, ARepairNamesNoTargetThatIsNotKnown) {
  TestGraph build;
  build.Edge(1, {"gen"}).Write(1, "/build/gen");
  build.Edge(2, {"app"}, {}, {}, "C_EXECUTABLE_LINKER__app").Read(2, "/build/gen").Write(2, "/build/app");
  EXPECT_EQ(build.JudgeGraph().findings.front().repair, "build app: C_EXECUTABLE_LINKER__app ... | gen");
}

TEST(EdgeStates, EachEdgeHasAVerdict) {
  TestGraph build;
  build.failed = {3};
  build.unended = {4};
  build.Edge(1, {"good"}).Write(1, "/build/good");
  build.Edge(2, {"bad"}).Read(2, "/src/x").Write(2, "/build/bad");
  build.Edge(3, {"failed"});
  build.Edge(4, {"cut"});
  build.Declare({"late"}).Declare({"other"}).Declare({"build.ninja"}, {}, {}, "RERUN_CMAKE");
  build.Phony("all", {"good", "bad", "failed", "cut", "late"});
  const Judgement judgement = build.JudgeGraph();
  const std::vector<std::string> verdicts = Verdicts(judgement);
  ASSERT_EQ(verdicts.size(), 5u);
  EXPECT_EQ(verdicts[0], "good proved");
  EXPECT_EQ(verdicts[1], "bad violated");
  EXPECT_EQ(verdicts[2], "failed incomplete: it did not end well");
  EXPECT_THAT(verdicts[3], testing::StartsWith("cut incomplete: "));
  EXPECT_EQ(verdicts[4], "late incomplete: it did not run in this build");
}

TEST(EdgeStates, WhoSharesAFaultIsNotProved) {
  TestGraph build;
  build.Edge(1, {"maker"}).Write(1, "/build/maker").Write(1, "/build/side").Write(1, "/build/log");
  build.Edge(2, {"reader"}, {"maker"}).Read(2, "/build/maker").Read(2, "/build/side");
  build.Write(2, "/build/reader");
  build.Edge(3, {"writer"}).Write(3, "/build/log").Write(3, "/build/writer");
  build.Edge(4, {"good"}).Write(4, "/build/good");
  build.Edge(5, {"racer"}).Read(5, "/build/good").Write(5, "/build/racer");
  const Judgement judgement = build.JudgeGraph();
  EXPECT_EQ(judgement.errors(), 3u);
  EXPECT_THAT(Verdicts(judgement), ElementsAre("maker violated", "reader violated", "writer violated",
                                               "good proved", "racer violated"));
}

TEST(EdgeStates, AHoleMakesItIncomplete) {
  TestGraph build;
  build.Edge(1, {"a"}).Write(1, "/build/a").Add(access::Hole{1, 5, 7, "foreign-abi", "i386:open"});
  const Judgement judgement = build.JudgeGraph();
  ASSERT_EQ(judgement.findings.size(), 1u);
  EXPECT_EQ(judgement.findings[0].rule, "trace-incomplete");
  EXPECT_EQ(judgement.edges[0].verdict, Verdict::kIncomplete);
}

TEST(EdgeStates, TwoEdgesOfOneCommandAreNotTold) {
  TestGraph build;
  build.Edge(1, {"a"}).Write(1, "/build/a");
  build.Declare({"b"});
  const Judgement judgement = build.JudgeGraph();
  EXPECT_THAT(Verdicts(judgement), ElementsAre("a proved", "b incomplete: it did not run in this build"));
}

}  // namespace
}  // namespace glovebox::verify
