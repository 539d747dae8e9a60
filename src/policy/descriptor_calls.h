// Calls on a descriptor alone that a policy has a word in: what they change, the open that made the
// descriptor did not ask for. No table records them: the notify filter adds them for such a policy.
#ifndef GLOVEBOX_POLICY_DESCRIPTOR_CALLS_H_
#define GLOVEBOX_POLICY_DESCRIPTOR_CALLS_H_

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "policy/policy.h"

namespace glovebox::policy {

// What is notified, natively. With append-only logs whatever can change one, or end its O_APPEND (fcntl comes
// with F_SETFL only). With files confined what changes mode, owner and attributes: a descriptor that may only
// read is enough for them, and Landlock looks at none. In mode enforce the supervisor makes them itself.
std::vector<const char*> DescriptorCalls(const Policy& policy);

// `name`: of any ABI, without its prefix ("fchown32").
bool IsDescriptorCall(const Policy& policy, absl::string_view name);

// The ioctl requests that are refused on every descriptor: Policy::denied_ioctls, and in mode enforce more.
// With logs: what changes a file through a descriptor on which it is open for writing, whatever O_APPEND says
// (preallocating and punching, exchanging extents, a loop device). With files confined: what changes
// attributes, or makes and removes names, through a descriptor that may only read.
std::vector<uint32_t> DeniedIoctls(const Policy& policy);

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_DESCRIPTOR_CALLS_H_
