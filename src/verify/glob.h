// The patterns of allowances.
#ifndef GLOVEBOX_VERIFY_GLOB_H_
#define GLOVEBOX_VERIFY_GLOB_H_

#include "absl/strings/string_view.h"

namespace glovebox::verify {

enum class GlobStops { kAtSlash, kNowhere };

// Whether all of `text` is what `pattern` says: `*` any run and `?` any byte, of a path but no slash; `**`
// any run, and as a whole name ("/a/**/b", "/a/**") also no name at all. A backslash takes the next byte as
// it is; every other byte stands for itself.
bool GlobMatch(absl::string_view pattern, absl::string_view text, GlobStops stops);

}  // namespace glovebox::verify

#endif  // GLOVEBOX_VERIFY_GLOB_H_
