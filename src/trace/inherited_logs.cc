#include "trace/inherited_logs.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "policy/logs.h"
#include "trace/log_files.h"
#include "trace/proc_task.h"
#include "trace/resolver_walk.h"

namespace glovebox::trace {

absl::StatusOr<std::vector<InheritedLog>> InheritedLogs(const policy::Policy& policy) {
  std::vector<InheritedLog> found;
  if (!policy::HoldsLogs(policy)) return found;
  LogFiles logs({&policy});
  for (const int number : NumbersIn("/proc/self/fd")) {
    const int opened = fcntl(number, F_GETFL);
    const int flags = fcntl(number, F_GETFD);
    struct stat is;
    std::string path;
    const std::string link = absl::StrCat("/proc/self/fd/", number);
    if (opened < 0 || flags < 0 || (flags & FD_CLOEXEC) != 0 || (opened & O_PATH) != 0) continue;
    const int mode = opened & O_ACCMODE;
    if (mode == O_RDONLY || (mode == O_WRONLY && (opened & O_APPEND) != 0)) continue;
    if (fstat(number, &is) != 0 || ReadLink(link, &path) != 0 || logs.Find(path, &is) == nullptr) continue;
    InheritedLog log;
    log.number = number;
    log.fd.reset(open(link.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY));
    if (!log.fd.valid()) return ErrnoStatus("open for appending only", path, errno);
    found.push_back(std::move(log));
  }
  return found;
}

}  // namespace glovebox::trace
