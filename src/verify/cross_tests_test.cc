#include "verify/cross_tests.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "verify/test_log.h"

namespace glovebox::verify {
namespace {

using access::Result;
using access::Role;
using testing::ElementsAre;
using testing::IsEmpty;

graph::CTestTest Known(const std::string& name) {
  graph::CTestTest test;
  test.name = name;
  test.file = "/src/CMakeLists.txt";
  test.line = 7;
  test.command_name = "add_test";
  return test;
}

TestLog TwoWriters() {
  TestLog log;
  log.Test(1, "a").Write(1, "/build/out").Test(2, "b").Write(2, "/build/out");
  log.tests() = {Known("a"), Known("b")};
  return log;
}

TEST(SharedWrite, TwoTestsThatWriteOnePath) {
  const std::vector<Finding> findings = TwoWriters().Findings();
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].rule, "test-collision");
  EXPECT_EQ(findings[0].what, "/build/out is written by two tests: b and a");
  EXPECT_EQ(findings[0].where, "/src/CMakeLists.txt:7 add_test");
  EXPECT_THAT(findings[0].others, ElementsAre(0));
}

TEST(SharedWrite, OfWhatCannotRunAtOnceIsNone) {
  const auto clean = [](void (*change)(std::vector<graph::CTestTest>&)) {
    TestLog log = TwoWriters();
    change(log.tests());
    return log.Short();
  };
  EXPECT_THAT(clean([](std::vector<graph::CTestTest>& tests) { tests[1].depends = {"a"}; }), IsEmpty());
  EXPECT_THAT(clean([](std::vector<graph::CTestTest>& tests) { tests[0].run_serial = true; }), IsEmpty());
  EXPECT_THAT(clean([](std::vector<graph::CTestTest>& tests) {
                for (graph::CTestTest& test : tests) test.resource_locks = {"out"};
              }),
              IsEmpty());
  EXPECT_THAT(clean([](std::vector<graph::CTestTest>& tests) { tests[1].resource_locks = {"out"}; }),
              ElementsAre("test-collision /build/out"));
}

TEST(SharedWrite, TheSameTestTwiceOrFilesMadeToBeSharedAreNone) {
  TestLog log;
  log.Test(1, "a").Write(1, "/build/out").Test(2, "a").Write(2, "/build/out");
  log.Test(3, "b");
  for (const access::ActionId id : {1, 3}) {
    for (const char* path : {"/build/x.gcda", "/src/__pycache__/m.pyc", "/home/u/.ccache/a/b", "/dev/null",
                             "/build/Testing/Temporary/LastTest.log", "/proc/self/comm"}) {
      log.Write(id, path);
    }
    log.Do(id, Op::kMkdir, "/build/dir", Result::kFailed);  // mkdir -p
  }
  EXPECT_THAT(log.Short(), IsEmpty());
}

TEST(SharedWrite, WhatRunsInsideOfATestIsTheTests) {
  TestLog log;
  log.Test(1, "a")
      .Begin(2, Role::kCompile, "x.o", 1)
      .Write(2, "/build/out")
      .Test(3, "b")
      .Write(3, "/build/out");
  EXPECT_THAT(log.Short(), ElementsAre("test-collision /build/out"));
}

TEST(NeedsTest, ReadingWhatAnotherTestWrote) {
  TestLog log;
  log.Test(1, "a").Write(1, "/build/out").Test(2, "b").Read(2, "/build/out").Read(2, "/build/out");
  const std::vector<Finding> findings = log.Findings();
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].rule, "test-order");
  EXPECT_EQ(findings[0].what, "/build/out is read by b and was written by a");
  EXPECT_EQ(findings[0].calls, 2u);
}

TEST(NeedsTest, WithAFixtureOrDependsOrWithItsOwnFileIsNone) {
  const auto log = [] {
    TestLog made;
    made.Test(1, "a").Write(1, "/build/out").Test(2, "b").Read(2, "/build/out");
    made.tests() = {Known("a"), Known("b")};
    return made;
  };
  TestLog depends = log();
  depends.tests()[1].depends = {"a"};
  EXPECT_THAT(depends.Short(), IsEmpty());
  TestLog fixture = log();
  fixture.tests()[0].fixtures_setup = {"F"};
  fixture.tests()[1].fixtures_required = {"F"};
  EXPECT_THAT(fixture.Short(), IsEmpty());
  // Not the other way round: a comes after b, and reads nothing.
  TestLog wrong = log();
  wrong.tests()[0].depends = {"b"};
  EXPECT_THAT(wrong.Short(), ElementsAre("test-order /build/out"));
  TestLog own;
  own.Test(1, "a")
      .Write(1, "/build/a")
      .Read(1, "/build/a")
      .Test(2, "b")
      .Write(2, "/build/b")
      .Read(2, "/build/b");
  // Removed by the one that made it: what is there afterwards is another file.
  own.Write(1, "/build/gone").Do(1, Op::kUnlink, "/build/gone").Read(2, "/build/gone");
  EXPECT_THAT(own.Short(), IsEmpty());
  // An edge wrote it: that is what tests are for.
  TestLog built;
  built.Begin(1, Role::kLink, "app").Write(1, "/build/app").Test(2, "b").Read(2, "/build/app");
  EXPECT_THAT(built.Short(), IsEmpty());
}

TEST(NeedsTest, ReadingWhatAnotherTestWritesOnlyAfterwards) {
  TestLog log;
  log.Test(1, "b")
      .Read(1, "/build/out")
      .Test(2, "a")
      .Write(2, "/build/out")
      .Test(3, "c")
      .Write(3, "/build/out");
  log.tests() = {Known("a"), Known("b"), Known("c")};
  log.tests()[2].depends = {"a"};
  const std::vector<Finding> findings = log.Findings();
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].rule, "test-order");
  EXPECT_EQ(findings[0].what,
            "/build/out was read by b before it was written by a: what was read is older than that test");
  EXPECT_EQ(findings[0].severity, Severity::kError);
  EXPECT_THAT(findings[0].others, ElementsAre(1, 2));
  EXPECT_THAT(findings[0].repair, testing::HasSubstr("(b PROPERTIES DEPENDS a)"));
}

TEST(NeedsTest, LookingForWhatAnotherTestMakesOnlyAfterwards) {
  for (const int status : {0, 1}) {
    TestLog log;
    log.Test(1, "b").Do(1, Op::kOpen, "/build/out", Result::kAbsent);
    access::ActionEnd end;
    end.action = 1;
    end.kind = access::ActionEnd::Kind::kExited;
    end.status = status;
    log.End(end).Test(2, "a").Write(2, "/build/out");
    const std::vector<Finding> findings = log.Findings();
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0].rule, "test-order");
    EXPECT_EQ(findings[0].what, "/build/out was looked for by b and not there: it was made by a afterwards");
    EXPECT_EQ(findings[0].severity, status == 0 ? Severity::kWarning : Severity::kError) << status;
  }
}

TEST(NeedsTest, AWriteAfterwardsThatIsOrderedOrSharedOrOfTheBuildIsNone) {
  const auto log = [](const char* path = "/build/out") {
    TestLog made;
    made.Test(1, "b").Read(1, path).Test(2, "a").Write(2, path);
    made.tests() = {Known("a"), Known("b")};
    return made;
  };
  ASSERT_THAT(log().Short(), ElementsAre("test-order /build/out"));
  const auto changed = [&log](void (*change)(graph::CTestTest & a, graph::CTestTest & b)) {
    TestLog made = log();
    change(made.tests()[0], made.tests()[1]);
    return made.Short();
  };
  EXPECT_THAT(changed([](graph::CTestTest& a, graph::CTestTest&) { a.depends = {"b"}; }), IsEmpty());
  EXPECT_THAT(changed([](graph::CTestTest&, graph::CTestTest& b) { b.depends = {"a"}; }), IsEmpty());
  EXPECT_THAT(changed([](graph::CTestTest& a, graph::CTestTest& b) {
                b.fixtures_required = {"F"};
                a.fixtures_cleanup = {"F"};
              }),
              IsEmpty());
  EXPECT_THAT(
      changed([](graph::CTestTest& a, graph::CTestTest& b) { a.resource_locks = b.resource_locks = {"L"}; }),
      IsEmpty());
  for (const char* path : {"/build/CMakeCache.txt", "/build/CMakeFiles/x.txt",
                           "/build/Testing/Temporary/LastTest.log", "/usr/share/x"})
    EXPECT_THAT(log(path).Short(), IsEmpty()) << path;
  EXPECT_THAT(log("/src/x").Short(), ElementsAre("test-writes-source /src/x"));
  // The reader writes it too, if only later: then both share it.
  TestLog shared = log();
  shared.Write(1, "/build/out");
  EXPECT_THAT(shared.Short(), ElementsAre("test-collision /build/out"));
  TestLog built;
  built.Begin(3, Role::kLink, "out").Write(3, "/build/out").Test(1, "b").Read(1, "/build/out");
  built.Test(2, "a").Write(2, "/build/out");
  EXPECT_THAT(built.Short(), IsEmpty());
  TestLog removed;
  removed.Test(1, "b").Read(1, "/build/out").Test(2, "a").Do(2, Op::kUnlink, "/build/out");
  EXPECT_THAT(removed.Short(), IsEmpty());
}

TEST(FixedPort, APortOfItsOwnChoiceIsAWarningAndOfTwoTestsAnError) {
  TestLog log;
  log.Test(1, "a").Do(1, Op::kBind, "inet:127.0.0.1:8080").Do(1, Op::kBind, "inet6:[::1]:0");
  ASSERT_THAT(log.Short(), ElementsAre("test-fixed-port inet:127.0.0.1:8080"));
  EXPECT_EQ(log.Findings()[0].severity, Severity::kWarning);
  log.Test(2, "b").Do(2, Op::kBind, "inet6:[::]:8080");
  const std::vector<Finding> findings = log.Findings();
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].severity, Severity::kError);
  EXPECT_EQ(findings[0].what, "port 8080 is bound by two tests: b and a");
}

TEST(FixedPort, PortZeroUnixSocketsAndConnectsAreNone) {
  TestLog log;
  log.Test(1, "a").Do(1, Op::kBind, "inet:127.0.0.1:0").Do(1, Op::kConnect, "inet:127.0.0.1:8080");
  log.Do(1, Op::kBind, "unix:@abstract").Do(1, Op::kBind, "netlink:12").Do(1, Op::kBind, "inet6:[fe80::1]:0");
  // An edge that binds: no test.
  log.Begin(2, Role::kCustom, "x").Do(2, Op::kBind, "inet:127.0.0.1:8080");
  EXPECT_THAT(log.Short(), IsEmpty());
}

TEST(FixedTmp, ANameThatIsTheSameInEachRun) {
  TestLog log;
  log.Test(1, "a").Write(1, "/tmp/app.log").Do(1, Op::kMkdir, "/tmp/mytest", Result::kCreated);
  log.Write(1, "/tmp/mytest/inside").Do(1, Op::kUnlink, "/tmp/app.log");
  access::Access rename = TestLog::Make(1, Op::kRename, "/tmp/x.4fT9qA", Result::kCreated);
  rename.path2 = rename.resolved2 = "/var/tmp/state";
  log.Do(rename);
  EXPECT_THAT(log.Short(), ElementsAre("test-fixed-tmp /tmp/app.log", "test-fixed-tmp /tmp/mytest",
                                       "test-fixed-tmp /var/tmp/state"));
  EXPECT_EQ(log.Findings()[0].severity, Severity::kWarning);
}

TEST(FixedTmp, DrawnNumberedAndPrivateNamesAreNone) {
  TestLog log;
  log.places = Places("/src", "/build", "/home/u", "/build/tmp.d");
  log.Test(1, "a").Write(1, "/tmp/log.101").Do(1, Op::kMkdir, "/tmp/x4fT9qA", Result::kCreated);
  log.Write(1, "/tmp/x4fT9qA/fixed");
  // mkstemp(), and the same file by its name again.
  log.Do(TestLog::Make(1, Op::kOpen, "/tmp/wordyword", Result::kCreated, O_RDWR | O_CREAT | O_EXCL));
  log.Do(TestLog::Make(1, Op::kOpen, "/tmp/wordyword", Result::kThere, O_WRONLY | O_TRUNC));
  log.Read(1, "/tmp/fixed").Do(1, Op::kStat, "/tmp/fixed").Do(1, Op::kUnlink, "/tmp/fixed");
  log.Begin(2, Role::kCompile, "x.o").Write(2, "/tmp/fixed");  // no test
  EXPECT_THAT(log.Short(), IsEmpty());
}

TEST(FixedTmp, ATmpOfItsOwnInTheBuildDirectoryIsNone) {
  TestLog log;
  log.Test(1, "a").Write(1, "/build/t/tmp/fixed");
  EXPECT_THAT(log.Short(), IsEmpty());
}

TEST(WritesSource, IntoTheSourceTreeAndNotIntoTheBuild) {
  TestLog log;
  log.Test(1, "a").Write(1, "/src/golden.txt").Do(1, Op::kUnlink, "/src/old").Write(1, "/build/x");
  EXPECT_THAT(log.Short(), ElementsAre("test-writes-source /src/golden.txt", "test-writes-source /src/old"));
  TestLog clean;
  clean.places = Places("/src", "/src/build", "/home/u", "/tmp");
  clean.Test(1, "a").Write(1, "/src/build/x").Read(1, "/src/golden.txt").Write(1, "/src/__pycache__/a.pyc");
  clean.Do(TestLog::Make(1, Op::kOpen, "/src/x", Result::kRefused, O_WRONLY));
  EXPECT_THAT(clean.Short(), IsEmpty());
  TestLog one_tree;
  one_tree.places = Places("/src", "/src", "/home/u", "/tmp");
  one_tree.Test(1, "a").Write(1, "/src/out");
  EXPECT_THAT(one_tree.Short(), IsEmpty());
}

TEST(WritesHome, BelowHomeAndNowhereElse) {
  TestLog log;
  log.Test(1, "a").Write(1, "/home/u/.apprc");
  EXPECT_THAT(log.Short(), ElementsAre("test-writes-home /home/u/.apprc"));
  TestLog clean;
  clean.places = Places("/home/u/src", "/home/u/src/build", "/home/u", "/tmp");
  clean.Test(1, "a").Write(1, "/home/u/src/build/x").Read(1, "/home/u/.apprc").Write(1, "/home/u/.ccache/x");
  EXPECT_THAT(clean.Short(), IsEmpty());
}

TEST(CrossTests, WhatThePolicyIsAgainstIsToldOnce) {
  TestLog log;
  log.Test(1, "a");
  for (const char* path : {"/home/u/.rc", "/src/x", "/tmp/fixed"}) {
    access::Access access = TestLog::Make(1, Op::kOpen, path, Result::kCreated, O_WRONLY | O_CREAT);
    access.rule = "outside-write: p";
    log.Do(access);
  }
  access::Access bind = TestLog::Make(1, Op::kBind, "inet:127.0.0.1:80");
  bind.rule = "network-bind: p";
  log.Do(bind);
  EXPECT_THAT(log.Short(), ElementsAre("outside-write /home/u/.rc", "outside-write /src/x",
                                       "outside-write /tmp/fixed", "network-bind inet:127.0.0.1:80"));
}

}  // namespace
}  // namespace glovebox::verify
