// "did you mean": the word of a list that a misspelt one is nearest to.
#ifndef GLOVEBOX_POLICY_NEAREST_H_
#define GLOVEBOX_POLICY_NEAREST_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace glovebox::policy {

// The nearest one by single letters put in, left out, changed or swapped with their neighbour (case and `_`
// for `-` count nothing); empty where none is near enough to be what was meant.
std::string Nearest(absl::string_view word, const std::vector<std::string>& words);

// `: did you mean "read"?`, or `: say one of a, b, c`.
std::string Suggestion(absl::string_view word, const std::vector<std::string>& words);

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_NEAREST_H_
