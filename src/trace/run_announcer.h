// What answers the inner launchers of a `glovebox run`.
#ifndef GLOVEBOX_TRACE_RUN_ANNOUNCER_H_
#define GLOVEBOX_TRACE_RUN_ANNOUNCER_H_

#include <atomic>

#include "absl/status/statusor.h"
#include "base/status.h"
#include "trace/own_files.h"
#include "trace/plan_store.h"
#include "trace/runner.h"
#include "trace/supervisor.h"

namespace glovebox::trace {

// They get the run's own policy, in the form that needs no listener.
class RunAnnouncer final : public Announcer {
 public:
  RunAnnouncer(const RunRequest& request, access::ActionId first)
      : plans_(
            request.host, [policy = request.policy](const access::ActionBegin&) { return policy; },
            FindOwnFiles()),
        last_(first) {}
  access::ActionId NextAction() override { return last_.fetch_add(1) + 1; }
  absl::StatusOr<const policy::Policy*> ReplyTo(int socket, const policy::Policy& outer,
                                                const access::ActionBegin& begin) override {
    ASSIGN_OR_RETURN(const SealedPlan* const plan, SendInnerPlan(plans_, outer, socket, begin));
    return &plan->policy;
  }

 private:
  PlanStore plans_;
  std::atomic<access::ActionId> last_;
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_RUN_ANNOUNCER_H_
