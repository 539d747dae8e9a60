// Landlock, thin: one function a system call. Rulesets are built outside the sandbox and entered inside it.
// Source: landlock(7); the facts that it lacks are in docs/kernel-facts.md.
#ifndef GLOVEBOX_KERNEL_LANDLOCK_H_
#define GLOVEBOX_KERNEL_LANDLOCK_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace glovebox::kernel {

// The first ABI that has scopes (Linux 6.12).
inline constexpr int kLandlockAbiScope = 6;

// The ABI that the running kernel offers, 0 when it has none or it is switched off.
int LandlockAbi();

// All file rights that an ABI knows, and those of them that make sense for a file that is no directory (any
// other right in a rule for such a file gives EINVAL).
uint64_t LandlockFsRights(int abi);
uint64_t LandlockFileRights(int abi);

// What a ruleset takes hold of; whatever is handled and not granted by a rule is refused.
struct LandlockHandled {
  uint64_t fs = 0;     // LANDLOCK_ACCESS_FS_*
  uint64_t net = 0;    // kLandlockNet*, ABI 4
  uint64_t scope = 0;  // kLandlockScope*, ABI 6
};

// A new ruleset, close-on-exec. An ABI that is too old for what is handled gives E2BIG or EINVAL, a ruleset
// that handles nothing ENOMSG.
//   ASSIGN_OR_RETURN(UniqueFd ruleset, CreateRuleset({.fs = LandlockFsRights(LandlockAbi())}));
//   RETURN_IF_ERROR(AddPathRule(ruleset.get(), "/usr", LANDLOCK_ACCESS_FS_READ_FILE |
//   LANDLOCK_ACCESS_FS_READ_DIR));
absl::StatusOr<UniqueFd> CreateRuleset(const LandlockHandled& handled);

// Grants `rights` at the file or below the directory `path` (symlinks are followed). Rights that only a
// directory can have are left out when it is none. `rights` must be handled by the ruleset.
absl::Status AddPathRule(int ruleset, const std::string& path, uint64_t rights);

// Grants `rights` (kLandlockNet*) for a TCP port, in host byte order.
absl::Status AddPortRule(int ruleset, uint16_t port, uint64_t rights);

}  // namespace glovebox::kernel

#endif  // GLOVEBOX_KERNEL_LANDLOCK_H_
