// libseccomp's filter context as a value: rules go in, BPF and its readable form come out. Nothing is loaded
// here.
#ifndef GLOVEBOX_POLICY_FILTER_BUILDER_H_
#define GLOVEBOX_POLICY_FILTER_BUILDER_H_

#include <seccomp.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace glovebox::policy {

// Not thread-safe; each filter is built by one thread.
//   ASSIGN_OR_RETURN(FilterBuilder builder, FilterBuilder::Create(SCMP_ACT_ALLOW));
//   RETURN_IF_ERROR(builder.Add(SCMP_ACT_ERRNO(EPERM), "ioctl", {LowWordIs(1, TIOCSTI)}));
//   ASSIGN_OR_RETURN(std::string bpf, builder.Bpf());
class FilterBuilder {
 public:
  // A filter for the native ABI that answers `otherwise` where no rule fits, and `foreign` to every other
  // ABI.
  static absl::StatusOr<FilterBuilder> Create(uint32_t otherwise, uint32_t foreign);

  // A filter for x32 alone, which rules by name go into: for a call whose registers x32 uses otherwise. Only
  // on x86-64; Merge() puts it into one that was made with the same two answers.
  static absl::StatusOr<FilterBuilder> CreateForX32(uint32_t otherwise, uint32_t foreign);
  absl::Status Merge(FilterBuilder other);

  // Adds the ABIs that a native process can reach beside its own (i386 and x32 on x86-64; 32-bit Arm on
  // aarch64): rules by name then hold for them as well. Without `x32` all but that one.
  absl::Status AddForeignAbis(bool x32 = true);

  // A rule for a call of the native ABI by its number (libseccomp need not know its name).
  absl::Status AddNumber(uint32_t action, int number, const std::vector<scmp_arg_cmp>& conditions,
                         absl::string_view name_for_errors);
  // A rule by name; a call that the native ABI does not have adds nothing.
  absl::Status Add(uint32_t action, const char* name, const std::vector<scmp_arg_cmp>& conditions = {});
  // The same, also for a call that only one of the foreign ABIs has (i386's stime).
  absl::Status AddAnyAbi(uint32_t action, const char* name, const std::vector<scmp_arg_cmp>& conditions);

  // Call `number` of the native ABI is allowed where the instruction pointer is `instruction`, whatever the
  // rules say of it; anywhere else, and for every other call, they hold. One such place a filter: the last
  // one counts. libseccomp's rules cannot look at the instruction pointer, so that this stands in front of
  // its program.
  void AllowAt(uint64_t instruction, int number, std::string name);

  // Call `number` of the native ABI, whose first argument is a process's number, is allowed for 0, for the
  // number of the process that loads the filter and for any higher one, as a process or (negative) as a
  // group: its own and its children's, as long as numbers do not begin anew. For lower ones the rules hold.
  // That number is written into the program when it is loaded (OwnNumberAt()); until then no number is high
  // enough.
  void AllowFromOwnNumber(int number, std::string name);
  // The instruction whose constant it is to be; the one behind it compares with its negative. 0: there is
  // none.
  uint32_t OwnNumberAt() const;

  // The instructions as bytes of struct sock_filter, at most 4096 of them.
  absl::StatusOr<std::string> Bpf() const;
  absl::StatusOr<std::string> Pfc() const;

 private:
  struct Release {
    void operator()(void* context) const { seccomp_release(context); }
  };
  explicit FilterBuilder(scmp_filter_ctx context) : context_(context) {}
  std::unique_ptr<void, Release> context_;

  struct Call {
    int number = 0;
    std::string name;  // for people
  };
  struct Gate {
    uint64_t instruction = 0;
    Call call;
  };
  std::optional<Gate> gate_;
  std::vector<Call> from_own_number_;
};

// Register `argument` equals `value` in its low 32 bits, whatever stands above: the kernel truncates an ioctl
// request, fcntl's command and pwritev2's flags, so that a 64-bit comparison can be walked around with
// garbage in the high half.
scmp_arg_cmp LowWordIs(unsigned argument, uint32_t value);
// Every bit of `mask` is set in the register's low 32 bits.
scmp_arg_cmp HasBits(unsigned argument, uint32_t mask);
// The register points into the kernel's half: bit 63 is set.
scmp_arg_cmp IsKernelPointer(unsigned argument);

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_FILTER_BUILDER_H_
