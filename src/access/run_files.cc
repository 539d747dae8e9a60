#include "access/run_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status.h"

namespace glovebox::access {
namespace {

absl::Status CheckRegular(const struct stat& info) {
  return S_ISREG(info.st_mode) ? absl::OkStatus() : absl::DataLossError("no regular file");
}

struct flock WholeFile(short type) {
  struct flock lock = {};  // l_pid must be 0 for a lock of this kind
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

}  // namespace

absl::StatusOr<UniqueFd> OpenRegular(const std::string& path) {
  // Looked at first, since the open of a socket or of a device says nothing useful or does something; the
  // flags and the second look are for what is put there between the two.
  struct stat info;
  if (lstat(path.c_str(), &info) != 0) return ErrnoStatus("lstat", path, errno);
  RETURN_IF_ERROR(CheckRegular(info));
  ASSIGN_OR_RETURN(UniqueFd fd, OpenFile(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  if (fstat(fd.get(), &info) != 0) return ErrnoStatus("fstat", path, errno);
  RETURN_IF_ERROR(CheckRegular(info));
  return fd;
}

bool IsStill(const UniqueFd& fd, const std::string& path) {
  struct stat ours;
  struct stat named;
  return fstat(fd.get(), &ours) == 0 && lstat(path.c_str(), &named) == 0 && ours.st_ino == named.st_ino &&
         ours.st_dev == named.st_dev;
}

void LockAsWriter(const UniqueFd& fd) {
  const struct flock lock = WholeFile(F_WRLCK);
  (void)fcntl(fd.get(), F_OFD_SETLK, &lock);
}

void UnlockAsWriter(const UniqueFd& fd) {
  const struct flock lock = WholeFile(F_UNLCK);
  (void)fcntl(fd.get(), F_OFD_SETLK, &lock);
}

bool HasLivingWriter(const UniqueFd& fd) {
  // Would a lock for reading have to wait? Only for one for writing, which nobody can take who could not
  // write the segment as well.
  struct flock lock = WholeFile(F_RDLCK);
  return fcntl(fd.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type == F_WRLCK;
}

bool RunHasWriter(const std::string& run_dir) {
  const auto lock = OpenFile(absl::StrCat(run_dir, "/lock"), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  return lock.ok() && flock(lock->get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

bool IsFileName(absl::string_view name) {
  return !name.empty() && name[0] != '.' && name.find('/') == absl::string_view::npos &&
         name.find('\0') == absl::string_view::npos;
}

}  // namespace glovebox::access
