#include "trace/pidfd_info.h"

#include <sys/ioctl.h>

#include <cerrno>

#include "kernel/process.h"
#include "trace/proc_task.h"

namespace glovebox::trace {

int AskPidfd(int pidfd, uint64_t wanted, kernel::PidfdInfo* info) {
  *info = {};
  info->mask = wanted;
  if (ioctl(pidfd, kernel::kPidfdGetInfo, info) != 0) return errno;
  return (info->mask & wanted) == wanted ? 0 : EAGAIN;
}

pid_t ParentOf(pid_t pid, int pidfd) {
  kernel::PidfdInfo info;
  if (AskPidfd(pidfd, kernel::kPidfdInfoPid, &info) == 0) return static_cast<pid_t>(info.ppid);
  ProcStat stat;  // before 6.13
  if (!ReadProcStat(pid, &stat) || kernel::HasEnded(pidfd)) return 0;
  return stat.parent;
}

bool EndOf(pid_t pid, uint64_t start, int pidfd, int* wait_status) {
  if (pidfd < 0) return false;
  kernel::PidfdInfo info;
  if (AskPidfd(pidfd, kernel::kPidfdInfoExit, &info) == 0) {
    *wait_status = info.exit_code;
    return true;
  }
  ProcStat stat;
  if (!ReadProcStat(pid, &stat) || stat.start != start || stat.state != 'Z') return false;
  *wait_status = stat.exit_code;
  return true;
}

}  // namespace glovebox::trace
