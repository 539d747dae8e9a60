// What a set of processes uses together, from /proc: for hosts where no cgroup can be made.
#ifndef GLOVEBOX_TRACE_PROCESS_USAGE_H_
#define GLOVEBOX_TRACE_PROCESS_USAGE_H_

#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "trace/proc_task.h"

namespace glovebox::trace {

using AllStats = std::map<pid_t, ProcStat>;

struct ProcessUsage {
  uint64_t tasks = 0;     // processes, and each thread beyond the first
  uint64_t resident = 0;  // what each has in memory, summed: shared pages count more than once
};

// Of a process that was waited for and of those that it waited for: their CPU time, and the most that one of
// them had in memory.
uint64_t CpuOf(const rusage& usage);
uint64_t PeakOf(const rusage& usage);

// Zombies are none: they use nothing but a number.
ProcessUsage UsageOf(const AllStats& all, const std::vector<pid_t>& pids);

// The memory of the processes with each shared page counted once, divided among those that have it (Pss of
// /proc/PID/smaps_rollup, 4.14). Walks page tables: some 50 us a process and 20 us a MiB of small pages, so
// it is asked only where the cheap sum does not decide. What may not be read counts as resident.
uint64_t SharedMemoryOf(const AllStats& all, const std::vector<pid_t>& pids);

// The processes of one action by descent: `root` and all below it, as far as they were seen while their
// parents lived, and what `adopted` says of children of this process (orphans that came to it as the
// subreaper). What was a member once stays one, under its number and start time.
//
// Not thread-safe.
class ActionMembers {
 public:
  // `with_root` false: `root` is a launcher that stays beside its test. `adopted` may be null.
  ActionMembers(pid_t root, bool with_root, std::function<bool(pid_t)> adopted);
  std::vector<pid_t> Among(const AllStats& all);

 private:
  bool IsMember(const AllStats& all, pid_t pid, std::map<pid_t, bool>* told, int depth);

  const pid_t root_;
  const bool with_root_;
  const std::function<bool(pid_t)> adopted_;
  uint64_t root_start_ = 0;          // 0: it has gone before it was seen
  std::map<pid_t, uint64_t> known_;  // start time
};

// SIGKILL to each that is still the process that it was in `all`; how many got it.
size_t KillAmong(const AllStats& all, const std::vector<pid_t>& pids);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_PROCESS_USAGE_H_
