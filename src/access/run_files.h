// The files of a run directory, opened so that nothing put there leads out of it or holds its reader up.
#ifndef GLOVEBOX_ACCESS_RUN_FILES_H_
#define GLOVEBOX_ACCESS_RUN_FILES_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/unique_fd.h"

namespace glovebox::access {

// For reading. No symlink is followed in the last component (the file it names need not be of this run), and
// a FIFO is not waited for. NotFound where there is none, DataLoss ("no regular file") for anything else.
absl::StatusOr<UniqueFd> OpenRegular(const std::string& path);

// Whether `path` (no symlink followed) still names the file that was opened.
bool IsStill(const UniqueFd& fd, const std::string& path);

// True for a name that stays in its directory: not empty, no slash, no NUL, no dot in front.
bool IsFileName(absl::string_view name);

}  // namespace glovebox::access

#endif  // GLOVEBOX_ACCESS_RUN_FILES_H_
