#include "verify/edge_inputs.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "verify/test_graph.h"

namespace glovebox::verify {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(EdgeInputs, WhatIsDeclaredIsNoFault) {
  TestGraph build;
  build.Edge(1, {"gen.h"}, {"/src/gen.sh", "/src/table.txt"})
      .Read(1, "/src/gen.sh")
      .Read(1, "/src/table.txt");
  build.Write(1, "/build/gen.h").Read(1, "/build/gen.h");
  build.Edge(2, {"a.o"}, {"/src/a.c"}, {"gen.h"}, "C_COMPILER__a")
      .Depfile("a.o", {"/src/a.c", "/src/a.h", "gen.h"});
  build.Read(2, "/src/a.c").Read(2, "/src/a.h").Read(2, "/build/gen.h").Write(2, "/build/a.o");
  EXPECT_THAT(build.Faults(true), IsEmpty());
}

TEST(EdgeInputs, ASourceThatNobodyNames) {
  TestGraph build;
  build.Edge(1, {"gen.h"}, {"/src/gen.sh"})
      .Read(1, "/src/gen.sh")
      .Read(1, "/src/table.txt")
      .Write(1, "/build/gen.h");
  EXPECT_THAT(build.Faults(), ElementsAre("missing-input gen.h /src/table.txt"));
}

TEST(EdgeInputs, AnotherNameOfWhatIsDeclaredIsDeclared) {
  TestGraph build;
  build.Edge(1, {"gen.h"}, {"/src/table.txt"}).Read(1, "/src/also.txt").Write(1, "/build/gen.h");
  build.other_names["/src/also.txt"] = "/src/table.txt";
  EXPECT_THAT(build.Faults(), IsEmpty());
}

TEST(EdgeInputs, AnOrderOnlySourceIsNotLookedAtByNinja) {
  TestGraph build;
  build.Edge(1, {"gen.h"}, {}, {"/src/table.txt"}).Read(1, "/src/table.txt").Write(1, "/build/gen.h");
  EXPECT_THAT(build.Faults(), ElementsAre("missing-input gen.h /src/table.txt"));
}

TEST(EdgeInputs, WhatAnEdgeBeforeNamesIsANote) {
  TestGraph build;
  build.Edge(1, {"a"}, {"/src/common"}).Read(1, "/src/common").Write(1, "/build/a");
  build.Edge(2, {"b"}, {"a"}).Read(2, "/build/a").Read(2, "/src/common").Write(2, "/build/b");
  EXPECT_THAT(build.Faults(), IsEmpty());
  EXPECT_THAT(build.Faults(true), ElementsAre("missing-input b /src/common"));
}

TEST(EdgeInputs, ADepfileThatOmits) {
  TestGraph build;
  build.Edge(1, {"a.o"}, {"/src/a.c"}, {}, "C_COMPILER__a").Depfile("a.o", {"/src/a.c"});
  build.Read(1, "/src/a.c").Read(1, "/src/data.bin").Write(1, "/build/a.o");
  EXPECT_THAT(build.Faults(), ElementsAre("depfile-under-report a.o /src/data.bin"));
}

TEST(EdgeInputs, NoOrderAtAll) {
  TestGraph build;
  build.Edge(1, {"a"}).Write(1, "/build/a");
  build.Edge(2, {"b"}).Read(2, "/build/a").Write(2, "/build/b");
  EXPECT_THAT(build.Faults(), ElementsAre("ordering-violation b /build/a"));
}

TEST(EdgeInputs, OnlyTheDepfileKnows) {
  TestGraph build;
  build.Edge(1, {"gen.h"}).Write(1, "/build/gen.h");
  build.Edge(2, {"a.o"}, {"/src/a.c"}).Depfile("a.o", {"/src/a.c", "gen.h"});
  build.Read(2, "/src/a.c").Read(2, "/build/gen.h").Write(2, "/build/a.o");
  EXPECT_THAT(build.Faults(), ElementsAre("latent-ordering a.o /build/gen.h"));
}

TEST(EdgeInputs, OrderAloneLeavesItStale) {
  TestGraph build;
  build.Edge(1, {"a"}).Write(1, "/build/a");
  build.Phony("after", {}, {"a"});
  build.Edge(2, {"b"}, {}, {"after"}).Read(2, "/build/a").Write(2, "/build/b");
  EXPECT_THAT(build.Faults(), ElementsAre("ordered-undeclared b /build/a"));
}

// A generator that loads a library: what makes the library anew makes the generator anew, and so this edge.
TEST(EdgeInputs, WhatComesByWayOfAnotherEdgeIsNotStale) {
  TestGraph build;
  build.Edge(1, {"lib.so"}).Write(1, "/build/lib.so");
  build.Edge(2, {"tool"}, {"lib.so"}).Read(2, "/build/lib.so").Write(2, "/build/tool");
  build.Edge(3, {"out"}, {"tool"})
      .Do(3, Op::kExec, "/build/tool")
      .Read(3, "/build/lib.so")
      .Write(3, "/build/out");
  EXPECT_THAT(build.Faults(), IsEmpty());
}

TEST(EdgeInputs, PhonyNamesPassTheirInputsOn) {
  TestGraph build;
  build.Edge(1, {"a"}).Write(1, "/build/a");
  build.Phony("group", {"a", "/src/x"}).Phony("outer", {"group"});
  build.Edge(2, {"b"}, {"outer"}).Read(2, "/build/a").Read(2, "/src/x").Write(2, "/build/b");
  EXPECT_THAT(build.Faults(), IsEmpty());
}

TEST(EdgeInputs, ACycleOfWhatIsDeclaredAndWhatIsRead) {
  TestGraph build;
  build.Edge(1, {"list"}).Read(1, "/build/cache").Write(1, "/build/list");
  build.Edge(2, {"cache"}, {"list"}).Read(2, "/build/list").Write(2, "/build/cache");
  EXPECT_THAT(build.Faults(), ElementsAre("observed-cycle list /build/cache"));
}

// The build may have stopped there, so that nothing of the other edge was seen.
TEST(EdgeInputs, WhatAFailedEdgeLookedForAndNothingPutsBeforeIt) {
  TestGraph build;
  build.failed = {1};
  build.Edge(1, {"a.o"}, {"/src/a.c"})
      .Read(1, "/src/a.c")
      .Do(1, Op::kOpen, "/build/gen.h", Result::kAbsent)
      .Do(1, Op::kOpen, "/build/b.h", Result::kAbsent);
  build.Declare({"gen.h"}).Edge(2, {"b.h"}).Write(2, "/build/b.h");
  EXPECT_THAT(build.Faults(), ElementsAre("ordering-violation a.o /build/gen.h"));
}

TEST(EdgeInputs, WhatAFailedEdgeLookedForAndFoundElsewhereDidNotMakeItFail) {
  TestGraph build;
  build.failed = {1, 2, 3};
  build.Edge(1, {"a.o"}, {"/src/a.c"})
      .Do(1, Op::kOpen, "/build/gen.h", Result::kAbsent)
      .Read(1, "/src/include/gen.h")
      .Read(1, "/src/a.c");
  build.Edge(2, {"b.o"}, {"gen.h"}).Do(2, Op::kOpen, "/build/gen.h", Result::kAbsent);
  build.Edge(3, {"c.o"}).Do(3, Op::kOpen, "/build/other.h", Result::kAbsent);
  build.Declare({"gen.h"});
  EXPECT_THAT(build.Faults(), Not(testing::Contains(HasSubstr("ordering-violation"))));
}

// Compilers do not look into a directory that is not there.
TEST(EdgeInputs, TheDirectoryThatAFailedEdgeLookedForIsAGuess) {
  TestGraph build;
  build.failed = {1};
  build.Edge(1, {"a.o"}).Do(1, Op::kStat, "/build/gen", Result::kAbsent);
  build.Declare({"gen/x.h"});
  const Judgement judgement = build.JudgeGraph();
  ASSERT_EQ(judgement.findings.size(), 1u);
  EXPECT_EQ(judgement.findings[0].rule, "ordering-violation");
  EXPECT_EQ(judgement.findings[0].severity, Severity::kWarning);
  EXPECT_EQ(judgement.findings[0].object, "/build/gen");
}

TEST(EdgeInputs, WhatAnEarlierBuildHasLeft) {
  TestGraph build;
  build.facts().once_outputs = {"/build/old.txt"};
  build.Edge(1, {"a"}).Read(1, "/build/old.txt").Write(1, "/build/a");
  EXPECT_THAT(build.Faults(), ElementsAre("dead-output-read a /build/old.txt"));
}

TEST(EdgeInputs, WhatNobodyDeclaresAndAnotherReads) {
  for (const bool ordered : {false, true}) {
    TestGraph build;
    build.Edge(1, {"a"}).Write(1, "/build/a").Write(1, "/build/a.log");
    build.Edge(2, {"b"}, {}, ordered ? TestGraph::Names{"a"} : TestGraph::Names{});
    build.Read(2, "/build/a.log").Write(2, "/build/b");
    EXPECT_THAT(build.Faults(), ElementsAre("undeclared-output a /build/a.log")) << ordered;
  }
}

// ExternalProject's headers: the order is declared, and the depfile tells the rest.
TEST(EdgeInputs, WhatAStepOfAnExternalProjectMakesNeedsNoDeclaration) {
  TestGraph build;
  build.Edge(1, {"ep-stamp/ep-build"}).Write(1, "/build/ep-stamp/ep-build").Write(1, "/build/ep/api.h");
  build.Edge(2, {"a.o"}, {"/src/a.c"}, {"ep-stamp/ep-build"}).Depfile("a.o", {"/src/a.c", "ep/api.h"});
  build.Read(2, "/src/a.c").Read(2, "/build/ep/api.h").Write(2, "/build/a.o");
  EXPECT_THAT(build.Faults(), IsEmpty());
}

TEST(EdgeInputs, WhatIsNoProjectFileIsNobodysInput) {
  TestGraph build;
  build.Edge(1, {"a"})
      .Write(1, "/build/a")
      .Write(1, "/build/a")
      .Write(1, "/tmp/ccXyz.s")
      .Read(1, "/tmp/ccXyz.s");
  build.Do(1, Op::kUnlink, "/tmp/ccXyz.s").Read(1, "/usr/include/stdio.h").Read(1, "/etc/ld.so.cache");
  build.Read(1, "/src/.git/HEAD").Read(1, "/src/tool/__pycache__/x.pyc").Read(1, "/build/CMakeFiles/a.cmake");
  build.Read(1, "/build/CMakeCache.txt").Do(1, Op::kStat, "/src/other.txt");
  EXPECT_THAT(build.Faults(), IsEmpty());
}

TEST(EdgeInputs, NamesThatNothingStandsBehindAreNotes) {
  TestGraph build;
  build.Edge(1, {"a"}, {"/src/x", "/src/y"}).Depfile("a", {"/src/x", "/src/z"});
  build.Read(1, "/src/x").Write(1, "/build/a");
  EXPECT_THAT(build.Faults(), IsEmpty());
  EXPECT_THAT(build.Faults(true), ElementsAre("depfile-over-report a /src/z", "redundant-input a /src/y"));
}

TEST(EdgeInputs, AReadThatWasRefusedOrIsUnclearShowsNothing) {
  TestGraph build;
  build.Edge(1, {"a"}).Do(1, Op::kOpen, "/src/x", access::Result::kRefused);
  build.Do(1, Op::kOpen, "/src/y", access::Result::kUnknown).Write(1, "/build/a");
  EXPECT_THAT(build.Faults(), IsEmpty());
}

// As CMake 3.25 writes it: the scan declares the map, and the edge of the dyndep file writes it.
TEST(EdgeInputs, WhatCMakeTellsItselfOfModulesIsNotDeclared) {
  TestGraph build;
  const std::string dir = "/build/CMakeFiles/l.dir/";
  build.Edge(1, {"CMakeFiles/l.dir/m.cc.o.ddi", "CMakeFiles/l.dir/m.cc.o.modmap"}, {}, {}, "CXX_SCAN__l_");
  build.Write(1, dir + "m.cc.o.ddi").Write(1, dir + "m.cc.o.ddi.i").Write(1, "/build/scan.log");
  build.Edge(2, {"CMakeFiles/l.dir/CXX.dd"}, {"CMakeFiles/l.dir/m.cc.o.ddi"}, {}, "CXX_DYNDEP__l_");
  build.Read(2, dir + "m.cc.o.ddi").Write(2, dir + "m.cc.o.modmap").Write(2, dir + "CXXModules.json");
  build.Write(2, dir + "CXX.dd");
  build.Depfile("m.cc.o", {});
  build.Edge(3, {"m.cc.o"}, {}, {"CMakeFiles/l.dir/CXX.dd", "CMakeFiles/l.dir/m.cc.o.modmap"});
  build.Read(3, dir + "m.cc.o.modmap").Write(3, "/build/m.cc.o");
  build.Edge(4, {"x.dd"}, {}, {"CMakeFiles/l.dir/CXX.dd"}, "CXX_DYNDEP__x_");
  build.Read(4, dir + "CXXModules.json").Write(4, "/build/x.dd");
  // A scan leaves something else, a target is not ordered behind the one whose modules it needs, and a map
  // that is only behind a phony name may be there or not.
  build.Edge(5, {"y.dd"}, {}, {}, "CXX_DYNDEP__y_").Read(5, dir + "CXXModules.json").Write(5, "/build/y.dd");
  build.Phony("maps", {"CMakeFiles/l.dir/m.cc.o.modmap"});
  build.Edge(6, {"n.o"}, {}, {"maps"}).Read(6, dir + "m.cc.o.modmap").Write(6, "/build/n.o");
  EXPECT_THAT(build.Faults(), testing::UnorderedElementsAre(
                                  "undeclared-output CMakeFiles/l.dir/m.cc.o.ddi /build/scan.log",
                                  "undeclared-output CMakeFiles/l.dir/CXX.dd " + dir + "CXXModules.json",
                                  "ordered-undeclared n.o " + dir + "m.cc.o.modmap"));
}

TEST(EdgeInputs, ADepfileDoesNotDeclareWhatAnotherEdgeLeaves) {
  TestGraph build;
  build.Edge(1, {"gen.h"}).Write(1, "/build/gen.h").Write(1, "/build/private.h");
  for (const access::ActionId id : {2, 3, 4}) {
    const std::string output = absl::StrCat(id, ".o");
    build.Depfile(output, {"private.h"});
    build.Edge(id, {output}, {}, id == 3 ? TestGraph::Names{} : TestGraph::Names{"gen.h"});
    build.Read(id, "/build/private.h").Write(id, "/build/" + output);
  }
  const Judgement judgement = build.JudgeGraph();
  ASSERT_EQ(judgement.errors(), 1u);
  const Finding& finding = judgement.findings.front();
  EXPECT_EQ(finding.severity, Severity::kError);
  EXPECT_THAT(finding.edges, ElementsAre(0, 2, 1, 3));
  EXPECT_EQ(finding.what,
            "gen.h makes private.h without saying so, and 3.o and 2 more read it, which nothing says comes "
            "after it");
}

// An earlier one has read what the last build left: that is no reader of what is made now.
TEST(EdgeInputs, WhatIsReadBeforeItIsMadeIsNotDeclaredEither) {
  TestGraph build;
  build.Edge(1, {"a"}).Read(1, "/build/state").Write(1, "/build/a");
  build.Depfile("a", {"state"});
  build.Edge(2, {"b"}, {"a"}).Read(2, "/build/a").Do(2, Op::kUnlink, "/build/state");
  build.Write(2, "/build/state").Write(2, "/build/b");
  EXPECT_THAT(build.Faults(), ElementsAre("undeclared-output b /build/state"));
}

TEST(EdgeInputs, WhatADyndepFileMakesADyndepFileOrders) {
  TestGraph build;
  build.Edge(1, {"one.o", "one.gcm"}, {}, {}, "cxx").Write(1, "/build/one.gcm").Write(1, "/build/one.o");
  build.Edge(2, {"main.o"}, {}, {}, "cxx").Read(2, "/build/one.gcm").Write(2, "/build/main.o");
  build.facts().flags["main.o"] = {false, "", "", "all.dd"};
  EXPECT_EQ(build.JudgeGraph().findings.front().repair, "build main.o: cxx ... | one.gcm");
  build.facts().flags["one.o"] = {false, "", "", "all.dd"};
  EXPECT_EQ(build.JudgeGraph().findings.front().repair, "let all.dd say: build main.o: dyndep | one.gcm");
}

// What a target's own order hides is told once a file, and is no fault.
TEST(EdgeInputs, OrderByATargetAloneIsANote) {
  TestGraph build;
  build.Phony("order_of_target", {}, {"gen.h"});
  build.Edge(1, {"gen.h"}).Write(1, "/build/gen.h");
  const auto reader = [&build](access::ActionId id, const std::string& output, TestGraph::Names inputs,
                               TestGraph::Names order_only) {
    build.Edge(id, {output}, std::move(inputs), std::move(order_only)).Depfile(output, {"gen.h"});
    build.Read(id, "/build/gen.h").Write(id, "/build/" + output);
  };
  reader(2, "a.o", {}, {"order_of_target"});
  reader(3, "b.o", {}, {"order_of_target"});
  reader(4, "c.o", {"gen.h"}, {});
  reader(5, "d.o", {}, {"gen.h"});  // whoever names the file itself knows what it does
  EXPECT_THAT(build.Faults(true), ElementsAre("order-only a.o /build/gen.h"));
}

}  // namespace
}  // namespace glovebox::verify
