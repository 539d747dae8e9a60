// Programs whose file would give them more rights than their caller has (setuid, setgid, file capabilities),
// and that run without these here: no_new_privs. They fail in ways of their own, so somebody has to say why.
#ifndef GLOVEBOX_TRACE_LOST_PRIVILEGES_H_
#define GLOVEBOX_TRACE_LOST_PRIVILEGES_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "access/record.h"
#include "trace/resolver.h"

namespace glovebox::trace {

// What decides what an exec gives to a task.
struct TaskRights {
  uid_t uid = 0;  // effective
  gid_t gid = 0;
  std::vector<gid_t> groups;
  uint64_t permitted = 0;  // capabilities, a bit each
  uint64_t bounding = 0;
  bool no_new_privileges = false;
};

// The permitted set of a security.capability attribute, as the kernel gives it to who reads it; 0 of one that
// it would refuse, or that is for another user namespace.
uint64_t FileCapabilities(absl::string_view attribute);

// What `program` would give to `caller` and does not: "is setuid root", "is setgid to group 42 and has the
// file capability cap_net_raw". Empty: nothing that the caller lacks, or the kernel gives it.
std::string LossOf(const Resolved& program, uint64_t file_capabilities, const TaskRights& caller);

// Remembers each program of each action once, and the first kMaxPrograms of an action. Not thread-safe: one a
// supervisor.
class LostPrivileges {
 public:
  static constexpr size_t kMaxPrograms = 20;
  // `program`: what the exec that `access` tells of is about to run; its caller waits. One getxattr(2), and
  // more only of a program that gives something. What is to be said of it, the first time: "/usr/bin/sudo is
  // setuid root and runs without it here (no_new_privs)"; else empty. An interpreter is not looked at: of a
  // script the kernel takes that one's bits, and the call does not name it.
  std::string See(const access::Access& access, const Resolved& program);
  // All that was said of an action, with access::kNoNewPrivileges before each. Asked once.
  std::vector<std::string> Take(access::ActionId action);

 private:
  std::map<access::ActionId, std::vector<std::string>> said_;
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_LOST_PRIVILEGES_H_
