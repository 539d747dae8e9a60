#include "trace/outside.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/files.h"

namespace glovebox::trace {
namespace {

constexpr size_t kMaxClimb = 256;

struct Generation {
  pid_t pid = 0;
  ProcStat stat;
};

// From a process up to `end` or to nobody's child. Empty where something of it was not there, or changed
// meanwhile: read twice.
std::vector<Generation> Climb(pid_t pid, pid_t end) {
  std::vector<Generation> chain;
  while (pid > 0 && chain.size() < kMaxClimb) {
    Generation one{pid, {}};
    if (!ReadProcStat(pid, &one.stat)) return {};
    chain.push_back(one);
    if (pid == end) break;
    pid = one.stat.parent;
  }
  for (const Generation& one : chain) {
    ProcStat now;
    if (!ReadProcStat(one.pid, &now) || now.start != one.stat.start || now.parent != one.stat.parent)
      return {};
  }
  return chain.size() < kMaxClimb ? chain : std::vector<Generation>();
}

bool ReadIds(absl::string_view status, absl::string_view name, std::array<uint32_t, 3>* ids) {
  const auto words = StatusWords(status, name);
  for (size_t i = 0; i < ids->size(); ++i) {
    if (i >= words.size() || !absl::SimpleAtoi(words[i], &(*ids)[i])) return false;
  }
  return true;
}

}  // namespace

bool ReadTaskFacts(pid_t tid, TaskFacts* out) {
  const auto status = ReadFile(absl::StrCat("/proc/", tid, "/status"));
  if (!status.ok() || !ReadIds(*status, "\nUid:", &out->uid) || !ReadIds(*status, "\nGid:", &out->gid))
    return false;
  const auto tgid = StatusWords(*status, "\nTgid:");
  const auto filters = StatusWords(*status, "\nSeccomp_filters:");
  const auto capabilities = StatusWords(*status, "\nCapEff:");
  if (tgid.empty() || !absl::SimpleAtoi(tgid[0], &out->tgid)) return false;
  if (filters.empty() || !absl::SimpleAtoi(filters[0], &out->filters)) out->filters = -1;
  out->capabilities =
      capabilities.empty() ? 0 : std::strtoull(std::string(capabilities[0]).c_str(), nullptr, 16);
  out->own_numbers = StatusWords(*status, "\nNSpid:").size() > 1;
  return true;
}

Outside::Outside(pid_t root, std::function<bool(pid_t)> is_other) : is_other_(std::move(is_other)) {
  TaskFacts facts;
  if (!ReadTaskFacts(root, &facts) || !ReadProcStat(root, &root_)) return;
  filters_ = facts.filters;
  int subreaper = 0;
  const pid_t self = getpid();
  const bool adopts = prctl(PR_GET_CHILD_SUBREAPER, &subreaper, 0, 0, 0) == 0 && subreaper != 0;
  const std::vector<Generation> chain = Climb(root, self);
  below_us_ = adopts && !chain.empty() && chain.back().pid == self;
}

bool Outside::Contains(const TaskFacts& facts) const {
  ProcStat stat;
  if (root_.start == 0 || !ReadProcStat(facts.tgid, &stat)) return false;
  const bool bare = filters_ > 0 && facts.filters >= 0 && facts.filters < filters_;
  // Who has ended has given his filters back.
  if (bare && !IsGone(stat)) return true;
  return stat.start < root_.start || IsElsewhere(facts.tgid);
}

bool Outside::IsElsewhere(pid_t tgid) const {
  if (!below_us_) return false;
  const std::vector<Generation> chain = Climb(tgid, getpid());
  if (chain.empty()) return false;
  if (chain.back().pid != getpid()) return true;
  // Who dies below a living process leaves his children above it, or to it where it is no other action's.
  for (const Generation& one : chain) {
    if (is_other_ != nullptr && is_other_(one.pid)) return true;
  }
  return false;
}

}  // namespace glovebox::trace
