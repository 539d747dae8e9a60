// What `glovebox run` and the collector do alike for the action that they supervise: kept in one place, so
// that what one of them is taught the other one knows.
#ifndef GLOVEBOX_TRACE_SUPERVISED_ACTION_H_
#define GLOVEBOX_TRACE_SUPERVISED_ACTION_H_

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "access/record.h"
#include "base/unique_fd.h"
#include "kernel/host.h"
#include "policy/policy.h"
#include "trace/budget.h"
#include "trace/cgroup.h"
#include "trace/supervisor.h"

namespace glovebox::trace {

// An action whose listener has been handed over and whose command does not run yet. Nothing of it has a
// default: whoever supervises one has to say all of it.
struct SupervisedAction {
  const access::ActionBegin& begin;  // `action` and `pid`, its first process, too
  const policy::Policy& policy;      // what its plan was made from
  int ruleset;                       // the plan's; -1: it has none. Borrowed for the call
  const kernel::HostFeatures& host;
  access::RecordSink& sink;
  Announcer& announcer;
  Resolver& resolver;
  InputOracle* inputs;      // null: there is no build graph
  const ShimLibrary* shim;  // null: nobody gets it
  const std::atomic<bool>& root_ended;
  const std::atomic<bool>& stop;
  std::function<bool(pid_t)> is_other;  // Outside's; null: there is no other action
};

// All that it refers to must outlive the supervisor, but for the ruleset.
std::unique_ptr<Supervisor> Supervise(UniqueFd listener, const SupervisedAction& action);

// A control group for what has a bound that one holds; null where there is none, or none can be had.
// `allowed`: that of the options of runner and collector.
std::unique_ptr<ActionGroup> GroupFor(const policy::Budget& budget, bool allowed);

// The parts of an action's end that its plan and its keeper know: what went unheld, what was used, which
// bound or limit ended it. `cpu_ns` of its command, 0 where only the keeper may know; `took_ns` as for
// LimitThatEnded(). The keeper lets go of it.
void CompleteEnd(const policy::Policy& policy, const std::vector<std::string>& unheld, uint64_t cpu_ns,
                 uint64_t took_ns, BudgetKeeper* keeper, access::ActionEnd* end);

// Adds what only its supervisor knows of an action's end: who was left over, what ran without its privileges.
void AddSeen(const SupervisorResult& result, access::ActionEnd* end);

// `took_ns` of an action that nothing but a limit, or somebody's will, ends by SIGKILL: CTest does that to a
// test of its own accord.
uint64_t TookNs(const access::ActionBegin& begin, uint64_t end_ns);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_SUPERVISED_ACTION_H_
