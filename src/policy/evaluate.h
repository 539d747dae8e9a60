// Classic BPF as seccomp(2) runs it, in user space: for tests, and to predict what the kernel will refuse.
#ifndef GLOVEBOX_POLICY_EVALUATE_H_
#define GLOVEBOX_POLICY_EVALUATE_H_

#include <linux/seccomp.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace glovebox::policy {

struct Verdict {
  uint32_t action = 0;        // SECCOMP_RET_* with its data
  uint32_t instructions = 0;  // how many were run: what the filter costs this call
  // Whether an argument or the instruction pointer was read. Where not and the answer is ALLOW, the kernel
  // (5.11 and later) keeps it in a bitmap and does not run the filter for that call again.
  bool read_arguments = false;
};

// Runs one filter (bytes of struct sock_filter) over one call. InvalidArgument names the first instruction
// for which the kernel would not have loaded it, also where the call does not come by: seccomp_check_filter()
// in kernel/seccomp.c and bpf_check_classic() in net/core/filter.c are followed rule by rule.
absl::StatusOr<Verdict> Evaluate(absl::string_view filter, const seccomp_data& call);

// All filters of a task: the strictest action wins, the last loaded filter on a tie, as the kernel decides.
absl::StatusOr<uint32_t> EvaluateAll(const std::vector<std::string>& filters, const seccomp_data& call);

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_EVALUATE_H_
