#include "child/launch_test_role.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
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

void ReapAll(pid_t child) {
  int status = 0;
  for (;;) {
    const pid_t pid = waitpid(-1, &status, WNOHANG);
    if (pid == child) EndAs(status);
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
