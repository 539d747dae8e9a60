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

// The lock that says that a segment's writer lives: an open-file-description lock (fcntl(2)) for writing on
// the segment itself, which the kernel drops with the last descriptor of who took it, also at kill -9. So
// neither a pid used twice, nor another pid namespace, nor another user's process can be mistaken for the
// writer. Asking takes no lock: readers see nothing of each other and hold no writer up. Where the file
// system knows no such locks nobody is said to live.
void LockAsWriter(const UniqueFd& fd);
void UnlockAsWriter(const UniqueFd& fd);
bool HasLivingWriter(const UniqueFd& fd);

// Whether somebody holds the run's lock, as each writer of the run does. It is taken for a moment: a writer
// that comes just then waits, who would retire or remove the run leaves it for the next time, and another who
// asks just then is told yes.
bool RunHasWriter(const std::string& run_dir);

// True for a name that stays in its directory: not empty, no slash, no NUL, no dot in front.
bool IsFileName(absl::string_view name);

}  // namespace glovebox::access

#endif  // GLOVEBOX_ACCESS_RUN_FILES_H_
