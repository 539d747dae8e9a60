// The policy: an immutable value. It says what a sandboxed process may do and what is recorded of it.
// Foundation knows the part that the child plan needs; rules for files and network are Enforcement's.
#ifndef GLOVEBOX_POLICY_POLICY_H_
#define GLOVEBOX_POLICY_POLICY_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel/syscall_table.h"

namespace glovebox::policy {

enum class Mode { kObserve, kReport, kEnforce };

// The roles differ in what they may do without being asked: see DefaultPolicy().
enum class Role { kRun, kEdge, kCompile, kLink, kCustom, kTest, kConfigure };

struct Policy {
  Mode mode = Mode::kReport;
  kernel::Level level = kernel::Level::kOpen;
  bool restore_sigmask = false;
  bool kernel_only =
      false;  // rows 6-8 in the kernel although there is a listener: refusals are then not recorded
  bool append_only = false;
  bool restrict_kptr = false;
  bool deny_tsc = false;
  bool restrict_prlimit = false;
  bool ssb = false;           // keep speculative-store-bypass free: SPEC_ALLOW on every filter
  bool stop = false;          // row 19
  bool scope_signals = true;  // row 9
  bool scope_abstract_unix = false;
  int parent_death_signal = 0;
  // The instruction at which readlink() (x86-64) or readlinkat() (aarch64) goes on without a notification,
  // for a library that keeps the record itself (child/shim_ring.h). As seccomp sees it: the instruction
  // pointer of a system call stands behind the instruction that makes it. 0: nowhere. Closed where
  // restrict_kptr or kernel_only is on, and below the level that records readlink.
  uint64_t gate = 0;
  std::vector<uint32_t> denied_ioctls;  // row 6; DefaultDeniedIoctls() unless the policy says otherwise
  std::array<std::optional<uint64_t>, 14> limits;  // in the order of child::Limit
  std::vector<std::string> keep_capabilities;      // names, "cap_chown"
  std::vector<std::string> drop_capabilities;
  bool drop_all_capabilities = false;    // enforce: everything that is not kept
  std::vector<std::string> environment;  // rules as in ChildPlan::environment_rules

  bool operator==(const Policy&) const = default;
};

// What holds with no glovebox.toml at all.
Policy DefaultPolicy(Role role);

// kernel-facts' list: TIOCSTI, TIOCLINUX, ... and ListenerIoctls().
std::vector<uint32_t> DefaultDeniedIoctls();

// The SECCOMP_IOCTL_NOTIF_* family: what a supervisor asks of its listener.
std::vector<uint32_t> ListenerIoctls();

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_POLICY_H_
