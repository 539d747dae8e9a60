// Policy -> child plan: all decisions of the pipeline made beforehand, in the big program, with libseccomp
// and libcap.
#ifndef GLOVEBOX_POLICY_COMPILE_H_
#define GLOVEBOX_POLICY_COMPILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"
#include "kernel/host.h"
#include "policy/file_rules.h"
#include "policy/policy.h"

namespace glovebox::policy {

// A plan ready to be handed over. `bytes` holds a child::ChildPlan that ValidatePlan accepts.
struct CompiledPlan {
  std::string bytes;
  UniqueFd ruleset;  // Landlock ruleset with file or TCP rights; empty when the plan's scope is all there is
  std::vector<Grant> grants;  // what its rules stand on: StillTrue() in landlock_rules.h
  std::vector<std::string>
      covered;                      // what its mount namespace covers: HiddenPlaces() again, for who keeps it
  std::vector<std::string> unheld;  // what a best effort goes without, and the child does not try: it says
                                    // nothing of it, so whoever starts it puts it into the record
  std::vector<std::string>
      skipped;  // steps that the host cannot do, each with its reason (best effort only): a forecast, for
                // --explain. The plan still asks for them, and the child's own word goes into the record
};

struct CompileOptions {
  bool listener = true;  // row 20
  // The policy of a supervisor of ours above, null where there is none; `listener` is false then. What that
  // one has asked for its filter notifies, and a refusal in the kernel would outrank it unseen: left out
  // here. What only the inner policy asks for is refused in the kernel.
  const Policy* outer = nullptr;
  bool graph = true;  // the supervisor knows on what each edge depends, as strict_inputs asks
};

// InvalidArgument for what the policy says wrongly (an unknown capability), Unimplemented for what this host
// cannot do and the mode does not let pass. Thread-safe.
absl::StatusOr<CompiledPlan> CompilePlan(const Policy& policy, const kernel::HostFeatures& host,
                                         const CompileOptions& options);

// The filters of a policy one by one, for `run --export` and for tests: name ("notify", "ioctl" ...), BPF as
// bytes of struct sock_filter, and libseccomp's readable PFC.
struct ExportedFilter {
  std::string name;
  std::string bpf;
  std::string pfc;
};
absl::StatusOr<std::vector<ExportedFilter>> ExportFilters(const Policy& policy,
                                                          const kernel::HostFeatures& host,
                                                          const CompileOptions& options);

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_COMPILE_H_
