#include "report/findings.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/test_scale.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "report/json.h"
#include "report/test_log.h"
#include "report/text.h"

namespace glovebox::report {
namespace {

using access::Role;
using testing::HasSubstr;
using testing::Not;

access::Access Against(access::ActionId id, const std::string& path, const std::string& rule,
                       access::Decision decision = access::Decision::kDenied) {
  access::Access access = TestLog::Make(id, Op::kOpen, path);
  access.rule = rule;
  access.decision = decision;
  if (decision != access::Decision::kContinued) {
    access.result = access::Result::kRefused;
    access.error = EACCES;
  }
  return access;
}

Summary Judged(TestLog log, const verify::Terms& terms = {}) {
  const Input input = log.Take();
  Summary summary = Summarize(input);
  AddFindings(input, terms, &summary);
  return summary;
}

TEST(Findings, ReadLikeAGoodCompilersMessages) {
  TestLog log;
  log.Begin(1, Role::kCustom, {"gen.h"});
  log.Access(Against(1, "/home/u/.rc", "outside-read: glovebox.toml:4:1 read"));
  log.Access(Against(1, "/home/u/.rc", "outside-read: glovebox.toml:4:1 read"));
  log.End(1);
  const Summary summary = Judged(log);
  EXPECT_EQ(FindingsText(summary, {}, false), R"(1 finding: 1 error
error[outside-read]: /home/u/.rc is read, which the policy does not allow
  --> #1 gen.h
   open    /home/u/.rc  openat, refused: EACCES, x2  by /usr/bin/cc1 (pid 101)
   policy  glovebox.toml:4:1 read
   so      what is made here depends on a file that another machine does not have
   repair  do not read it, or let the policy say so: read-add = ["${home}/.rc"]
   more    glovebox explain )" + summary.findings[0].finding.id +
                                                  R"( | outside-read
)");
  EXPECT_THAT(OneLine(summary), HasSubstr("no network; 1 call refused (1 finding)"));
  // In the report they come before what was touched, and stand for the list of refused calls.
  const std::string report = TextReport(summary, {}, false);
  EXPECT_LT(report.find("error[outside-read]"), report.find("Network: none"));
  EXPECT_THAT(report, Not(HasSubstr("Refused by Glovebox")));
}

TEST(Findings, WhoStartedTheProgramIsSaidAndOneThatForksItselfOnce) {
  TestLog log;
  log.Begin(1, Role::kCustom, {"gen.h"});
  access::Access access = Against(1, "/home/u/.rc", "outside-read: glovebox.toml:4:1 read");
  access.pid = 14;
  access.path = "../u/.rc";
  log.Add(access::ProcessBegin{1, 11, 12, 11, "/usr/bin/make"});
  log.Add(access::ProcessBegin{1, 12, 13, 12, "/usr/bin/dash"});
  log.Add(access::ProcessBegin{1, 13, 14, 13, "/usr/bin/dash"});
  log.Access(access);
  log.End(1);
  const Summary summary = Judged(log);
  EXPECT_THAT(FindingsText(summary, {}, false), HasSubstr("   started by /usr/bin/dash, by /usr/bin/make\n"));
  std::ostringstream out;
  WriteJson(summary, out);
  const auto json = nlohmann::json::parse(out.str())["findings"][0]["evidence"];
  EXPECT_EQ(json["spelled"], "../u/.rc");
  EXPECT_EQ(json["callers"], nlohmann::json({{{"pid", 13}, {"program", "/usr/bin/dash"}},
                                             {{"pid", 12}, {"program", "/usr/bin/dash"}},
                                             {{"pid", 11}, {"program", "/usr/bin/make"}}}));
}

TEST(Findings, WithoutAnyNothingIsSaid) {
  TestLog log;
  log.Begin(1, Role::kCompile, {"a.o"}).Open(1, "/src/a.c").End(1);
  const Summary summary = Judged(log);
  EXPECT_TRUE(summary.judged);
  EXPECT_EQ(FindingsText(summary, {}, false), "");
  EXPECT_THAT(OneLine(summary), Not(HasSubstr("finding")));
}

TEST(Findings, AlikeOnesOfSeveralActionsAreToldOnce) {
  TestLog log;
  for (access::ActionId id = 1; id <= 7; ++id) {
    log.Begin(id, Role::kCompile, {"o" + std::to_string(id)});
    log.Access(Against(id, "/opt/x.h", "outside-read: p", access::Decision::kContinued)).End(id);
  }
  const std::string text = FindingsText(Judged(log), {}, false);
  EXPECT_THAT(text, HasSubstr("7 findings: 7 errors\n"));
  EXPECT_THAT(text, HasSubstr("  --> #1 o1, and #2 o2, #3 o3, #4 o4 and 3 more\n"));
  EXPECT_THAT(text, HasSubstr("/opt/x.h  openat, went on  by "));
  EXPECT_EQ(text.find("error[", text.find("error[") + 1), std::string::npos);
}

// A line in a loop: one mend for all of its edges.
Summary FaultsOfLines(size_t count, size_t lines) {
  Summary summary;
  for (size_t i = 0; i < count; ++i) {
    FindingFacts facts;
    facts.finding.rule = "undeclared-output";
    facts.finding.object = absl::StrCat("/b/o", i);
    facts.finding.where = absl::StrCat("CMakeLists.txt:", i % lines, " add_custom_command");
    facts.finding.what = absl::StrCat("makes o", i);
    facts.finding.edges = {i};
    summary.findings.push_back(std::move(facts));
  }
  summary.run.build_dir = "/b";
  return summary;
}

verify::EdgeVerdict Unjudged(const std::string& output, const std::string& why) {
  verify::EdgeVerdict edge;
  edge.outputs = {output};
  edge.why = why;
  return edge;
}

TEST(Findings, WhatIsNotJudgedIsNamedWithTheReason) {
  Summary summary;
  summary.edges = {Unjudged("x.o", "it did not end well"), Unjudged("a", "it did not run"),
                   Unjudged("b", "it did not run"), Unjudged("c", "it did not run")};
  EXPECT_EQ(VerifyText(summary, {}, false),
            "incomplete: a, b, c: it did not run\nincomplete: x.o: it did not end well\n"
            "4 edges: 4 incomplete\n");
  for (int i = 0; i < 9; ++i)
    summary.edges.push_back(Unjudged(absl::StrCat("e", i), absl::StrCat("for reason ", i)));
  EXPECT_THAT(VerifyText(summary, {}, false), HasSubstr("\n... and for 6 more reasons (--all)\n13 edges: "));
  EXPECT_THAT(VerifyText(summary, {}, true), HasSubstr("incomplete: e8: for reason 8\n"));
}

TEST(Findings, AProgramThatRanWithoutItsPrivilegesIsNamedAndIsNoFinding) {
  Summary summary;
  summary.skipped = {"Landlock: no ABI", absl::StrCat(access::kNoNewPrivileges, "/a\nb is setuid root")};
  EXPECT_THAT(VerifyText(summary, {}, false), testing::StartsWith("note: /a\\nb is setuid root\n0 edges"));
}

TEST(Findings, TheCommandsThatAreNamedFindTheBuildFromElsewhere) {
  Style elsewhere;
  elsewhere.build = "-C out";
  EXPECT_THAT(FindingsText(FaultsOfLines(1, 1), elsewhere, false), HasSubstr("glovebox explain -C out "));
}

TEST(Findings, ListsAreShortUnlessAllIsAskedFor) {
  TestLog log;
  log.Begin(1, Role::kCompile, {"a.o"});
  for (int i = 0; i < 30; ++i)
    log.Access(Against(1, "/opt/" + std::to_string(i) + "/x.h", "outside-read: p"));
  const Summary summary = Judged(log);
  EXPECT_THAT(FindingsText(summary, {}, false), HasSubstr("... and 20 more findings (--all)\n"));
  EXPECT_THAT(FindingsText(summary, {}, true), Not(HasSubstr("more findings")));
}

TEST(Findings, TestsAreNamedWithTheLineThatMadeThem) {
  TestLog log;
  for (access::ActionId id : {1, 2}) {
    access::ActionBegin begin;
    begin.action = id;
    begin.role = Role::kTest;
    begin.test = id == 1 ? "a" : "b";
    begin.cwd = "/build";
    log.Add(begin).Create(id, "/build/out");
  }
  Input input = log.Take();
  input.tests.resize(1);
  input.tests[0].name = "b";
  input.tests[0].file = "/src/CMakeLists.txt";
  input.tests[0].line = 14;
  input.tests[0].command_name = "add_test";
  Summary summary = Summarize(input);
  AddFindings(input, {}, &summary);
  EXPECT_THAT(FindingsText(summary, {}, false),
              HasSubstr("error[test-collision]: /build/out is written by two tests: b and a\n"
                        "  --> /src/CMakeLists.txt:14 add_test  #2 b\n"
                        "   open    /build/out  openat, created  by /usr/bin/cc1 (pid 102)\n"
                        "   with    #1 a\n"));
}

TEST(Findings, ThoseOfOneLineAreToldOnceUnlessAllIsAskedFor) {
  const Summary summary = FaultsOfLines(7, 1);
  const std::string text = FindingsText(summary, {}, false);
  EXPECT_THAT(text, HasSubstr("7 findings: 7 errors\n"));
  EXPECT_THAT(text, HasSubstr("   alike   6 more of this line: o1, o2, o3 and 3 more (--all)\n"));
  EXPECT_EQ(text.find("error[", text.find("error[") + 1), std::string::npos);
  EXPECT_THAT(FindingsText(summary, {}, true), HasSubstr("makes o6\n"));
}

TEST(Findings, WhatOneLineWantsIsToldTogetherWhereItIsOfOneKind) {
  Summary summary = FaultsOfLines(4, 1);
  for (size_t i = 0; i < summary.findings.size(); ++i)
    summary.findings[i].finding.repair = absl::StrCat("DEPENDS f", i / 2);
  EXPECT_THAT(FindingsText(summary, {}, false), HasSubstr("   repair  DEPENDS f0 DEPENDS f1\n"));
  summary.findings[3].finding.repair = "write below the build directory";
  EXPECT_THAT(FindingsText(summary, {}, false), Not(HasSubstr("alike")));
  summary = FaultsOfLines(9, 1);
  for (size_t i = 0; i < summary.findings.size(); ++i)
    summary.findings[i].finding.repair = absl::StrCat("DEPENDS f", i);
  EXPECT_THAT(FindingsText(summary, {}, false),
              HasSubstr("   repair  DEPENDS f0 DEPENDS f1 DEPENDS f2 ... (--all)\n"));
}

TEST(Findings, OneFileThatEdgesOfTwoLinesReadIsToldForEach) {
  Summary summary = FaultsOfLines(2, 2);
  for (FindingFacts& facts : summary.findings) facts.finding.object = "/src/table";
  const std::string text = FindingsText(summary, {}, false);
  EXPECT_THAT(text, HasSubstr("CMakeLists.txt:0 "));
  EXPECT_THAT(text, HasSubstr("CMakeLists.txt:1 "));
}

TEST(Findings, AFewOfOneLineAndThoseOfSeveralAreToldEach) {
  EXPECT_THAT(FindingsText(FaultsOfLines(3, 1), {}, false), HasSubstr("makes o2\n"));
  EXPECT_THAT(FindingsText(FaultsOfLines(7, 7), {}, false), HasSubstr("makes o6\n"));
  // What is not shown is counted by findings.
  EXPECT_THAT(FindingsText(FaultsOfLines(65, 13), {}, false),
              HasSubstr("... and 15 more findings (--all)\n"));
}

TEST(Findings, NamesOfALogNeverReachTheTerminalRaw) {
  TestLog log;
  log.Begin(1, Role::kCompile, {"a.o"}).Access(Against(1, "/x\n\x1b[31m", "read\x1b-y: p\x1b"));
  const std::string text = FindingsText(Judged(log), {}, false);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_THAT(text, HasSubstr("/x\\n\\x1b[31m"));
}

TEST(Findings, AnAllowedOneIsCounted) {
  TestLog log;
  log.Begin(1, Role::kCompile, {"a.o"}).Access(Against(1, "/x", "outside-read: p"));
  verify::Terms terms;
  terms.allowances.emplace_back();
  terms.allowances[0].rule = "outside-read";
  const Summary summary = Judged(log, terms);
  EXPECT_TRUE(summary.findings.empty());
  EXPECT_THAT(TextReport(summary, {}, false), HasSubstr("\n1 finding is let pass by the policy file\n"));
}

TEST(Findings, OneIsFoundByItsId) {
  TestLog log;
  log.Begin(1, Role::kCompile, {"a.o"});
  for (const char* name : {"a", "b", "c", "d", "e"})
    log.Access(Against(1, std::string("/opt/") + name, "outside-read: p"));
  const Summary summary = Judged(log);
  ASSERT_EQ(summary.findings.size(), 1u);
  const FindingFacts* facts = FindFinding(summary, summary.findings[0].finding.id);
  ASSERT_NE(facts, nullptr);
  const std::string text = FindingText(summary, *facts, {});
  EXPECT_THAT(text, HasSubstr("   all     /opt/a, /opt/b, /opt/c and 2 more\n"));
  EXPECT_THAT(text, HasSubstr("\n  /opt/a\n  /opt/b\n  /opt/c\n  /opt/d\n  /opt/e\n"));
  EXPECT_EQ(FindFinding(summary, "0123456789ab"), nullptr);
}

// A log with many findings must still become a report: what goes with the square of them would take hours.
TEST(Findings, AHundredThousandAreToldAsWell) {
  constexpr size_t kMany = Many(100'000);
  for (const bool alike : {false, true}) {
    Summary summary;
    for (size_t i = 0; i < kMany; ++i) {
      ActionFacts action;
      action.id = i + 1;
      action.name = absl::StrCat("o", i);
      summary.actions.push_back(std::move(action));
      FindingFacts facts;
      facts.action = i + 1;
      facts.finding.rule = "outside-read";
      facts.finding.object = alike ? "/opt/x.h" : absl::StrCat("/opt/", i);
      facts.finding.what = absl::StrCat(facts.finding.object, " is read");
      facts.finding.id = absl::StrCat(i);
      summary.findings.push_back(std::move(facts));
    }
    const std::string all = FindingsText(summary, {80, false}, true);
    EXPECT_THAT(all.substr(0, 100),
                HasSubstr(absl::StrCat(Count(kMany, "finding"), ": ", Count(kMany, "error"), "\n")));
    EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), alike ? 4 : 1 + 3 * static_cast<ptrdiff_t>(kMany));
    EXPECT_LT(FindingsText(summary, {80, false}, false).size(), 4000u);
    EXPECT_LT(OneLine(summary).size(), 200u);
  }
}

TEST(Findings, InARunOfSeveralWritersTheNumbersAreThoseOfTheReport) {
  TestLog log;
  log.Begin(1, Role::kCompile, {"a.o"}).Segment("b.gbx").Begin(1, Role::kCompile, {"b.o"});
  log.Access(Against(1, "/x", "outside-read: p"));
  const Summary summary = Judged(log);
  ASSERT_EQ(summary.findings.size(), 1u);
  EXPECT_EQ(summary.findings[0].action, 2u);
  EXPECT_EQ(summary.Find(2)->name, "b.o");
}

}  // namespace
}  // namespace glovebox::report
