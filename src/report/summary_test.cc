#include "report/summary.h"

#include <fcntl.h>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "report/test_log.h"
#include "report/text.h"

namespace glovebox::report {
namespace {

using access::Result;
using access::Role;
using testing::ElementsAre;

const FileFacts& FileOf(const Summary& summary, const std::string& path) {
  static const FileFacts kNone;
  for (const FileFacts& file : summary.files) {
    if (file.path == path) return file;
  }
  ADD_FAILURE() << "no file " << path;
  return kNone;
}

std::string FateOf(const Summary& summary, const std::string& path) {
  return std::string(FateName(FileOf(summary, path).fate));
}

TEST(Summary, AFileHasTheFateOfItsFirstAndLastChange) {
  TestLog log;
  log.Begin(1, Role::kCompile, {"a.o"});
  log.Open(1, "/src/a.c");
  log.Create(1, "/build/a.o");
  log.Create(1, "/tmp/cc1.s").Open(1, "/tmp/cc1.s").Do(1, Op::kUnlink, "/tmp/cc1.s");
  log.Do(1, Op::kUnlink, "/build/b.o").Create(1, "/build/b.o");
  log.Do(1, Op::kUnlink, "/build/c.o");
  log.Open(1, "/build/d.o", Result::kThere, O_RDWR);
  log.Create(1, "/build/e.tmp").Rename(1, "/build/e.tmp", "/build/e", Result::kCreated);
  log.Rename(1, "/build/f", "/build/g");
  log.Create(1, "/build/h")
      .Rename(1, "/build/h", "/build/i", Result::kCreated)
      .Do(1, Op::kUnlink, "/build/i");
  // sh -c 'mkdir t; mv t u; rmdir u'
  log.Access(TestLog::Make(1, Op::kMkdir, "/build/t", Result::kCreated))
      .Rename(1, "/build/t", "/build/u", Result::kCreated)
      .Do(1, Op::kRmdir, "/build/u");
  const Summary summary = Summarize(log.End(1).Take());
  EXPECT_EQ(FateOf(summary, "/build/t"), "temporary");
  EXPECT_EQ(FateOf(summary, "/build/u"), "temporary");
  EXPECT_EQ(FateOf(summary, "/src/a.c"), "untouched");
  EXPECT_EQ(FateOf(summary, "/build/a.o"), "created");
  EXPECT_EQ(FateOf(summary, "/tmp/cc1.s"), "temporary");
  EXPECT_EQ(FateOf(summary, "/build/b.o"), "changed");
  EXPECT_EQ(FateOf(summary, "/build/c.o"), "removed");
  EXPECT_EQ(FateOf(summary, "/build/d.o"), "changed");
  EXPECT_EQ(FateOf(summary, "/build/e.tmp"), "temporary");
  EXPECT_EQ(FateOf(summary, "/build/e"), "renamed-onto");
  EXPECT_EQ(FateOf(summary, "/build/f"), "removed");
  EXPECT_EQ(FateOf(summary, "/build/g"), "renamed-onto");
  EXPECT_EQ(FateOf(summary, "/build/i"), "temporary");
}

TEST(Summary, AnExchangeRemovesNeitherOfItsNames) {
  TestLog log;
  log.Begin(1, Role::kCustom, {"x"});
  const Summary summary = Summarize(log.Exchange(1, "/build/a", "/build/b").End(1).Take());
  EXPECT_EQ(FateOf(summary, "/build/a"), "renamed-onto");
  EXPECT_EQ(FateOf(summary, "/build/b"), "renamed-onto");
}

TEST(Summary, WhatIsBelowARenamedDirectoryMovesWithIt) {
  TestLog log;
  log.Begin(1, Role::kCustom, {"x"});
  // mkdir t && echo >t/z && mv t out
  log.Access(TestLog::Make(1, Op::kMkdir, "/build/t", Result::kCreated));
  log.Create(1, "/build/t/z").Create(1, "/build/t/d/y").Create(1, "/build/t2");
  log.Create(1, "/build/t/gone").Do(1, Op::kUnlink, "/build/t/gone").Open(1, "/build/t/no", Result::kAbsent);
  log.Open(1, "/build/t/old").Rename(1, "/build/t", "/build/out", Result::kCreated);
  log.Rename(1, "/build/no/t", "/build/failed", Result::kAbsent);
  const Summary summary = Summarize(log.End(1).Take());
  EXPECT_EQ(FateOf(summary, "/build/t/z"), "temporary");
  EXPECT_EQ(FateOf(summary, "/build/out/z"), "renamed-onto");
  EXPECT_EQ(FateOf(summary, "/build/out/d/y"), "renamed-onto");
  EXPECT_EQ(FateOf(summary, "/build/t/old"), "removed");
  EXPECT_EQ(FateOf(summary, "/build/out/old"), "renamed-onto");
  EXPECT_EQ(FateOf(summary, "/build/t2"), "created");
  EXPECT_EQ(FileOf(summary, "/build/out/z").first_writer, 1u);
  for (const FileFacts& file : summary.files) {
    EXPECT_NE(file.path, "/build/out/gone");
    EXPECT_NE(file.path, "/build/out/no");
  }
  EXPECT_EQ(summary.actions[0].writes, 8u) << "one rename is two writes, whatever was in it";
}

TEST(Summary, AnExchangeOfDirectoriesSwapsWhatIsBelowThem) {
  TestLog log;
  log.Begin(1, Role::kCustom, {"x"}).Create(1, "/build/a/1").Create(1, "/build/b/2");
  log.Create(1, "/build/a/both").Create(1, "/build/b/both");
  const Summary summary = Summarize(log.Exchange(1, "/build/a", "/build/b").End(1).Take());
  EXPECT_EQ(FateOf(summary, "/build/a/1"), "temporary");
  EXPECT_EQ(FateOf(summary, "/build/b/1"), "renamed-onto");
  EXPECT_EQ(FateOf(summary, "/build/a/2"), "renamed-onto");
  EXPECT_EQ(FateOf(summary, "/build/b/2"), "temporary");
  EXPECT_EQ(FateOf(summary, "/build/a/both"), "renamed-onto");
  EXPECT_EQ(FateOf(summary, "/build/b/both"), "renamed-onto");
}

TEST(Summary, WhatFailedOrWasRefusedWroteNothing) {
  TestLog log;
  log.Begin(1, Role::kCustom, {"x"});
  log.Open(1, "/etc/shadow", Result::kRefused, O_RDWR);
  log.Open(1, "/build/x", Result::kFailed, O_WRONLY | O_CREAT | O_EXCL);
  log.Open(1, "/build/y", Result::kAbsent);
  const Summary summary = Summarize(log.End(1).Take());
  for (const char* path : {"/etc/shadow", "/build/x", "/build/y"})
    EXPECT_EQ(FateOf(summary, path), "untouched");
  EXPECT_EQ(summary.actions[0].writes, 0u);
  EXPECT_EQ(summary.actions[0].probes, 1u);
}

TEST(Summary, AnActionIsCompleteOnlyIfNothingSpeaksAgainstIt) {
  TestLog log;
  log.Begin(1, Role::kCompile, {"a.o"}).End(1);
  log.Begin(2, Role::kCompile, {"b.o"})
      .Hole(2, "memory-unreadable", "openat")
      .Hole(2, "foreign-abi", "i386")
      .End(2);
  log.Begin(3, Role::kCompile, {"c.o"});
  log.Open(4, "/src/x");
  const Summary summary = Summarize(log.Take());
  ASSERT_EQ(summary.actions.size(), 4u);
  EXPECT_EQ(summary.complete_actions(), 1u);
  EXPECT_THAT(summary.actions[1].why_incomplete, ElementsAre("memory-unreadable: openat", "foreign-abi"));
  EXPECT_THAT(summary.actions[2].why_incomplete, ElementsAre("its end was not recorded"));
  EXPECT_THAT(summary.actions[3].why_incomplete, ElementsAre("its start was not recorded"));
}

TEST(Summary, ActionsOfSeveralWritersAreToldApart) {
  TestLog log;
  log.Begin(1, Role::kCompile, {"a.o"}).Open(1, "/src/a.c").End(1);
  log.Segment("b.gbx").Begin(1, Role::kLink, {"b"}).Create(1, "/build/b").End(1);
  const Summary summary = Summarize(log.Take());
  ASSERT_EQ(summary.actions.size(), 2u);
  EXPECT_EQ(ActionLabel(summary, FileOf(summary, "/src/a.c").first_action), "#1 a.o");
  EXPECT_EQ(ActionLabel(summary, FileOf(summary, "/build/b").first_writer), "#2 b");
  EXPECT_EQ(summary.actions[1].reads, 0u);
  EXPECT_THAT(summary.begun, ElementsAre(1u, 2u));
}

TEST(Summary, TheOrderOfBeginningIsKeptBesideTheOrderOfNumbers) {
  TestLog log;
  log.Begin(7, Role::kCompile, {"a.o"}).Begin(3, Role::kCompile, {"b.o"}, 7).End(3).End(7);
  const Summary summary = Summarize(log.Take());
  EXPECT_EQ(summary.actions[0].id, 3u);
  EXPECT_THAT(summary.begun, ElementsAre(7u, 3u));
}

TEST(Summary, AnInnerActionNamesTheOuterOne) {
  TestLog log;
  log.build().edges = {
      {{"a.o", "a.d", "/build/a.o"}, "CC", "launch cc -c a.c"}, {{"s1"}, "S", "true"}, {{"s2"}, "S", "true"}};
  log.Begin(1, Role::kEdge, {}, 0, {"/bin/sh", "-c", "launch cc -c a.c"});
  log.Begin(2, Role::kCompile, {"a.o"}, 1).End(2).End(1);
  log.Begin(3, Role::kEdge, {}, 0, {"/bin/sh", "-c", "true"}).End(3);
  log.Begin(4, Role::kRun, {}, 0, {"sh", "-c", "echo 'a b' > x"}).End(4);
  log.Begin(5, Role::kRun, {}, 0, {"cp", "a b", "c"}).End(5);
  const Summary summary = Summarize(log.Take());
  EXPECT_EQ(summary.actions[0].name, "a.o (+1)");
  EXPECT_EQ(summary.actions[1].parent, 1u);
  // Two edges have this command: which one it was nobody can tell.
  EXPECT_EQ(summary.actions[2].name, "true");
  EXPECT_EQ(summary.actions[3].name, "echo 'a b' > x");
  EXPECT_EQ(summary.actions[4].name, "cp 'a b' c");
  for (const size_t index : summary.Slowest(10)) EXPECT_NE(summary.actions[index].id, 1u);
}

TEST(Summary, CountsEndpointsRefusalsAndLeftOvers) {
  TestLog log;
  log.Begin(1, Role::kTest, {}, 0, {"t"});
  log.Connect(1, "unix:/run/nscd/socket").Connect(1, "inet:10.0.0.1:80").Connect(1, "inet:10.0.0.1:80");
  access::Access denied = TestLog::Make(1, Op::kForbidden, "");
  denied.syscall = "io_uring_setup";
  denied.decision = access::Decision::kDenied;
  denied.error = EPERM;
  log.Access(denied).Access(denied);
  access::ActionEnd end;
  end.action = 1;
  end.kind = access::ActionEnd::Kind::kExited;
  end.left_over = {"42 /usr/bin/sleep"};
  log.Add(end);
  const Summary summary = Summarize(log.Take());
  ASSERT_EQ(summary.endpoints.size(), 2u);
  EXPECT_EQ(summary.endpoints[0].address, "inet:10.0.0.1:80");
  EXPECT_EQ(summary.endpoints[0].calls[0], 2u);
  EXPECT_FALSE(summary.endpoints[1].internet);
  ASSERT_EQ(summary.denied.size(), 1u);
  EXPECT_EQ(summary.denied[0].calls, 2u);
  ASSERT_EQ(summary.left_over.size(), 1u);
  EXPECT_EQ(summary.left_over[0].process, "42 /usr/bin/sleep");
}

TEST(Summary, StepsThatTheHostCouldNotDoAreNamedOnce) {
  TestLog log;
  for (const access::ActionId id : {1u, 2u}) {
    access::ActionBegin begin;
    begin.action = id;
    begin.shape = "notify; skipped Landlock: no ABI; skipped wait-killable";
    access::ActionEnd end;
    end.action = id;
    end.kind = access::ActionEnd::Kind::kExited;
    end.step = "; skipped LandlockScope: E2BIG";
    log.Add(begin).Add(end);
  }
  const Summary summary = Summarize(log.Take());
  EXPECT_THAT(summary.skipped, ElementsAre("Landlock: no ABI", "wait-killable", "LandlockScope: E2BIG"));
  for (const ActionFacts& action : summary.actions) {
    EXPECT_TRUE(action.complete());
    EXPECT_EQ(action.end.step, "");
  }
}

// Told apart from what the host could not do, and once for all actions.
TEST(Summary, ProgramsThatRanWithoutTheirPrivilegesAreNoStepsOfTheSetUp) {
  TestLog log;
  for (const access::ActionId id : {1u, 2u}) {
    access::ActionBegin begin;
    begin.action = id;
    access::ActionEnd end;
    end.action = id;
    end.kind = access::ActionEnd::Kind::kExited;
    end.step = absl::StrCat("; skipped Landlock: no ABI; skipped ", access::kNoNewPrivileges, "/bin/su is x");
    log.Add(begin).Add(end);
  }
  const Summary summary = Summarize(log.Take());
  EXPECT_THAT(summary.skipped, ElementsAre("Landlock: no ABI", "no new privileges: /bin/su is x"));
  EXPECT_THAT(summary.SkippedSteps(), ElementsAre("Landlock: no ABI"));
  EXPECT_THAT(summary.LostPrivileges(), ElementsAre("/bin/su is x"));
  EXPECT_TRUE(summary.actions[0].complete());
}

TEST(Summary, MemoryGrowsWithFilesNotWithAccesses) {
  TestLog log;
  log.Begin(1, Role::kCompile, {"a.o"});
  for (int i = 0; i < 20000; ++i) log.Open(1, "/usr/include/stdio.h");
  const Summary summary = Summarize(log.End(1).Take());
  EXPECT_EQ(summary.files.size(), 1u);
  EXPECT_EQ(summary.files[0].accesses, 20000u);
  EXPECT_EQ(summary.accesses, 20000u);
}

}  // namespace
}  // namespace glovebox::report
