// What answers the inner launchers of a `glovebox run`.
#ifndef GLOVEBOX_TRACE_RUN_ANNOUNCER_H_
#define GLOVEBOX_TRACE_RUN_ANNOUNCER_H_

#include <atomic>
#include <string>
#include <vector>

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
      : own_files_(request.policy.confine_files ? FindOwnFiles() : std::vector<std::string>()),
        plans_(
            request.host, [policy = request.policy](const access::ActionBegin&) { return policy; },
            own_files_, /*graph=*/false),
        last_(first) {}
  // What has to be granted to the run and to all inside it; looked for only where files are confined, since
  // each `glovebox run` would pay for it.
  const std::vector<std::string>& own_files() const { return own_files_; }
  access::ActionId NextAction() override { return last_.fetch_add(1) + 1; }
  absl::StatusOr<InnerPlan> ReplyTo(int socket, const policy::Policy& outer,
                                    const access::ActionBegin& begin) override {
    ASSIGN_OR_RETURN(const SealedPlan* const plan, SendInnerPlan(plans_, outer, socket, begin));
    return InnerPlan{&plan->policy, plan->unheld};
  }

 private:
  const std::vector<std::string> own_files_;
  PlanStore plans_;
  std::atomic<access::ActionId> last_;
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_RUN_ANNOUNCER_H_
