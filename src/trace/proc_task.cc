#include "trace/proc_task.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/files.h"
#include "base/unique_fd.h"

namespace glovebox::trace {

namespace {

constexpr uint64_t kExiting = 0x4;  // PF_EXITING of the kernel's include/linux/sched.h, in /proc/PID/stat

// The memory of a process whose first thread has ended is seen through the threads that live.
uint64_t ResidentOfThreads(pid_t pid, uint64_t page_bytes) {
  char path[64];
  std::snprintf(path, sizeof(path), "/proc/%d/task", pid);
  for (const pid_t tid : NumbersIn(path)) {
    std::snprintf(path, sizeof(path), "/proc/%d/task/%d/statm", pid, tid);
    const auto text = ReadFile(path);
    if (!text.ok()) continue;
    const std::vector<absl::string_view> words = absl::StrSplit(*text, ' ');  // size, resident: proc(5)
    uint64_t pages = 0;
    if (words.size() > 1 && absl::SimpleAtoi(words[1], &pages) && pages != 0) return pages * page_bytes;
  }
  return 0;
}

std::string ReadLink(const char* path) {
  char buffer[4096];
  const ssize_t n = readlink(path, buffer, sizeof(buffer));
  return n < 0 ? std::string() : std::string(buffer, static_cast<size_t>(n));
}

}  // namespace

bool IsGone(const ProcStat& stat) {
  return (stat.exiting || stat.state == 'Z' || stat.state == 'X') && stat.threads <= 1;
}

// /proc/PID/stat: fields 3 (state), 4 (ppid), 9 (flags), 14 to 17 (CPU time), 20 (threads), 22 (starttime),
// 24 (resident pages), 52 (exit_code); proc(5).
bool ReadProcStat(pid_t pid, ProcStat* out) {
  char path[32];
  std::snprintf(path, sizeof(path), "/proc/%d/stat", pid);
  const UniqueFd fd(open(path, O_RDONLY | O_CLOEXEC));
  char buffer[1024];
  const ssize_t n = fd.valid() ? read(fd.get(), buffer, sizeof(buffer) - 1) : -1;
  if (n <= 0) return false;
  buffer[n] = 0;
  const char* at = std::strrchr(buffer, ')');  // the name may hold anything
  if (at == nullptr) return false;
  ++at;
  static const uint64_t tick_ns = 1'000'000'000u / static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
  static const auto page_bytes = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  *out = {};
  const auto number = [&at] { return static_cast<uint64_t>(std::strtoull(at, nullptr, 10)); };
  for (int field = 3; field <= 52 && *at != 0; ++field) {
    while (*at == ' ') ++at;
    if (field == 3) out->state = *at;
    if (field == 4) out->parent = static_cast<pid_t>(std::strtol(at, nullptr, 10));
    if (field == 9) out->exiting = (number() & kExiting) != 0;
    if (field == 14 || field == 15) out->cpu_ns += number() * tick_ns;
    if (field == 16 || field == 17) out->children_cpu_ns += number() * tick_ns;
    if (field == 20) out->threads = number();
    if (field == 22) out->start = number();
    if (field == 24) out->resident_bytes = number() * page_bytes;
    if (field == 52) out->exit_code = static_cast<int>(std::strtol(at, nullptr, 10));
    while (*at != ' ' && *at != 0) ++at;
  }
  if (out->resident_bytes == 0 && out->threads > 1) out->resident_bytes = ResidentOfThreads(pid, page_bytes);
  return out->start != 0;
}

uint64_t CpuOf(pid_t pid, const ProcStat& begun) {
  ProcStat now;
  if (begun.start == 0 || !ReadProcStat(pid, &now) || now.start != begun.start) return 0;
  return now.cpu_ns + now.children_cpu_ns;
}

std::vector<pid_t> NumbersIn(const char* directory) {
  std::vector<pid_t> numbers;
  const std::unique_ptr<DIR, int (*)(DIR*)> names(opendir(directory), closedir);
  while (const dirent* entry = names != nullptr ? readdir(names.get()) : nullptr) {
    pid_t number = 0;
    if (absl::SimpleAtoi(entry->d_name, &number)) numbers.push_back(number);
  }
  return numbers;
}

std::map<pid_t, ProcStat> AllProcesses() {
  std::map<pid_t, ProcStat> all;
  for (const pid_t pid : NumbersIn("/proc")) {
    ProcStat stat;
    if (ReadProcStat(pid, &stat)) all[pid] = stat;
  }
  return all;
}

pid_t BranchOf(const std::map<pid_t, ProcStat>& all, pid_t pid, pid_t root) {
  // A process has one parent, and at most `all.size()` of them: also where a number was reused meanwhile.
  for (size_t steps = 0; steps < all.size(); ++steps) {
    const auto found = all.find(pid);
    if (found == all.end()) return 0;
    if (found->second.parent == root) return pid;
    pid = found->second.parent;
  }
  return 0;
}

pid_t ReadTgid(pid_t tid) {
  char path[32];
  std::snprintf(path, sizeof(path), "/proc/%d/status", tid);
  const UniqueFd fd(open(path, O_RDONLY | O_CLOEXEC));
  char buffer[1024];
  const ssize_t n = fd.valid() ? read(fd.get(), buffer, sizeof(buffer) - 1) : -1;
  if (n <= 0) return 0;
  buffer[n] = 0;
  const char* at = std::strstr(buffer, "\nTgid:");
  return at == nullptr ? 0 : static_cast<pid_t>(std::strtol(at + 6, nullptr, 10));
}

// /proc/TGID/task has one link for each task beside its own two.
bool HasThreads(pid_t tgid) {
  char path[32];
  std::snprintf(path, sizeof(path), "/proc/%d/task", tgid);
  struct stat st;
  return stat(path, &st) == 0 && st.st_nlink > 3;
}

std::string ReadExe(pid_t tgid) {
  char path[64];
  std::snprintf(path, sizeof(path), "/proc/%d/exe", tgid);
  std::string exe = ReadLink(path);
  if (!exe.empty() || errno != ENOENT) return exe;
  std::snprintf(path, sizeof(path), "/proc/%d/task", tgid);
  for (const pid_t tid : NumbersIn(path)) {
    std::snprintf(path, sizeof(path), "/proc/%d/task/%d/exe", tgid, tid);
    exe = ReadLink(path);
    if (!exe.empty()) break;
  }
  return exe;
}

std::vector<absl::string_view> StatusWords(absl::string_view status, absl::string_view name) {
  const size_t at = status.find(name);
  if (at == absl::string_view::npos) return {};
  absl::string_view line = status.substr(at + name.size());
  line = line.substr(0, line.find('\n'));
  return absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
}

bool IsForkOfItsParent(pid_t tgid) {
  ProcStat stat;
  if (!ReadProcStat(tgid, &stat)) return false;
  const std::string exe = ReadExe(tgid);
  return !exe.empty() && exe == ReadExe(stat.parent);
}

}  // namespace glovebox::trace
