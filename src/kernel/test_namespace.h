// Whether a test may have a namespace. Tests only.
#ifndef GLOVEBOX_KERNEL_TEST_NAMESPACE_H_
#define GLOVEBOX_KERNEL_TEST_NAMESPACE_H_

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

namespace glovebox::kernel {

// `kind` of unshare(2), CLONE_NEWNET for one. As an action's child will try it: with what this user has, or
// in a user namespace. Tried in a child.
inline bool CanHaveNamespace(int kind) {
  const pid_t pid = fork();
  if (pid == 0) {
    if (unshare(kind) != 0 && unshare(CLONE_NEWUSER | kind) != 0) _exit(1);
    // In a chroot whose root is no mount nobody can part his mounts from those outside.
    const bool parted =
        (kind & CLONE_NEWNS) == 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    _exit(parted ? 0 : 1);
  }
  int status = 1;
  waitpid(pid, &status, 0);
  return status == 0;
}

}  // namespace glovebox::kernel

#endif  // GLOVEBOX_KERNEL_TEST_NAMESPACE_H_
