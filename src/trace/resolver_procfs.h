// What a task is called in a procfs, which can belong to another pid namespace than our own /proc.
#ifndef GLOVEBOX_TRACE_RESOLVER_PROCFS_H_
#define GLOVEBOX_TRACE_RESOLVER_PROCFS_H_

#include <sys/types.h>

#include <string>

namespace glovebox::trace {

struct TaskNumbers {
  std::string tgid;
  std::string tid;
};

// `tgid` and `tid` are the numbers of our own /proc; `procfs` reaches the root of any, `dev` is its st_dev.
// 0 and what the task is called in that one; or ESRCH, `numbers` untouched: it is not certain, because the
// task may not be looked at, has gone, or is not found there.
int NumbersIn(const std::string& procfs, dev_t dev, pid_t tgid, pid_t tid, TaskNumbers* numbers);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_RESOLVER_PROCFS_H_
