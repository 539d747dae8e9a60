#include "base/op.h"

#include <array>

namespace glovebox {

absl::string_view OpName(Op op) {
  static constexpr std::array<const char*, kOpCount> kNames = {
      "none",   "open",       "exec",    "rename", "link",   "symlink",  "unlink",   "rmdir",    "mkdir",
      "mknod",  "truncate",   "chmod",   "chown",  "utimes", "setxattr", "mount",    "umount",   "chdir",
      "chroot", "filehandle", "watch",   "stat",   "access", "readlink", "list",     "getxattr", "statfs",
      "socket", "bind",       "connect", "listen", "send",   "admin",    "forbidden"};
  const auto index = static_cast<size_t>(op);
  return index < kNames.size() ? kNames[index] : "unknown";
}

}  // namespace glovebox
