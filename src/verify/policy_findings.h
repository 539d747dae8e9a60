// What the policy does not allow and was tried or done, limits that were hit, processes that were left over,
// sandboxes that failed: all that the records say of themselves.
#ifndef GLOVEBOX_VERIFY_POLICY_FINDINGS_H_
#define GLOVEBOX_VERIFY_POLICY_FINDINGS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "verify/actions.h"
#include "verify/finding.h"
#include "verify/input.h"

namespace glovebox::verify {

// Access::rule in its parts: "outside-write: glovebox.toml:12:3 write" -> the id and what is behind the
// colon.
struct RuleWords {
  std::string id;
  std::string place;
};
RuleWords ParseRuleWords(absl::string_view rule);

// What a finding of such a rule is about: the path as the kernel finds it, the address, or the call. Of a
// rename or link the second path where the first one lies in the build or a temporary directory, whose
// change nobody minds.
std::string ObjectOf(const access::Access& access, absl::string_view rule, const Places& places);

// One finding for each rule, action and object, in the order of the first call. Files of one directory are
// folded into it from kFoldFrom on; an input that is not declared is not: each wants its own mend.
inline constexpr size_t kFoldFrom = 4;
std::vector<Finding> PolicyFindings(const Input& input, const Actions& actions);

}  // namespace glovebox::verify

#endif  // GLOVEBOX_VERIFY_POLICY_FINDINGS_H_
