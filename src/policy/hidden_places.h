// Which objects a mount namespace covers for a policy that hides paths (Policy::hide_by_namespace).
#ifndef GLOVEBOX_POLICY_HIDDEN_PLACES_H_
#define GLOVEBOX_POLICY_HIDDEN_PLACES_H_

#include <string>
#include <vector>

#include "policy/policy.h"

namespace glovebox::policy {

// No policy of people's has more, and each is a mount.
inline constexpr size_t kMaxHiddenPlaces = 1024;

// The paths to be covered, sorted: each hidden path without a wildcard, whether it is there or not, and what
// fits a pattern at this moment. Names behind a `**` that is not the last one are not looked for: that would
// be whole trees. Empty where the policy asks for no namespace or does not hide (only mode enforce does), and
// where the namespace of `outer`, the policy around this action or null, covers them all. Inside one in mode
// enforce no other namespace can be made: a best effort does not try.
std::vector<std::string> HiddenPlaces(const Policy& policy, const Policy* outer);

// Each place of the rule is one that a mount can cover whatever comes to be: a path, or all below one
// ("/a/b", "/a/**"). A pattern can fit what is made later.
bool IsOnePlace(const PathRule& rule);

// The namespace hides all that the policy hides, so that nobody need answer for it: it is asked for, it is an
// error where it cannot be had, and each rule is one place.
bool HidesByNamespace(const Policy& policy);

// Somebody must answer who merely looks at a name (stat, access, readlink), whatever the level records: a
// policy that holds hides paths, and no namespace hides them all.
bool AnswersLooks(const Policy& policy);

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_HIDDEN_PLACES_H_
