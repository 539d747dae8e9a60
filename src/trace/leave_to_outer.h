// A run below a supervisor of ours keeps its own policy, but for what that one holds already.
#ifndef GLOVEBOX_TRACE_LEAVE_TO_OUTER_H_
#define GLOVEBOX_TRACE_LEAVE_TO_OUTER_H_

#include <cstdint>

#include "child/plan.h"

namespace glovebox::trace {

// What the outer action holds (`held`, child::ReplyFlag) is not done again: of Landlock domains there can be
// 16, and a refusal in the kernel outranks the outer listener, so that nobody would know of it.
// Async-signal-safe.
void LeaveToOuter(uint32_t held, child::ChildPlan* plan);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_LEAVE_TO_OUTER_H_
