#include "trace/ended_action.h"

#include <sys/wait.h>

#include "kernel/process.h"
#include "trace/pidfd_info.h"
#include "trace/proc_task.h"

namespace glovebox::trace {
namespace {

// What a stayer has waited for so far: it makes no other children. 0 where it has gone.
uint64_t WaitedFor(const HeldProcess& stayer) {
  ProcStat stat;
  if (stayer.pidfd < 0 || !ReadProcStat(stayer.pid, &stat)) return 0;
  return kernel::HasEnded(stayer.pidfd) ? 0 : stat.children_cpu_ns;
}

uint64_t CpuOf(pid_t pid, int pidfd, const HeldProcess& stayer) {
  // Read first: who is still there afterwards is not in it.
  const uint64_t before = WaitedFor(stayer);
  ProcStat stat;
  const bool read = ReadProcStat(pid, &stat);
  if (read && IsUnreaped(pidfd)) return before + stat.cpu_ns + stat.children_cpu_ns;
  return WaitedFor(stayer);
}

}  // namespace

void FillEnd(int pidfd, const HeldProcess& stayer, int wait_ms, EndedAction* ended) {
  int status = 0;
  if (!WaitForEndOf(ended->root, pidfd, wait_ms, &status)) return;
  if (WIFEXITED(status)) {
    ended->kind = access::ActionEnd::Kind::kExited;
    ended->status = WEXITSTATUS(status);
  } else if (WIFSIGNALED(status)) {
    ended->kind = access::ActionEnd::Kind::kSignaled;
    ended->status = WTERMSIG(status);
  }
  ended->cpu_ns = CpuOf(ended->root, pidfd, stayer);
}

}  // namespace glovebox::trace
