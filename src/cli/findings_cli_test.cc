// Findings of real commands, through the real binary.
#include "cli/cli_fixture.h"

namespace glovebox::cli {
namespace {

using testing::IsEmpty;

class FindingsCli : public Cli {
 protected:
  // As CTest's hook would start a test, below one builder.
  std::string TestCommand(const std::string& name, const std::string& script) {
    return absl::StrCat(GLOVEBOX_PROGRAM, " run --launched --role=test --test=", name,
                        " --build=", Path("build"), " -- sh -c ", ShellQuote(script));
  }
  // Several tests by one parent: one run of launchers.
  Outcome Tests(const std::vector<std::string>& commands) {
    std::string makefile = "all:\n";
    for (const std::string& command : commands) absl::StrAppend(&makefile, "\t@", command, "\n");
    EXPECT_OK(WriteFile(Path("build/Makefile"), makefile));
    return Run({"--no-print-directory"}, "/usr/bin/make");
  }
  static std::vector<std::string> RulesOf(const json& report) {
    std::vector<std::string> rules;
    for (const json& finding : report["findings"])
      rules.push_back(finding["rule"].get<std::string>() + " " + finding["action_name"].get<std::string>());
    return rules;
  }
};

TEST_F(FindingsCli, ALeftOverProcessIsToldAndFailsWhereAsked) {
  const Outcome run = Run({"run", "--", "sh", "-c", "sleep 30 & exit 0"});
  EXPECT_EQ(run.exit(), 0);
  EXPECT_THAT(run.err, HasSubstr("error[left-over-process]: "));
  EXPECT_THAT(run.err, HasSubstr("(1 finding) - report: glovebox report"));
  EXPECT_EQ(Run({"report"}).exit(), 0);
  const Outcome failed = Run({"report", "--fail"});
  EXPECT_EQ(failed.exit(), 1);
  EXPECT_THAT(failed.out, HasSubstr("1 finding: 1 error\nerror[left-over-process]: "));
  const json report = Report();
  ASSERT_EQ(report["findings"].size(), 1u);
  const std::string id = report["findings"][0]["id"].get<std::string>();
  const Outcome explained = Run({"explain", id});
  EXPECT_EQ(explained.exit(), 0);
  EXPECT_THAT(explained.out, HasSubstr("error[left-over-process]: "));
}

TEST_F(FindingsCli, ACleanCommandHasNone) {
  const Outcome run = Run({"run", "--", "sh", "-c", "true > out"});
  EXPECT_EQ(run.exit(), 0);
  EXPECT_THAT(run.err, Not(HasSubstr("finding")));
  EXPECT_EQ(Run({"report", "--fail"}).exit(), 0);
  EXPECT_THAT(Report()["findings"], IsEmpty());
}

TEST_F(FindingsCli, ARuleIsExplainedWithoutARun) {
  const Outcome explained = Run({"explain", "test-fixed-tmp"});
  EXPECT_EQ(explained.exit(), 0);
  EXPECT_THAT(explained.out, HasSubstr("test-fixed-tmp  (warning unless the policy says otherwise)\n"));
  EXPECT_THAT(explained.out, HasSubstr("\nExample\n"));
  EXPECT_EQ(Run({"explain", "no-such-rule"}).exit(), 1);
  // A file of that name is still to be had.
  EXPECT_EQ(Run({"run", "-q", "--", "sh", "-c", "true > hidden"}).exit(), 0);
  EXPECT_THAT(Run({"explain", "./hidden"}).out, HasSubstr("created"));
}

TEST_F(FindingsCli, TestsThatDependOnEachOtherAreFound) {
  Launcher();
  setenv("HOME", Path("home").c_str(), 1);
  ASSERT_OK(MakeDirectories(Path("home")));
  const std::string tmp = "/tmp/glovebox-findings-test.fixed";
  const Outcome outcome =
      Tests({TestCommand("writer", "echo 1 > shared"), TestCommand("reader", "cat shared >/dev/null"),
             TestCommand("other", "echo 2 > shared"),
             TestCommand("home", "echo 3 > ~/.apprc; echo 4 > " + tmp + "; rm " + tmp),
             TestCommand("clean", "d=$(mktemp -d); echo 5 > $d/x; rm -r $d; echo 6 > own$$")});
  EXPECT_EQ(outcome.exit(), 0) << outcome.err;
  const json report = Report();
  EXPECT_THAT(RulesOf(report), testing::ElementsAre("test-order reader", "test-collision other",
                                                    "test-writes-home home", "test-fixed-tmp home"))
      << report["findings"].dump(1);
  EXPECT_EQ(Run({"report", "--fail"}).exit(), 1);
}

TEST_F(FindingsCli, WhatCTestOrdersIsNone) {
  Launcher();
  ASSERT_OK(WriteFile(Path("build/CTestTestfile.cmake"),
                      "add_test(writer \"true\")\nadd_test(reader \"true\")\nadd_test(other \"true\")\n"
                      "set_tests_properties(reader PROPERTIES FIXTURES_REQUIRED F RESOURCE_LOCK L)\n"
                      "set_tests_properties(writer PROPERTIES FIXTURES_SETUP F RESOURCE_LOCK L)\n"
                      "set_tests_properties(other PROPERTIES RESOURCE_LOCK L)\n"));
  const Outcome outcome =
      Tests({TestCommand("writer", "echo 1 > shared"), TestCommand("reader", "cat shared >/dev/null"),
             TestCommand("other", "echo 2 > shared")});
  EXPECT_EQ(outcome.exit(), 0) << outcome.err;
  EXPECT_THAT(RulesOf(Report()), IsEmpty());
}

}  // namespace
}  // namespace glovebox::cli
