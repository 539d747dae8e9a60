// What a run keeps of the environment: that two runs can be told apart by it, without its values.
#ifndef GLOVEBOX_ACCESS_ENVIRONMENT_H_
#define GLOVEBOX_ACCESS_ENVIRONMENT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace glovebox::access {

// 16 hexadecimal digits. A value may be a password, and a log is sent with reports of bugs: values are never
// written down. A digest hides no value that somebody can guess, and is no protection against who tries them
// all.
std::string VariableDigest(absl::string_view name, absl::string_view value);

// "NAME=DIGEST" of each variable, sorted. Without those that no command of a build is given (GLOVEBOX_...)
// and
// `_`, which every shell sets anew. `environment`: as environ(7) is.
std::vector<std::string> EnvironmentOf(const char* const* environment);

}  // namespace glovebox::access

#endif  // GLOVEBOX_ACCESS_ENVIRONMENT_H_
