#include "verify/callers.h"

#include <algorithm>
#include <variant>

#include "absl/container/flat_hash_map.h"

namespace glovebox::verify {
namespace {

using access::ProcessBegin;

constexpr size_t kDeepest = 64;  // a log of nobody's making may hold a circle

class ProcessTree {
 public:
  explicit ProcessTree(const Input& input) {
    for (const size_t record : input.table.processes) {
      const auto& begin = std::get<ProcessBegin>(input.log.records[record]);
      begun_[begin.pid].push_back(&begin);
    }
  }

  std::vector<Caller> CallersOf(int32_t pid, uint64_t time_ns) const {
    std::vector<Caller> callers;
    while (callers.size() < kDeepest) {
      const ProcessBegin* const begin = BeginOf(pid, time_ns);
      if (begin == nullptr) break;
      callers.push_back({begin->parent, begin->program});
      pid = begin->parent;
      time_ns = begin->time_ns;
    }
    return callers;
  }

 private:
  // Numbers come round: the latest that had begun by then.
  const ProcessBegin* BeginOf(int32_t pid, uint64_t time_ns) const {
    const auto found = begun_.find(pid);
    if (found == begun_.end()) return nullptr;
    const auto after =
        std::upper_bound(found->second.begin(), found->second.end(), time_ns,
                         [](uint64_t time, const ProcessBegin* begin) { return time < begin->time_ns; });
    return after == found->second.begin() ? nullptr : *(after - 1);
  }

  absl::flat_hash_map<int32_t, std::vector<const ProcessBegin*>> begun_;  // each in order of time
};

}  // namespace

void TellCallers(const Input& input, std::vector<Finding>* findings) {
  const ProcessTree tree(input);
  for (Finding& finding : *findings) {
    Evidence& evidence = finding.evidence;
    if (!evidence.call.empty()) evidence.callers = tree.CallersOf(evidence.pid, evidence.time_ns);
  }
}

}  // namespace glovebox::verify
