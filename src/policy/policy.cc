#include "policy/policy.h"

#include <linux/fs.h>
#include <linux/kd.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>

#include "kernel/abi.h"

namespace glovebox::policy {

Policy DefaultPolicy(Role role) {
  Policy policy;
  policy.denied_ioctls = DefaultDeniedIoctls();
  // A launched compiler keeps what it was given: `nohup ninja` must keep its ignored SIGHUP. Whoever runs one
  // command or a test expects a program that starts like from a fresh shell.
  policy.restore_sigmask = role == Role::kRun || role == Role::kTest;
  // A signal scope keeps an action from signalling what is outside it. The steps of one edge share a domain;
  // two edges do not.
  policy.scope_signals = true;
  return policy;
}

std::vector<uint32_t> DefaultDeniedIoctls() {
  const auto low = [](unsigned long request) { return static_cast<uint32_t>(request); };
  return {
      // Input and control of terminals that other programs read from.
      low(TIOCSTI),
      low(TIOCLINUX),
      low(TIOCCONS),
      low(TIOCSETD),
      // Console keyboard maps are shared with every other user of the machine.
      low(KDSETKEYCODE),
      low(KDSKBENT),
      low(KDSKBSENT),
      low(KDSIGACCEPT),
      // Whole file systems, and attributes that a removal cannot get rid of (immutable, append-only).
      low(FIBMAP),
      low(FIFREEZE),
      low(FITHAW),
      low(FS_IOC_SETFLAGS),
      low(FS_IOC32_SETFLAGS),  // the same through int $0x80, where long has 4 bytes
      low(FS_IOC_FSSETXATTR),
      low(KVM_CREATE_VM),
      // A sandboxed program must not answer its own notifications.
      low(SECCOMP_IOCTL_NOTIF_RECV),
      low(SECCOMP_IOCTL_NOTIF_SEND),
      low(SECCOMP_IOCTL_NOTIF_ID_VALID),
      low(SECCOMP_IOR(2, uint64_t)),  // ID_VALID's first number (5.0 to 5.8), which the kernel still answers
      low(SECCOMP_IOCTL_NOTIF_ADDFD),
      low(kernel::kNotifSetFlags),
  };
}

}  // namespace glovebox::policy
