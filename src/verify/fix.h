// The repairs of findings as a patch of the project's CMake files.
#ifndef GLOVEBOX_VERIFY_FIX_H_
#define GLOVEBOX_VERIFY_FIX_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "verify/finding.h"

namespace glovebox::verify {

// Whether a repair is text for a CMake file, and no advice to a person.
bool IsInCMakesWords(absl::string_view repair);

// Between a repair and what has to come with it at another line: "BYPRODUCTS x, and at sub/CMakeLists.txt:9
// add_custom_command: DEPENDS x".
inline constexpr char kAndAt[] = ", and at ";

struct FixPatch {
  std::string patch;  // unified, for `patch -p1 -d SOURCE_DIR`; empty: nothing can be mended so
  std::map<std::string, std::string> texts;  // the files that it changes, as they are then; by absolute path
  std::vector<std::string> ids;              // findings that it is to mend
  size_t fixed() const { return ids.size(); }
  size_t left = 0;  // others, but for notes: a person has to decide, or the line is not known
};

// What a finding's repair says, written at the line of its call (Finding::where): DEPENDS and BYPRODUCTS into
// it, a call of its own (add_dependencies(), target_sources(), set_property()) behind it. The call may be in
// a function: the repair is for each use of it (line_repairs.h). What stands behind kAndAt is written at its
// own line, and none of a finding's repairs without the others. `read` gives the text of a file below
// `source_dir` by its absolute path; files elsewhere are left alone.
FixPatch PatchFor(absl::Span<const Finding* const> findings, const std::string& source_dir,
                  const std::function<absl::StatusOr<std::string>(const std::string& path)>& read);

}  // namespace glovebox::verify

#endif  // GLOVEBOX_VERIFY_FIX_H_
