#include "trace/pidfd_info.h"

#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <thread>

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

bool IsUnreaped(int pidfd) {
  return syscall(SYS_pidfd_send_signal, pidfd, 0, nullptr, 0) == 0 || errno == EPERM;
}

namespace {

// To whom /proc does not tell it, it tells an exit status of 0.
bool MayRead(pid_t pid) {
  char path[32], target[8];
  std::snprintf(path, sizeof path, "/proc/%d/cwd", pid);
  return readlink(path, target, sizeof target) >= 0 || errno != EACCES;
}

// Of a group that has ended to its last thread: of one without its leader the leader's status is not its own.
bool StatusOfZombie(pid_t pid, int pidfd, int* wait_status) {
  ProcStat stat;
  if (!kernel::HasEnded(pidfd) || !ReadProcStat(pid, &stat) || stat.state != 'Z' || !MayRead(pid))
    return false;
  if (!IsUnreaped(pidfd)) return false;  // it may have been another one of that number
  *wait_status = stat.exit_code;
  return true;
}

}  // namespace

bool EndOf(pid_t pid, int pidfd, int* wait_status) { return WaitForEndOf(pid, pidfd, 0, wait_status); }

bool WaitForEndOf(pid_t pid, int pidfd, int timeout_ms, int* wait_status) {
  if (pidfd < 0) return false;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  for (int pause_us = 200;; pause_us = pause_us * 2) {
    kernel::PidfdInfo info;
    const int error = AskPidfd(pidfd, kernel::kPidfdInfoExit, &info);
    if (error == 0) {
      *wait_status = info.exit_code;
      return true;
    }
    if (StatusOfZombie(pid, pidfd, wait_status)) return true;
    // ESRCH: just now it is being reaped (seen on 6.18). Anything else but EAGAIN: an older kernel.
    const bool tells_later = error == EAGAIN || error == ESRCH;
    if ((!tells_later && !IsUnreaped(pidfd)) || std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(pause_us));
  }
}

}  // namespace glovebox::trace
