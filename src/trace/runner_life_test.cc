// What a run does with signals, with what it inherits and with what it leaves; and the exact set of accesses
// of a script.
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <functional>
#include <set>
#include <tuple>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"
#include "trace/runner_fixture.h"

namespace glovebox::trace {
namespace {

using access::ActionEnd;
using access::Result;
using testing::IsEmpty;
using testing::SizeIs;

class RunnerLifeTest : public RunnerFixture {
 protected:
  // In the scratch directory.
  RunRequest Shell(const std::string& script) {
    return RunnerFixture::Shell(absl::StrCat("cd ", dir_->path(), " && { ", script, "\n}"));
  }

  // Runs the script in a process of its own, sends it a signal once the file "started" is there, and says
  // whether `check` holds for the outcome.
  int RunAndSignal(const std::string& script, int signal, const std::function<void()>& before,
                   const std::function<bool(const RunOutcome&)>& check) {
    const pid_t runner = fork();
    if (runner == 0) {
      setpgid(0, 0);
      before();
      const auto outcome = RunSupervised(Shell(script));
      const bool ended = sink_.All<ActionEnd>().size() == 1;
      _exit(outcome.ok() && ended && check(*outcome) ? 0 : 1);
    }
    for (int i = 0; i < 1000 && !FileExists(Path("started")); ++i) usleep(5000);
    kill(runner, signal);
    int status = -1;
    waitpid(runner, &status, 0);
    return status;
  }
};

TEST_F(RunnerLifeTest, ASignalSentToUsEndsTheCommandAndItsEndIsRecorded) {
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGABRT, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM,
                           SIGPROF, SIGIO, SIGPWR, SIGSTKFLT, SIGXCPU, SIGRTMIN, SIGRTMAX}) {
    unlink(Path("started").c_str());
    const int status = RunAndSignal(
        "echo > started; exec sleep 1000", signal, [] {},
        [signal](const RunOutcome& outcome) {
          return outcome.end.kind == ActionEnd::Kind::kSignaled && outcome.end.status == signal &&
                 outcome.end.left_over.empty();
        });
    EXPECT_EQ(status, 0) << strsignal(signal);
  }
}

TEST_F(RunnerLifeTest, ASignalSentToUsReachesACommandThatCatchesIt) {
  for (const int signal : {SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGPWR}) {
    unlink(Path("started").c_str());
    const int status = RunAndSignal(
        absl::StrCat("trap 'exit 5' ", signal,
                     "; echo > started; i=0; while [ $i -lt 300 ]; do sleep 0.01; i=$((i+1)); done"),
        signal, [] {},
        [](const RunOutcome& outcome) {
          return outcome.end.kind == ActionEnd::Kind::kExited && outcome.end.status == 5;
        });
    EXPECT_EQ(status, 0) << strsignal(signal);
  }
}

// `perl -e 'alarm 9; exec ...'` is a time limit.
TEST_F(RunnerLifeTest, AnAlarmThatWasSetBeforeRingsInTheCommand) {
  const int status = RunAndSignal(
      "echo > started; exec sleep 1000", 0,
      [] {
        const itimerval soon = {{0, 0}, {0, 300000}};
        setitimer(ITIMER_REAL, &soon, nullptr);
      },
      [](const RunOutcome& outcome) {
        return outcome.end.kind == ActionEnd::Kind::kSignaled && outcome.end.status == SIGALRM;
      });
  EXPECT_EQ(status, 0);
}

volatile sig_atomic_t handled = 0;

TEST_F(RunnerLifeTest, AHandlerOfTheEmbeddingProgramKeepsItsSignal) {
  const int status = RunAndSignal(
      "echo > started; for i in 1 2 3; do sleep 0.05; done; exit 9", SIGUSR1,
      [] { signal(SIGUSR1, [](int) { handled = 1; }); },
      [](const RunOutcome& outcome) { return outcome.end.status == 9 && handled == 1; });
  EXPECT_EQ(status, 0);
}

TEST_F(RunnerLifeTest, ASignalThatIsIgnoredStaysIgnored) {
  const int status = RunAndSignal(
      "echo > started; for i in 1 2 3; do sleep 0.05; done; exit 9", SIGHUP, [] { signal(SIGHUP, SIG_IGN); },
      [](const RunOutcome& outcome) { return outcome.end.status == 9; });
  EXPECT_EQ(status, 0);
}

TEST_F(RunnerLifeTest, AnIgnoredChildSignalDoesNotHideTheExitStatusAndIsGivenOn) {
  signal(SIGCHLD, SIG_IGN);
  const auto outcome = RunSupervised(Shell("exit 5"));
  // No shell here: it gives SIGCHLD a handler of its own.
  RunRequest request = Shell("");
  request.argv = {"dd", "if=/proc/self/status", absl::StrCat("of=", Path("status")), "status=none"};
  request.policy.restore_sigmask = false;
  const auto second = RunSupervised(request);
  struct sigaction now;
  sigaction(SIGCHLD, nullptr, &now);
  EXPECT_EQ(now.sa_handler, SIG_IGN);
  signal(SIGCHLD, SIG_DFL);
  ASSERT_OK(outcome);
  EXPECT_EQ(outcome->end.kind, ActionEnd::Kind::kExited);
  EXPECT_EQ(outcome->end.status, 5);
  ASSERT_OK(second);
  ASSERT_OK_AND_ASSIGN(std::string text, ReadFile(Path("status")));
  const size_t at = text.find("SigIgn:");
  ASSERT_NE(at, std::string::npos);
  EXPECT_NE(std::stoull(text.substr(at + 8, 16), nullptr, 16) >> (SIGCHLD - 1) & 1u, 0u);
}

TEST_F(RunnerLifeTest, OrphansAreReapedAndShortOnesAreNotLeftOver) {
  ASSERT_OK_AND_ASSIGN(
      RunOutcome outcome,
      RunSupervised(
          Shell("i=0; while [ $i -lt 100 ]; do (true &) ; i=$((i+1)); done; (sleep 0.03 &); exit 0")));
  EXPECT_EQ(outcome.end.status, 0);
  EXPECT_EQ(outcome.holes, 0u);
  EXPECT_THAT(outcome.end.left_over, IsEmpty());
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST_F(RunnerLifeTest, EveryLeftOverProcessIsNamedOnce) {
  ASSERT_OK_AND_ASSIGN(
      RunOutcome outcome,
      RunSupervised(Shell("for i in 1 2 3; do setsid sh -c 'trap \"\" TERM HUP; while :; do sleep 0.01; "
                          "done' >/dev/null 2>&1 & done; exit 0")));
  const std::set<std::string> names(outcome.end.left_over.begin(), outcome.end.left_over.end());
  EXPECT_EQ(names.size(), outcome.end.left_over.size());
  EXPECT_GE(names.size(), 3u);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
}

TEST_F(RunnerLifeTest, TheParentReallyAttachesWhereThePolicyStops) {
  RunRequest request = Shell("grep TracerPid /proc/self/status > tracer; exit 5");
  request.policy.stop = true;
  ASSERT_OK_AND_ASSIGN(RunOutcome outcome, RunSupervised(request));
  EXPECT_TRUE(outcome.seized);
  EXPECT_EQ(outcome.end.status, 5);
  ASSERT_OK_AND_ASSIGN(std::string text, ReadFile(Path("tracer")));
  EXPECT_EQ(text, "TracerPid:\t0\n");  // and lets go again
}

TEST_F(RunnerLifeTest, AStoppedCommandWhoseAnnouncementNobodyAnswersGoesOnAllTheSame) {
  RunRequest request = Shell("exit 5");
  request.policy.stop = true;
  // The supervisor above has gone since the host was asked.
  request.host.listener_above = true;
  request.host.outer_supervisor = true;
  alarm(60);  // both sides waited for each other for ever
  ASSERT_OK_AND_ASSIGN(RunOutcome outcome, RunSupervised(request));
  alarm(0);
  EXPECT_EQ(outcome.end.status, 5);
  EXPECT_TRUE(outcome.seized);
  ASSERT_THAT(sink_.All<access::Hole>(), SizeIs(1));
  EXPECT_EQ(sink_.All<access::Hole>()[0].detail, "the supervisor above this process did not answer");
}

TEST_F(RunnerLifeTest, WhereTheParentMayNotAttachThereIsAHole) {
  const pid_t runner = fork();
  if (runner == 0) {
    sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ptrace, 0, 1),
                          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
                          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    const sock_fprog program = {4, code};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) _exit(2);
    RunRequest request = Shell("exit 5");
    request.policy.stop = true;
    const auto outcome = RunSupervised(request);
    const auto holes = sink_.All<access::Hole>();
    const bool right = outcome.ok() && outcome->end.status == 5 && !outcome->seized && outcome->holes == 1 &&
                       holes.size() == 1 && holes[0].kind == "not-seized";
    _exit(right ? 0 : 1);
  }
  int status = -1;
  waitpid(runner, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST_F(RunnerLifeTest, ATestGetsNoDescriptorThatCtestLeaked) {
  const UniqueFd leaked(open("/etc/passwd", O_RDONLY));
  const std::string script = absl::StrCat("test -e /proc/self/fd/", leaked.get());
  RunRequest request = Shell(script);
  ASSERT_OK_AND_ASSIGN(RunOutcome command, RunSupervised(request));
  EXPECT_EQ(command.end.status, 0);  // a command is given what its caller gave
  request.begin.role = access::Role::kTest;
  ASSERT_OK_AND_ASSIGN(RunOutcome test, RunSupervised(request));
  EXPECT_EQ(test.end.status, 1);
}

TEST_F(RunnerLifeTest, ASinkThatTakesNothingStopsNoCommand) {
  sink_.Break();
  ASSERT_OK_AND_ASSIGN(RunOutcome outcome, RunSupervised(Shell("cat /etc/passwd >/dev/null; exit 4")));
  EXPECT_EQ(outcome.end.status, 4);
  EXPECT_TRUE(outcome.sink_failed);
  EXPECT_EQ(outcome.accesses, 0u);
}

TEST_F(RunnerLifeTest, TheListenerCanComeByMessageWhereItMayNotBeFetched) {
  RunRequest request = Shell("cat /etc/passwd >/dev/null; exit 4");
  request.host.pidfd_getfd = false;
  ASSERT_OK_AND_ASSIGN(RunOutcome outcome, RunSupervised(request));
  EXPECT_EQ(outcome.end.status, 4);
  EXPECT_EQ(outcome.holes, 0u);
  EXPECT_THAT(sink_.Of(Op::kOpen, "/etc/passwd"),
              testing::Contains(testing::Field(&access::Access::path, "/etc/passwd")));
}

TEST_F(RunnerLifeTest, AnOlderKernelsWayOfWaitingWorksAsWell) {
  RunRequest request = Shell("(true & ); exit 4");
  request.host.receive_ends = false;
  ASSERT_OK_AND_ASSIGN(RunOutcome outcome, RunSupervised(request));
  EXPECT_EQ(outcome.end.status, 4);
  EXPECT_THAT(outcome.end.left_over, IsEmpty());
}

TEST_F(RunnerLifeTest, TheAccessesOfAScriptAreExactlyThese) {
  ASSERT_OK(WriteFile(Path("a"), "x"));
  ASSERT_OK(WriteFile(Path("script"), "x"));
  RunRequest request = Shell(
      "mkdir d; : > d/new; : < a; mv a b; ln -s b l; : < l; rm l; (: < missing) 2>/dev/null; rmdir gone "
      "2>/dev/null; "
      "chmod 600 b; : < d/../b; /bin/true > b/x 2>/dev/null; rm -r d");
  ASSERT_OK_AND_ASSIGN(RunOutcome outcome, RunSupervised(request));
  EXPECT_EQ(outcome.holes, 0u);
  using Row = std::tuple<std::string, std::string, Result>;  // operation, name, result
  std::set<Row> seen;
  for (const access::Access& access : sink_.All<access::Access>()) {
    if (!IsUnder(access.resolved, dir_->path())) continue;
    seen.insert({std::string(OpName(access.op)), access.resolved.substr(dir_->path().size()), access.result});
  }
  const std::set<Row> expected = {
      {"chdir", "", Result::kThere},         {"mkdir", "/d", Result::kCreated},
      {"open", "/d/new", Result::kCreated},  {"open", "/a", Result::kThere},
      {"rename", "/a", Result::kCreated},    {"symlink", "/l", Result::kCreated},
      {"open", "/b", Result::kThere},        {"unlink", "/l", Result::kThere},
      {"open", "/missing", Result::kAbsent}, {"rmdir", "/gone", Result::kAbsent},
      {"chmod", "/b", Result::kThere},       {"open", "/b/x", Result::kAbsent},
      {"open", "/d", Result::kThere},  // rm -r looks into it
      {"unlink", "/d/new", Result::kThere},  {"rmdir", "/d", Result::kThere},
  };
  EXPECT_EQ(seen, expected);
}

}  // namespace
}  // namespace glovebox::trace
