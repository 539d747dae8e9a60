#include "report/explain.h"

#include "base/files.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "report/test_log.h"

namespace glovebox::report {
namespace {

using access::Result;
using access::Role;
using testing::HasSubstr;
using testing::Not;

std::string Told(const Input& input, const std::string& what, bool all = false) {
  const auto text = Explain(input, what, "/nowhere", {{}, all});
  return text.ok() ? *text : "ERROR " + std::string(text.status().message());
}

Input Build() {
  TestLog log;
  log.build().edges = {{{"a.o"}, "CC", "launch cc -c a.c"}};
  log.Begin(1, Role::kEdge, {}, 0, {"/bin/sh", "-c", "launch cc -c a.c"});
  log.Begin(2, Role::kCompile, {"a.o"}, 1).Open(2, "/src/a.c").Open(2, "/src/a.h").Open(2, "/src/a.h");
  log.Open(2, "/src/stdio.h", Result::kAbsent).Open(2, "/src/stddef.h", Result::kAbsent);
  log.Open(2, "/usr/include/stdio.h");
  log.Create(2, "/build/a.o.tmp").Rename(2, "/build/a.o.tmp", "/build/a.o", Result::kCreated).End(2).End(1);
  log.Begin(3, Role::kCompile, {"b.o"}).Open(3, "/src/a.h").Create(3, "/build/b.o").End(3);
  log.Begin(4, Role::kLink, {"app"}).Open(4, "/build/a.o").Connect(4, "inet:127.0.0.1:1");
  access::Access alias = TestLog::Make(4, Op::kOpen, "/build/liba.so.1");
  alias.path = "lib/liba.so";
  log.Access(alias).Hole(4, "foreign-abi", "i386:open").End(4, 1);
  return log.Take();
}

TEST(ExplainPath, TellsWhoTouchedItInOrderAndFoldsWhatIsAlike) {
  const Input input = Build();
  EXPECT_EQ(Told(input, "/src/a.h"), R"(/src/a.h  (source)
  read by 2 actions, written by nobody
       +4 ms  read                  x3  by cc1 in #2 a.o, #3 b.o
)");
  EXPECT_THAT(Told(input, "/src/a.h", true), HasSubstr("by /usr/bin/cc1 in #2"));
  EXPECT_THAT(Told(input, "/build/a.o.tmp"), HasSubstr("renamed away to /build/a.o"));
  EXPECT_THAT(Told(input, "/src/stdio.h"), HasSubstr("looked for, absent"));
}

TEST(ExplainPath, UnderstandsNamesAsTheyAreMeant) {
  const Input input = Build();
  EXPECT_THAT(Told(input, "a.h"), HasSubstr("/src/a.h"));  // below the source directory
  EXPECT_THAT(Told(input, "b/../liba.so.1"), HasSubstr("spelled lib/liba.so"));
  EXPECT_THAT(Told(input, "lib/liba.so"), HasSubstr("/build/liba.so.1"));  // as the call spelled it
  EXPECT_THAT(Told(input, "inet:127.0.0.1:1"), HasSubstr("connect"));
}

TEST(ExplainPath, AnAddressIsUsedAndNotReadOrWritten) {
  EXPECT_EQ(Told(Build(), "inet:127.0.0.1:1"), R"(inet:127.0.0.1:1  (network)
  used by 1 action
      +19 ms  connect               x1  by cc1 in #4 app
)");
}

TEST(ExplainPath, ACallWithoutAPathSpellsNothing) {
  TestLog log;
  access::Access times = TestLog::Make(1, Op::kUtimes, "/build/a");
  times.path.clear();  // futimens: utimensat(fd, NULL, ...)
  log.Begin(1, Role::kRun, {}, 0, {"x"}).Access(times);
  access::Access other = TestLog::Make(1, Op::kOpen, "/build/a");
  other.path = "a\nb";
  const std::string text = Told(log.Access(other).End(1).Take(), "/build/a");
  EXPECT_THAT(text, HasSubstr("  spelled a\\nb\n"));
  TestLog alone;
  EXPECT_THAT(Told(alone.Begin(1, Role::kRun, {}, 0, {"x"}).Access(times).End(1).Take(), "/build/a"),
              Not(HasSubstr("spelled")));
}

TEST(ExplainPath, FilesThatARelativeNameMayMeanAreToldApart) {
  TestLog log;
  log.Begin(1, Role::kRun, {}, 0, {"x"}).Open(1, "/src/t.h", Result::kAbsent).Open(1, "/build/t.h").End(1);
  EXPECT_EQ(Told(log.Take(), "t.h"), R"(/src/t.h  (source)
  read by nobody, written by nobody
       +2 ms  looked for, absent    x1  by cc1 in #1 x

/build/t.h  (build)
  read by 1 action, written by nobody
       +3 ms  read                  x1  by cc1 in #1 x
)");
}

TEST(ExplainPath, NamesWithOddBytesCanBeCopiedFromAReport) {
  TestLog log;
  log.Begin(1, Role::kRun, {}, 0, {"x"}).Create(1, "/build/a\nb\xff").End(1);
  const Input input = log.Take();
  EXPECT_THAT(Told(input, "/build/a\nb\xff"), HasSubstr("/build/a\\nb\\xff"));
  EXPECT_THAT(Told(input, "/build/a\\nb\\xff"), HasSubstr("/build/a\\nb\\xff"));
}

TEST(ExplainPath, NobodyIsAnErrorWithNearNames) {
  const Input input = Build();
  const std::string text = Told(input, "/other/a.c");
  EXPECT_THAT(text, HasSubstr("ERROR nothing in this run touched or made /other/a.c; near it: /src/a.c"));
  TestLog odd;
  odd.Begin(1, Role::kRun, {}, 0, {"x"}).Create(1, "/build/deepfile\n\xff").End(1);
  // As they are: who prints an error escapes it, once.
  EXPECT_THAT(Told(odd.Take(), "deepfile\n"), HasSubstr("made deepfile\n; near it: /build/deepfile\n\xff;"));
  EXPECT_THAT(text, HasSubstr("at level open"));
  EXPECT_THAT(text, HasSubstr("not everything was seen"));
  EXPECT_THAT(Told(input, "stdoi.h"), HasSubstr("/usr/include/stdio.h"));
  EXPECT_THAT(Told(input, ""), HasSubstr("ERROR"));
  EXPECT_THAT(Told(input, "#77"), HasSubstr("ERROR"));
}

TEST(ExplainAction, TellsWhatAnEdgeAndTheActionsInsideOfItTouched) {
  const Input input = Build();
  const std::string text = Told(input, "#1");
  EXPECT_EQ(text, R"(#1 a.o  (edge)
  command   /bin/sh -c 'launch cc -c a.c'
  in        /build
  took      11 ms, cpu 2 ms, exit status 0
  seen      in full
  holds     #2 a.o  (compile)

1 process
       102  /usr/bin/cc1  (8 accesses, in #2)

Read: 3 files
  source  2
    /src/a.c
    /src/a.h
  toolchain  1 (--all lists them)

Written: 2 files
  renamed onto  a.o
  temporary     a.o.tmp

Looked for and not there: 2 names
  /src/  2 names: stddef.h, stdio.h

Network: none
)");
}

TEST(ExplainAction, IsFoundByOutputTargetAndNumber) {
  const Input input = Build();
  const Summary summary = Summarize(input);
  const std::vector<std::string> dirs = {"/build"};
  EXPECT_THAT(FindActions(input, summary, "a.o", dirs), testing::ElementsAre(0u));  // the outermost
  EXPECT_THAT(FindActions(input, summary, "/build/b.o", dirs), testing::ElementsAre(2u));
  EXPECT_THAT(FindActions(input, summary, "./sub/../app", dirs), testing::ElementsAre(3u));
  EXPECT_THAT(FindActions(input, summary, "4", dirs), testing::ElementsAre(3u));
  EXPECT_THAT(FindActions(input, summary, "#9", dirs), testing::IsEmpty());
  EXPECT_THAT(FindActions(input, summary, "", dirs), testing::IsEmpty());
}

TEST(ExplainAction, ANumberThatIsNotThereIsAClearError) {
  const std::string text = Told(Build(), "#999");
  EXPECT_THAT(text, HasSubstr("there is no action #999: this run has 4 actions, the last one is #4"));
  EXPECT_THAT(text, HasSubstr("glovebox report --json"));
  EXPECT_THAT(text, Not(HasSubstr("near it")));
  EXPECT_THAT(Told(Build(), "#18446744073709551616"), HasSubstr("there is no action"));  // past 64 bits
  EXPECT_THAT(Told(Build(), "#x"), HasSubstr("touched or made #x"));                     // no number: a name
  TestLog none;
  EXPECT_THAT(Told(none.Take(), "#1"), HasSubstr("there is no action #1: this run has none"));
  TestLog named;
  named.Begin(1, Role::kRun, {}, 0, {"x"}).Open(1, "/build/#7").End(1);
  EXPECT_THAT(Told(named.Take(), "#7"), HasSubstr("/build/#7"));  // a file of that name is one
}

TEST(ExplainAction, GapsComeFirst) {
  const Input input = Build();
  const std::string text = Told(input, "app", true);
  EXPECT_THAT(text, HasSubstr("INCOMPLETE: foreign-abi: i386:open"));
  EXPECT_THAT(text, HasSubstr("inet:127.0.0.1:1  connect there by /usr/bin/cc1"));
  EXPECT_LT(text.find("Not seen"), text.find("Read:"));
}

TEST(ExplainAction, AnOutputIsExplainedTogetherWithItsReaders) {
  const Input input = Build();
  const std::string text = Told(input, "a.o");
  EXPECT_THAT(text, HasSubstr("#1 a.o  (edge)"));
  EXPECT_THAT(text, HasSubstr("/build/a.o  (build)\n  read by 1 action, written by 1 action"));
}

TEST(ExplainPath, AFileInARenamedDirectoryIsKnownByBothNames) {
  TestLog log;
  log.Begin(1, Role::kCustom, {"x"})
      .Create(1, "/build/t/z")
      .Rename(1, "/build/t", "/build/out", Result::kCreated);
  const Input input = log.End(1).Take();
  EXPECT_THAT(Told(input, "/build/out/z"), HasSubstr("renamed onto, with /build/t/z"));
  EXPECT_THAT(Told(input, "/build/t/z"), HasSubstr("renamed away to /build/out/z"));
  EXPECT_THAT(Told(input, "/build/out/none"), Not(HasSubstr("renamed")));
}

TEST(Explain, TheInterpreterOfAScriptWasExecuted) {
  TestLog log;
  log.Begin(1, Role::kCustom, {"x"});
  access::Access exec = TestLog::Make(1, Op::kExec, "/src/gen.py");
  exec.exe = "/usr/bin/dash";
  access::Access next = TestLog::Make(1, Op::kOpen, "/src/gen.py");
  next.exe = "/usr/bin/python3.11";
  const Input input = log.Access(exec).Access(next).End(1).Take();
  EXPECT_THAT(Told(input, "/usr/bin/python3.11"), HasSubstr("read by 1 action, written by nobody"));
  EXPECT_THAT(Told(input, "/usr/bin/python3.11"),
              HasSubstr("executed, with /src/gen.py    x1  by dash in #1 x"));
  EXPECT_THAT(Told(input, "#1", true), HasSubstr("    /usr/bin/python3.11\n"));
  const Summary summary = Summarize(input);
  const FileFacts* python = summary.FindFile("/usr/bin/python3.11");
  ASSERT_NE(python, nullptr);
  EXPECT_EQ(python->what, uint32_t{access::kExecuted});
}

TEST(ExplainAction, WhatWasMovedToAFreeNameAndRemovedWasTemporary) {
  TestLog log;
  log.Begin(1, Role::kCustom, {"x"})
      .Access(TestLog::Make(1, Op::kMkdir, "/build/t", Result::kCreated))
      .Rename(1, "/build/t", "/build/u", Result::kCreated)
      .Do(1, Op::kRmdir, "/build/u");
  const std::string text = Told(log.End(1).Take(), "#1");
  EXPECT_THAT(text, HasSubstr("  temporary     t\n  temporary     u\n"));
}

TEST(ExplainAction, ALongListIsFolded) {
  TestLog log;
  log.Begin(1, Role::kCustom, {"x"});
  for (int i = 0; i < 100; ++i) log.Open(1, "/src/f" + std::to_string(100 + i));
  const Input input = log.End(1).Take();
  EXPECT_THAT(Told(input, "x"), HasSubstr("... and 85 more (--all)"));
  EXPECT_THAT(Told(input, "x", true), Not(HasSubstr("--all")));
}

TEST(Explain, ATargetThatIsNoFileIsFoundThroughNinjasPhonyNames) {
  ASSERT_OK_AND_ASSIGN(const TempDir dir, TempDir::Create("explain"));
  ASSERT_OK(WriteFile(dir.path() + "/build.ninja",
                      "rule r\n  command = echo $out\nbuild CMakeFiles/chk: r\nbuild app: r\n"
                      "build chk: phony CMakeFiles/chk\nbuild all: phony app chk\nbuild later: phony app2\n"
                      "build app2: r\n"));
  TestLog log;
  log.build().edges = {{{"CMakeFiles/chk"}, "r", "echo CMakeFiles/chk"}, {{"app"}, "r", "echo app"}};
  log.Begin(1, Role::kEdge, {}, 0, {"/bin/sh", "-c", "echo CMakeFiles/chk"}).End(1);
  log.Begin(2, Role::kEdge, {}, 0, {"/bin/sh", "-c", "echo app"}).End(2);
  Input input = log.Take();
  input.build.build_dir = dir.path();
  EXPECT_THAT(Told(input, "chk"), testing::StartsWith("#1 CMakeFiles/chk"));
  EXPECT_THAT(Told(input, "all"), testing::AllOf(HasSubstr("#1 CMakeFiles/chk"), HasSubstr("#2 app")));
  EXPECT_THAT(Told(input, "later"), HasSubstr("touched or made later (Ninja's name for app2)"));
  EXPECT_THAT(Told(input, "nobody"), HasSubstr("ERROR nothing in this run"));
}

}  // namespace
}  // namespace glovebox::report
