#include "trace/runner.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status_matchers.h"
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

TEST_F(RunnerTest, WhoMadeAProcessIsToldBeforeItsFirstAccess) {
  ASSERT_OK(WriteFile(Path("a"), ""));
  ASSERT_OK(RunSupervised(Shell(absl::StrCat("env sh -c 'cat ", Path("a"), "; true'; true"))));
  const auto reads = sink_.Of(Op::kOpen, Path("a"));
  ASSERT_THAT(reads, SizeIs(1));
  const pid_t first = sink_.All<access::ActionBegin>()[0].pid;
  std::map<pid_t, access::ProcessBegin> made;
  for (const auto& process : sink_.All<access::ProcessBegin>()) made[process.pid] = process;
  for (const access::Access& access : sink_.All<access::Access>()) {
    if (access.pid == first) continue;
    ASSERT_TRUE(made.contains(access.pid)) << access.path;
    EXPECT_LE(made[access.pid].time_ns, access.time_ns);
  }
  const access::ProcessBegin& cat = made[reads[0].pid];
  const access::ProcessBegin& shell = made[cat.parent];
  EXPECT_EQ(shell.parent, first);
  EXPECT_EQ(cat.program, shell.program) << "env has become a shell";
  EXPECT_THAT(cat.program, testing::EndsWith("sh"));
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
