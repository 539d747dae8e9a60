// Calls that a policy refuses by their names, in every ABI: what a hostile program could use to leave its
// sandbox, to reach around the supervisor or to trouble the machine, and what no compiler or test of a build
// needs. What each of them is, and which test tries it, is in docs/security.md.
#ifndef GLOVEBOX_POLICY_DENIED_CALLS_H_
#define GLOVEBOX_POLICY_DENIED_CALLS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "policy/filter_builder.h"
#include "policy/policy.h"

namespace glovebox::policy {

struct DeniedCall {
  const char* name;
  int error;
  // Refused only where one of these bits is set in register 0; 0: always.
  uint32_t any_of = 0;
  // Refused only where all of these registers are not zero, a bit each: prlimit64 of another process (0) with
  // a new limit (2).
  uint32_t not_zero = 0;
  // Refused in the kernel also beside a listener, without a record. clone3 carries its flags in memory, where
  // a filter cannot see them and another thread can change them: it is not there (ENOSYS), and the C library
  // goes on with clone, whose flags are a register, for every thread it starts. Those are no violations.
  bool unseen = false;
};

// The calls that are denied in mode enforce where the policy does not say otherwise.
absl::Span<const DeniedCall> DefaultDeniedCalls();

// What `policy` denies: Policy::denied_calls, else DefaultDeniedCalls() in mode enforce, else nothing.
// InvalidArgument for a name that no system call has.
absl::StatusOr<std::vector<DeniedCall>> DeniedCallsOf(const Policy& policy);

// How `policy` denies this call, or null. `name` is bare ("mount", not "i386:mount"), `args` are the six
// registers. The value lives as long as the program. Thread-safe.
const DeniedCall* FindDeniedCall(const Policy& policy, absl::string_view name, const uint64_t* args);

// Adds what `policy` denies. `seen`: for a filter beside a listener, where all but the unseen ones are
// notified (calls that `noticed` names are notified already, whatever their registers); else all are refused
// in the kernel.
absl::Status AddDeniedCalls(FilterBuilder& builder, const Policy& policy, bool seen,
                            const std::vector<std::string>& noticed = {});

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_DENIED_CALLS_H_
