// Append-only logs of a policy: PathAccess::kAppend. What they need of the filters beside the rulers.
#ifndef GLOVEBOX_POLICY_LOGS_H_
#define GLOVEBOX_POLICY_LOGS_H_

#include "absl/types/span.h"
#include "policy/policy.h"

namespace glovebox::policy {

// It has append-only paths, and somebody wants to know (not in mode observe).
bool HasLogs(const Policy& policy);
// They hold: mode enforce.
bool HoldsLogs(const Policy& policy);

// Requests that change a file through a descriptor on which it is open for writing, whatever O_APPEND says:
// preallocating and punching, exchanging extents, a loop device. Refused where logs are held.
absl::Span<const uint32_t> LogIoctls();

// Calls on a descriptor alone that can change a log, or end its O_APPEND: the supervisor makes them itself
// where a policy has logs. fcntl comes with F_SETFL only.
absl::Span<const char* const> DescriptorCalls();

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_LOGS_H_
