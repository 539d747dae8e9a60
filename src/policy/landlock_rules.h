// Policy -> Landlock ruleset: what the kernel holds of the files and TCP ports of an action.
#ifndef GLOVEBOX_POLICY_LANDLOCK_RULES_H_
#define GLOVEBOX_POLICY_LANDLOCK_RULES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"
#include "kernel/host.h"
#include "policy/file_rules.h"
#include "policy/policy.h"

namespace glovebox::policy {

// Files can be confined from this ABI on (Linux 6.10). Before ABI 3 truncate(2) of any file went through,
// before ABI 5 each ioctl on a device that could be opened.
inline constexpr int kLandlockAbiFiles = 5;

// Looks where the read and write paths of a policy lead (and its append-only ones without a wildcard, which
// can be read). Nothing is made: a path that is not there is told with its errno, and what would stand there
// is granted to nobody, since the kernel ties a rule to an object, and a rule on the directory above would
// grant what was not asked for.
std::vector<Grant> FindGrants(const Policy& policy);

// The same objects stand there still, and nothing that was missing: the ruleset made from them says what the
// policy says. Else it is made anew (a directory that the build has made, or replaced, since).
bool StillTrue(const std::vector<Grant>& grants);

struct Ruleset {
  UniqueFd fd;                      // empty: the policy needs none
  uint64_t scope = 0;               // of landlock_scope: what this ruleset holds as well
  std::vector<Grant> grants;        // what its rules stand on
  std::vector<std::string> unheld;  // what this host cannot hold, and the policy makes do without
};

// Files and TCP ports of a policy in mode enforce, and `scope` in the same layer (there are 16). Nothing in
// the other modes, nor what `outer`, the policy around this action, holds already as narrowly.
//
// What of a network can be said in ports of TCP is said; an address, UDP, a wide range of ports is the
// supervisor's to hold, and where it allows any port nothing is handled here.
//
// Unimplemented for what this host lacks; with best_effort that is in `unheld`. `skipped` gets it as well,
// and whatever else is not in the ruleset.
absl::StatusOr<Ruleset> MakeRuleset(const Policy& policy, const kernel::HostFeatures& host, uint64_t scope,
                                    const Policy* outer, std::vector<std::string>* skipped);

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_LANDLOCK_RULES_H_
