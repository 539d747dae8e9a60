// Patterns for names: of targets, tests, and outputs of edges.
#ifndef GLOVEBOX_POLICY_NAME_PATTERN_H_
#define GLOVEBOX_POLICY_NAME_PATTERN_H_

#include "absl/strings/string_view.h"

namespace glovebox::policy {

// `*` stands for any characters, none included, and a slash is one like any other ("Net.*", "gen/*.cc"); `?`
// for one. Everything else stands for itself. Linear in pattern times name: no pattern is a trap.
bool MatchesName(absl::string_view pattern, absl::string_view name);

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_NAME_PATTERN_H_
