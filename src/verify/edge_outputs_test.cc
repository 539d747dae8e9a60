#include "verify/edge_outputs.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "verify/test_graph.h"

namespace glovebox::verify {
namespace {

using access::Result;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

access::Access Rename(access::ActionId id, const std::string& from, const std::string& to) {
  access::Access access = TestLog::Make(id, Op::kRename, from, Result::kCreated);
  access.path2 = access.resolved2 = to;
  return access;
}

TEST(EdgeOutputs, AnOutputThatIsNotMade) {
  TestGraph build;
  build.absent = {"a.stamp"};
  build.Edge(1, {"a", "a.stamp"}).Write(1, "/build/a");
  EXPECT_THAT(build.Faults(), ElementsAre("missing-output a /build/a.stamp"));
}

TEST(EdgeOutputs, AFailedEdgeNeedNotMakeIt) {
  TestGraph build;
  build.absent = {"a"};
  build.failed = {1};
  build.Edge(1, {"a"});
  EXPECT_THAT(build.Faults(), IsEmpty());
}

TEST(EdgeOutputs, ACustomTargetIsNoFile) {
  TestGraph build;
  build.absent = {"CMakeFiles/docs"};
  build.Phony("docs", {"CMakeFiles/docs"}).Phony("all", {"docs"});
  build.Edge(1, {"CMakeFiles/docs"}).Write(1, "/build/doc.html");
  EXPECT_THAT(build.Faults(), IsEmpty());
}

TEST(EdgeOutputs, WhatIsMadeAndNotDeclared) {
  TestGraph build;
  build.Depfile("a.o", {})
      .Edge(1, {"a.o"})
      .Write(1, "/build/a.o")
      .Write(1, "/build/a.o.d")
      .Write(1, "/build/a.log");
  build.Write(1, "/build/__pycache__/m.pyc").Write(1, "/build/a.gcda");
  EXPECT_THAT(build.Faults(), ElementsAre("undeclared-output a.o /build/a.log"));
}

TEST(EdgeOutputs, AModuleCacheIsKeptByItsCompiler) {
  for (const char* name :
       {"1M6T09ZWTXNFV/mm-106TGTWDNYKGU.pcm", "1M6T09ZWTXNFV/mm-106TGTWDNYKGU.pcm.lock-55e1",
        "1M6T09ZWTXNFV/modules.idx", "1M6T09ZWTXNFV/modules.idx.lock", "modules.timestamp"})
    EXPECT_TRUE(IsKept(absl::StrCat("/build/mcache/", name))) << name;
  for (const char* name : {"1M6T09ZWTXNFV/mm.pcm", "1M6T09ZWTXNFV/mm-1.txt", "CMakeFiles/one.dir/one.pcm",
                           "debug/mm-106TGTWDNYKGU.pcm", "modules.idx"})
    EXPECT_FALSE(IsKept(absl::StrCat("/build/", name))) << name;
}

TEST(EdgeOutputs, WhatThePolicyTellsOfAFileThatWasThereIsOneFault) {
  TestGraph build;
  access::Access access = TestLog::Make(1, Op::kOpen, "/build/a.log", Result::kThere, O_WRONLY | O_TRUNC);
  access.rule = "log-tamper: glovebox.toml:2:1 append-only";
  build.Edge(1, {"a"}).Do(access).Write(1, "/build/a");
  EXPECT_EQ(build.JudgeGraph().findings.size(), 1u);
}

// A build from clean after another one: `ninja -t clean` removes what is declared.
TEST(EdgeOutputs, WhatAnEarlierBuildLeftIsMadeAgain) {
  TestGraph build;
  const auto open = [](const std::string& path, uint64_t flags) {
    return TestLog::Make(1, Op::kOpen, path, Result::kThere, flags);
  };
  build.Edge(1, {"a"}).Write(1, "/build/a").Do(open("/build/a.log", O_WRONLY | O_CREAT | O_TRUNC));
  build.Do(open("/build/side", O_RDWR | O_CREAT | O_TRUNC));
  build.Do(open("/build/history", O_WRONLY | O_CREAT | O_APPEND));
  build.Do(open("/build/.lock", O_WRONLY | O_CREAT)).Do(open("/build/db", O_RDWR | O_CREAT));
  build.Do(open("/build/gone", O_WRONLY | O_TRUNC)).Do(1, Op::kUnlink, "/build/gone");
  build.Edge(2, {"b"}, {"a"}).Read(2, "/build/a").Read(2, "/build/side").Write(2, "/build/b");
  build.Edge(3, {"c"}).Read(3, "/build/side").Write(3, "/build/c");
  EXPECT_THAT(build.Faults(),
              ElementsAre("undeclared-output a /build/side", "undeclared-output a /build/a.log"));
}

TEST(EdgeOutputs, AStepOfAutogenDeclaresNoFileOfItsOwn) {
  for (const bool autogen : {false, true}) {
    TestGraph build;
    if (autogen) build.command = "/usr/bin/cmake -E cmake_autogen /build/AutogenInfo.json && touch ";
    build.Edge(1, {"app/timestamp"}).Write(1, "/build/app/moc_predefs.h").Write(1, "/build/app/timestamp");
    EXPECT_EQ(build.Faults().size(), autogen ? 0u : 1u);
  }
}

TEST(EdgeOutputs, ATemporaryFileBelongsToItsFinalName) {
  TestGraph build;
  build.Edge(1, {"a"}).Write(1, "/build/a.tmp123").Do(Rename(1, "/build/a.tmp123", "/build/a"));
  build.Edge(2, {"b"}).Write(2, "/build/scratch").Do(2, Op::kUnlink, "/build/scratch").Write(2, "/build/b");
  EXPECT_THAT(build.Faults(), IsEmpty());
}

TEST(EdgeOutputs, ADirectoryThatIsRenamedTakesItsFilesAlong) {
  TestGraph build;
  build.Edge(1, {"out/a"}).Do(1, Op::kMkdir, "/build/tmp1", Result::kCreated).Write(1, "/build/tmp1/a");
  build.Do(Rename(1, "/build/tmp1", "/build/out"));
  EXPECT_THAT(build.Faults(), IsEmpty());
}

TEST(EdgeOutputs, TwoThatWriteOneFile) {
  for (const bool ordered : {false, true}) {
    TestGraph build;
    build.Edge(1, {"a"}).Write(1, "/build/a");
    build.Edge(2, {"b"}, ordered ? TestGraph::Names{"a"} : TestGraph::Names{});
    if (ordered) build.Read(2, "/build/a");
    build.Write(2, "/build/a").Write(2, "/build/b");
    EXPECT_THAT(build.Faults(), ElementsAre("double-write b /build/a")) << ordered;
  }
}

TEST(EdgeOutputs, TwoThatShareATemporaryName) {
  TestGraph build;
  for (const access::ActionId id : {1, 2}) {
    build.Edge(id, {absl::StrCat("o", id)}).Write(id, "/build/tmp").Do(id, Op::kUnlink, "/build/tmp");
    build.Write(id, absl::StrCat("/build/o", id));
  }
  EXPECT_THAT(build.Faults(), ElementsAre("temp-collision o2 /build/tmp"));
}

TEST(EdgeOutputs, OneAfterTheOtherMayShareIt) {
  TestGraph build;
  build.Edge(1, {"o1"}).Write(1, "/build/tmp").Do(1, Op::kUnlink, "/build/tmp").Write(1, "/build/o1");
  build.Edge(2, {"o2"}, {"o1"}).Read(2, "/build/o1").Write(2, "/build/tmp").Do(2, Op::kUnlink, "/build/tmp");
  build.Write(2, "/build/o2");
  EXPECT_THAT(build.Faults(), IsEmpty());
}

TEST(EdgeOutputs, TheSourceTreeIsWrittenTo) {
  TestGraph build;
  build.Edge(1, {"a"}).Write(1, "/src/gen.h").Write(1, "/src/__pycache__/x.pyc").Write(1, "/build/a");
  EXPECT_THAT(build.Faults(), ElementsAre("source-mutation a /src/gen.h"));
}

TEST(EdgeOutputs, PlacesOutsideAreWrittenTo) {
  TestGraph build;
  build.Edge(1, {"a"}).Write(1, "/home/u/.apprc").Write(1, "/tmp/left").Write(1, "/dev/null");
  build.Write(1, "/home/u/.cache/ccache/x").Write(1, "/build/a");
  EXPECT_THAT(build.Faults(),
              UnorderedElementsAre("outside-write a /home/u/.apprc", "outside-write a /tmp/left"));
}

TEST(EdgeOutputs, ADirectoryIsLeftOutside) {
  TestGraph build;
  build.Edge(1, {"a"});
  for (const char* path : {"/home/u/left", "/home/u/left/sub", "/home/u/.cache", "/home/u/.cache/tool",
                           "/home/u/files", "/tmp/gone", "/build/obj", "/src/made", "/run/x"})
    build.Do(1, Op::kMkdir, path, Result::kCreated);
  build.Do(1, Op::kRmdir, "/tmp/gone");
  build.Write(1, "/home/u/files/x").Write(1, "/build/a");
  EXPECT_THAT(build.Faults(),
              UnorderedElementsAre("outside-write a /home/u/left", "outside-write a /home/u/files/x"));
}

TEST(EdgeOutputs, WhatAnotherReadsIsChanged) {
  TestGraph build;
  build.Edge(1, {"a"}, {"conf"}).Read(1, "/build/conf").Write(1, "/build/a");
  build.Edge(2, {"b"}).Do(TestLog::Make(2, Op::kOpen, "/build/conf", Result::kThere, O_WRONLY | O_APPEND));
  build.Write(2, "/build/b");
  EXPECT_THAT(build.Faults(), ElementsAre("write-after-read b /build/conf"));
}

TEST(EdgeOutputs, WhatAnotherMakesIsTakenAway) {
  TestGraph build;
  build.absent = {"a"};
  build.Edge(1, {"a"}).Write(1, "/build/a");
  build.Edge(2, {"b"}, {"a"}).Read(2, "/build/a").Do(2, Op::kUnlink, "/build/a").Write(2, "/build/b");
  EXPECT_THAT(build.Faults(), ElementsAre("foreign-removal b /build/a"));
}

TEST(EdgeOutputs, WhatIsLookedForInVainAndMadeLater) {
  TestGraph build;
  build.Edge(1, {"a.o"}, {"/src/a.c"})
      .Read(1, "/src/a.c")
      .Do(1, Op::kOpen, "/build/gen/config.h", Result::kAbsent);
  build.Do(1, Op::kOpen, "/build/never.h", Result::kAbsent).Write(1, "/build/a.o");
  build.Edge(2, {"gen/config.h"})
      .Do(2, Op::kMkdir, "/build/gen", Result::kCreated)
      .Write(2, "/build/gen/config.h");
  EXPECT_THAT(build.Faults(), ElementsAre("shadowing-write a.o /build/gen/config.h"));
}

// Compilers do not look into a directory that is not there.
TEST(EdgeOutputs, WhatIsMadeLaterInADirectoryThatWasLookedForInVain) {
  TestGraph build;
  build.Edge(1, {"a.o"}, {"/src/a.c"})
      .Read(1, "/src/a.c")
      .Do(1, Op::kStat, "/build/gen", Result::kAbsent)
      .Read(1, "/src/include/x/config.h")
      .Write(1, "/build/a.o");
  build.Depfile("a.o", {"/src/include/x/config.h"});
  build.Edge(2, {"gen/x/config.h"})
      .Do(2, Op::kMkdir, "/build/gen", Result::kCreated)
      .Do(2, Op::kMkdir, "/build/gen/x", Result::kCreated)
      .Write(2, "/build/gen/x/config.h");
  build.Edge(3, {"gen/other.h"}).Write(3, "/build/gen/other.h");
  EXPECT_THAT(build.Faults(), ElementsAre("shadowing-write a.o /build/gen/x/config.h"));
}

// #include "config.h" beside the source asks no search path.
TEST(EdgeOutputs, WhatLiesBesideWhoIncludesItIsNotShadowed) {
  TestGraph build;
  build.Edge(1, {"a.o"}, {"/src/a.c", "/src/config.h"})
      .Do(1, Op::kStat, "/build/gen", Result::kAbsent)
      .Read(1, "/src/a.c")
      .Read(1, "/src/config.h")
      .Write(1, "/build/a.o");
  build.Edge(2, {"gen/config.h"})
      .Do(2, Op::kMkdir, "/build/gen", Result::kCreated)
      .Write(2, "/build/gen/config.h");
  EXPECT_THAT(build.Faults(), IsEmpty());
}

TEST(EdgeOutputs, WhatIsMadeAfterwardsOnPurposeShadowsNothing) {
  TestGraph build;
  build.Edge(1, {"a"}).Do(1, Op::kOpen, "/build/b", Result::kAbsent).Write(1, "/build/a");
  build.Edge(2, {"b"}, {"a"}).Read(2, "/build/a").Write(2, "/build/b");
  EXPECT_THAT(build.Faults(), IsEmpty());
}

TEST(EdgeOutputs, ADirectoryIsListedThatAnotherFills) {
  TestGraph build;
  build.Edge(1, {"parts/a"}).Write(1, "/build/parts/a");
  build.Edge(2, {"list"}).Do(2, Op::kList, "/build/parts").Write(2, "/build/list");
  build.Edge(3, {"sorted"}, {"parts/a"}).Read(3, "/build/parts/a").Do(3, Op::kList, "/build/parts");
  build.Write(3, "/build/sorted");
  EXPECT_THAT(build.Faults(), ElementsAre("enumeration list /build/parts"));
}

}  // namespace
}  // namespace glovebox::verify
