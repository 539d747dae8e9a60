// The four filters of a policy: rows 6, 7, 8 and 20 of the pipeline (docs/child-setup.md).
#ifndef GLOVEBOX_POLICY_FILTERS_H_
#define GLOVEBOX_POLICY_FILTERS_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "kernel/syscall_table.h"
#include "policy/filter_builder.h"
#include "policy/policy.h"

namespace glovebox::policy {

// Row 6: the policy's ioctl requests fail with EPERM, in every ABI, and so do its denied calls
// (denied_calls.h), each with its errno.
absl::StatusOr<FilterBuilder> IoctlFilter(const Policy& policy);

// Row 7: pwritev2 with RWF_NOAPPEND fails with EOPNOTSUPP (what a kernel before 6.9 says), in every ABI.
// io_submit carries the same flag in memory that a filter cannot see: it is refused as a whole (EPERM).
absl::StatusOr<FilterBuilder> AppendOnlyFilter();

// Row 8: a pointer argument in the kernel's half fails with EFAULT. Only pointer-typed registers of `table`
// and of PointerCalls() (pointer_calls.h) are tested: AT_FDCWD and -1 are sign-extended and would be mistaken
// for one. Native ABI: i386's and 32-bit Arm's pointers have 32 bits and cannot reach the kernel's half;
// x32's can, and libseccomp cannot test them, so that a kernel which runs x32 programs at all is not covered
// there.
absl::StatusOr<FilterBuilder> KptrFilter(absl::Span<const kernel::SyscallRow> table);

// Row 20. With a listener every row of `table` up to the policy's level is notified, and the conditions of
// rows 6 to 8 are notified too, at every level, so that their refusal is recorded (a refusal in the kernel is
// invisible).
// Every call of a foreign ABI is notified: such programs are rare in a build, and a call that is seen
// needlessly costs less than one that is missed. setrlimit and prlimit64 with a new limit fail with EPERM
// where the policy restricts them; prlimit64 of a process by its number is notified. With deny_tsc a prctl
// that takes row 16 back is notified; with kernel_only it fails with EPERM. At the policy's gate the call
// that a gate is for is allowed. Not with restrict_kptr: what asks at the gate may hand over a kernel's
// pointer, which must not pass unseen. Nor with kernel_only, nor where the level does not record the call:
// there is nothing to be spared. Nor where hidden paths are the supervisor's to hold: then whoever looks at a
// name is notified at every level. Where the network is held, socket() is the supervisor's to refuse, who
// tells of it, and so are a socketpair() of another family and options that carry a source route; with
// kernel_only these two are EACCES in the kernel. Calls on other processes that the action's Landlock domain
// refuses are notified in every mode, so that the refusal is foretold (process_calls.h).
absl::StatusOr<FilterBuilder> NotifyFilter(const Policy& policy, absl::Span<const kernel::SyscallRow> table);

// The call that goes on at the policy's gate.
#if defined(__x86_64__)
inline constexpr absl::string_view kGateCall = "readlink";
#else
inline constexpr absl::string_view kGateCall = "readlinkat";
#endif

// Whether NotifyFilter() would open a gate for this policy.
bool MayHaveGate(const Policy& policy);

// Row 20's place without a listener: what `table` refuses by rule, the limits' restriction, the end of row
// 16's hold, and the kinds of sockets that the network does not allow: EACCES in every ABI, socketcall's
// socket() as a whole, since its arguments lie in memory. The other conditions stand in rows 6 to 8 then.
absl::StatusOr<FilterBuilder> RefuseFilter(const Policy& policy, absl::Span<const kernel::SyscallRow> table);

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_FILTERS_H_
