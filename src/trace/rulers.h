// Which rulers an action needs, from the policies that hold for it.
#ifndef GLOVEBOX_TRACE_RULERS_H_
#define GLOVEBOX_TRACE_RULERS_H_

#include <vector>

#include "kernel/notify.h"
#include "kernel/process.h"
#include "policy/policy.h"
#include "trace/input_oracle.h"
#include "trace/outside.h"
#include "trace/resolver.h"
#include "trace/ruler.h"

namespace glovebox::trace {

struct RulerContext {
  kernel::NotifyListener* listener = nullptr;  // for calls that are answered later (Ruling::Kind::kTaken)
  const kernel::MemoryReader* memory = nullptr;
  Resolver* resolver = nullptr;
  InputOracle* inputs = nullptr;  // null: there is no build graph
  int ruleset =
      -1;  // Landlock's, that the action entered: for who makes calls in its place. Borrowed for the call
  const Outside* outside = nullptr;  // null: what Landlock refuses of calls on processes is not foretold
};

// `chain`: the action's own policy, then those of the actions around it. What one of them refuses is refused:
// an inner action can only narrow. `outer`: the action that
// it is a part of, null where there is none or it is not known. Empty where nothing needs holding here.
// Policies and context must outlive the rulers.
Rulers MakeRulers(const std::vector<const policy::Policy*>& chain, const access::ActionBegin& action,
                  const access::ActionBegin* outer, const RulerContext& context);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_RULERS_H_
