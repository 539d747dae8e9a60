#include "trace/supervised_action.h"

#include <utility>

#include "kernel/notify.h"
#include "kernel/process.h"
#include "trace/handshake.h"
#include "trace/left_over.h"

namespace glovebox::trace {

std::unique_ptr<Supervisor> Supervise(UniqueFd listener, const SupervisedAction& action) {
  SupervisorOptions options;
  options.action = action.begin.action;
  options.root = action.begin.pid;
  options.policy = &action.policy;
  options.begin = &action.begin;
  options.inputs = action.inputs;
  options.sink = &action.sink;
  options.announcer = &action.announcer;
  options.memory = &kernel::RealMemory();
  options.resolver = &action.resolver;
  options.root_ended = &action.root_ended;
  options.stop = &action.stop;
  options.wait_killable = action.host.wait_killable;
  options.landlock_abi = action.host.landlock_abi;
  options.is_other = action.is_other;
  options.ruleset = action.ruleset;
  options.shim = action.shim;
  return std::make_unique<Supervisor>(
      kernel::MakeNotifyListener(std::move(listener), !action.host.receive_ends), options);
}

std::unique_ptr<ActionGroup> GroupFor(const policy::Budget& budget, bool allowed) {
  const bool holds = budget.memory_bytes.has_value() || budget.processes.has_value();
  return allowed && holds ? ActionGroup::Make(UsablePlaces(OwnPlaces()), budget) : nullptr;
}

void CompleteEnd(const policy::Policy& policy, const std::vector<std::string>& unheld, uint64_t cpu_ns,
                 uint64_t took_ns, BudgetKeeper* keeper, access::ActionEnd* end) {
  keeper->Remove(end->action).Into(end);
  if (end->limit.empty())
    end->limit = LimitThatEnded(policy.limits, *end, cpu_ns != 0 ? cpu_ns : end->cpu_ns, took_ns);
  AddUnheld(unheld, end);
}

void AddSeen(const SupervisorResult& result, access::ActionEnd* end) {
  for (const std::string& process : result.left_over) AddLeftOver(&end->left_over, process);
  AddUnheld(result.lost_privileges, end);
}

uint64_t TookNs(const access::ActionBegin& begin, uint64_t end_ns) {
  return begin.role != access::Role::kTest && end_ns > begin.time_ns ? end_ns - begin.time_ns : 0;
}

}  // namespace glovebox::trace
