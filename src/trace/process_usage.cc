#include "trace/process_usage.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/files.h"
#include "kernel/process.h"

namespace glovebox::trace {
namespace {

// "Pss:   1234 kB"; false where it may not be read.
bool ReadPss(pid_t pid, uint64_t* bytes) {
  const auto text = ReadFile(absl::StrCat("/proc/", pid, "/smaps_rollup"));
  if (!text.ok()) return false;
  const size_t at = text->find("\nPss:");
  if (at == std::string::npos) return false;
  absl::string_view rest = absl::string_view(*text).substr(at + 5);
  rest = absl::StripAsciiWhitespace(rest.substr(0, rest.find('k')));
  uint64_t kilobytes = 0;
  if (!absl::SimpleAtoi(rest, &kilobytes)) return false;
  *bytes = kilobytes * 1024;
  return true;
}

}  // namespace

uint64_t CpuOf(const rusage& usage) {
  const auto ns = [](const timeval& t) {
    return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(t.tv_usec) * 1000u;
  };
  return ns(usage.ru_utime) + ns(usage.ru_stime);
}

uint64_t PeakOf(const rusage& usage) { return static_cast<uint64_t>(usage.ru_maxrss) * 1024u; }

ProcessUsage UsageOf(const AllStats& all, const std::vector<pid_t>& pids) {
  ProcessUsage usage;
  for (const pid_t pid : pids) {
    const auto found = all.find(pid);
    if (found == all.end() || IsGone(found->second)) continue;
    usage.tasks += found->second.threads;
    usage.resident += found->second.resident_bytes;
  }
  return usage;
}

uint64_t SharedMemoryOf(const AllStats& all, const std::vector<pid_t>& pids) {
  uint64_t sum = 0;
  for (const pid_t pid : pids) {
    const auto found = all.find(pid);
    if (found == all.end() || IsGone(found->second)) continue;
    uint64_t bytes = 0;
    sum += ReadPss(pid, &bytes) ? bytes : found->second.resident_bytes;
  }
  return sum;
}

ActionMembers::ActionMembers(pid_t root, bool with_root, std::function<bool(pid_t)> adopted)
    : root_(root), with_root_(with_root), adopted_(std::move(adopted)) {
  ProcStat stat;
  if (ReadProcStat(root, &stat)) root_start_ = stat.start;
}

bool ActionMembers::IsMember(const AllStats& all, pid_t pid, std::map<pid_t, bool>* told, int depth) {
  if (const auto found = told->find(pid); found != told->end()) return found->second;
  const auto at = all.find(pid);
  if (at == all.end() || depth > 4096) return false;
  const ProcStat& stat = at->second;
  bool member = false;
  if (pid == root_ && stat.start == root_start_) {
    member = true;
  } else if (const auto known = known_.find(pid); known != known_.end() && known->second == stat.start) {
    member = true;
  } else if (stat.parent == getpid()) {
    // A number of the action's that somebody else has now began before it, or is not below us.
    member = adopted_ != nullptr && stat.start >= root_start_ && adopted_(pid);
  } else {
    member = IsMember(all, stat.parent, told, depth + 1);
  }
  (*told)[pid] = member;
  return member;
}

std::vector<pid_t> ActionMembers::Among(const AllStats& all) {
  std::map<pid_t, bool> told;
  std::map<pid_t, uint64_t> known;
  std::vector<pid_t> members;
  for (const auto& [pid, stat] : all) {
    if (!IsMember(all, pid, &told, 0) || (pid == root_ && stat.start == root_start_ && !with_root_)) continue;
    members.push_back(pid);
    known[pid] = stat.start;
  }
  known_ = std::move(known);  // whoever has gone is forgotten with its number
  return members;
}

size_t KillAmong(const AllStats& all, const std::vector<pid_t>& pids) {
  size_t killed = 0;
  for (const pid_t pid : pids) {
    const auto found = all.find(pid);
    if (found == all.end() || IsGone(found->second)) continue;
    const auto pidfd = kernel::OpenPidfd(pid);
    // Asked again with the pidfd in hand: the number may have gone to another process meanwhile.
    ProcStat now;
    if (!pidfd.ok() || !ReadProcStat(pid, &now) || now.start != found->second.start) continue;
    killed += syscall(SYS_pidfd_send_signal, pidfd->get(), SIGKILL, nullptr, 0) == 0 ? 1 : 0;
  }
  return killed;
}

}  // namespace glovebox::trace
