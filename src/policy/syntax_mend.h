// What mends a TOML file that cannot be read, as far as the line tells it: toml++ says what it met, not what
// was meant.
#ifndef GLOVEBOX_POLICY_SYNTAX_MEND_H_
#define GLOVEBOX_POLICY_SYNTAX_MEND_H_

#include <string>

#include "absl/strings/string_view.h"

namespace glovebox::policy {

// `: put it in quotes: mode = "enforce"`; empty where nothing better can be said than `description`, toml++'s
// own words for what is wrong at this line (from 1) of `text`.
std::string SyntaxMend(absl::string_view text, int line, absl::string_view description);

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_SYNTAX_MEND_H_
