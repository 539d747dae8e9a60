#include "policy/logs.h"

#include <algorithm>

namespace glovebox::policy {

bool HasLogs(const Policy& policy) {
  return policy.mode != Mode::kObserve &&
         std::any_of(policy.paths.begin(), policy.paths.end(),
                     [](const PathRule& rule) { return rule.access == PathAccess::kAppend; });
}

bool HoldsLogs(const Policy& policy) { return policy.mode == Mode::kEnforce && HasLogs(policy); }

}  // namespace glovebox::policy
