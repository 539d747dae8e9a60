// Holds the bounds of whole actions: wall clock, total memory, total processes (policy::Budget).
#ifndef GLOVEBOX_TRACE_BUDGET_H_
#define GLOVEBOX_TRACE_BUDGET_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "access/record.h"
#include "policy/policy.h"
#include "trace/cgroup.h"
#include "trace/process_usage.h"

namespace glovebox::trace {

// What is known of an action's use when it has ended.
struct BudgetResult {
  std::string limit;     // ActionEnd::limit
  std::string measured;  // ActionEnd::measured; empty: neither memory nor processes were looked at
  uint64_t peak_bytes = 0;
  uint64_t peak_processes = 0;
  uint64_t cpu_ns = 0;  // 0: not known
  void Into(access::ActionEnd* end) const;
};

// Which processes belong to an action. Called by the keeper's thread alone.
using MembersOf = std::function<std::vector<pid_t>(const AllStats& all)>;

// A net under a bound of processes that is only sampled: RLIMIT_NPROC of `pid`, for all that it starts, is
// lowered to the tasks of the host, twice the bound and 100. It does not bind root.
void HoldForks(pid_t pid, const policy::Budget& budget);

// One thread for all actions with a bound; none where there is no bound. An action that goes over is ended:
// SIGKILL to all of its processes, as often as it takes. There is no SIGTERM before it: what catches it could
// end with 0, and pass for a success.
//
// Where the action has a group (cgroup.h) the kernel holds memory and processes, and it is looked every 20 ms
// whether it had to. Else they are sampled from /proc: the sum of what is resident, and where that is more
// than the bound, or an eighth more than before, with shared pages counted once (process_usage.h). Sampling
// takes at most a fiftieth of a core, a twentieth where more than half of a bound is used; between two
// samples the host's number of tasks and its free memory (/proc/loadavg, meminfo) tell every 4 ms whether a
// bound can have been passed. Where it may (CAP_SYS_NICE) the keeper's thread runs before all others.
//
// Processes are counted with their threads, as RLIMIT_NPROC and the pids controller count them.
//
//   BudgetKeeper keeper;
//   keeper.Add(action, policy.budget, members, ActionGroup::Make(...));
//   ...
//   keeper.Remove(action).Into(&end);
class BudgetKeeper {
 public:
  BudgetKeeper() = default;
  ~BudgetKeeper();
  BudgetKeeper(const BudgetKeeper&) = delete;
  BudgetKeeper& operator=(const BudgetKeeper&) = delete;

  // From now on. `group` holds the action's first process, or is null. Without a bound there is nothing to
  // do.
  void Add(access::ActionId action, const policy::Budget& budget, MembersOf members,
           std::unique_ptr<ActionGroup> group);
  // The action has ended: what is still in its group is ended, too. Empty for one that was not added.
  BudgetResult Remove(access::ActionId action);

 private:
  struct Watched;
  void Work();
  void Look(Watched* action, uint64_t now);
  void LookAtGroup(Watched* action);
  static bool Passed(const Watched& action);
  void Sample(Watched* action, uint64_t now);
  // Both: how much of the bound is used, in percent.
  static uint64_t SampleProcesses(Watched* action, const ProcessUsage& usage);
  static uint64_t SampleMemory(Watched* action, const AllStats& all, const std::vector<pid_t>& members,
                               const ProcessUsage& usage);
  void SetNext(Watched* action, uint64_t now);
  void End(Watched* action);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<access::ActionId, std::shared_ptr<Watched>> watched_;
  bool stopping_ = false;
  std::thread thread_;  // started by the first Add()
};

// The fourteen limits of an action, by child::Limit.
using Limits = decltype(policy::Policy::limits);

// Those of an action with the policy chain.front(), which runs inside ones with the others: each limit is
// what the innermost of those that set it has set (setrlimit(2) replaces).
Limits LimitsInside(const std::vector<const policy::Policy*>& chain);

// The limit of the fourteen that ended a command, from how it ended: its signal (SIGXCPU, SIGXFSZ, SIGKILL at
// the hard limit of CPU time), or a shell's exit status for the signal of what it ran, where it is said
// "probably". Empty: none, or nobody can tell (AS, DATA, NOFILE, NPROC only make a call fail). `cpu_ns` of
// the command, 0 where not known: then SIGKILL after a run of `took_ns` that is long enough is "probably" the
// limit's. 0: others may have killed it as well.
std::string LimitThatEnded(const Limits& limits, const access::ActionEnd& end, uint64_t cpu_ns,
                           uint64_t took_ns = 0);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_BUDGET_H_
