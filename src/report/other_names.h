// Files under a name that the graph does not have: hard links, directories that are mounted twice. The
// kernel's resolved path tells links apart from what they lead to; these two only device and inode tell.
#ifndef GLOVEBOX_REPORT_OTHER_NAMES_H_
#define GLOVEBOX_REPORT_OTHER_NAMES_H_

#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "report/input.h"

namespace glovebox::report {

// Name in the log -> the graph's name of the same file, of those that the build read and left as they are:
// what it made, changed, renamed or removed under a name of its own is a file of its own. Looks at the disk,
// and only where a file can have another name: a hard link below the source or build directory where the
// graph names a file with several links, and anything where a file system is mounted at more than one place.
// Empty without Input::facts.
absl::flat_hash_map<std::string, std::string> OtherNames(const Input& input);

// Of /proc/self/mountinfo (proc(5)): some directory can be reached under two mounts.
bool IsMountedTwice(absl::string_view mountinfo);

}  // namespace glovebox::report

#endif  // GLOVEBOX_REPORT_OTHER_NAMES_H_
