// Before row 0: a network namespace of the process's own, with nothing in it but the loopback device.
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if.h>
#include <linux/sockios.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

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

// "ID ID 1": nobody but the process itself, under its own number.
int WriteMap(const char* path, unsigned id) {
  char digits[12];
  size_t count = 0;
  do {
    digits[count++] = static_cast<char>('0' + id % 10);
  } while ((id /= 10) != 0);
  char text[32];
  size_t size = 0;
  for (int word = 0; word < 2; ++word) {
    for (size_t i = count; i > 0; --i) text[size++] = digits[i - 1];
    text[size++] = ' ';
  }
  text[size++] = '1';
  return WriteTo(path, text, size);
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

int Enter() {
  // Who may do it as it stands keeps what it has: row 21 says what of that it loses.
  if (syscall(SYS_unshare, CLONE_NEWNET) == 0) return BringLoopbackUp();
  const auto uid = static_cast<unsigned>(syscall(SYS_geteuid));
  const auto gid = static_cast<unsigned>(syscall(SYS_getegid));
  if (syscall(SYS_unshare, CLONE_NEWUSER | CLONE_NEWNET) != 0) return errno;
  int error = WriteTo("/proc/self/setgroups", "deny", 4);
  if (error == 0) error = WriteMap("/proc/self/uid_map", uid);
  if (error == 0) error = WriteMap("/proc/self/gid_map", gid);
  if (error == 0) error = BringLoopbackUp();
  return error == 0 ? LoseAll() : error;
}

// There is no way back out of a namespace: who may be left without one tries it in a child first.
int TryInAChild() {
  const long child =
      syscall(SYS_clone, 0, nullptr, nullptr, nullptr, nullptr);  // without a signal at its end
  if (child < 0) return errno;
  if (child == 0) {
    const int error = Enter();
    _exit(error == 0 ? 0 : SetupExitStatus(error));
  }
  int status = 0;
  while (syscall(SYS_wait4, child, &status, __WALL, nullptr) < 0) {
    if (errno != EINTR) return errno;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
}

}  // namespace

StepResult EnterNetworkNamespace(Plan plan, Context context) {
  int error = (plan.flags & kNetworkBestEffort) != 0 ? TryInAChild() : 0;
  if (error != 0) {
    StepFailure skipped;
    skipped.step = static_cast<uint32_t>(StepCode::kNetworkNamespace);
    skipped.error = error;
    skipped.kind = FailureKind::kSkipped;
    if (context.skipped_count < kMaxSkipped) context.skipped[context.skipped_count++] = skipped;
    return {};
  }
  error = Enter();
  if (error != 0) return {StepCode::kNetworkNamespace, error, 0};
  return {};
}

}  // namespace glovebox::child
