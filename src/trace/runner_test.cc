#include "trace/runner.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "base/unique_fd.h"
#include "child/plan.h"
#include "gtest/gtest.h"
#include "trace/intent.h"
#include "trace/left_over.h"
#include "trace/runner_fixture.h"

namespace glovebox::trace {
namespace {

using access::ActionEnd;
using access::Result;
using testing::Contains;
using testing::Eq;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class RunnerTest : public RunnerFixture {};

TEST_F(RunnerTest, TellsHowTheCommandEnded) {
  ASSERT_OK_AND_ASSIGN(RunOutcome exited, RunSupervised(Shell("exit 7")));
  EXPECT_EQ(exited.end.kind, ActionEnd::Kind::kExited);
  EXPECT_EQ(exited.end.status, 7);
  ASSERT_OK_AND_ASSIGN(RunOutcome killed, RunSupervised(Shell("kill -SEGV $$")));
  EXPECT_EQ(killed.end.kind, ActionEnd::Kind::kSignaled);
  EXPECT_EQ(killed.end.status, SIGSEGV);
}

TEST_F(RunnerTest, RecordsWhatIsThereWhatIsAbsentAndWhatIsMade) {
  ASSERT_OK(WriteFile(Path("there"), "x"));
  ASSERT_OK_AND_ASSIGN(
      RunOutcome outcome,
      RunSupervised(Shell(absl::StrCat("cd ", dir_->path(), " && cat there absent; echo x > made"))));
  EXPECT_EQ(outcome.holes, 0u);
  const auto there = sink_.Of(Op::kOpen, Path("there"));
  ASSERT_THAT(there, SizeIs(1));
  EXPECT_EQ(there[0].path, "there");
  EXPECT_EQ(there[0].result, Result::kThere);
  EXPECT_THAT(there[0].exe, testing::EndsWith("/cat"));
  const auto absent = sink_.Of(Op::kOpen, Path("absent"));
  ASSERT_THAT(absent, SizeIs(1));
  EXPECT_EQ(absent[0].result, Result::kAbsent);
  EXPECT_EQ(absent[0].error, ENOENT);
  const auto made = sink_.Of(Op::kOpen, Path("made"));
  ASSERT_THAT(made, SizeIs(1));
  EXPECT_EQ(made[0].result, Result::kCreated);
}

TEST_F(RunnerTest, RaisesItsOwnLimitOfDescriptorsAndNotTheCommands) {
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few = {64, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  const auto outcome = RunSupervised(Shell(absl::StrCat(
      "ulimit -Sn > ", Path("command"),
      "; sed -n 's/^Max open files *\\([0-9]*\\).*/\\1/p' /proc/$PPID/limits > ", Path("supervisor"))));
  rlimit after;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &after), 0);
  setrlimit(RLIMIT_NOFILE, &before);
  ASSERT_OK(outcome);
  EXPECT_EQ(after.rlim_cur, few.rlim_cur) << "put back";
  ASSERT_OK_AND_ASSIGN(const std::string command, ReadFile(Path("command")));
  EXPECT_EQ(command, "64\n");
  ASSERT_OK_AND_ASSIGN(const std::string supervisor, ReadFile(Path("supervisor")));
  EXPECT_EQ(supervisor, absl::StrCat(std::min<rlim_t>(before.rlim_max, 65536), "\n"));
}

TEST_F(RunnerTest, BeginComesFirstAndEndLast) {
  ASSERT_OK(RunSupervised(Shell("true")));
  ASSERT_THAT(sink_.All<access::ActionBegin>(), SizeIs(1));
  ASSERT_THAT(sink_.All<access::ActionEnd>(), SizeIs(1));
  EXPECT_EQ(sink_.All<access::ActionBegin>()[0].shape, "notify");
  EXPECT_FALSE(sink_.All<access::Access>().empty());
}

TEST_F(RunnerTest, ASetUpFailureIsNotTheCommandsOwnExit) {
  RunRequest request = Shell("exit 0");
  request.argv = {"/nonexistent/program"};
  ASSERT_OK_AND_ASSIGN(RunOutcome outcome, RunSupervised(request));
  EXPECT_EQ(outcome.end.kind, ActionEnd::Kind::kSandboxFailed);
  EXPECT_EQ(outcome.end.status, ENOENT);
  EXPECT_EQ(outcome.end.step, "Exec: cannot run /nonexistent/program: ENOENT");
}

TEST_F(RunnerTest, ASetUpThatFailsBeforeTheListenerIsThereIsToldByItsStep) {
  // More open files than the kernel has for anybody: row 17.
  const auto failing = [&](kernel::Level level, bool stop) {
    RunRequest request = Shell("exit 0");
    request.policy.level = level;
    request.policy.stop = stop;
    request.policy.restrict_prlimit = true;
    request.policy.limits[static_cast<size_t>(child::Limit::kNofile)] = ~uint64_t{0};
    return request;
  };
  for (const RunRequest& request : {failing(kernel::Level::kOpen, false), failing(kernel::Level::kOpen, true),
                                    failing(kernel::Level::kOff, false)}) {
    ASSERT_OK_AND_ASSIGN(RunOutcome outcome, RunSupervised(request));
    EXPECT_EQ(outcome.end.kind, ActionEnd::Kind::kSandboxFailed);
    EXPECT_EQ(outcome.end.status, EPERM);
    EXPECT_THAT(outcome.end.step, Eq("SetResourceLimits: cannot set the limit NOFILE: EPERM"));
    EXPECT_THAT(FindDescendants(), IsEmpty());
  }
}

TEST_F(RunnerTest, WhatWasSkippedIsSaidByTheSetUpItselfAndOnce) {
  RunRequest request = Shell("exit 0");
  request.host.landlock_abi = 5;  // a forecast of the probe; the child tries it all the same
  ASSERT_OK_AND_ASSIGN(RunOutcome outcome, RunSupervised(request));
  ASSERT_THAT(sink_.All<access::ActionBegin>(), SizeIs(1));
  EXPECT_EQ(sink_.All<access::ActionBegin>()[0].shape, "notify");
  const bool scopes = Host().landlock_abi >= 6;
  EXPECT_EQ(outcome.end.step.find("; skipped LandlockScope: ") == std::string::npos, scopes)
      << outcome.end.step;
}

TEST_F(RunnerTest, LeavesNothingBehindAndSaysWhatWas) {
  ASSERT_OK_AND_ASSIGN(RunOutcome outcome,
                       RunSupervised(Shell("setsid sleep 1000 >/dev/null 2>&1 & exit 3")));
  EXPECT_EQ(outcome.end.status, 3);
  EXPECT_THAT(outcome.end.left_over, Contains(HasSubstr("sleep")));
  EXPECT_THAT(FindDescendants(), IsEmpty());
}

TEST_F(RunnerTest, NothingIsLostWhenThousandsOfProcessesAreForked) {
  constexpr int kProcesses = 3000;
  const std::string probe = Path("probe");
  ASSERT_OK(WriteFile(probe, ""));
  ASSERT_OK_AND_ASSIGN(
      RunOutcome outcome,
      RunSupervised(Shell(absl::StrCat("i=0; while [ $i -lt ", kProcesses, " ]; do ( : < ", probe,
                                       " ) & i=$((i+1)); [ $((i % 50)) -eq 0 ] && wait; done; wait"))));
  EXPECT_EQ(outcome.holes, 0u);
  EXPECT_THAT(sink_.Of(Op::kOpen, probe), SizeIs(kProcesses));
}

TEST_F(RunnerTest, StopsForTheParentAndGoesOn) {
  RunRequest request = Shell("exit 5");
  request.policy.stop = true;
  ASSERT_OK_AND_ASSIGN(RunOutcome outcome, RunSupervised(request));
  EXPECT_EQ(outcome.end.status, 5);
}

TEST_F(RunnerTest, GivesATerminalWhereOneIsAsked) {
  RunRequest request = Shell("test -t 0 && test -t 1 && test -t 2");
  request.pty = true;
  ASSERT_OK_AND_ASSIGN(RunOutcome outcome, RunSupervised(request));
  EXPECT_EQ(outcome.end.status, 0);
}

TEST_F(RunnerTest, RefusesAndRecordsIoUring) {
  RunRequest request = Shell("");
  request.argv = {GLOVEBOX_TRACE_PROBE, "io_uring"};
  ASSERT_OK_AND_ASSIGN(RunOutcome outcome, RunSupervised(request));
  EXPECT_EQ(outcome.end.status, EPERM);
  bool seen = false;
  for (const access::Access& access : sink_.All<access::Access>()) {
    seen = seen || (access.op == Op::kForbidden && access.path2 == "io_uring_setup" &&
                    access.decision == access::Decision::kDenied && access.error == EPERM);
  }
  EXPECT_TRUE(seen);
}

// Row 11.
TEST_F(RunnerTest, NoDescriptorThatWasPassedToUsReachesTheCommandHoweverMany) {
  constexpr int kFirst = 200, kCount = 150;
  for (int i = 0; i <= kCount; ++i) {
    ASSERT_GE(dup2(2, kFirst + i), 0);
    if (i < kCount) setenv(absl::StrCat("GLOVEBOX_N", i, "_FD").c_str(), absl::StrCat(kFirst + i).c_str(), 1);
  }
  RunRequest request = Shell(
      "i=200; while [ $i -lt 350 ]; do [ ! -e /proc/self/fd/$i ] || exit 1; i=$((i+1)); done; "
      "[ -e /proc/self/fd/350 ] || exit 2");
  const auto outcome = RunSupervised(request);
  for (int i = 0; i <= kCount; ++i) {
    close(kFirst + i);
    unsetenv(absl::StrCat("GLOVEBOX_N", i, "_FD").c_str());
  }
  ASSERT_OK(outcome);
  EXPECT_EQ(outcome->end.status, 0);
}

// What a row refuses, as the program that runs under it meets it.
class RefusalTest : public RunnerFixture {
 protected:
  // The errno of one system call from inside.
  int ErrnoOf(const policy::Policy& policy, std::vector<std::string> call) {
    RunRequest request = Shell("");
    request.policy = policy;
    request.argv = {GLOVEBOX_CHILD_PROBE, "errno"};
    request.argv.insert(request.argv.end(), call.begin(), call.end());
    const auto outcome = RunSupervised(request);
    EXPECT_OK(outcome);
    EXPECT_EQ(outcome->end.kind, ActionEnd::Kind::kExited) << outcome->end.step;
    return outcome->end.status;
  }
  // Takes what was recorded as refused so far: text and errno.
  std::vector<std::pair<std::string, int>> TakeRefusals() {
    std::vector<std::pair<std::string, int>> refusals;
    for (const access::Access& access : sink_.All<access::Access>()) {
      if (access.op != Op::kForbidden) continue;
      EXPECT_EQ(access.decision, access::Decision::kDenied);
      refusals.emplace_back(access.path2, access.error);
    }
    refusals.erase(refusals.begin(), refusals.begin() + static_cast<ptrdiff_t>(taken_));
    taken_ += refusals.size();
    return refusals;
  }
  static policy::Policy Asking() {
    policy::Policy policy = policy::DefaultPolicy(policy::Role::kRun);
    policy.append_only = policy.restrict_kptr = true;
    return policy;
  }

 private:
  size_t taken_ = 0;
};

struct Refused {
  std::vector<std::string> call;  // 63 is no open descriptor
  int otherwise;                  // what the kernel says to it
  int error;
  const char* text;
};

const Refused kRefused[] = {
    {{std::to_string(SYS_ioctl), "63", "0x5412"}, EBADF, EPERM, "ioctl 0x5412"},
    {{std::to_string(SYS_pwritev2), "63", "0", "0", "0", "0", "0x20"}, EBADF, EOPNOTSUPP, "RWF_NOAPPEND"},
    {{std::to_string(SYS_io_submit), "0", "0", "0"}, EINVAL, EPERM, "io_submit"},
    {{std::to_string(SYS_write), "63", "0x8000000000000000", "1"}, EBADF, EFAULT, "kernel pointer"},
    // Of level full: not recorded at the level that is set here, but refused.
    {{std::to_string(SYS_getdents64), "63", "0x8000000000000000", "8"}, EBADF, EFAULT, "kernel pointer"},
    {{std::to_string(SYS_set_robust_list), "0xffff888000001000", "24"}, 0, EFAULT, "kernel pointer"},
};

TEST_F(RefusalTest, RowsSixToEightAreRecordedWhereAListenerStands) {
  policy::Policy nothing = policy::DefaultPolicy(policy::Role::kRun);
  nothing.denied_ioctls.clear();
  for (const Refused& refused : kRefused) {
    EXPECT_EQ(ErrnoOf(nothing, refused.call), refused.otherwise) << refused.text;
    EXPECT_THAT(TakeRefusals(), IsEmpty()) << refused.text;
    EXPECT_EQ(ErrnoOf(Asking(), refused.call), refused.error) << refused.text;
    EXPECT_THAT(TakeRefusals(), testing::ElementsAre(testing::Pair(refused.text, refused.error)));
  }
}

TEST_F(RefusalTest, RowsSixToEightRefuseUnseenInTheKernelWhereNoneStandsOrNoneIsWanted) {
  policy::Policy kernel_only = Asking(), off = Asking();
  kernel_only.kernel_only = true;
  off.level = kernel::Level::kOff;
  for (const Refused& refused : kRefused) {
    EXPECT_EQ(ErrnoOf(kernel_only, refused.call), refused.error) << refused.text;
    EXPECT_EQ(ErrnoOf(off, refused.call), refused.error) << refused.text;
  }
  EXPECT_THAT(TakeRefusals(), IsEmpty());
}

#if defined(__x86_64__)
TEST_F(RefusalTest, TheTimeStampCounterCannotBeAskedBack) {
  const std::vector<std::string> enable = {std::to_string(SYS_prctl), absl::StrCat(PR_SET_TSC),
                                           absl::StrCat(PR_TSC_ENABLE)};
  const std::vector<std::string> deny = {enable[0], enable[1], absl::StrCat(PR_TSC_SIGSEGV)};
  policy::Policy policy = policy::DefaultPolicy(policy::Role::kRun);
  EXPECT_EQ(ErrnoOf(policy, enable), 0);
  EXPECT_THAT(TakeRefusals(), IsEmpty());
  policy.deny_tsc = true;
  EXPECT_EQ(ErrnoOf(policy, enable), EPERM);
  EXPECT_THAT(TakeRefusals(), testing::ElementsAre(testing::Pair(kTscEnable, EPERM)));
  EXPECT_EQ(ErrnoOf(policy, deny), 0) << "as row 16 of an action inside";
  policy::Policy kernel_only = policy, off = policy;
  kernel_only.kernel_only = true;
  off.level = kernel::Level::kOff;
  EXPECT_EQ(ErrnoOf(kernel_only, enable), EPERM);
  EXPECT_EQ(ErrnoOf(off, enable), EPERM);
  EXPECT_THAT(TakeRefusals(), IsEmpty());
}
#endif

// Only the rule that is on counts where a call breaks two.
TEST_F(RefusalTest, AKernelPointerIsRefusedAlsoInACallThatAnotherRuleWouldLetGo) {
  policy::Policy policy = policy::DefaultPolicy(policy::Role::kRun);
  policy.restrict_kptr = true;
  EXPECT_EQ(
      ErrnoOf(policy, {std::to_string(SYS_pwritev2), "63", "0x8000000000000000", "1", "0", "0", "0x20"}),
      EFAULT);
  EXPECT_THAT(TakeRefusals(), testing::ElementsAre(testing::Pair("kernel pointer", EFAULT)));
}

TEST_F(RefusalTest, WithoutAListenerRowTwentyStillRefusesIoUring) {
  policy::Policy off = Asking();
  off.level = kernel::Level::kOff;
  EXPECT_EQ(ErrnoOf(off, {std::to_string(SYS_io_uring_setup), "1", "0"}), EPERM);
  EXPECT_THAT(TakeRefusals(), IsEmpty());
}

TEST_F(RefusalTest, RestrictedLimitsCanBeReadAndNotChangedFromInside) {
  const std::vector<std::string> set = {std::to_string(SYS_setrlimit), "4", "1"},
                                 change = {std::to_string(SYS_prlimit64), "0", "4", "1", "0"},
                                 read = {std::to_string(SYS_prlimit64), "0", "4", "0", "0"};
  for (const kernel::Level level : {kernel::Level::kOpen, kernel::Level::kOff}) {
    policy::Policy policy = policy::DefaultPolicy(policy::Role::kRun);
    policy.level = level;
    EXPECT_EQ(ErrnoOf(policy, set), EFAULT) << "the kernel looks at the new limit";
    EXPECT_EQ(ErrnoOf(policy, change), EFAULT);
    policy.restrict_prlimit = true;
    EXPECT_EQ(ErrnoOf(policy, set), EPERM);
    EXPECT_EQ(ErrnoOf(policy, change), EPERM);
    EXPECT_EQ(ErrnoOf(policy, read), 0);
  }
}

TEST_F(RefusalTest, AnAbstractSocketOutsideIsOutOfReachWhereTheScopeSaysSo) {
  if (Host().landlock_abi < 6) GTEST_SKIP() << "Landlock ABI below 6";
  const std::string name = absl::StrCat("glovebox-runner-test-", getpid());
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path + 1, sizeof(address.sun_path) - 1);
  const UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  ASSERT_EQ(bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listener.get(), 8), 0);
  for (const bool scope : {false, true}) {
    RunRequest request = Shell("");
    request.policy.scope_abstract_unix = scope;
    request.argv = {GLOVEBOX_CHILD_PROBE, "connect", name};
    ASSERT_OK_AND_ASSIGN(RunOutcome outcome, RunSupervised(request));
    EXPECT_EQ(outcome.end.kind, ActionEnd::Kind::kExited);
    EXPECT_EQ(outcome.end.status, scope ? EPERM : 0);
  }
}

TEST_F(RunnerTest, A32BitCallIsRecordedLikeANativeOne) {
  RunRequest request = Shell("");
  request.argv = {GLOVEBOX_TRACE_PROBE, "open32"};
  ASSERT_OK_AND_ASSIGN(RunOutcome outcome, RunSupervised(request));
  if (outcome.end.kind == ActionEnd::Kind::kSignaled) GTEST_SKIP() << "this kernel runs no 32-bit calls";
  EXPECT_EQ(outcome.holes, 0u);
  const auto opens = sink_.Of(Op::kOpen, "/etc/hostname");
  ASSERT_THAT(opens, SizeIs(1));
  EXPECT_EQ(opens[0].syscall, "i386:open");
}

// A call that waits for its supervisor to take it can be interrupted, like any slow call: the kernel restarts
// it under SA_RESTART, else the program sees EINTR (docs/kernel-facts.md). Once taken, only a fatal signal
// ends it.
TEST_F(RunnerTest, SignalsDuringCallsChangeNoResultAndLoseNoRecord) {
  for (const char* word : {"timer-restart", "timer-eintr"}) {
    RunRequest request = Shell("");
    request.argv = {GLOVEBOX_TRACE_PROBE,
                    word};  // 3,000 opens under a 200 us interval timer; fails on a wrong result
    const size_t before = sink_.Of(Op::kOpen, "/etc/passwd").size();
    ASSERT_OK_AND_ASSIGN(RunOutcome outcome, RunSupervised(request));
    EXPECT_EQ(outcome.end.status, 0) << word;
    EXPECT_GE(sink_.Of(Op::kOpen, "/etc/passwd").size() - before, 3000u) << word;
  }
}

TEST_F(RunnerTest, ATraceeThatDiesInACallIsNoTrouble) {
  RunRequest request = Shell("");
  request.argv = {GLOVEBOX_TRACE_PROBE,
                  "die"};  // threads that open in a loop while the group is killed, 50 times
  ASSERT_OK_AND_ASSIGN(RunOutcome outcome, RunSupervised(request));
  EXPECT_EQ(outcome.end.status, 0);
}

TEST_F(RunnerTest, AnInnerLauncherGetsAnActionOfItsOwn) {
  const std::string file = Path("f");
  ASSERT_OK(WriteFile(file, ""));
  ASSERT_OK_AND_ASSIGN(
      RunOutcome outcome,
      RunSupervised(Shell(absl::StrCat(GLOVEBOX_LAUNCH, " --role=compile --target=t --out=a.o -- cat ", file,
                                       "; cat ", file))));
  EXPECT_EQ(outcome.end.status, 0);
  EXPECT_EQ(outcome.holes, 0u);
  const auto begins = sink_.All<access::ActionBegin>();
  ASSERT_THAT(begins, SizeIs(2));
  EXPECT_EQ(begins[1].parent, 1u);
  EXPECT_EQ(begins[1].role, access::Role::kCompile);
  EXPECT_EQ(begins[1].target, "t");
  const auto opens = sink_.Of(Op::kOpen, file);
  ASSERT_THAT(opens, SizeIs(2));
  EXPECT_EQ(opens[0].action, begins[1].action);
  EXPECT_EQ(opens[1].action, 1u);
  EXPECT_THAT(sink_.All<access::ActionEnd>(), SizeIs(2));
}

// The inner half of the test below, where this program runs again inside of its own run.
void RunInside(const char* input) {
  const kernel::HostFeatures host = kernel::ProbeHost();
  ASSERT_TRUE(host.outer_supervisor);
  RecordingSink sink;
  RunRequest request;
  request.argv = {GLOVEBOX_TRACE_PROBE, "orphan", input};
  request.policy = policy::DefaultPolicy(policy::Role::kCustom);
  request.policy.stop = true;
  request.host = host;
  request.sink = &sink;
  request.begin.action = 1;
  request.begin.role = access::Role::kCustom;
  request.begin.target = "inner";
  request.begin.outputs = {"out"};
  ASSERT_OK_AND_ASSIGN(RunOutcome ran, RunSupervised(request));
  EXPECT_EQ(ran.end.kind, ActionEnd::Kind::kExited);
  EXPECT_EQ(ran.end.status, 0);
  EXPECT_TRUE(ran.seized);
  EXPECT_EQ(ran.holes, 1u);
  ASSERT_THAT(sink.All<access::Hole>(), SizeIs(1));
  EXPECT_THAT(sink.All<access::Hole>()[0].detail, HasSubstr("with the Glovebox above"));
  request.argv = {"/no/such/program"};
  ASSERT_OK_AND_ASSIGN(RunOutcome failed, RunSupervised(request));
  EXPECT_EQ(failed.end.kind, ActionEnd::Kind::kSandboxFailed);
  // The outer domain has the signal scope already. One of its own would keep the command from this process.
  request.argv = {"/bin/sh", "-c", absl::StrCat("kill -0 ", getpid())};
  ASSERT_OK_AND_ASSIGN(RunOutcome signals, RunSupervised(request));
  EXPECT_EQ(signals.end.status, 0);
}

class RunInsideARunTest : public RunnerTest {
 protected:
  void SetUp() override {
    if (input_ == nullptr) RunnerTest::SetUp();
  }
  const char* const input_ = getenv("GLOVEBOX_TEST_INPUT");
};

TEST_F(RunInsideARunTest, IsAnActionOfTheOuterOne) {
  if (input_ != nullptr) {
    RunInside(input_);
    return;
  }
  const std::string file = Path("input");
  ASSERT_OK(WriteFile(file, ""));
  RunRequest request = Shell("");
  request.argv = {"/proc/self/exe", "--gtest_filter=RunInsideARunTest.*"};
  // Under LeakSanitizer the inner program's leak check is seen as an orphan; the outer half checks for leaks.
  request.policy.environment = {absl::StrCat("+GLOVEBOX_TEST_INPUT=", file), "+ASAN_OPTIONS=detect_leaks=0"};
  ASSERT_OK_AND_ASSIGN(RunOutcome outcome, RunSupervised(request));
  EXPECT_EQ(outcome.end.status, 0);
  for (const access::Hole& hole : sink_.All<access::Hole>())
    ADD_FAILURE() << hole.kind << ": " << hole.detail;
  const auto begins = sink_.All<access::ActionBegin>();
  ASSERT_THAT(begins, SizeIs(4));
  EXPECT_EQ(begins[1].parent, 1u);
  EXPECT_EQ(begins[1].role, access::Role::kCustom);
  EXPECT_EQ(begins[1].target, "inner");
  EXPECT_THAT(begins[1].outputs, testing::ElementsAre("out"));
  EXPECT_THAT(begins[1].argv, testing::ElementsAre(GLOVEBOX_TRACE_PROBE, "orphan", file));
  const auto opens = sink_.Of(Op::kOpen, file);
  ASSERT_THAT(opens, SizeIs(1));
  EXPECT_EQ(opens[0].action, begins[1].action);
  std::map<access::ActionId, ActionEnd> ends;
  for (const ActionEnd& end : sink_.All<ActionEnd>()) ends[end.action] = end;
  EXPECT_EQ(ends[begins[1].action].kind, ActionEnd::Kind::kExited);
  EXPECT_EQ(ends[begins[2].action].kind, ActionEnd::Kind::kSandboxFailed);
  EXPECT_EQ(ends[begins[2].action].step, "Exec: cannot run /no/such/program: ENOENT");
}

TEST_F(RunnerTest, WhenTheSupervisorIsKilledTheActionFailsAndDoesNotHang) {
  const std::string started = Path("started");
  const std::string after = Path("after");
  const pid_t supervisor = fork();
  if (supervisor == 0) {
    // The listing that follows the supervisor's death must fail: nobody answers any more.
    (void)RunSupervised(Shell(absl::StrCat("echo $$ > ", started,
                                           "; while :; do cat /etc/hostname >/dev/null || exit 1; done; ",
                                           "echo reached > ", after)));
    _exit(0);
  }
  for (int i = 0; i < 500 && !FileExists(started); ++i) usleep(10000);
  ASSERT_TRUE(FileExists(started));
  usleep(50000);
  kill(supervisor, SIGKILL);
  waitpid(supervisor, nullptr, 0);
  ASSERT_OK_AND_ASSIGN(std::string text, ReadFile(started));
  const pid_t shell = std::stoi(text);
  bool gone = false;
  for (int i = 0; i < 500 && !gone; ++i) {
    while (waitpid(-1, nullptr, WNOHANG) > 0) {
    }  // this process is its reaper now
    gone = kill(shell, 0) != 0;
    if (!gone) usleep(10000);
  }
  EXPECT_TRUE(gone);
  EXPECT_FALSE(FileExists(after));
}

}  // namespace
}  // namespace glovebox::trace
