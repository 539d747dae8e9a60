// What each row means under one plan, in words: for `run --explain`. Not part of the child's side.
#include "child/describe.h"

#include "kernel/abi.h"

namespace glovebox::child {
namespace {

bool Has(const ChildPlan& plan, uint32_t flag) { return (plan.flags & flag) != 0; }

bool HasLimits(const ChildPlan& plan) {
  for (const LimitValue& limit : plan.limits) {
    if (limit.set != 0) return true;
  }
  return false;
}

// Rows 6 to 8: who refuses.
const char* Refusal(bool on, bool wanted, const char* off) {
  if (on) return "refused in the kernel, where no record is made of it";
  if (!wanted) return off;
  return "row 20 notifies instead: the supervisor refuses, and records it";
}

const char* Landlock(const ChildPlan& plan, const ChildContext& context, bool on) {
  if (!on) return "neither a ruleset nor a scope";
  const bool signals = (plan.landlock_scope & kernel::kLandlockScopeSignal) != 0;
  const bool sockets = (plan.landlock_scope & kernel::kLandlockScopeAbstractUnix) != 0;
  const bool skips = Has(plan, kLandlockBestEffort);
  if (context.ruleset >= 0) {
    return skips ? "the policy's ruleset; skipped and reported where this host cannot"
                 : "the policy's ruleset";
  }
  if (signals && sockets) {
    return skips ? "no signal and no abstract unix socket out of the sandbox; skipped and reported where "
                   "this host "
                   "cannot"
                 : "no signal and no abstract unix socket out of the sandbox";
  }
  if (sockets) {
    return skips ? "no abstract unix socket out of the sandbox; skipped and reported where this host cannot"
                 : "no abstract unix socket out of the sandbox";
  }
  return skips ? "no signal out of the sandbox; skipped and reported where this host cannot"
               : "no signal out of the sandbox";
}

const char* NotifyRow(const ChildPlan& plan, const ChildContext& context) {
  if (context.nested && (Has(plan, kWantListener) || plan.notify_filter.size == 0))
    return "no filter of its own: the outer supervisor sees all; closes the handshake's ends";
  if (Has(plan, kWantListener))
    return "a filter with a listener, handed to the supervisor, which answers first";
  if (plan.notify_filter.size != 0) {
    return "no listener: a filter that only refuses, unrecorded; closes the handshake's ends";
  }
  return "no listener and no filter: closes the handshake's ends";
}

const char* Limits(const ChildPlan& plan, bool on, const char* elsewhere) {
  if (!on) return elsewhere;
  if (!HasLimits(plan)) return "no limit is named: nothing is set";
  return Has(plan, kRestrictPrlimit) ? "sets the named limits, which row 20's filter then holds"
                                     : "sets the named limits";
}

}  // namespace

const char* Describe(const Step& step, const ChildPlan& plan, const ChildContext& context) {
  const bool on = step.guard(plan, context);
  const bool listener = Has(plan, kWantListener);
  switch (step.row) {
    case 6:
      return Refusal(on, listener && !Has(plan, kKernelOnly), "the deny list is empty");
    case 7:
      return Refusal(on, Has(plan, kAppendOnly), "append_only is off");
    case 8:
      return Refusal(on, Has(plan, kRestrictKptr), "restrict_kptr is off");
    case 9:
      return Landlock(plan, context, on);
    case 17:
      return Limits(plan, on, HasLimits(plan) ? "row 22 sets them" : "restrict_prlimit is off");
    case 20:
      return NotifyRow(plan, context);
    case 22:
      return Limits(plan, on, "restrict_prlimit: row 17 has set them");
    default:
      return step.when;
  }
}

}  // namespace glovebox::child
