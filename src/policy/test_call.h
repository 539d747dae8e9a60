// A call to ask a filter about, and a child that makes one under it. Tests only.
#ifndef GLOVEBOX_POLICY_TEST_CALL_H_
#define GLOVEBOX_POLICY_TEST_CALL_H_

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <initializer_list>
#include <string>

namespace glovebox::policy {

inline seccomp_data Call(int number, uint32_t arch, std::initializer_list<uint64_t> args = {}) {
  seccomp_data call = {};
  call.nr = number;
  call.arch = arch;
  size_t i = 0;
  for (uint64_t arg : args) call.args[i++] = arg;
  return call;
}

inline constexpr int kNotLoaded = 201;

// In a child: loads the filter with the raw call and gives what `attempt` returns there (an errno, 0 where it
// went through), minus the signal that ended it, or kNotLoaded.
template <typename Attempt>
int ErrnoUnder(const std::string& filter, Attempt attempt) {
  // Not fork(): after that TSan starts a thread in the child, which lives on when a filter kills the
  // caller's.
  const auto pid = static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
  if (pid == 0) {
    sock_fprog program{static_cast<unsigned short>(filter.size() / sizeof(sock_filter)),
                       reinterpret_cast<sock_filter*>(const_cast<char*>(filter.data()))};
    signal(SIGSEGV, SIG_DFL);  // a sanitizer's handler would make an exit status of it
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) _exit(200);
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) _exit(kNotLoaded);
    _exit(attempt());
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_TEST_CALL_H_
