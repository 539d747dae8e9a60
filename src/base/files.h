// Whole-file reading and writing that survives EINTR and short transfers, and a scratch directory for tests.
#ifndef GLOVEBOX_BASE_FILES_H_
#define GLOVEBOX_BASE_FILES_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/unique_fd.h"

namespace glovebox {

absl::StatusOr<UniqueFd> OpenFile(const std::string& path, int flags, int mode = 0666);
// Reads to the end of the file (also of pipes and /proc files, whose size is not known).
absl::StatusOr<std::string> ReadFile(const std::string& path);
absl::StatusOr<std::string> ReadAll(int fd, absl::string_view name_for_errors);
absl::Status WriteAll(int fd, absl::string_view bytes, absl::string_view name_for_errors);
// Creates or replaces the file.
absl::Status WriteFile(const std::string& path, absl::string_view bytes);
// Like mkdir -p, with mode 0700 for what it makes.
absl::Status MakeDirectories(const std::string& path);
bool FileExists(const std::string& path);
// Where `path` leads, without symlinks, as realpath(3); what is missing at its end keeps its letters.
std::string RealPath(const std::string& path);
// A memory file that holds `bytes` and that nobody can change any more, whoever gets its descriptor. `name`
// is for errors and for /proc.
absl::StatusOr<UniqueFd> SealedFile(const char* name, absl::string_view bytes);
// The directory of the program that runs ("." where that cannot be told), and the first of `places`, relative
// to it, where a file is; empty: none.
std::string OwnDirectory();
std::string FindBeside(const std::vector<std::string>& places);

// A new directory below $TMPDIR (or /tmp), removed with all it holds when it goes out of scope.
class TempDir {
 public:
  static absl::StatusOr<TempDir> Create(absl::string_view prefix = "glovebox");
  TempDir(TempDir&& other) noexcept;
  TempDir& operator=(TempDir&&) = delete;
  ~TempDir();
  const std::string& path() const { return path_; }

 private:
  explicit TempDir(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace glovebox

#endif  // GLOVEBOX_BASE_FILES_H_
