#include "verify/policy_findings.h"

#include <fcntl.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "verify/test_log.h"

namespace glovebox::verify {
namespace {

using access::Decision;
using access::Role;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(PolicyFindings, ARuleIsToldWithItsPlaceAndItsEvidence) {
  TestLog log;
  log.Begin(1, Role::kCustom, "gen.h");
  log.Against(1, Op::kOpen, "/home/u/.rc", "outside-read: glovebox.toml:2:1 read");
  log.Against(1, Op::kOpen, "/home/u/.rc", "outside-read: glovebox.toml:2:1 read");
  const std::vector<Finding> findings = log.Findings();
  ASSERT_EQ(findings.size(), 1u);
  const Finding& finding = findings[0];
  EXPECT_EQ(finding.rule, "outside-read");
  EXPECT_EQ(finding.severity, Severity::kError);
  EXPECT_EQ(finding.action_name, "gen.h");
  EXPECT_EQ(finding.object, "/home/u/.rc");
  EXPECT_EQ(finding.what, "/home/u/.rc is read, which the policy does not allow");
  EXPECT_EQ(finding.place, "glovebox.toml:2:1 read");
  EXPECT_EQ(finding.calls, 2u);
  EXPECT_TRUE(finding.refused);
  EXPECT_EQ(finding.evidence.call, "openat");
  EXPECT_EQ(finding.evidence.program, "/usr/bin/prog");
  EXPECT_EQ(finding.evidence.pid, 101);
  EXPECT_EQ(finding.evidence.error, EACCES);
  EXPECT_THAT(finding.repair, HasSubstr("let the policy say so: read-add = [\"${home}/.rc\"]"));
  EXPECT_EQ(finding.id.size(), 12u);
}

TEST(PolicyFindings, WhatIsDoneWithASocketThatMayNotBeIsTheSameFault) {
  const std::string place = ": glovebox.toml:7:1 network none";
  TestLog refused;
  refused.Test(1, "t").Against(1, Op::kSocket, "inet", "network-socket" + place);
  TestLog told;
  told.Test(1, "t").Against(1, Op::kSocket, "inet", "network-socket" + place, Decision::kContinued);
  told.Against(1, Op::kConnect, "inet:10.0.0.1:80", "network-connect" + place, Decision::kContinued);
  told.Against(1, Op::kConnect, "inet:10.0.0.2:80", "network-connect" + place, Decision::kContinued);
  ASSERT_THAT(told.Short(), ElementsAre("network-socket a socket of inet"));
  const Finding finding = told.Findings()[0];
  EXPECT_EQ(finding.id, refused.Findings()[0].id);
  EXPECT_EQ(
      finding.what,
      "a socket of inet is made, which the policy does not allow, and inet:10.0.0.1:80 is connected to");
  EXPECT_EQ(finding.calls, 3u);
  // Another line of the policy is another fault.
  told.Against(1, Op::kBind, "inet:0.0.0.0:80", "network-bind: glovebox.toml:9:1 network loopback");
  ASSERT_EQ(told.Findings().size(), 2u);
  EXPECT_THAT(told.Findings()[1].repair,
              HasSubstr("network = { mode = \"loopback\", bind = [\"0.0.0.0:80\"] }"));
}

TEST(PolicyFindings, ATestThatWritesOutsideIsToldHowItNeedNot) {
  TestLog log;
  log.Test(1, "t").Begin(2, Role::kCustom, "gen.h");
  for (const char* path : {"/home/u/.x", "/tmp/x"}) {
    log.Against(1, Op::kOpen, path, "outside-write: no path of the policy");
    log.Against(2, Op::kOpen, path, "outside-write: no path of the policy");
  }
  const std::vector<Finding> findings = log.Findings();
  ASSERT_EQ(findings.size(), 4u);
  EXPECT_THAT(findings[0].repair, HasSubstr("set HOME to a directory of the test's own"));
  EXPECT_THAT(findings[0].repair, HasSubstr("write-add = [\"${home}/.x\"]"));
  EXPECT_THAT(findings[1].repair, testing::StartsWith("write below ${build}"));
  EXPECT_THAT(findings[2].repair, HasSubstr("mkstemp()"));
  EXPECT_THAT(findings[2].repair, HasSubstr("write-add = [\"/tmp/x\"]"));
}

// What is printed is put into the file as it stands: it must not take away what is granted there.
TEST(PolicyFindings, TheRepairAddsToTheSectionThatJudged) {
  const struct {
    Op op;
    const char* object;
    const char* rule;
    const char* repair;
  } rows[] = {
      {Op::kOpen, "/home/u/.rc", "outside-read: no path of the policy for [custom]",
       "do not read it, or let the policy say so, in [custom]: read-add = [\"${home}/.rc\"]"},
      {Op::kOpen, "/opt/x", "outside-write: g.toml:3:4 read /opt for [policy.slow]",
       "write below ${build} or ${tmp}, or let the policy say so, in [policy.slow]: write-add = "
       "[\"/opt/x\"]"},
      {Op::kExec, "/opt/x", "outside-exec: no path of the policy for the [[rule]] at g.toml:4",
       "let the policy say so, in the [[rule]] at g.toml:4: read-add = [\"/opt/x\"], or run a program of the "
       "toolchain"},
      {Op::kExec, "/src/x.pl",
       "outside-exec: no path of the policy for [edge] (its interpreter /opt/bin/perl)",
       "let the policy say so, in [edge]: read-add = [\"/opt/bin/perl\"], or run a program of the toolchain"},
      {Op::kOpen, "/opt/x/y",
       "outside-write: g.toml:3:4 write /opt/x, which was not there when the action began",
       "make it before the action begins, or let the policy say so of a directory above it that is there"},
      {Op::kConnect, "inet:10.0.0.1:80", "network-connect: g.toml:7:1 network none for [test]",
       "do without, or let the policy say so, in [test]: network = { mode = \"none\", connect = "
       "[\"10.0.0.1:80\"] }, beside the addresses that stand there"},
      {Op::kSend, "inet6:[::1]:80", "network-send: g.toml:7:1 network named for [test]",
       "do without, or let the policy say so, in [test]: network = { connect = [\"[::1]:80\"] }, beside the "
       "addresses that stand there"},
      {Op::kConnect, "inet:10.0.0.1:80", "network-connect: command line network none for the command line",
       "do without, or let the command line say so: --connect 10.0.0.1:80"},
      {Op::kOpen, "/home/u/.rc", "outside-read: no path of the policy for the command line",
       "do not read it, or let the command line say so: --read /home/u/.rc"},
      {Op::kSocket, "inet", "network-socket: command line network none for the command line",
       "do without, or let the command line say so: --network unix, --network loopback, or the endpoints by "
       "--connect and --bind"},
      // Of a directory that is called so.
      {Op::kOpen, "/x", "outside-read: g.toml:3:4 read /opt/a for [b",
       "do not read it, or let the policy say so: read-add = [\"/x\"]"},
  };
  for (const auto& row : rows) {
    TestLog log;
    log.Begin(1, Role::kCustom, "gen.h").Against(1, row.op, row.object, row.rule);
    ASSERT_EQ(log.Findings().size(), 1u) << row.rule;
    EXPECT_EQ(log.Findings()[0].repair, row.repair);
  }
}

// The kernel grants objects: of what is not there yet, the directory.
TEST(PolicyFindings, WhatIsMadeInEnforceIsGrantedByItsDirectory) {
  const auto repair = [](Op op, access::Result result, Decision decision) {
    access::Access access = TestLog::Make(1, op, "/opt/d/x", result, O_WRONLY | O_CREAT);
    access.rule = "outside-write: no path of the policy for [custom]";
    access.decision = decision;
    TestLog log;
    log.Begin(1, Role::kCustom, "gen.h").Do(access);
    return log.Findings()[0].repair;
  };
  using access::Result;
  EXPECT_THAT(repair(Op::kOpen, Result::kRefused, Decision::kDenied), HasSubstr("write-add = [\"/opt/d\"]"));
  EXPECT_THAT(repair(Op::kUnlink, Result::kRefused, Decision::kDenied),
              HasSubstr("write-add = [\"/opt/d\"]"));
  EXPECT_THAT(repair(Op::kChmod, Result::kRefused, Decision::kDenied),
              HasSubstr("write-add = [\"/opt/d/x\"]"));
  EXPECT_THAT(repair(Op::kOpen, Result::kCreated, Decision::kContinued),
              HasSubstr("write-add = [\"/opt/d/x\"]"));
}

TEST(PolicyFindings, EveryRuleHasItsOwnWords) {
  const struct {
    const char* rule;
    Op op;
    const char* path;
    const char* what;
  } rows[] = {
      {"outside-write", Op::kUnlink, "/x", "/x is removed, which the policy does not allow"},
      {"outside-write", Op::kOpen, "/x", "/x is changed, which the policy does not allow"},
      {"outside-write", Op::kMkdir, "/x", "/x is made, which the policy does not allow"},
      {"outside-write", Op::kConnect, "/x", "/x is connected to, which the policy does not allow"},
      {"outside-write", Op::kSend, "/x", "/x is sent to, which the policy does not allow"},
      {"outside-exec", Op::kExec, "/x", "/x is run, which the policy does not allow"},
      {"hidden", Op::kStat, "/x", "/x is asked for, which the policy hides"},
      {"log-tamper", Op::kUnlink, "/x", "/x is an append-only path, and this unlink is no append"},
      {"undeclared-input", Op::kOpen, "/x", "/x is read, and nothing says that it is needed here"},
      {"network-socket", Op::kSocket, "family 2",
       "a socket of family 2 is made, which the policy does not allow"},
      {"network-connect", Op::kConnect, "inet:1.2.3.4:80",
       "inet:1.2.3.4:80 is connected to, which the policy does not allow"},
      {"network-bind", Op::kBind, "inet:0.0.0.0:80",
       "inet:0.0.0.0:80 is bound, which the policy does not allow"},
      {"network-send", Op::kSend, "inet:8.8.8.8:53",
       "inet:8.8.8.8:53 is sent to, which the policy does not allow"},
      {"forbidden-call", Op::kForbidden, "", "forbidden is tried, which no action may do"},
      {"of-tomorrow", Op::kOpen, "/x", "/x is against the policy"},
  };
  for (const auto& row : rows) {
    TestLog log;
    log.Begin(1, Role::kCustom, "gen.h").Against(1, row.op, row.path, std::string(row.rule) + ": built in");
    const std::vector<Finding> findings = log.Findings();
    ASSERT_EQ(findings.size(), 1u) << row.rule;
    EXPECT_EQ(findings[0].what, row.what);
    EXPECT_EQ(findings[0].rule, row.rule);
    EXPECT_EQ(findings[0].place, "built in");
  }
}

TEST(PolicyFindings, ACallOnAnotherProcessSaysOnWhomAndIsKnownAgainByItsProgram) {
  TestLog log;
  log.Begin(1, Role::kTest, "");
  for (const char* target : {"process 7 (/bin/b)", "process 8 (/bin/b)", "process 7 (/bin/b)"}) {
    access::Access call = TestLog::Make(1, Op::kForbidden, "");
    call.syscall = "kill";
    call.path2 = target;
    call.rule = "forbidden-call: built in scope-signals";
    call.decision = Decision::kKernelDenied;
    log.Do(call);
  }
  const std::vector<Finding> findings = log.Findings();
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].object, "kill of /bin/b");
  EXPECT_EQ(findings[0].what, "kill of process 7 (/bin/b) is tried, which is outside of the action");
  EXPECT_THAT(findings[0].objects, ElementsAre("process 7 (/bin/b)", "process 8 (/bin/b)"));
  EXPECT_EQ(findings[0].calls, 3u);
}

TEST(PolicyFindings, WhatWentOnIsToldAsWellAndWhatTheKernelRefuses) {
  TestLog log;
  log.Begin(1, Role::kTest, "");
  log.Against(1, Op::kOpen, "/x", "outside-read: p:1:1 read", Decision::kContinued);
  log.Against(1, Op::kOpen, "/y", "outside-read: p:1:1 read", Decision::kKernelDenied);
  const std::vector<Finding> findings = log.Findings();
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_FALSE(findings[0].refused);
  EXPECT_TRUE(findings[1].refused);
}

TEST(PolicyFindings, AnAccessWithoutARuleIsNoneUnlessItWasRefused) {
  TestLog log;
  log.Begin(1, Role::kCustom, "gen.h").Read(1, "/x").Against(1, Op::kOpen, "/y", "", Decision::kContinued);
  EXPECT_THAT(log.Short(), IsEmpty());
  log.Against(1, Op::kForbidden, "", "");
  EXPECT_THAT(log.Short(), ElementsAre("forbidden-call forbidden"));
}

TEST(PolicyFindings, FilesOfOneDirectoryAreFoldedFromFourOn) {
  TestLog log;
  log.Begin(1, Role::kCustom, "gen.h");
  for (const char* name : {"a", "b", "c"})
    log.Against(1, Op::kOpen, std::string("/opt/x/") + name, "outside-read: p");
  EXPECT_EQ(log.Findings().size(), 3u);
  log.Against(1, Op::kOpen, "/opt/x/d", "outside-read: p").Against(1, Op::kOpen, "/opt/e", "outside-read: p");
  log.Against(1, Op::kUnlink, "/opt/x/a", "outside-write: p");
  const std::vector<Finding> findings = log.Findings();
  ASSERT_EQ(findings.size(), 3u);
  EXPECT_EQ(findings[0].object, "/opt/x/");
  EXPECT_EQ(findings[0].what, "4 files of /opt/x are read, which the policy does not allow");
  EXPECT_THAT(findings[0].objects, ElementsAre("/opt/x/a", "/opt/x/b", "/opt/x/c", "/opt/x/d"));
  EXPECT_EQ(findings[0].calls, 4u);
  EXPECT_EQ(findings[1].object, "/opt/e");
  EXPECT_EQ(findings[2].rule, "outside-write");
}

TEST(PolicyFindings, EachUndeclaredInputStandsForItself) {
  TestLog log;
  log.Begin(1, Role::kCustom, "gen.h");
  for (const char* name : {"a", "b", "c", "d", "e"})
    log.Against(1, Op::kOpen, std::string("/build/") + name, "undeclared-input: p");
  EXPECT_EQ(log.Findings().size(), 5u);
}

TEST(PolicyFindings, OfARenameTheNameOutsideIsMeant) {
  access::Access access = TestLog::Make(1, Op::kRename, "/build/t");
  access.path2 = access.resolved2 = "/etc/x";
  const Places places("/src", "/build", "/home/u", "/tmp");
  EXPECT_EQ(ObjectOf(access, "outside-write", places), "/etc/x");
  std::swap(access.resolved, access.resolved2);
  EXPECT_EQ(ObjectOf(access, "outside-write", places), "/etc/x");
}

TEST(PolicyFindings, TheEndOfAnActionTellsLimitsLeftOversAndFailedSandboxes) {
  TestLog log;
  access::ActionEnd end;
  end.action = 1;
  end.limit = "total memory 512 MiB: 540 MiB";
  end.left_over = {"7 /bin/sleep", "8 /bin/sleep", "9 /bin/cat"};
  log.Test(1, "t").End(end).Test(2, "s");
  end = {};
  end.action = 2;
  end.kind = access::ActionEnd::Kind::kSandboxFailed;
  end.step = std::string("landlock: ENOSYS") + access::kSkippedMark + "x";
  log.End(end);
  EXPECT_THAT(log.Short(),
              ElementsAre("limit-hit total memory 512 MiB: 540 MiB", "left-over-process /bin/cat",
                          "left-over-process /bin/sleep", "sandbox-failed landlock: ENOSYS"));
  EXPECT_THAT(log.Findings()[2].objects, ElementsAre("7 /bin/sleep", "8 /bin/sleep"));
}

TEST(PolicyFindings, AnIdStaysTheSameOnAnotherMachineAndInAnotherRun) {
  const auto id_of = [](const std::string& source, const std::string& home, int pause) {
    TestLog log;
    log.places = Places(source, "/build", home, "/tmp");
    log.Begin(1, Role::kCustom, "gen.h");
    for (int i = 0; i < pause; ++i) log.Read(1, "/other");
    log.Against(1, Op::kOpen, home + "/.rc", "outside-read: p");
    return log.Findings()[0].id;
  };
  EXPECT_EQ(id_of("/src", "/home/u", 0), id_of("/other", "/root", 3));
  TestLog other;
  other.Begin(1, Role::kCustom, "gen2.h").Against(1, Op::kOpen, "/home/u/.rc", "outside-read: p");
  EXPECT_NE(other.Findings()[0].id, id_of("/src", "/home/u", 0));
}

TEST(PolicyFindings, ActionsOfOneNumberAreToldApartByTheirSegment) {
  TestLog log;
  log.Begin(1, Role::kCustom, "a.h").Against(1, Op::kOpen, "/x", "outside-read: p").Segment();
  log.Begin(1, Role::kCustom, "b.h").Against(1, Op::kOpen, "/x", "outside-read: p");
  const std::vector<Finding> findings = log.Findings();
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].action_name, "a.h");
  EXPECT_EQ(findings[1].action_name, "b.h");
}

TEST(RuleWords, AreTheIdAndWhatIsBehindTheColon) {
  EXPECT_EQ(ParseRuleWords("hidden: built in").id, "hidden");
  EXPECT_EQ(ParseRuleWords("hidden: g.toml:1:2 a: b").place, "g.toml:1:2 a: b");
  EXPECT_EQ(ParseRuleWords("hidden").id, "hidden");
  EXPECT_EQ(ParseRuleWords("hidden:").id, "hidden");
  EXPECT_EQ(ParseRuleWords("").id, "");
}

}  // namespace
}  // namespace glovebox::verify
