#include "trace/inherited_logs.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status.h"
#include "base/unique_fd.h"
#include "trace/proc_task.h"
#include "trace/resolver_walk.h"

namespace glovebox::trace {
namespace {

constexpr char kFlags[] = "flags:\t";  // in octal

// As open(2) takes them, O_CLOEXEC too; -1 where they cannot be read.
int64_t FlagsOf(pid_t pid, int number) {
  const absl::StatusOr<std::string> text = ReadFile(absl::StrCat("/proc/", pid, "/fdinfo/", number));
  const size_t at = text.ok() ? text->find(kFlags) : std::string::npos;
  if (at == std::string::npos) return -1;
  return static_cast<int64_t>(strtoull(text->c_str() + at + sizeof kFlags - 1, nullptr, 8));
}

// It goes away by itself, or can do no more than read and add.
bool IsHarmless(uint64_t flags) {
  if ((flags & (O_CLOEXEC | O_PATH)) != 0) return true;
  const uint64_t mode = flags & O_ACCMODE;
  return mode == O_RDONLY || (mode == O_WRONLY && (flags & O_APPEND) != 0);
}

}  // namespace

absl::Status HoldInheritedLogs(LogFiles* logs, kernel::NotifyListener* listener, uint64_t id, pid_t pid) {
  const std::vector<pid_t> numbers = NumbersIn(absl::StrCat("/proc/", pid, "/fd").c_str());
  // The connection to its supervisor at least is there.
  if (numbers.empty()) return absl::PermissionDeniedError("the inherited descriptors cannot be looked at");
  for (const int number : numbers) {
    const std::string link = absl::StrCat("/proc/", pid, "/fd/", number);
    const int64_t flags = FlagsOf(pid, number);
    struct stat is;
    std::string path;
    if (flags >= 0 && IsHarmless(static_cast<uint64_t>(flags))) continue;
    if (flags < 0 || stat(link.c_str(), &is) != 0 || ReadLink(link, &path) != 0) {
      return absl::PermissionDeniedError(
          absl::StrCat("the inherited descriptor ", number, " cannot be looked at"));
    }
    const LogPattern* log = S_ISREG(is.st_mode) ? logs->Find(path, &is) : nullptr;
    if (log == nullptr || !log->enforce()) continue;
    const UniqueFd adds(open(link.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY));
    const int error = adds.valid() ? listener->PutFd(id, adds.get(), number) : errno;
    if (error == 0 || error == ENOENT) continue;  // it was killed
    return ErrnoStatus("replace by one that only adds", absl::StrCat("descriptor ", number, " of ", path),
                       error);
  }
  return absl::OkStatus();
}

}  // namespace glovebox::trace
