#include "trace/plan_store.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>

#include "base/files.h"
#include "base/status.h"
#include "child/wire.h"
#include "policy/compile.h"
#include "trace/hello.h"

namespace glovebox::trace {

absl::StatusOr<const SealedPlan*> PlanStore::Outermost(access::Role role) {
  return Find({role, false, false, false, false});
}

absl::StatusOr<const SealedPlan*> PlanStore::Inside(const policy::Policy& outer, access::Role role) {
  const policy::Policy inner = policy_for_(role);
  // The outer filter notifies, and the outer supervisor refuses, by the outer policy alone.
  const bool covered =
      (outer.append_only || !inner.append_only) && (outer.restrict_kptr || !inner.restrict_kptr) &&
      std::all_of(inner.denied_ioctls.begin(), inner.denied_ioctls.end(), [&outer](uint32_t request) {
        return std::count(outer.denied_ioctls.begin(), outer.denied_ioctls.end(), request) != 0;
      });
  return Find({role, true, outer.scope_signals, outer.scope_abstract_unix, !covered});
}

absl::StatusOr<const SealedPlan*> PlanStore::Find(const Key& key) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::unique_ptr<SealedPlan>& plan = plans_[key];
  if (plan == nullptr) {
    ASSIGN_OR_RETURN(plan, Make(key));
  }
  return plan.get();
}

absl::StatusOr<std::unique_ptr<SealedPlan>> PlanStore::Make(const Key& key) const {
  const auto& [role, nested, has_signals, has_abstract, in_kernel] = key;
  auto plan = std::make_unique<SealedPlan>();
  policy::Policy policy = policy_for_(role);
  policy.stop = false;
  if (nested) {
    policy.scope_signals = policy.scope_signals && !has_signals;
    policy.scope_abstract_unix = policy.scope_abstract_unix && !has_abstract;
    policy.kernel_only = policy.kernel_only || in_kernel;
    policy.restore_sigmask = policy.restore_sigmask && role == access::Role::kTest;
  }
  plan->policy = policy;
  // A foreign listener above: each action is set up without its own, as `glovebox run` does it there.
  plan->listens = !nested && !host_.listener_above;
  ASSIGN_OR_RETURN(
      policy::CompiledPlan compiled,
      policy::CompilePlan(policy, host_, policy::CompileOptions{.listener = plan->listens, .outer = nested}));
  plan->memfd.reset(memfd_create("glovebox-plan", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!plan->memfd.valid()) return ErrnoStatus("memfd_create", "plan", errno);
  RETURN_IF_ERROR(WriteAll(plan->memfd.get(), compiled.bytes, "plan"));
  constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  if (fcntl(plan->memfd.get(), F_ADD_SEALS, kSeals) != 0)
    return ErrnoStatus("fcntl(F_ADD_SEALS)", "plan", errno);
  plan->size = static_cast<uint32_t>(compiled.bytes.size());
  plan->ruleset = std::move(compiled.ruleset);
  return plan;
}

absl::Status SendPlan(const SealedPlan& plan, int socket, access::ActionId action, uint32_t flags) {
  child::Reply reply;
  reply.action = action;
  reply.flags = flags;
  reply.plan_size = plan.size;
  std::vector<int> fds = {plan.memfd.get()};
  if (plan.ruleset.valid()) {
    reply.flags |= child::kReplyHasRuleset;
    fds.push_back(plan.ruleset.get());
  }
  return SendReply(socket, reply, fds);
}

bool SendPlan(PlanStore& plans, const policy::Policy& outer, int socket, access::ActionId action,
              access::Role role) {
  const auto plan = plans.Inside(outer, role);
  if (!plan.ok()) {
    const child::Reply reply = {.error = ENOSYS};
    (void)SendReply(socket, reply, {});
    return false;
  }
  uint32_t flags = child::kReplyNoListener;
  if (outer.scope_signals) flags |= child::kReplyScopesSignals;
  if (outer.scope_abstract_unix) flags |= child::kReplyScopesAbstractUnix;
  return SendPlan(**plan, socket, action, flags).ok();
}

}  // namespace glovebox::trace
