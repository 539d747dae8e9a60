// Append-only logs of a policy: PathAccess::kAppend.
#ifndef GLOVEBOX_POLICY_LOGS_H_
#define GLOVEBOX_POLICY_LOGS_H_

#include "policy/policy.h"

namespace glovebox::policy {

// It has append-only paths, and somebody wants to know (not in mode observe).
bool HasLogs(const Policy& policy);
// They hold: mode enforce.
bool HoldsLogs(const Policy& policy);

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_LOGS_H_
