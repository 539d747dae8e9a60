#include "trace/left_over.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <map>
#include <memory>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status.h"
#include "kernel/abi.h"
#include "kernel/process.h"

namespace glovebox::trace {
namespace {

struct Parentage {
  pid_t parent = 0;
  char state = '?';
};

// "pid (comm) state ppid ...": comm may hold spaces and brackets, so the last ')' counts.
bool ReadParentage(pid_t pid, Parentage* out) {
  const auto text = ReadFile(absl::StrCat("/proc/", pid, "/stat"));
  if (!text.ok()) return false;
  const size_t end = text->rfind(')');
  if (end == std::string::npos || end + 4 > text->size()) return false;
  out->state = (*text)[end + 2];
  const std::string rest = text->substr(end + 4);
  return absl::SimpleAtoi(rest.substr(0, rest.find(' ')), &out->parent);
}

std::string ReadExe(pid_t pid) {
  char target[4096];
  const ssize_t size = readlink(absl::StrCat("/proc/", pid, "/exe").c_str(), target, sizeof target);
  return size > 0 ? std::string(target, static_cast<size_t>(size)) : std::string();
}

}  // namespace

std::vector<LeftOverProcess> FindDescendants(pid_t except) {
  std::map<pid_t, Parentage> all;
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(opendir("/proc"), closedir);
  if (proc == nullptr) return {};
  while (const dirent* entry = readdir(proc.get())) {
    pid_t pid = 0;
    Parentage parentage;
    if (absl::SimpleAtoi(entry->d_name, &pid) && ReadParentage(pid, &parentage)) all[pid] = parentage;
  }
  const pid_t self = getpid();
  const auto below = [&](pid_t pid) {
    // The chain is finite: a process has one parent, and at most `all.size()` of them.
    for (size_t steps = 0; steps < all.size() && pid != except; ++steps) {
      const auto found = all.find(pid);
      if (found == all.end()) return false;
      if (found->second.parent == self) return found->first != except;
      pid = found->second.parent;
    }
    return false;
  };
  std::vector<LeftOverProcess> left;
  for (const auto& [pid, parentage] : all) {
    if (pid == self || parentage.state == 'Z' || parentage.state == 'X' || !below(pid)) continue;
    auto pidfd = kernel::OpenPidfd(pid);
    // Asked again with the pidfd in hand: the number may have gone to another process meanwhile.
    Parentage now;
    if (!pidfd.ok() || !ReadParentage(pid, &now) || now.parent != parentage.parent) continue;
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
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(opendir("/proc"), closedir);
  while (const dirent* entry = proc != nullptr ? readdir(proc.get()) : nullptr) {
    pid_t pid = 0;
    Parentage parentage;
    if (!absl::SimpleAtoi(entry->d_name, &pid) || !ReadParentage(pid, &parentage)) continue;
    // A zombie's number cannot be reused before we reap it.
    if (parentage.state != 'Z' || parentage.parent != getpid() || !IsFiltered(pid)) continue;
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

bool ExitStatusOf(int pidfd, int timeout_ms, int* wait_status) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  for (int pause_us = 200;; pause_us = pause_us * 2) {
    kernel::PidfdInfo info;
    info.mask = kernel::kPidfdInfoExit;
    const bool asked = ioctl(pidfd, kernel::kPidfdGetInfo, &info) == 0;
    // ESRCH: just now it is being reaped (seen on 6.18). Anything else: an older kernel.
    if (!asked && errno != ESRCH) return false;
    if (asked && (info.mask & kernel::kPidfdInfoExit) != 0) {
      *wait_status = info.exit_code;
      return true;
    }
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(pause_us));
  }
}

}  // namespace glovebox::trace
