// How an inner action's first process has ended, and what it used, as far as somebody can tell who is not its
// parent.
#ifndef GLOVEBOX_TRACE_ENDED_ACTION_H_
#define GLOVEBOX_TRACE_ENDED_ACTION_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "access/record.h"

namespace glovebox::trace {

// An inner action whose first process has ended.
struct EndedAction {
  access::ActionId action = 0;
  pid_t root = 0;  // its first process
  // How it ended, kUnknown where nobody could tell: the host knows it after reaping since Linux 6.15
  // (PIDFD_INFO_EXIT); before that only while it is a zombie (/proc/PID/stat).
  access::ActionEnd::Kind kind = access::ActionEnd::Kind::kUnknown;
  int status = 0;  // exit status or signal
  // CPU time of that process and of what it waited for: while it is a zombie, or from a launcher that stayed
  // beside it and has reaped it. 0: nobody could tell.
  uint64_t cpu_ns = 0;
  std::vector<std::string> left_over;  // "pid exe" of its processes that were seen and still run
};

// A process that is known by a pidfd; -1: there is none. Borrowed.
struct HeldProcess {
  pid_t pid = 0;
  int pidfd = -1;
};

// Fills in how ended->root, which `pidfd` means and which has ended, or does within `wait_ms`, did so.
// `stayer`: the launcher that waits for it as a subreaper, and for nobody else.
void FillEnd(int pidfd, const HeldProcess& stayer, int wait_ms, EndedAction* ended);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_ENDED_ACTION_H_
