#include "child/plan.h"

#include <linux/filter.h>
#include <sys/resource.h>

#include <cstring>

namespace glovebox::child {

const LimitName kLimits[kLimitCount] = {
    {RLIMIT_AS, "AS"},
    {RLIMIT_CORE, "CORE"},
    {RLIMIT_CPU, "CPU"},
    {RLIMIT_DATA, "DATA"},
    {RLIMIT_FSIZE, "FSIZE"},
    {RLIMIT_MEMLOCK, "MEMLOCK"},
    {RLIMIT_MSGQUEUE, "MSGQUEUE"},
    {RLIMIT_NICE, "NICE"},
    {RLIMIT_NOFILE, "NOFILE"},
    {RLIMIT_NPROC, "NPROC"},
    {RLIMIT_RTPRIO, "RTPRIO"},
    {RLIMIT_RTTIME, "RTTIME"},
    {RLIMIT_SIGPENDING, "SIGPENDING"},
    {RLIMIT_STACK, "STACK"},
};

namespace {

// Inside the plan and behind its header; the sum is taken in 64 bits, so that it cannot wrap.
bool Inside(Span span, size_t size) {
  if (span.size == 0) return true;
  return span.offset >= sizeof(ChildPlan) && uint64_t{span.offset} + span.size <= size;
}

bool Terminated(const void* bytes, Span span) {
  return span.size == 0 || static_cast<const char*>(bytes)[span.offset + span.size - 1] == '\0';
}

bool WholeInstructions(Span span) {
  return span.size % sizeof(sock_filter) == 0 && span.size / sizeof(sock_filter) <= kMaxInstructions &&
         span.offset % alignof(sock_filter) == 0;
}

}  // namespace

const char* ValidatePlan(const void* bytes, size_t size) {
  if (bytes == nullptr || size < sizeof(ChildPlan)) return "plan: too short";
  ChildPlan plan;
  memcpy(&plan, bytes, sizeof plan);
  if (plan.magic != kPlanMagic) return "plan: not a plan";
  if (plan.version != kPlanVersion) return "plan: of another version than this launcher";
  if (plan.size != size) return "plan: its size is not the one that it states";
  const Span filters[] = {plan.ioctl_filter, plan.append_only_filter, plan.kptr_filter, plan.notify_filter};
  for (const Span& filter : filters) {
    if (!Inside(filter, size)) return "plan: a filter lies outside of it";
    if (!WholeInstructions(filter)) return "plan: a filter is no whole number of instructions, or too long";
  }
  if (plan.own_number != 0 && plan.own_number >= plan.notify_filter.size / sizeof(sock_filter) - 1)
    return "plan: a process's number would lie outside of its filter";
  if ((plan.flags & kWantListener) != 0 && plan.notify_filter.size == 0) {
    return "plan: a listener is wanted, but there is no filter for it";
  }
  if (plan.private_directory.path[sizeof plan.private_directory.path - 1] != '\0')
    return "plan: a path without an end";
  if (!Inside(plan.environment_rules, size)) return "plan: the environment lies outside of it";
  if (!Terminated(bytes, plan.environment_rules)) return "plan: the environment is not terminated";
  if (!Inside(plan.hidden_paths, size)) return "plan: the hidden paths lie outside of it";
  if (!Terminated(bytes, plan.hidden_paths)) return "plan: the hidden paths are not terminated";
  if (plan.parent_death_signal < 0 || plan.parent_death_signal > 64) {
    return "plan: no such parent-death signal";
  }
  return nullptr;
}

}  // namespace glovebox::child
