// What ${source}, ${build}, ${home}, ${tmp} and ${toolchain} stand for, and paths that use them. The caller
// asks CMake and the environment (graph/, cli/): nothing is looked up here.
#ifndef GLOVEBOX_POLICY_POLICY_VARIABLES_H_
#define GLOVEBOX_POLICY_POLICY_VARIABLES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace glovebox::policy {

// Absolute directories, without symlinks where the caller can help it. An empty one is not known.
struct PolicyVariables {
  std::string source;
  std::string build;
  std::string home;
  std::string tmp;
  std::vector<std::string> toolchain;  // any number: a path with ${toolchain} stands for one a directory
  bool operator==(const PolicyVariables&) const = default;
};

enum class PathKind {
  kRoot,     // a file, or a directory with all below it: no pattern
  kPattern,  // `*`, `?`, `[...]` as in path_match.h; what a variable stands for is taken by its letters
};

struct ExpandedPath {
  std::vector<std::string> paths;  // absolute, without "." and doubled slashes
  std::string unknown;             // the variable that is not known: then there are none, and no error
};

// "${build}/out" -> "/b/out". A variable stands at the beginning. InvalidArgument says what is wrong with the
// spelling and what would be right: a relative path, `..` (which a symlink turns elsewhere), `~`, an unknown
// variable, a pattern where none may be.
absl::StatusOr<ExpandedPath> ExpandPath(absl::string_view text, PathKind kind,
                                        const PolicyVariables& variables);

// The same letters with nothing in them that a pattern takes for more than a letter.
std::string EscapePattern(absl::string_view path);

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_POLICY_VARIABLES_H_
