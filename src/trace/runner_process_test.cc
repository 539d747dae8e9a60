// Calls on processes outside of an action in mode enforce: the kernel refuses them, and each is on record.
#include <linux/kcmp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "trace/runner_fixture.h"

namespace glovebox::trace {
namespace {

using access::Access;
using testing::HasSubstr;
using testing::IsEmpty;

class RunnerProcessTest : public RunnerFixture {
 protected:
  void SetUp() override {
    RunnerFixture::SetUp();
    if (Host().landlock_abi < 6) GTEST_SKIP() << "Landlock ABI below 6";
    victim_ = fork();
    if (victim_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      for (;;) pause();
    }
    setpgid(victim_, victim_);
  }
  void TearDown() override {
    if (victim_ <= 0) return;
    kill(victim_, SIGKILL);
    waitpid(victim_, nullptr, 0);
  }

  RunRequest Enforced(std::vector<std::string> argv) {
    RunRequest request = Shell("");
    request.policy.mode = policy::Mode::kEnforce;
    request.argv = std::move(argv);
    return request;
  }
  // Its errno in an action.
  int ErrnoOf(std::vector<std::string> call, const policy::Policy* policy = nullptr) {
    call.insert(call.begin(), {GLOVEBOX_CHILD_PROBE, "errno"});
    RunRequest request = Enforced(std::move(call));
    if (policy != nullptr) request.policy = *policy;
    const auto outcome = RunSupervised(request);
    EXPECT_OK(outcome);
    said_ = outcome->verdict.text;
    return outcome->end.status;
  }
  // What is on record of forbidden calls: "kill process 7 (...): rule".
  std::vector<Access> TakeForbidden() {
    std::vector<Access> found;
    const std::vector<Access> all = sink_.All<Access>();
    for (; taken_ < all.size(); ++taken_) {
      if (all[taken_].op == Op::kForbidden) found.push_back(all[taken_]);
    }
    return found;
  }
  void ExpectForetold(const std::vector<std::string>& call, const std::string& whom) {
    const std::string words = absl::StrJoin(call, " ");
    EXPECT_EQ(ErrnoOf(call), EPERM) << words;
    const std::vector<Access> found = TakeForbidden();
    ASSERT_EQ(found.size(), 1u) << words;
    EXPECT_THAT(found[0].path2, HasSubstr(whom)) << words;
    EXPECT_EQ(found[0].result, access::Result::kRefused);
    EXPECT_EQ(found[0].error, EPERM);
    EXPECT_EQ(found[0].sight, access::Sight::kPredicted);
    EXPECT_EQ(found[0].decision, access::Decision::kKernelDenied);
    EXPECT_THAT(found[0].rule, HasSubstr("forbidden-call: built in "));
    EXPECT_THAT(said_, HasSubstr(absl::StrCat(" of ", whom))) << words;
    EXPECT_EQ(std::count(said_.begin(), said_.end(), 0x0a), 1) << said_;
  }

  pid_t victim_ = 0;
  size_t taken_ = 0;
  std::string said_;
};

std::string N(int64_t number) { return std::to_string(number); }

TEST_F(RunnerProcessTest, WhatTheDomainRefusesIsForetoldWithItsTarget) {
  const std::string victim = N(victim_), whom = absl::StrCat("process ", victim_, " (");
  ExpectForetold({N(SYS_kill), victim, "0"}, whom);
  ExpectForetold({N(SYS_kill), victim, N(SIGCONT)}, whom);
  ExpectForetold({N(SYS_tkill), victim, "0"}, whom);
  ExpectForetold({N(SYS_tgkill), victim, victim, "0"}, whom);
  ExpectForetold({N(SYS_ptrace), N(PTRACE_ATTACH), victim, "0", "0"}, whom);
  ExpectForetold({N(SYS_ptrace), N(PTRACE_SEIZE), victim, "0", "0"}, whom);
  ExpectForetold({N(SYS_kcmp), victim, victim, N(KCMP_VM), "0", "0"}, whom);
  ExpectForetold({N(SYS_kill), N(-victim_), "0"}, absl::StrCat("process group ", victim_));
  ExpectForetold({N(SYS_kill), N(getpid()), "0"}, absl::StrCat("process ", getpid(), " ("));
}

TEST_F(RunnerProcessTest, WhatFailsByItselfOrNamesNobodyIsNotOnRecord) {
  const std::string victim = N(victim_);
  EXPECT_EQ(ErrnoOf({N(SYS_kill), N(1 << 22), "0"}), ESRCH);  // above every number
  EXPECT_EQ(ErrnoOf({N(SYS_kill), victim, "65"}), EINVAL);
  EXPECT_EQ(ErrnoOf({N(SYS_kill), "0", "0"}), 0);
  EXPECT_EQ(ErrnoOf({N(SYS_tgkill), N(getpid()), victim, "0"}), ESRCH) << "no thread of that process";
  EXPECT_EQ(ErrnoOf({N(SYS_ptrace), N(PTRACE_CONT), victim, "0", "0"}), ESRCH) << "it traces nobody";
  EXPECT_EQ(ErrnoOf({N(SYS_process_vm_readv), victim, "0", "0", "0", "0", "0"}), 0) << "of nothing";
  EXPECT_THAT(TakeForbidden(), IsEmpty());
  policy::Policy free = policy::DefaultPolicy(policy::Role::kRun);
  free.mode = policy::Mode::kEnforce;
  free.scope_signals = false;
  EXPECT_EQ(ErrnoOf({N(SYS_kill), victim, "0"}, &free), 0);
  EXPECT_THAT(TakeForbidden(), IsEmpty());
}

TEST_F(RunnerProcessTest, WhatAProgramDoesToItsOwnIsNotOnRecord) {
  ASSERT_OK_AND_ASSIGN(const RunOutcome outcome,
                       RunSupervised(Enforced({GLOVEBOX_TRACE_PROBE, "own-processes"})));
  EXPECT_EQ(outcome.end.kind, access::ActionEnd::Kind::kExited);
  EXPECT_EQ(outcome.end.status, 0);
  EXPECT_EQ(outcome.verdict.text, "");
  // A job, a time-out, an orphan that is ended by who does not know its parents.
  for (const char* script :
       {"sleep 9 & kill -STOP $!; kill -CONT $!; kill $!; wait $!; true", "timeout -k 1 0.1 sleep 9; true",
        "orphan=$( (sleep 9 >&2 & echo $!) ); kill $orphan"}) {
    ASSERT_OK_AND_ASSIGN(const RunOutcome shell, RunSupervised(Enforced({"/bin/sh", "-c", script})));
    EXPECT_EQ(shell.end.status, 0) << script;
    EXPECT_EQ(shell.verdict.text, "") << script;
  }
  EXPECT_THAT(TakeForbidden(), IsEmpty());
}

TEST_F(RunnerProcessTest, WhatProcfsShowsOfAProcessOutsideIsForetold) {
  const std::string victim = absl::StrCat("/proc/", victim_, "/");
  const auto run = [this](const std::string& script) {
    RunRequest request = Enforced({"/bin/sh", "-c", script});
    request.policy.level = kernel::Level::kFull;  // readlink() is
    const auto outcome = RunSupervised(request);
    EXPECT_OK(outcome);
    EXPECT_EQ(outcome->end.status, 0) << script;
    said_ = outcome->verdict.text;
    std::vector<Access> found;
    const std::vector<Access> all = sink_.All<Access>();
    for (; taken_ < all.size(); ++taken_) {
      if (all[taken_].decision == access::Decision::kKernelDenied) found.push_back(all[taken_]);
    }
    return found;
  };
  for (const std::string file : {"mem", "environ", "maps", "root/etc/passwd", "fd/0", "ns/net"}) {
    for (const std::string& task : {victim, absl::StrCat(victim, "task/", victim_, "/")}) {
      const std::vector<Access> found = run(absl::StrCat("! true < ", task, file));
      ASSERT_EQ(found.size(), 1u) << task << file;
      EXPECT_EQ(found[0].op, Op::kOpen);
      EXPECT_EQ(found[0].error, EACCES);
      EXPECT_EQ(found[0].rule, "forbidden-call: built in Landlock domain");
      EXPECT_THAT(said_, HasSubstr("refused: open "));
    }
  }
  ASSERT_EQ(run(absl::StrCat("! readlink ", victim, "exe")).size(), 1u);
  ASSERT_EQ(run(absl::StrCat("! ", victim, "exe")).size(), 1u);
  EXPECT_THAT(run(absl::StrCat("cat ", victim, "stat ", victim, "cmdline; ls ", victim)), IsEmpty());
  EXPECT_THAT(run("sleep 9 & for f in mem environ maps root/etc/passwd exe; do : < /proc/$!/$f; done; "
                  "readlink /proc/$!/exe /proc/self/exe; : < /proc/self/root/etc/passwd; kill $!"),
              IsEmpty());
  EXPECT_THAT(run("! true < /proc/2/mem"), IsEmpty()) << "kthreadd has none";
}

// A notified call that nobody has received yet is interrupted by a signal.
TEST_F(RunnerProcessTest, WhoEndsItsJobsOneAfterTheOtherSeesNoInterruption) {
  constexpr int kBeganAnew = 255;  // jobs have lower numbers than the action: those are notified
  access::ActionEnd end;
  end.status = kBeganAnew;
  for (int round = 0; round < 3 && end.status == kBeganAnew; ++round) {
    ASSERT_OK_AND_ASSIGN(const RunOutcome outcome,
                         RunSupervised(Enforced({GLOVEBOX_TRACE_PROBE, "end-jobs"})));
    end = outcome.end;
  }
  EXPECT_EQ(end.kind, access::ActionEnd::Kind::kExited);
  EXPECT_EQ(end.status, 0) << strerror(end.status);
  EXPECT_THAT(TakeForbidden(), IsEmpty());
}

// Whoever may not signal it without us either gets the kernel's own EPERM.
TEST_F(RunnerProcessTest, WhatItsUserMayNotDoIsNotOnRecord) {
  if (getuid() == 0) {
    const RunRequest request = Enforced({GLOVEBOX_CHILD_PROBE, "errno", N(SYS_kill), N(victim_), "0"});
    RunRequest as_another = request;
    RecordingSink* const sink = &sink_;
    EXPECT_EQ(StatusAs(1000,
                       [&as_another, sink] {
                         const auto outcome = RunSupervised(as_another);
                         if (!outcome.ok() || outcome->end.status != EPERM) return 98;
                         for (const Access& access : sink->All<Access>()) {
                           if (access.op == Op::kForbidden) return 97;
                         }
                         return 0;
                       }),
              0);
  } else {
    EXPECT_EQ(ErrnoOf({N(SYS_kill), "1", "0"}), EPERM);
    EXPECT_THAT(TakeForbidden(), IsEmpty());
  }
}

TEST_F(RunnerProcessTest, LimitsOfOthersPairsAndSourceRoutesAreRefusedOnRecord) {
  policy::Policy policy = policy::DefaultPolicy(policy::Role::kRun);
  policy.restrict_prlimit = true;  // in mode report, too
  EXPECT_EQ(ErrnoOf({N(SYS_prlimit64), N(victim_), N(RLIMIT_CORE), "1", "0"}, &policy), EPERM);
  std::vector<Access> found = TakeForbidden();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].rule, "forbidden-call: built in restrict-prlimit");
  EXPECT_EQ(found[0].decision, access::Decision::kDenied);
  EXPECT_EQ(ErrnoOf({N(SYS_prlimit64), "0", N(RLIMIT_CORE), "1", "0"}, &policy), EPERM);
  EXPECT_EQ(ErrnoOf({N(SYS_prlimit64), N(victim_), N(RLIMIT_CORE), "0", "0"}, &policy), 0);
  EXPECT_THAT(TakeForbidden(), IsEmpty());
  policy = policy::DefaultPolicy(policy::Role::kRun);
  policy.mode = policy::Mode::kEnforce;
  policy.network.mode = policy::NetworkMode::kLoopback;
  const std::vector<std::string> pair = {N(SYS_socketpair), N(AF_TIPC), N(SOCK_STREAM), "0", "0"};
  const std::vector<std::string> route = {N(SYS_setsockopt), "0", "0", "4", "0", "0"};  // IP_OPTIONS
  for (const auto& call : {pair, route}) {
    EXPECT_EQ(ErrnoOf(call, &policy), EACCES);
    found = TakeForbidden();
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].rule, "forbidden-call: built in network loopback");
    EXPECT_EQ(found[0].error, EACCES);
  }
  policy.level = kernel::Level::kOff;
  policy.network.mode = policy::NetworkMode::kNone;
  EXPECT_EQ(ErrnoOf(pair, &policy), EACCES);
  EXPECT_THAT(TakeForbidden(), IsEmpty());
}

}  // namespace
}  // namespace glovebox::trace
