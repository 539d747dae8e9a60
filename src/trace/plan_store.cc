#include "trace/plan_store.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>

#include "base/files.h"
#include "base/status.h"
#include "child/wire.h"
#include "policy/compile.h"
#include "trace/hello.h"

namespace glovebox::trace {

absl::StatusOr<const SealedPlan*> PlanStore::For(access::Role role, bool listener) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::unique_ptr<SealedPlan>& plan = plans_[{role, listener}];
  if (plan == nullptr) {
    ASSIGN_OR_RETURN(plan, Make(role, listener));
  }
  return plan.get();
}

absl::StatusOr<std::unique_ptr<SealedPlan>> PlanStore::Make(access::Role role, bool listener) const {
  auto plan = std::make_unique<SealedPlan>();
  plan->policy = policy_for_(role);
  ASSIGN_OR_RETURN(policy::CompiledPlan compiled,
                   policy::CompilePlan(plan->policy, host_,
                                       policy::CompileOptions{.listener = listener, .outer = !listener}));
  plan->memfd.reset(memfd_create("glovebox-plan", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!plan->memfd.valid()) return ErrnoStatus("memfd_create", "plan", errno);
  RETURN_IF_ERROR(WriteAll(plan->memfd.get(), compiled.bytes, "plan"));
  constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  if (fcntl(plan->memfd.get(), F_ADD_SEALS, kSeals) != 0)
    return ErrnoStatus("fcntl(F_ADD_SEALS)", "plan", errno);
  plan->size = static_cast<uint32_t>(compiled.bytes.size());
  plan->ruleset = std::move(compiled.ruleset);
  plan->skipped = std::move(compiled.skipped);
  return plan;
}

bool SendPlan(PlanStore& plans, int socket, access::ActionId action, access::Role role) {
  const auto plan = plans.For(role, false);
  child::Reply reply;
  reply.action = action;
  reply.flags = child::kReplyNoListener;
  if (!plan.ok()) {
    reply.error = ENOSYS;
    (void)SendReply(socket, reply, {});
    return false;
  }
  reply.plan_size = (*plan)->size;
  std::vector<int> fds = {(*plan)->memfd.get()};
  if ((*plan)->ruleset.valid()) {
    reply.flags |= child::kReplyHasRuleset;
    fds.push_back((*plan)->ruleset.get());
  }
  return SendReply(socket, reply, fds).ok();
}

}  // namespace glovebox::trace
