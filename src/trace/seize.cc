#include "trace/seize.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace glovebox::trace {

bool SeizeStopped(pid_t child, std::string* why) {
  siginfo_t info = {};
  const auto id = static_cast<id_t>(child);
  while (waitid(P_PID, id, &info, WSTOPPED | WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  if (info.si_code != CLD_STOPPED) return false;
  waitid(P_PID, id, &info, WSTOPPED);
  if (ptrace(PTRACE_SEIZE, child, nullptr, PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC) != 0) {
    *why = absl::StrCat("PTRACE_SEIZE: ", ErrnoName(errno), ": nobody has attached to the command");
    kill(child, SIGCONT);  // somebody else traces it already: it must not stay stopped for ever
    return false;
  }
  // A task in group-stop reports PTRACE_EVENT_STOP to its new tracer; only then may it be detached
  // (ptrace(2)).
  info = {};
  while (waitid(P_PID, id, &info, WSTOPPED | WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  if (info.si_code != CLD_TRAPPED && info.si_code != CLD_STOPPED) return false;
  waitid(P_PID, id, &info, WSTOPPED | WNOHANG);
  kill(child, SIGCONT);
  ptrace(PTRACE_DETACH, child, nullptr, nullptr);
  return true;
}

}  // namespace glovebox::trace
