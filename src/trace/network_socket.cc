#include "trace/network_socket.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/paths.h"
#include "trace/intent.h"

namespace glovebox::trace {
namespace {

int Option(int fd, int name, int* value) {
  socklen_t size = sizeof *value;
  return getsockopt(fd, SOL_SOCKET, name, value, &size) == 0 ? 0 : errno;
}

std::string PathAddress(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const size_t size = std::min(path.size(), sizeof(address.sun_path) - 1);
  std::memcpy(address.sun_path, path.data(), size);
  return std::string(reinterpret_cast<const char*>(&address), offsetof(sockaddr_un, sun_path) + size + 1);
}

bool SameObject(const std::string& one, const std::string& other) {
  struct stat a = {}, b = {};
  return stat(one.c_str(), &a) == 0 && stat(other.c_str(), &b) == 0 && a.st_dev == b.st_dev &&
         a.st_ino == b.st_ino;
}

// From /proc/TID/status; a mask that leaves nothing where it cannot be read.
mode_t UmaskOf(pid_t tid) {
  const auto status = ReadFile(absl::StrCat("/proc/", tid, "/status"));
  const size_t at = status.ok() ? status->find("\nUmask:\t") : std::string::npos;
  if (at == std::string::npos) return 0777;
  return static_cast<mode_t>(std::strtoul(status->c_str() + at + 8, nullptr, 8));
}

}  // namespace

bool CallerSocket::IsStream() const { return type == SOCK_STREAM; }

Fetched FetchSocket(uint64_t id, pid_t tid, pid_t tgid, int fd, CallerSocket* out) {
  out->id = id;
  out->tid = tid;
  out->tgid = tgid;
  // A thread can have descriptors of its own.
  auto pidfd = kernel::OpenPidfd(tid, /*thread=*/tid != tgid);
  if (!pidfd.ok()) pidfd = kernel::OpenPidfd(tgid);
  if (!pidfd.ok()) return {ESRCH, false};
  out->pidfd = *std::move(pidfd);
  if (const int error = kernel::TakeFd(out->pidfd.get(), fd, &out->fd); error != 0)
    return {error, error == EBADF};
  for (const auto& [name, value] : {std::pair(SO_DOMAIN, &out->domain), std::pair(SO_TYPE, &out->type),
                                    std::pair(SO_PROTOCOL, &out->protocol)}) {
    if (const int error = Option(out->fd.get(), name, value); error != 0)
      return {error == EBADF ? EBADF : ENOTSOCK, true};  // an O_PATH descriptor is none, for any call
  }
  out->blocking = (fcntl(out->fd.get(), F_GETFL) & O_NONBLOCK) == 0;
  return {};
}

UnixPlace PlaceOf(const std::string& path, pid_t tid, pid_t tgid, const Credentials& own,
                  Resolver* resolver) {
  UnixPlace place;
  PathRef ref;
  ref.spelled = path;
  Resolved found = resolver->Resolve(tid, tgid, ref);
  const CallerPermissions permissions(tid, false, own);
  permissions.JudgeWay(path, &found);
  if (!found.there) {
    place.unknown = found.error == ESRCH;
    place.error = found.error;
    return place;
  }
  place.held.reset(open(found.way().c_str(), O_PATH | O_CLOEXEC));
  struct stat is = {};
  if (!place.held.valid() || fstat(place.held.get(), &is) != 0 || is.st_dev != found.dev ||
      is.st_ino != found.ino) {
    place.unknown = true;  // another one stands there since
    return place;
  }
  place.error = permissions.Check(found.path, &found, W_OK);
  place.address = PathAddress(absl::StrCat("/proc/self/fd/", place.held.get()));
  return place;
}

int BindPath(const CallerSocket& socket, const std::string& address, const BindRights& rights) {
  const std::string task = absl::StrCat("/proc/", socket.tid);
  if (!SameObject(task + "/root", "/")) return EXDEV;
  // In a mount namespace of its own: what it spells from its working directory on is walked through its own
  // mounts; else the directory must be one and the same for both.
  constexpr size_t kStart = offsetof(sockaddr_un, sun_path);
  const std::string spelled(address.data() + kStart,
                            strnlen(address.data() + kStart, address.size() - kStart));
  if (absl::StartsWith(spelled, "/") && !SameObject(task + "/ns/mnt", "/proc/self/ns/mnt")) {
    const std::string dir(Dirname(spelled));
    if (!SameObject(absl::StrCat(task, "/root", dir), dir)) return EXDEV;
  }
  const UniqueFd cwd(open((task + "/cwd").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!cwd.valid()) return errno;
  const mode_t mask = UmaskOf(socket.tid);
  // From here on this thread alone stands there.
  if (unshare(CLONE_FS) != 0 || fchdir(cwd.get()) != 0) return errno;
  umask(mask);
  return BindHeld(socket.fd.get(), address, rights);
}

uint64_t SendTimeout(int fd) {
  timeval value = {};
  socklen_t size = sizeof value;
  if (getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &value, &size) != 0) return 0;
  return static_cast<uint64_t>(value.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(value.tv_usec) * 1000u;
}

}  // namespace glovebox::trace
