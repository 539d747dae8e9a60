// Calls on other processes, which Landlock refuses across the action's domain: where nobody listens, so that
// the supervisor lets them go on and foretells the refusal (trace/process_ruler.h).
#ifndef GLOVEBOX_POLICY_PROCESS_CALLS_H_
#define GLOVEBOX_POLICY_PROCESS_CALLS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "policy/filter_builder.h"
#include "policy/policy.h"

namespace glovebox::policy {

enum class ProcessUse : uint8_t {
  kNone,
  kSignal,  // held by the scope of signals
  kAccess,  // memory, registers, descriptors: held by any domain
};

// What the call `name` (of any ABI, without its prefix) does with another process.
ProcessUse ProcessUseOf(absl::string_view name);

// Whether ptrace() begins something with this request: it asks for a right then, and never again.
bool BeginsTracing(uint64_t request);

// The policy's domain refuses that to a process outside, in any mode, and its supervisor is told of it.
bool ForetellsProcesses(const Policy& policy, ProcessUse use);

// Has the calls notified; those that `noticed` names are already. Signals only to processes of lower numbers
// than the action's first one (FilterBuilder::AllowFromOwnNumber): a notified call that no supervisor has
// received yet is interrupted by a signal, and a shell that ends two children one after the other would see
// kill() fail with EINTR, which kill(2) does not know.
absl::Status AddProcessCalls(FilterBuilder& builder, const Policy& policy,
                             const std::vector<std::string>& noticed);

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_PROCESS_CALLS_H_
