#include "trace/plan_store.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/status.h"
#include "child/plan.h"
#include "child/wire.h"
#include "policy/compile.h"
#include "policy/denied_calls.h"
#include "policy/hidden_places.h"
#include "policy/landlock_rules.h"
#include "trace/hello.h"
#include "trace/own_files.h"
#include "trace/prepared.h"

namespace glovebox::trace {
namespace {

bool RefusesCallsByDefault(const policy::Policy& outer) {
  const auto denied = policy::DeniedCallsOf(outer);
  const auto wanted = policy::DefaultDeniedCalls();
  return denied.ok() && std::all_of(wanted.begin(), wanted.end(), [&denied](const policy::DeniedCall& call) {
           return std::any_of(denied->begin(), denied->end(), [&call](const policy::DeniedCall& other) {
             return absl::string_view(call.name) == other.name;
           });
         });
}

// For who keeps a plan of its own: what it need not do again, since we do it, on record.
uint32_t HeldBy(const policy::Policy& outer) {
  const std::vector<uint32_t> defaults = policy::DefaultDeniedIoctls();
  const bool refuses = std::all_of(defaults.begin(), defaults.end(), [&outer](uint32_t request) {
    return std::count(outer.denied_ioctls.begin(), outer.denied_ioctls.end(), request) != 0;
  });
  const std::pair<bool, uint32_t> held[] = {
      {outer.scope_signals, child::kReplyScopesSignals},
      {outer.scope_abstract_unix, child::kReplyScopesAbstractUnix},
      {refuses, child::kReplyRefusesByDefault},
      {refuses && RefusesCallsByDefault(outer), child::kReplyRefusesCalls},
      {outer.append_only, child::kReplyRefusesAppendOnly},
      {outer.restrict_kptr, child::kReplyRefusesKptr},
      {outer.restrict_prlimit, child::kReplyRefusesLimits},
      {outer.deny_tsc, child::kReplyRefusesTsc},
  };
  uint32_t flags = 0;
  for (const auto& [on, flag] : held) flags |= on ? flag : 0u;
  return flags;
}

// Elsewhere who stays beside the command can make it: nothing has to know its name.
bool HasOwnDirectory(const policy::Policy& policy) {
  return policy.confine_files && (policy.private_tmp || policy.private_home);
}

// What an inner policy grants the outer one refuses all the same.
absl::Status CheckRoomFor(const policy::Policy& policy, const policy::Policy* outer) {
  if (outer == nullptr || outer->mode != policy::Mode::kEnforce || !outer->confine_files)
    return absl::OkStatus();
  for (const policy::Grant& grant : policy::FindGrants(*outer)) {
    if (grant.access == policy::PathAccess::kWrite && IsUnder("/tmp", grant.path)) return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat(policy.private_tmp ? "private-tmp" : "private-home",
                   ": its directory is made in /tmp, where the action around this one may not write: add "
                   "/tmp to the write paths of that "
                   "one's section ([edge] for `ninja test`)"));
}

// The edge's own, where it has one, is this command's as well.
absl::Status LeaveOutPrivateDirectory(const policy::Policy& outer, policy::Policy* policy) {
  const bool lacks =
      (policy->private_tmp && !outer.private_tmp) || (policy->private_home && !outer.private_home);
  const char* key = policy->private_tmp ? "private-tmp" : "private-home";
  policy->private_tmp = policy->private_home = false;
  if (!lacks || policy->mode != policy::Mode::kEnforce || policy->best_effort) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      key,
      ": a command within an edge has no directory of its own, only the edge as a whole: set it in [edge]"));
}

}  // namespace

absl::StatusOr<policy::Policy> PlanStore::Wanted(const access::ActionBegin& begin) const {
  ASSIGN_OR_RETURN(policy::Policy wanted, policy_for_(begin));
  GrantOwnFiles(own_files_, &wanted);
  return wanted;
}

absl::StatusOr<std::shared_ptr<const SealedPlan>> PlanStore::Outermost(const access::ActionBegin& begin) {
  ASSIGN_OR_RETURN(policy::Policy wanted, Wanted(begin));
  return Find(std::move(wanted), nullptr);
}

absl::StatusOr<const SealedPlan*> PlanStore::Inside(const policy::Policy& outer,
                                                    const access::ActionBegin& begin) {
  ASSIGN_OR_RETURN(policy::Policy wanted, Wanted(begin));
  const bool test = begin.role == access::Role::kTest;
  wanted.restore_sigmask = wanted.restore_sigmask && test;
  if (!test) RETURN_IF_ERROR(LeaveOutPrivateDirectory(outer, &wanted));
  ASSIGN_OR_RETURN(const Shared plan, Find(std::move(wanted), &outer));
  return plan.get();
}

absl::StatusOr<PlanStore::Shared> PlanStore::Find(policy::Policy wanted, const policy::Policy* outer) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (HasOwnDirectory(wanted)) {
    ASSIGN_OR_RETURN(Shared plan, Make(std::move(wanted), outer));
    if (outer != nullptr) inner_.push_back(plan);
    return plan;
  }
  for (Entry& entry : plans_) {
    const bool same = entry.outer.has_value() ? outer != nullptr && *entry.outer == *outer : outer == nullptr;
    if (!same || entry.wanted != wanted) continue;
    const bool covers = entry.plan->covered == policy::HiddenPlaces(entry.plan->policy, outer);
    if (covers && policy::StillTrue(entry.plan->grants)) return entry.plan;
    ASSIGN_OR_RETURN(Shared plan, Make(std::move(wanted), outer));
    inner_.push_back(std::exchange(entry.plan, std::move(plan)));
    return entry.plan;
  }
  ASSIGN_OR_RETURN(Shared plan, Make(wanted, outer));
  plans_.push_back(
      {std::move(wanted), outer != nullptr ? std::optional(*outer) : std::nullopt, std::move(plan)});
  return plans_.back().plan;
}

void PlanStore::NoteSent(const SealedPlan& plan) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (auto own = inner_.rbegin(); own != inner_.rend() && plan.directory.path[0] != '\0'; ++own) {
    if (own->get() != &plan) continue;
    (*own)->memfd.reset();
    (*own)->ruleset.reset();
    return;
  }
}

absl::StatusOr<PlanStore::Shared> PlanStore::Make(policy::Policy policy, const policy::Policy* outer) const {
  auto plan = std::make_shared<SealedPlan>();
  policy.stop = false;
  if (outer != nullptr) {
    policy.scope_signals = policy.scope_signals && !outer->scope_signals;
    policy.scope_abstract_unix = policy.scope_abstract_unix && !outer->scope_abstract_unix;
    // One of its own would keep it apart from what else runs in the outer one.
    policy.network.own_namespace = policy.network.own_namespace && !outer->network.own_namespace;
  }
  if (HasOwnDirectory(policy)) {
    RETURN_IF_ERROR(CheckRoomFor(policy, outer));
    RETURN_IF_ERROR(MakePrivateDirectory(&policy, &plan->directory));
  }
  plan->policy = policy;
  // A foreign listener above: each action is set up without its own, as `glovebox run` does it there.
  plan->listens = outer == nullptr && !host_.listener_above;
  ASSIGN_OR_RETURN(
      policy::CompiledPlan compiled,
      policy::CompilePlan(policy, host_, {.listener = plan->listens, .outer = outer, .graph = graph_}));
  reinterpret_cast<child::ChildPlan*>(compiled.bytes.data())->private_directory = plan->directory;
  ASSIGN_OR_RETURN(plan->memfd, SealedFile("glovebox-plan", compiled.bytes));
  plan->size = static_cast<uint32_t>(compiled.bytes.size());
  plan->ruleset = std::move(compiled.ruleset);
  plan->grants = std::move(compiled.grants);
  plan->covered = std::move(compiled.covered);
  plan->unheld = std::move(compiled.unheld);
  return plan;
}

absl::Status SendPlan(const SealedPlan& plan, int socket, access::ActionId action, uint32_t flags) {
  child::Reply reply;
  reply.action = action;
  reply.flags = flags | (plan.policy.mode == policy::Mode::kEnforce ? child::kReplyEnforces : 0u);
  reply.plan_size = plan.size;
  std::vector<int> fds = {plan.memfd.get()};
  if (plan.ruleset.valid()) {
    reply.flags |= child::kReplyHasRuleset;
    fds.push_back(plan.ruleset.get());
  }
  return SendReply(socket, reply, fds);
}

absl::StatusOr<const SealedPlan*> SendInnerPlan(PlanStore& plans, const policy::Policy& outer, int socket,
                                                const access::ActionBegin& begin) {
  const auto plan = plans.Inside(outer, begin);
  if (!plan.ok()) {
    SendRefusal(socket, ENOSYS, plan.status());
    return plan.status();
  }
  const absl::Status sent = SendPlan(**plan, socket, begin.action, child::kReplyNoListener | HeldBy(outer));
  plans.NoteSent(**plan);
  RETURN_IF_ERROR(sent);
  return *plan;
}

}  // namespace glovebox::trace
