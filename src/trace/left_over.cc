#include "trace/left_over.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status.h"
#include "kernel/process.h"
#include "trace/proc_task.h"
#include "trace/strangers.h"

namespace glovebox::trace {

std::vector<LeftOverProcess> FindDescendants(const Strangers* strangers) {
  const std::map<pid_t, ProcStat> all = AllProcesses();
  const pid_t self = getpid();
  std::map<pid_t, bool> ours;  // our own children: each is asked about once
  for (const auto& [pid, stat] : all) {
    if (stat.parent == self) ours[pid] = strangers == nullptr || !strangers->Contains(pid);
  }
  std::vector<LeftOverProcess> left;
  for (const auto& [pid, stat] : all) {
    const pid_t branch = BranchOf(all, pid, self);
    if (branch == 0 || !ours[branch] || IsGone(stat)) continue;
    auto pidfd = kernel::OpenPidfd(pid);
    // Asked again with the pidfd in hand: the number may have gone to another process meanwhile.
    ProcStat now;
    if (!pidfd.ok() || !ReadProcStat(pid, &now) || now.parent != stat.parent) continue;
    left.push_back({pid, *std::move(pidfd), ReadExe(pid)});
  }
  return left;
}

void Kill(const std::vector<LeftOverProcess>& processes) {
  for (const LeftOverProcess& process : processes) {
    syscall(SYS_pidfd_send_signal, process.pidfd.get(), SIGKILL, nullptr, 0);
  }
}

bool IsFiltered(pid_t pid) {
  const auto status = ReadFile(absl::StrCat("/proc/", pid, "/status"));
  return status.ok() && status->find("\nSeccomp:\t2") != std::string::npos;
}

size_t ReapOrphans() {
  size_t reaped = 0;
  for (const auto& [pid, stat] : AllProcesses()) {
    // A zombie's number cannot be reused before we reap it.
    if (stat.state != 'Z' || stat.parent != getpid() || !IsFiltered(pid)) continue;
    reaped += waitpid(pid, nullptr, WNOHANG) == pid ? 1 : 0;
  }
  return reaped;
}

std::string Describe(const LeftOverProcess& process) { return absl::StrCat(process.pid, " ", process.exe); }

void AddLeftOver(std::vector<std::string>* all, std::string described) {
  const auto pid = [](const std::string& text) { return absl::string_view(text).substr(0, text.find(' ')); };
  for (const std::string& one : *all) {
    if (pid(one) == pid(described)) return;
  }
  all->push_back(std::move(described));
}

}  // namespace glovebox::trace
