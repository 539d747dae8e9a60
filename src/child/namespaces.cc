// Before row 0: a network namespace of the process's own, with nothing in it but the loopback device, and a
// mount namespace in which hidden paths are covered.
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if.h>
#include <linux/sockios.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "child/actions.h"

namespace glovebox::child {
namespace {

int WriteTo(const char* path, const char* text, size_t size) {
  int fd = static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0));
  if (fd < 0) return errno;
  const int error = syscall(SYS_write, fd, text, size) == static_cast<long>(size) ? 0 : errno;
  CloseFd(fd);
  return error;
}

// Appends the number in decimal, unterminated; returns the end.
char* AppendNumber(char* at, unsigned number) {
  char digits[12];
  size_t count = 0;
  do {
    digits[count++] = static_cast<char>('0' + number % 10);
  } while ((number /= 10) != 0);
  while (count > 0) *at++ = digits[--count];
  return at;
}

// "ID ID 1": nobody but the process itself, under its own number.
int WriteMap(const char* path, unsigned id) {
  char text[32];
  char* at = AppendNumber(text, id);
  *at++ = ' ';
  at = AppendNumber(at, id);
  *at++ = ' ';
  *at++ = '1';
  return WriteTo(path, text, static_cast<size_t>(at - text));
}

int BringLoopbackUp() {
  int fd = static_cast<int>(syscall(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (fd < 0) return errno;
  ifreq request;
  memset(&request, 0, sizeof request);
  memcpy(request.ifr_name, "lo", 3);
  int error = ioctl(fd, SIOCGIFFLAGS, &request) == 0 ? 0 : errno;
  if (error == 0) {
    request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
    error = ioctl(fd, SIOCSIFFLAGS, &request) == 0 ? 0 : errno;
  }
  CloseFd(fd);
  return error;
}

// Every capability that the new user namespace has brought, in all sets: none of them was there before.
int LoseAll() {
  for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; ++capability) {
    if (prctl(PR_CAPBSET_DROP, capability) != 0) return errno;
  }
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];
  memset(none, 0, sizeof none);
  return syscall(SYS_capset, &header, none) == 0 ? 0 : errno;
}

int OpenPath(int dir, const char* path, int flags) {
  return static_cast<int>(syscall(SYS_openat, dir, path, O_PATH | O_CLOEXEC | flags, 0));
}

bool SameObject(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// Whether the working directory is `dir` or lies below it. Such a one would go on leading to what is covered.
// Asked upwards, one directory after the other: it may have no name any more. Where that way may not be gone
// (EACCES), nobody inside goes it; what cannot be told otherwise counts as inside.
bool StandsIn(const struct stat& dir) {
  constexpr int kDeepest = 4096;
  struct stat root, is;
  if (syscall(SYS_newfstatat, AT_FDCWD, "/", &root, 0) != 0) return true;
  int at = OpenPath(AT_FDCWD, ".", O_DIRECTORY);
  bool inside = at >= 0 || errno != EACCES;
  for (int depth = 0; at >= 0 && depth < kDeepest; ++depth) {
    inside = syscall(SYS_fstat, at, &is) != 0 || SameObject(is, dir);
    if (inside || SameObject(is, root)) break;
    const int above = OpenPath(at, "..", O_DIRECTORY);
    inside = above >= 0 || errno != EACCES;
    CloseFd(at);
    at = above;
  }
  CloseFd(at);
  return inside;
}

// An empty directory over a directory, /dev/null over everything else. What is not there, or cannot be
// reached even with what capabilities the namespace has brought, nobody inside can reach either.
StepResult Cover(const char* path) {
  int fd = OpenPath(AT_FDCWD, path, 0);
  if (fd < 0) {
    const bool away = errno == ENOENT || errno == ENOTDIR || errno == EACCES || errno == ELOOP;
    return away ? StepResult{} : StepResult{StepCode::kMountNamespace, errno, 0};
  }
  // By the descriptor: the name may mean another object by now.
  char link[32] = "/proc/self/fd/";
  *AppendNumber(link + strlen(link), static_cast<unsigned>(fd)) = '\0';
  struct stat is;
  StepResult result;
  const unsigned long flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
  if (syscall(SYS_fstat, fd, &is) != 0) {
    result = {StepCode::kMountNamespace, errno, 0};
  } else if (!S_ISDIR(is.st_mode)) {
    if (syscall(SYS_mount, "/dev/null", link, nullptr, MS_BIND, nullptr) != 0)
      result = {StepCode::kMountNamespace, errno, 0};
  } else if (StandsIn(is)) {
    result = {StepCode::kMountNamespace, ENOENT, kHiddenWorkingDirectory};
  } else if (syscall(SYS_mount, "tmpfs", link, "tmpfs", flags, "mode=0555,size=4096") != 0) {
    result = {StepCode::kMountNamespace, errno, 0};
  }
  CloseFd(fd);
  return result;
}

StepResult CoverHidden(Plan plan) {
  // Nothing of it comes out, and what others mount outside does not come in over a cover.
  if (syscall(SYS_mount, nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return {StepCode::kMountNamespace, errno, 0};
  const char* at = reinterpret_cast<const char*>(&plan) + plan.hidden_paths.offset;
  const char* const end = at + plan.hidden_paths.size;
  for (; at < end; at += strlen(at) + 1) {
    const StepResult result = Cover(at);
    if (result.code != StepCode::kNone) return result;
  }
  return {};
}

// In the user namespace that was just made: itself, under its own ids.
int MapItself(unsigned uid, unsigned gid) {
  int error = WriteTo("/proc/self/setgroups", "deny", 4);
  if (error == 0) error = WriteMap("/proc/self/uid_map", uid);
  return error == 0 ? WriteMap("/proc/self/gid_map", gid) : error;
}

// `wanted`: kNetworkNamespace, kMountNamespace.
StepResult Enter(Plan plan, uint32_t wanted) {
  const bool network = (wanted & kNetworkNamespace) != 0;
  const bool mounts = (wanted & kMountNamespace) != 0;
  const StepCode code = network ? StepCode::kNetworkNamespace : StepCode::kMountNamespace;
  const unsigned long flags = (network ? CLONE_NEWNET : 0ul) | (mounts ? CLONE_NEWNS : 0ul);
  // Who may do it as it stands keeps what it has: row 21 says what of that it loses.
  const bool as_it_stands = syscall(SYS_unshare, flags) == 0;
  if (!as_it_stands) {
    const auto uid = static_cast<unsigned>(syscall(SYS_geteuid));
    const auto gid = static_cast<unsigned>(syscall(SYS_getegid));
    if (syscall(SYS_unshare, CLONE_NEWUSER | flags) != 0) return {code, errno, 0};
    if (const int error = MapItself(uid, gid); error != 0) return {code, error, 0};
  }
  if (network) {
    if (const int error = BringLoopbackUp(); error != 0) return {StepCode::kNetworkNamespace, error, 0};
  }
  if (mounts) {
    const StepResult result = CoverHidden(plan);
    if (result.code != StepCode::kNone) return result;
  }
  if (!as_it_stands) {
    if (const int error = LoseAll(); error != 0) return {code, error, 0};
  }
  return {};
}

// There is no way back out of a namespace: who may be left without one tries it in a child first.
int TryInAChild(Plan plan, uint32_t wanted) {
  const long child =
      syscall(SYS_clone, 0, nullptr, nullptr, nullptr, nullptr);  // without a signal at its end
  if (child < 0) return errno;
  if (child == 0) {
    const StepResult result = Enter(plan, wanted);
    _exit(result.code == StepCode::kNone ? 0 : SetupExitStatus(result.error));
  }
  int status = 0;
  while (syscall(SYS_wait4, child, &status, __WALL, nullptr) < 0) {
    if (errno != EINTR) return errno;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
}

}  // namespace

StepResult EnterNamespaces(Plan plan, Context context) {
  uint32_t wanted = plan.flags & (kNetworkNamespace | kMountNamespace);
  if ((plan.flags & kNamespaceBestEffort) != 0) {
    for (const auto& [flag, code] : {std::pair(kNetworkNamespace, StepCode::kNetworkNamespace),
                                     std::pair(kMountNamespace, StepCode::kMountNamespace)}) {
      if ((wanted & flag) == 0) continue;
      const int error = TryInAChild(plan, flag);
      if (error == 0) continue;
      wanted &= ~static_cast<uint32_t>(flag);
      StepFailure skipped;
      skipped.step = static_cast<uint32_t>(code);
      skipped.error = error;
      skipped.kind = FailureKind::kSkipped;
      if (context.skipped_count < kMaxSkipped) context.skipped[context.skipped_count++] = skipped;
    }
    if (wanted == 0) return {};
  }
  return Enter(plan, wanted);
}

}  // namespace glovebox::child
