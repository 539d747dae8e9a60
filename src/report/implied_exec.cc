#include "report/implied_exec.h"

#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace glovebox::report {

std::optional<ImpliedExec> ImpliedExecs::See(uint32_t segment, const access::Access& access) {
  const std::pair<uint32_t, int32_t> process = {segment, access.pid};
  std::optional<ImpliedExec> told;
  if (const auto found = pending_.find(process); found != pending_.end()) {
    const Pending& exec = found->second;
    // A program that was removed since still is the one that was named.
    const absl::string_view now = absl::StripSuffix(access.exe, " (deleted)");
    // Another action: the number is a new process's.
    const bool settled = exec.action != access.action || (!now.empty() && now != exec.by);
    if (settled && exec.action == access.action && now != exec.named)
      told = ImpliedExec{std::string(now), exec.named, exec.by};
    if (settled) pending_.erase(found);
  }
  if (access.op != Op::kExec) return told;
  const access::Touches touches = access::TouchesOf(access);
  if (touches.size == 1 && (touches.items[0].what & access::kExecuted) != 0) {
    pending_[process] = {access.action, std::string(touches.items[0].path), access.exe};
  }
  return told;
}

}  // namespace glovebox::report
