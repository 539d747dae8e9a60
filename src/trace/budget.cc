#include "trace/budget.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "child/plan.h"
#include "policy/budget_text.h"
#include "trace/clock.h"
#include "trace/signals_blocked.h"

namespace glovebox::trace {
namespace {

constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kGroupNs = 20 * kMs;
constexpr uint64_t kGlanceNs = 4 * kMs;
// What a sample has cost, times this, is the pause before the next one.
constexpr uint64_t kCalm = 50;
constexpr uint64_t kBusy = 20;
constexpr uint64_t kShortestNs = 5 * kMs;
constexpr uint64_t kCalmNs = 25 * kMs;
// What the user may start elsewhere meanwhile.
constexpr rlim_t kForksBeside = 100;
// Rounds of ending without a pause, as long as each still finds somebody.
constexpr int kRounds = 50;
constexpr uint64_t kAgainNs = 50 * kMs;

// What is left of the host's memory, in bytes; 0 where it cannot be read.
uint64_t AvailableMemory() {
  const auto text = ReadFile("/proc/meminfo");
  const size_t at = text.ok() ? text->find("\nMemAvailable:") : std::string::npos;
  unsigned long long kilobytes = 0;
  if (at == std::string::npos || std::sscanf(text->c_str() + at, " MemAvailable: %llu", &kilobytes) != 1)
    return 0;
  return kilobytes * 1024;
}

// Hundreds of processes that want to run must not keep the keeper from ending them. Without the privilege it
// waits its turn.
void GoFirst() {
  sched_param first = {};
  first.sched_priority = 1;
  if (pthread_setschedparam(pthread_self(), SCHED_FIFO, &first) != 0)
    (void)setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), -20);
}

// All tasks that there are, from "0.10 0.05 0.01 2/157 4711"; 0 where it cannot be read.
uint64_t AllTasks() {
  const auto text = ReadFile("/proc/loadavg");
  unsigned long long tasks = 0;
  if (!text.ok() || std::sscanf(text->c_str(), "%*s %*s %*s %*u/%llu", &tasks) != 1) return 0;
  return tasks;
}

}  // namespace

void BudgetResult::Into(access::ActionEnd* end) const {
  if (!limit.empty()) end->limit = limit;
  if (cpu_ns != 0) end->cpu_ns = cpu_ns;
  if (measured.empty()) return;
  end->measured = measured;
  end->peak_processes = peak_processes;
  if (peak_bytes != 0) end->peak_bytes = peak_bytes;
}

struct BudgetKeeper::Watched {
  std::mutex mutex;  // held while it is looked at, and to take the result
  bool removed = false;
  policy::Budget budget;
  MembersOf members;
  std::unique_ptr<ActionGroup> group;
  uint64_t begun_ns = 0;
  uint64_t next_ns = 0;
  uint64_t next_sample_ns = 0;
  uint64_t next_glance_ns = 0;
  // At the last sample: of the action, and of the whole host.
  uint64_t sampled_tasks = 0, all_tasks = 0;
  uint64_t sampled_bytes = 0, available = 0;
  uint64_t resident = 0;  // when shared pages were counted last
  BudgetResult result;

  bool groups_memory() const { return group != nullptr && group->counts_memory(); }
  bool groups_processes() const { return group != nullptr && group->counts_processes(); }
  bool samples_memory() const { return budget.memory_bytes.has_value() && !groups_memory(); }
  bool samples_processes() const { return budget.processes.has_value() && !groups_processes(); }
  bool samples() const { return samples_memory() || samples_processes(); }
};

namespace {

std::string HowMeasured(const policy::Budget& budget, const ActionGroup* group) {
  const bool memory = budget.memory_bytes.has_value();
  const bool processes = budget.processes.has_value();
  if (!memory && !processes) return "";
  if (group == nullptr) return "sampled";
  std::string kind = absl::StrCat("cgroup v", group->version());
  if (memory && !group->counts_memory()) return kind + ", memory sampled";
  if (processes && !group->counts_processes()) return kind + ", processes sampled";
  return kind;
}

}  // namespace

void HoldForks(pid_t pid, const policy::Budget& budget) {
  if (!budget.processes.has_value()) return;
  const rlim_t most = AllTasks() + 2 * *budget.processes + kForksBeside;
  rlimit limit = {};
  if (most == kForksBeside || prlimit(pid, RLIMIT_NPROC, nullptr, &limit) != 0) return;
  limit.rlim_cur = std::min(limit.rlim_cur, most);
  limit.rlim_max = std::min(limit.rlim_max, most);
  prlimit(pid, RLIMIT_NPROC, &limit, nullptr);
}

BudgetKeeper::~BudgetKeeper() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void BudgetKeeper::Add(access::ActionId action, const policy::Budget& budget, MembersOf members,
                       std::unique_ptr<ActionGroup> group) {
  if (!budget.wall_ns.has_value() && !budget.memory_bytes.has_value() && !budget.processes.has_value())
    return;
  auto watched = std::make_shared<Watched>();
  watched->budget = budget;
  watched->members = std::move(members);
  watched->group = std::move(group);
  watched->begun_ns = Now();
  watched->result.measured = HowMeasured(budget, watched->group.get());
  const std::lock_guard<std::mutex> lock(mutex_);
  watched_[action] = std::move(watched);
  if (!thread_.joinable()) {
    const SignalsBlocked blocked;
    thread_ = std::thread([this] { Work(); });
  }
  changed_.notify_all();
}

BudgetResult BudgetKeeper::Remove(access::ActionId action) {
  std::shared_ptr<Watched> watched;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = watched_.find(action);
    if (found == watched_.end()) return {};
    watched = std::move(found->second);
    watched_.erase(found);
  }
  const std::lock_guard<std::mutex> lock(watched->mutex);
  watched->removed = true;
  if (watched->group != nullptr) LookAtGroup(watched.get());  // what happened since the last look
  watched->group.reset();
  return std::move(watched->result);
}

void BudgetKeeper::Work() {
  GoFirst();
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_) {
    uint64_t next = Now() + 1000 * kMs;
    std::vector<std::shared_ptr<Watched>> due;
    for (const auto& [id, action] : watched_) {
      if (action->next_ns <= Now()) due.push_back(action);
      next = std::min(next, action->next_ns);
    }
    if (due.empty()) {
      const uint64_t now = Now();
      changed_.wait_for(lock, std::chrono::nanoseconds(next > now ? next - now : 0));
      continue;
    }
    lock.unlock();
    for (const auto& action : due) {
      const std::lock_guard<std::mutex> own(action->mutex);
      if (!action->removed) Look(action.get(), Now());
    }
    lock.lock();
  }
}

void BudgetKeeper::Look(Watched* action, uint64_t now) {
  BudgetResult& result = action->result;
  const policy::Budget& budget = action->budget;
  if (action->group != nullptr) LookAtGroup(action);
  if (result.limit.empty() && action->samples()) Sample(action, now);
  if (result.limit.empty() && budget.wall_ns.has_value() && now - action->begun_ns >= *budget.wall_ns) {
    result.limit = absl::StrCat("wall clock ", policy::DurationText(*budget.wall_ns));
  }
  if (!result.limit.empty()) {
    End(action);
    action->next_ns = Now() + kAgainNs;
    return;
  }
  SetNext(action, Now());
}

void BudgetKeeper::LookAtGroup(Watched* action) {
  BudgetResult& result = action->result;
  const ActionGroup::Usage usage = action->group->Read();
  if (usage.cpu_ns != 0) result.cpu_ns = usage.cpu_ns;
  if (action->groups_memory()) {
    result.peak_bytes = std::max(result.peak_bytes, usage.peak_memory);
    if (usage.memory_over && result.limit.empty()) {
      result.limit = absl::StrCat("total memory ", policy::SizeText(*action->budget.memory_bytes), ": ",
                                  policy::SizeText(usage.peak_memory), ", and more was refused");
    }
  }
  if (action->groups_processes()) {
    result.peak_processes = std::max(result.peak_processes, usage.peak_tasks);
    if (usage.tasks_over && result.limit.empty()) {
      result.limit = absl::StrCat("total processes ", *action->budget.processes, ": one more was refused");
    }
  }
}

// Whether a bound can have been passed since the last sample: by as much as the whole host has more tasks or
// less memory than then. What others have given back meanwhile hides as much, until the next sample.
bool BudgetKeeper::Passed(const Watched& action) {
  if (action.samples_processes()) {
    const uint64_t tasks = AllTasks();
    const uint64_t more = tasks > action.all_tasks ? tasks - action.all_tasks : 0;
    if (action.sampled_tasks + more > *action.budget.processes) return true;
  }
  if (!action.samples_memory()) return false;
  const uint64_t available = AvailableMemory();
  const uint64_t more = available < action.available ? action.available - available : 0;
  return action.sampled_bytes + more > *action.budget.memory_bytes;
}

// All of /proc is read only where a bound can have been passed, or it is time to.
void BudgetKeeper::Sample(Watched* action, uint64_t now) {
  if (now < action->next_sample_ns && !(now >= action->next_glance_ns && Passed(*action))) return;
  action->all_tasks = AllTasks();
  action->available = AvailableMemory();
  const AllStats all = AllProcesses();
  const std::vector<pid_t> members = action->members(all);
  const ProcessUsage usage = UsageOf(all, members);
  uint64_t percent = 0;
  if (!action->groups_processes()) percent = SampleProcesses(action, usage);
  if (!action->groups_memory()) percent = std::max(percent, SampleMemory(action, all, members, usage));
  const uint64_t cost = Now() - now;
  const bool busy = percent > 50;
  action->next_sample_ns = now + std::max(cost * (busy ? kBusy : kCalm), busy ? kShortestNs : kCalmNs);
  action->next_glance_ns = Now() + std::max(cost, kGlanceNs);
}

uint64_t BudgetKeeper::SampleProcesses(Watched* action, const ProcessUsage& usage) {
  BudgetResult& result = action->result;
  action->sampled_tasks = usage.tasks;
  result.peak_processes = std::max(result.peak_processes, usage.tasks);
  if (!action->budget.processes.has_value()) return 0;
  const uint64_t bound = *action->budget.processes;
  if (usage.tasks > bound) result.limit = absl::StrCat("total processes ", bound, ": ", usage.tasks);
  return usage.tasks * 100 / bound;
}

uint64_t BudgetKeeper::SampleMemory(Watched* action, const AllStats& all, const std::vector<pid_t>& members,
                                    const ProcessUsage& usage) {
  BudgetResult& result = action->result;
  const uint64_t bound = action->budget.memory_bytes.value_or(std::numeric_limits<uint64_t>::max());
  uint64_t bytes = usage.resident;
  if (bytes > action->resident + action->resident / 8 || bytes > bound) {
    action->resident = bytes;
    bytes = SharedMemoryOf(all, members);
    result.peak_bytes = std::max(result.peak_bytes, bytes);
  }
  action->sampled_bytes = bytes;
  if (bytes > bound && result.limit.empty()) {
    result.limit = absl::StrCat("total memory ", policy::SizeText(bound), ": ", policy::SizeText(bytes));
  }
  return bytes / (bound / 100 + 1);
}

void BudgetKeeper::SetNext(Watched* action, uint64_t now) {
  uint64_t next = now + 1000 * kMs;
  if (action->budget.wall_ns.has_value()) next = std::min(next, action->begun_ns + *action->budget.wall_ns);
  if (action->group != nullptr) next = std::min(next, now + kGroupNs);
  if (action->samples()) next = std::min(next, action->next_sample_ns);
  if (action->samples()) next = std::min(next, std::max(action->next_glance_ns, now + kGlanceNs));
  action->next_ns = next;
}

// Who is ended can have started another one just before: whoever is found is ended until nobody is.
void BudgetKeeper::End(Watched* action) {
  for (int round = 0; round < kRounds; ++round) {
    size_t found = action->group != nullptr ? action->group->End() : 0;
    const AllStats all = AllProcesses();
    const std::vector<pid_t> members = action->members(all);
    const uint64_t tasks = UsageOf(all, members).tasks;
    if (action->samples_processes())
      action->result.peak_processes = std::max(action->result.peak_processes, tasks);
    found += KillAmong(all, members);
    if (found == 0) return;
  }
}

namespace {

// What a shell's exit status says of the signal that ended what it ran.
constexpr int kShellSignal = 128;

}  // namespace

Limits LimitsInside(const std::vector<const policy::Policy*>& chain) {
  Limits limits;
  for (const policy::Policy* const policy : chain) {
    for (size_t i = 0; i < limits.size(); ++i) {
      if (!limits[i].has_value()) limits[i] = policy->limits[i];
    }
  }
  return limits;
}

std::string LimitThatEnded(const Limits& limits, const access::ActionEnd& end, uint64_t cpu_ns,
                           uint64_t took_ns) {
  const bool signaled = end.kind == access::ActionEnd::Kind::kSignaled;
  if (!signaled && end.kind != access::ActionEnd::Kind::kExited) return "";
  const int signal = signaled ? end.status : end.status - kShellSignal;
  const auto probably = [](bool certain) { return certain ? "" : "probably "; };
  const auto limit = [&limits](child::Limit which) { return limits[static_cast<size_t>(which)]; };
  const auto set = [](const std::optional<uint64_t>& value) {
    return value.has_value() && *value != RLIM_INFINITY;
  };
  if (signal == SIGXFSZ && set(limit(child::Limit::kFsize))) {
    return absl::StrCat(probably(signaled), "file size ", policy::SizeText(*limit(child::Limit::kFsize)));
  }
  if ((signal != SIGXCPU && signal != SIGKILL) || !set(limit(child::Limit::kCpu))) return "";
  // The kernel compares with what was running at its ticks, which on a busy host can be a third more than
  // what wait(2) says. Who was killed by somebody else has mostly used less.
  const uint64_t bound_ns = *limit(child::Limit::kCpu) * 1'000'000'000u;
  const uint64_t used_ns = cpu_ns != 0 ? cpu_ns : took_ns;
  if (signal == SIGKILL && used_ns < bound_ns / 2) return "";
  const bool certain = signaled && (signal == SIGXCPU || cpu_ns != 0);
  return absl::StrCat(probably(certain), "CPU time ", policy::DurationText(bound_ns),
                      cpu_ns != 0 ? absl::StrCat(": ", policy::DurationText(cpu_ns)) : "");
}

}  // namespace glovebox::trace
