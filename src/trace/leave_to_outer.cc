#include "trace/leave_to_outer.h"

#include "child/wire.h"
#include "kernel/abi.h"

namespace glovebox::trace {

void LeaveToOuter(uint32_t held, child::ChildPlan* plan) {
  const auto holds = [held](child::ReplyFlag flag) { return (held & flag) != 0; };
  if (holds(child::kReplyScopesSignals)) {
    plan->landlock_scope &= ~static_cast<uint32_t>(kernel::kLandlockScopeSignal);
  }
  if (holds(child::kReplyScopesAbstractUnix)) {
    plan->landlock_scope &= ~static_cast<uint32_t>(kernel::kLandlockScopeAbstractUnix);
  }
  if ((plan->flags & child::kKernelOnly) == 0) {
    if (holds(child::kReplyRefusesAppendOnly)) plan->append_only_filter = {};
    if (holds(child::kReplyRefusesKptr)) plan->kptr_filter = {};
  }
  // Of row 20 the limits' restriction and what keeps row 16 are all that is left then: one filter, which
  // stays as long as one of them is needed.
  const auto needs = [plan, &holds](uint32_t wanted, child::ReplyFlag flag) {
    return (plan->flags & wanted) != 0 && !holds(flag);
  };
  // What stands above does not know what network this run allows.
  const bool network = (plan->flags & child::kHoldsNetwork) != 0;
  if (holds(child::kReplyRefusesByDefault) && !network &&
      !needs(child::kRestrictPrlimit, child::kReplyRefusesLimits) &&
      !needs(child::kDenyTsc, child::kReplyRefusesTsc)) {
    plan->notify_filter = {};
  }
}

}  // namespace glovebox::trace
