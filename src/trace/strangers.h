// Children of this process that are not the command's: what a program had before it was exec'd over by us
// (`sleep 25 & exec glovebox run ...`, `exec glovebox run ... > >(tee log)`), and what those orphan to us.
#ifndef GLOVEBOX_TRACE_STRANGERS_H_
#define GLOVEBOX_TRACE_STRANGERS_H_

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <vector>

#include "trace/budget.h"

namespace glovebox::trace {

// Strangers are neither killed nor reaped: one that ends stays a zombie until this process does, as below any
// program that was exec'd over a shell.
//
// Who comes to us later, as an orphan, is told by its seccomp filters: what the command started has those
// that the command was given. Where it is given none of its own (nothing is recorded and nothing refused, or
// a supervisor above has them in force), nothing tells: of the orphans then only those that were there before
// the command are known as strangers, and the others pass for the command's.
//
// Reads /proc. Known by number and start time. Not thread-safe.
//
//   Strangers strangers;  // before the fork
//   for (pid_t child : strangers.OtherChildren()) waitpid(child, nullptr, WNOHANG);
class Strangers {
 public:
  // Everything below this process is one.
  Strangers();
  // From now on a child with no more filters than this process has is one, too.
  void TellByFilters();
  // For a child of this process, living or a zombie. Its descendants are what it is.
  bool Contains(pid_t child) const;
  // The children of this process, living or not, that are none.
  std::vector<pid_t> OtherChildren() const;

 private:
  std::map<pid_t, uint64_t> known_;  // start time
  int own_filters_ = -1;             // -1: filters do not tell
};

// Which processes are the command's: all below this one that are no strangers. For a thread of the caller's
// (budget.h); `strangers` outlives it.
MembersOf MembersBut(const Strangers* strangers);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_STRANGERS_H_
