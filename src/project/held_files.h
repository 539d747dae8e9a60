// Files of a build that are moved aside for a while, or given another time, and put back as they were.
#ifndef GLOVEBOX_PROJECT_HELD_FILES_H_
#define GLOVEBOX_PROJECT_HELD_FILES_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace glovebox::project {

// What is held stands in a journal, BUILD_DIR/.glovebox-held, before it is touched: after a kill the next
// Begin() for that build directory puts it back. A file keeps its inode and its times, so that nothing is
// dirty for Ninja afterwards. Not thread-safe; one holder a build directory.
class HeldFiles {
 public:
  // Puts back what an earlier one has left.
  static absl::StatusOr<HeldFiles> Begin(const std::string& build_dir);
  HeldFiles(HeldFiles&& other) noexcept;
  HeldFiles& operator=(HeldFiles&&) = delete;
  // Restores; errors are lost: call Restore() where somebody listens.
  ~HeldFiles();

  // Moves `path` (absolute) aside, to HeldName(path). Where nothing is there, what is there at the end is
  // removed.
  absl::Status Hold(const std::string& path);
  // Sets its time to now.
  absl::Status Touch(const std::string& path);
  static std::string HeldName(const std::string& path);
  // Puts all back, the last first. On an error the journal stays for another try.
  absl::Status Restore();

 private:
  explicit HeldFiles(std::string journal) : journal_(std::move(journal)) {}
  absl::Status Note(char kind, const std::string& path, const std::string& more);

  std::string journal_;  // empty: moved from
  bool any_ = false;
};

}  // namespace glovebox::project

#endif  // GLOVEBOX_PROJECT_HELD_FILES_H_
