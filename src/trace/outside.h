// Which processes have certainly not come of an action's first process: what the action's Landlock domain
// keeps it off.
#ifndef GLOVEBOX_TRACE_OUTSIDE_H_
#define GLOVEBOX_TRACE_OUTSIDE_H_

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <functional>
#include <utility>

#include "trace/proc_task.h"

namespace glovebox::trace {

// Of /proc/TID/status. Ids as they are real, effective, saved.
struct TaskFacts {
  pid_t tgid = 0;
  std::array<uint32_t, 3> uid{}, gid{};
  uint64_t capabilities = 0;  // effective
  int filters = -1;           // seccomp's; -1: not told (before 5.9)
  bool own_numbers = false;   // it counts processes in a namespace below that of /proc
};

// False where it has gone, or may not be read.
bool ReadTaskFacts(pid_t tid, TaskFacts* out);

// Says yes only where it is certain. There is no asking for the domain of a process, but no process gets out
// of one, and none comes into it but by a fork:
// - what has fewer seccomp filters than the first process had once its listener was there,
// - what is older than it,
// - what is not below this process, to which the action's orphans come (a subreaper),
// - what is below the first process of another action that we supervise
// is outside. An orphan that came to us, and whose parents nobody knows, is not.
//
// Reads /proc, which never waits for anybody. Thread-safe.
class Outside {
 public:
  // `root`: the action's first process, stopped with its filters in force. `is_other`: whether that living
  // process is the first one of another action of ours; may be empty.
  explicit Outside(pid_t root, std::function<bool(pid_t)> is_other = nullptr);
  // `facts`: of that process.
  bool Contains(const TaskFacts& facts) const;

 private:
  bool IsElsewhere(pid_t tgid) const;

  std::function<bool(pid_t)> is_other_;
  ProcStat root_;
  int filters_ = -1;
  bool below_us_ = false;
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_OUTSIDE_H_
