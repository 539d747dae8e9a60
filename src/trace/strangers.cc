#include "trace/strangers.h"

#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/files.h"
#include "trace/proc_task.h"

namespace glovebox::trace {
namespace {

// Of all threads, zombies as well.
std::vector<pid_t> Children() {
  std::vector<pid_t> children;
  for (const pid_t thread : NumbersIn("/proc/self/task")) {
    const auto text = ReadFile(absl::StrCat("/proc/self/task/", thread, "/children"));
    if (!text.ok()) {  // a kernel without CONFIG_PROC_CHILDREN, or a thread that has just ended
      children.clear();
      for (const auto& [pid, stat] : AllProcesses()) {
        if (stat.parent == getpid()) children.push_back(pid);
      }
      return children;
    }
    for (const absl::string_view word : absl::StrSplit(*text, ' ', absl::SkipWhitespace())) {
      pid_t pid = 0;
      if (absl::SimpleAtoi(word, &pid)) children.push_back(pid);
    }
  }
  return children;
}

// How many seccomp filters a process is under (kept when it is a zombie); -1 where that cannot be told: it
// has gone, or it has some and the kernel does not count them (before 5.9).
int FiltersOf(pid_t pid) {
  const auto status = ReadFile(absl::StrCat("/proc/", pid, "/status"));
  if (!status.ok()) return -1;
  int filters = -1;
  bool none = false;
  for (absl::string_view line : absl::StrSplit(*status, '\n')) {
    if (absl::ConsumePrefix(&line, "Seccomp_filters:")) (void)absl::SimpleAtoi(line, &filters);
    if (absl::ConsumePrefix(&line, "Seccomp:")) none = absl::StripAsciiWhitespace(line) == "0";
  }
  return none ? 0 : filters;
}

}  // namespace

Strangers::Strangers() {
  if (Children().empty()) return;
  const std::map<pid_t, ProcStat> all = AllProcesses();
  for (const auto& [pid, stat] : all) {
    if (BranchOf(all, pid, getpid()) != 0) known_[pid] = stat.start;
  }
}

void Strangers::TellByFilters() { own_filters_ = FiltersOf(getpid()); }

bool Strangers::Contains(pid_t child) const {
  ProcStat stat;
  const auto known = known_.find(child);
  if (known != known_.end() && ReadProcStat(child, &stat) && stat.start == known->second) return true;
  if (own_filters_ < 0) return false;
  const int filters = FiltersOf(child);
  return filters >= 0 && filters <= own_filters_;
}

std::vector<pid_t> Strangers::OtherChildren() const {
  std::vector<pid_t> others;
  for (const pid_t child : Children()) {
    if (!Contains(child)) others.push_back(child);
  }
  return others;
}

MembersOf MembersBut(const Strangers* strangers) {
  // Who is ours stays it: a bomb's orphans are asked about once each.
  const auto known = std::make_shared<std::map<pid_t, uint64_t>>();
  return [strangers, known](const AllStats& all) {
    std::map<pid_t, uint64_t> ours;  // children, with their start
    std::vector<pid_t> found;
    for (const auto& [pid, stat] : all) {
      const pid_t branch = BranchOf(all, pid, getpid());
      if (branch == 0) continue;
      const uint64_t start = all.at(branch).start;
      const auto before = known->find(branch);
      const bool same = before != known->end() && before->second == start;
      if (ours.count(branch) == 0 && !same && strangers->Contains(branch)) continue;
      ours[branch] = start;
      found.push_back(pid);
    }
    *known = std::move(ours);
    return found;
  };
}

}  // namespace glovebox::trace
