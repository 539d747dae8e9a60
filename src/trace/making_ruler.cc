#include "trace/making_ruler.h"

#include <fcntl.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "policy/hidden_places.h"
#include "policy/logs.h"
#include "trace/open_flags.h"

namespace glovebox::trace {

Making MakingOf(const std::vector<const policy::Policy*>& chain) {
  Making making = Making::kNothing;
  for (const policy::Policy* policy : chain) {
    if (policy->mode != policy::Mode::kEnforce) continue;
    const bool hides = !policy::HidesByNamespace(*policy) &&
                       std::any_of(policy->paths.begin(), policy->paths.end(), [](const auto& rule) {
                         return rule.access == policy::PathAccess::kHidden;
                       });
    if (hides || policy->strict_inputs) return Making::kAll;
    if (policy::HoldsLogs(*policy)) making = Making::kWrites;
    if (policy->confine_files && making == Making::kNothing) making = Making::kAttributes;
  }
  return making;
}

Ruling MakingRuler::Rule(const RulerCall& call) {
  const Intent& intent = call.intent;
  if (making_ == Making::kNothing) return {};
  if (intent.by_descriptor) return maker_->MakeByDescriptor(call, checks_);
  // openat2 carries its flags in memory.
  const bool only_reads = intent.op == Op::kOpen && (intent.flags & O_ACCMODE) == O_RDONLY &&
                          (intent.flags & (kCreateBit | kTruncateBit | kTmpFileBit)) == 0 &&
                          !absl::EndsWith(intent.syscall, "openat2");
  const bool attributes = intent.op == Op::kChmod || intent.op == Op::kChown || intent.op == Op::kUtimes ||
                          intent.op == Op::kSetXattr;
  if (making_ == Making::kAttributes && !attributes) return {};
  if (making_ == Making::kWrites && only_reads) return {};
  return maker_->Make(call, checks_);
}

}  // namespace glovebox::trace
