#include "child/launch_test_role.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child/passed_signals.h"

namespace glovebox::child {
namespace {

[[noreturn]] void EndAs(int status) {
  if (!WIFSIGNALED(status)) _exit(WEXITSTATUS(status));
  const int number = WTERMSIG(status);
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);  // the test's core is the one that says something
  signal(number, SIG_DFL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  sigprocmask(SIG_UNBLOCK, &set, nullptr);
  kill(getpid(), number);
  _exit(128 + number);
}

// How long what the test left behind may still run. Its supervisor ends it before that, and names it; where
// there is none that does, it is ended here: what holds the test's output open would keep ctest waiting.
constexpr int kLeftOverMs = 300;
constexpr int kRoundMs = 5;
constexpr int kKillRounds = 100;

// False when there is no child left. What is orphaned below us is our child.
bool ReapOthers() {
  int status = 0;
  for (;;) {
    const pid_t pid = waitpid(-1, &status, WNOHANG);
    if (pid == 0) return true;
    if (pid < 0) return errno == EINTR;
  }
}

// A child's number is its own until we reap it. Those whose parents live come to us when these have ended.
void KillChildren() {
  char numbers[4096];
  const int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  const ssize_t size = read(fd, numbers, sizeof numbers);
  close(fd);
  pid_t pid = 0;
  for (ssize_t i = 0; i < size; ++i) {
    if (numbers[i] >= '0' && numbers[i] <= '9') {
      pid = pid * 10 + (numbers[i] - '0');
      continue;
    }
    if (pid > 1) kill(pid, SIGKILL);
    pid = 0;
  }
}

void EndLeftOver() {
  constexpr timespec kRound{0, kRoundMs * 1'000'000};
  for (int ms = 0; ms < kLeftOverMs; ms += kRoundMs) {
    if (!ReapOthers()) return;
    nanosleep(&kRound, nullptr);
  }
  for (int round = 0; round < kKillRounds && ReapOthers(); ++round) {
    KillChildren();
    nanosleep(&kRound, nullptr);
  }
}

void ReapAll(pid_t child) {
  int status = 0;
  for (;;) {
    const pid_t pid = waitpid(-1, &status, WNOHANG);
    if (pid == child) {
      EndLeftOver();
      EndAs(status);
    }
    if (pid <= 0) return;
  }
}

[[noreturn]] void Serve(pid_t child, const sigset_t& set) {
  for (;;) {
    siginfo_t info;
    const int number = sigwaitinfo(&set, &info);
    if (number < 0) continue;
    if (number == SIGCHLD) {
      ReapAll(child);
    } else if (IsPassedOn(info, true)) {
      kill(child, number);
    }
  }
}

}  // namespace

int StayAndWait(pid_t& parent) {
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return errno;
  // With an ignored SIGCHLD the kernel would reap, and nobody could tell how the test ended.
  struct sigaction standard {};
  struct sigaction before {};
  standard.sa_handler = SIG_DFL;
  if (sigaction(SIGCHLD, &standard, &before) != 0) return errno;
  sigset_t set;
  sigemptyset(&set);
  AddPassed(&set);
  sigaddset(&set, SIGCHLD);
  sigset_t mask;
  if (sigprocmask(SIG_BLOCK, &set, &mask) != 0) return errno;
  const pid_t self = getpid();
  const pid_t child = fork();
  if (child < 0) return errno;
  if (child > 0) Serve(child, set);
  // What ends the parent all the same, as SIGKILL does: the test must not go on with nobody to wait for it.
  if (prctl(PR_SET_PDEATHSIG, static_cast<unsigned long>(SIGKILL)) != 0) return errno;
  if (getppid() != self) return ESRCH;
  sigaction(SIGCHLD, &before, nullptr);
  sigprocmask(SIG_SETMASK, &mask, nullptr);
  syscall(SYS_close_range, 3u, ~0u, 0u);  // Linux 5.9; without it they stay, as they would without us
  parent = self;
  return 0;
}

}  // namespace glovebox::child
