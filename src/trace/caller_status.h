// What a caller's right to a file depends on, from /proc/TID/status: whoever makes a call for it needs the
// same.
#ifndef GLOVEBOX_TRACE_CALLER_STATUS_H_
#define GLOVEBOX_TRACE_CALLER_STATUS_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace glovebox::trace {

struct CallerStatus {
  mode_t umask = 0;
  uid_t uid = 0;  // of the file system
  gid_t gid = 0;
  std::vector<gid_t> groups;  // sorted
  // Effective ones, a bit each. None where they are of another user namespace than ours: there they count for
  // what belongs to it alone.
  uint64_t capabilities = 0;
  bool SameIds(const CallerStatus& other) const {
    return uid == other.uid && gid == other.gid && groups == other.groups;
  }
};

// Of a task that is stopped in its call; 0: of this thread. False where it has gone. Thread-safe.
bool ReadCallerStatus(pid_t tid, CallerStatus* out);

// The device of a process's controlling terminal, 0 for none.
dev_t TerminalOf(pid_t tgid);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_CALLER_STATUS_H_
