// Plans ready to be handed out: each policy is compiled once and sealed in a memfd that every launcher of its
// role maps.
#ifndef GLOVEBOX_TRACE_PLAN_STORE_H_
#define GLOVEBOX_TRACE_PLAN_STORE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "access/record.h"
#include "base/unique_fd.h"
#include "child/private_directory.h"
#include "kernel/host.h"
#include "policy/file_rules.h"
#include "policy/policy.h"

namespace glovebox::trace {

struct SealedPlan {
  policy::Policy policy;
  UniqueFd memfd;  // sealed: nobody who gets it can change it for the next
  uint32_t size = 0;
  UniqueFd ruleset;
  std::vector<policy::Grant> grants;  // what the ruleset stands on
  std::vector<std::string> covered;   // CompiledPlan::covered
  std::vector<std::string> unheld;    // CompiledPlan::unheld
  bool listens = false;               // row 20 hands a listener over
  // Its own, where the policy confines files and asks for one: who stays beside the command removes it, and
  // what is left then, this.
  child::PrivateDirectory directory;

  SealedPlan() = default;
  SealedPlan(const SealedPlan&) = delete;
  SealedPlan& operator=(const SealedPlan&) = delete;
  ~SealedPlan() { child::RemovePrivateDirectory(directory); }
};

// The policy of an action, from what its launcher said of it; an error where there is none for it, and it
// must not run. Thread-safe.
using PolicyFor = std::function<absl::StatusOr<policy::Policy>(const access::ActionBegin&)>;

// Thread-safe. A plan is made once for all actions with the same policy; one with a private directory that
// must be granted is an action's own. A plan whose read and write paths lead elsewhere
// by now (a directory that the build has made, or made anew) is made once more: the kernel ties what it
// grants to objects. So is one whose hidden patterns fit other names by now, which a namespace is to cover.
class PlanStore {
 public:
  // `own_files`: what GrantOwnFiles() grants to all of them. `graph`: as of CompileOptions.
  PlanStore(kernel::HostFeatures host, PolicyFor policy_for, std::vector<std::string> own_files, bool graph)
      : host_(std::move(host)),
        policy_for_(std::move(policy_for)),
        own_files_(std::move(own_files)),
        graph_(graph) {}
  // For an action with a listener of its own, but below a foreign one (host.listener_above), where there can
  // be none: then without. A policy's `stop` is left out: only a parent can seize and continue its child, and
  // a launcher's supervisor is not its parent.
  absl::StatusOr<std::shared_ptr<const SealedPlan>> Outermost(const access::ActionBegin& begin);
  // For an action that runs inside one with the policy `outer`. It can only narrow: what the outer domain
  // holds already is not added again (Landlock ends at 16 layers), and a signal that the outer command chose
  // to ignore stays ignored. What the outer supervisor refuses is left to it, which records it; what only
  // this role's policy asks for is refused in the kernel.
  // It lives as long as the store. FailedPrecondition where a policy in mode enforce wants a private
  // directory for what is neither a test nor an edge: nobody stays beside it, to remove it.
  absl::StatusOr<const SealedPlan*> Inside(const policy::Policy& outer, const access::ActionBegin& begin);
  // An inner action has its plan: of one that is its own no descriptor has to be kept.
  void NoteSent(const SealedPlan& plan);

 private:
  using Shared = std::shared_ptr<SealedPlan>;
  struct Entry {
    policy::Policy wanted;
    std::optional<policy::Policy> outer;  // absent: outermost
    Shared plan;
  };
  absl::StatusOr<policy::Policy> Wanted(const access::ActionBegin& begin) const;
  absl::StatusOr<Shared> Find(policy::Policy wanted, const policy::Policy* outer);
  absl::StatusOr<Shared> Make(policy::Policy policy, const policy::Policy* outer) const;

  const kernel::HostFeatures host_;
  const PolicyFor policy_for_;
  const std::vector<std::string> own_files_;
  const bool graph_;
  std::mutex mutex_;
  std::vector<Entry> plans_;   // guarded by mutex_, as the next; one a policy and a policy above it: few
  std::vector<Shared> inner_;  // that are replaced, or an action's own: somebody holds their policies
};

// The plan in answer to a Hello, with `flags` (child::ReplyFlag) beside those that the plan itself needs.
absl::Status SendPlan(const SealedPlan& plan, int socket, access::ActionId action, uint32_t flags);

// Answers an announced inner action with its plan, in the form that needs no listener of its own, or says why
// there is none for it.
absl::StatusOr<const SealedPlan*> SendInnerPlan(PlanStore& plans, const policy::Policy& outer, int socket,
                                                const access::ActionBegin& begin);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_PLAN_STORE_H_
