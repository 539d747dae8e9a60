#include "trace/unix_bind.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/unique_fd.h"
#include "kernel/landlock.h"
#include "trace/maker_thread.h"
#include "trace/resolver_walk.h"

namespace glovebox::trace {
namespace {

constexpr size_t kPathAt = offsetof(sockaddr_un, sun_path);

int Bind(int fd, const std::string& address) {
  const auto* bytes = reinterpret_cast<const sockaddr*>(address.data());
  return bind(fd, bytes, static_cast<socklen_t>(address.size())) == 0 ? 0 : errno;
}

std::string AddressOf(absl::string_view path) {
  sockaddr_un head = {};
  head.sun_family = AF_UNIX;
  return absl::StrCat(absl::string_view(reinterpret_cast<const char*>(&head), kPathAt), path,
                      absl::string_view("\0", 1));
}

// From here on this thread makes sockets below `dir` and nowhere else.
bool KeepTo(int dir) {
  if (kernel::LandlockAbi() == 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  constexpr uint64_t kMakes = LANDLOCK_ACCESS_FS_MAKE_SOCK;
  const auto ruleset = kernel::CreateRuleset({.fs = kMakes});
  return ruleset.ok() &&
         kernel::AddPathRule(ruleset->get(), absl::StrCat("/proc/self/fd/", dir), kMakes).ok() &&
         syscall(SYS_landlock_restrict_self, ruleset->get(), 0) == 0;  // E2BIG: 16 layers
}

}  // namespace

int BindHeld(int fd, const std::string& address, const BindRights& rights) {
  if (!SetEffectiveCapabilities(rights.capabilities)) return EPERM;
  const std::string spelled(address.data() + kPathAt,
                            strnlen(address.data() + kPathAt, address.size() - kPathAt));
  const size_t slash = spelled.rfind('/');
  const bool plain = slash == std::string::npos;
  const std::string last = plain ? spelled : spelled.substr(slash + 1);
  // A name that ends in a slash, or means a directory, is one that the kernel makes no socket by.
  if (rights.judged.empty() || last.empty() || last == "." || last == "..") return Bind(fd, address);
  const std::string above = plain ? "." : spelled.substr(0, slash + 1);
  const UniqueFd dir(open(above.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!dir.valid()) return errno;
  std::string held;
  if (const int error = ReadLink(absl::StrCat("/proc/self/fd/", dir.get()), &held)) return error;
  if (absl::StrCat(held == "/" ? "" : held, "/", last) != rights.judged) return ESTALE;
  if (plain || (!rights.exact && KeepTo(dir.get()))) return Bind(fd, address);
  return fchdir(dir.get()) == 0 ? Bind(fd, AddressOf(last)) : errno;
}

}  // namespace glovebox::trace
