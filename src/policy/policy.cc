#include "policy/policy.h"

#include <linux/fs.h>
#include <linux/kd.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>

#include "absl/strings/str_cat.h"
#include "kernel/abi.h"

namespace glovebox::policy {
namespace {

constexpr uint32_t Low(unsigned long request) { return static_cast<uint32_t>(request); }

}  // namespace

const char* ModeName(Mode mode) {
  switch (mode) {
    case Mode::kObserve:
      return "observe";
    case Mode::kReport:
      return "report";
    case Mode::kEnforce:
      break;
  }
  return "enforce";
}

std::string OriginText(const Origin& origin) {
  if (origin.file.empty()) return "built in";
  if (origin.line == 0) return origin.file;
  return absl::StrCat(origin.file, ":", origin.line, ":", origin.column);
}

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
  std::vector<uint32_t> requests = {
      // Input and control of terminals that other programs read from.
      Low(TIOCSTI),
      Low(TIOCLINUX),
      Low(TIOCCONS),
      Low(TIOCSETD),
      // Console keyboard maps are shared with every other user of the machine.
      Low(KDSETKEYCODE),
      Low(KDSKBENT),
      Low(KDSKBSENT),
      Low(KDSIGACCEPT),
      // Whole file systems, and attributes that a removal cannot get rid of (immutable, append-only).
      Low(FIBMAP),
      Low(FIFREEZE),
      Low(FITHAW),
      Low(FS_IOC_SETFLAGS),
      Low(FS_IOC32_SETFLAGS),  // the same through int $0x80, where long has 4 bytes
      Low(FS_IOC_FSSETXATTR),
      Low(KVM_CREATE_VM),
  };
  // A sandboxed program must not answer its own notifications.
  for (const uint32_t request : ListenerIoctls()) requests.push_back(request);
  return requests;
}

std::vector<uint32_t> ListenerIoctls() {
  return {
      Low(SECCOMP_IOCTL_NOTIF_RECV),
      Low(SECCOMP_IOCTL_NOTIF_SEND),
      Low(SECCOMP_IOCTL_NOTIF_ID_VALID),
      // ID_VALID's first number (5.0 to 5.8), which the kernel still answers.
      Low(SECCOMP_IOR(2, uint64_t)),
      Low(SECCOMP_IOCTL_NOTIF_ADDFD),
      Low(kernel::kNotifSetFlags),
  };
}

}  // namespace glovebox::policy
