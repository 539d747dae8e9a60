// Plans ready to be handed out: each policy is compiled once and sealed in a memfd that every launcher of its
// role maps.
#ifndef GLOVEBOX_TRACE_PLAN_STORE_H_
#define GLOVEBOX_TRACE_PLAN_STORE_H_

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "access/record.h"
#include "base/unique_fd.h"
#include "kernel/host.h"
#include "policy/policy.h"

namespace glovebox::trace {

struct SealedPlan {
  policy::Policy policy;
  UniqueFd memfd;  // sealed: nobody who gets it can change it for the next
  uint32_t size = 0;
  UniqueFd ruleset;
  std::vector<std::string> skipped;
};

// Thread-safe. Without a listener a plan is for an inner action, below a listener of ours. What For() returns
// lives as long as the store.
class PlanStore {
 public:
  PlanStore(kernel::HostFeatures host, std::function<policy::Policy(access::Role)> policy_for)
      : host_(std::move(host)), policy_for_(std::move(policy_for)) {}
  absl::StatusOr<const SealedPlan*> For(access::Role role, bool listener);

 private:
  absl::StatusOr<std::unique_ptr<SealedPlan>> Make(access::Role role, bool listener) const;
  const kernel::HostFeatures host_;
  const std::function<policy::Policy(access::Role)> policy_for_;
  std::mutex mutex_;
  std::map<std::pair<access::Role, bool>, std::unique_ptr<SealedPlan>> plans_;
};

// Answers an announced inner action with its plan, in the form that needs no listener of its own. False when
// it was not sent.
bool SendPlan(PlanStore& plans, int socket, access::ActionId action, access::Role role);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_PLAN_STORE_H_
