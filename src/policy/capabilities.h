// Names of capabilities to the masks that the child applies (row 21), by libcap.
#ifndef GLOVEBOX_POLICY_CAPABILITIES_H_
#define GLOVEBOX_POLICY_CAPABILITIES_H_

#include "absl/status/statusor.h"
#include "child/plan.h"
#include "policy/policy.h"

namespace glovebox::policy {

// Fills `masks`; true when anything is dropped. Observe and report drop what the policy names in
// drop_capabilities and nothing else (root's `tar xf`, `cp -a`, `install -o` need CHOWN). Enforce, and
// drop_all_capabilities, drop all that is not in keep_capabilities; keeping "all" there still leaves out
// CAP_CHOWN, CAP_MKNOD, CAP_NET_BIND_SERVICE and CAP_NET_RAW, each of which must be named, and CAP_SYS_PTRACE
// unless it is kept by name. InvalidArgument names an unknown capability.
absl::StatusOr<bool> CapabilityMasksFor(const Policy& policy, child::CapabilityMasks* masks);

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_CAPABILITIES_H_
