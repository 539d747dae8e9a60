// Lexical work on paths: no system call is made here. For what the kernel would find, see trace/resolver.h.
#ifndef GLOVEBOX_BASE_PATHS_H_
#define GLOVEBOX_BASE_PATHS_H_

#include <string>

#include "absl/strings/string_view.h"

namespace glovebox {

// "a" + "b" -> "a/b"; an absolute second part wins.
std::string JoinPath(absl::string_view base, absl::string_view path);

// Removes ".", doubled and trailing slashes and resolves ".." by its letters alone ("a/../b" -> "b"): right
// only where no component is a symlink.
std::string CleanPath(absl::string_view path);

// "/a/b" -> "/a"; "b" -> "."; "/" -> "/".
absl::string_view Dirname(absl::string_view path);
// "/a/b" -> "b"; "/" -> "/". Trailing slashes are ignored.
absl::string_view Basename(absl::string_view path);

// True where `path` is `root` or lies below it; both clean and absolute. "/ab" is not under "/a".
bool IsUnder(absl::string_view path, absl::string_view root);

}  // namespace glovebox

#endif  // GLOVEBOX_BASE_PATHS_H_
