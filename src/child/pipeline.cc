#include "child/pipeline.h"

#include <errno.h>
#include <unistd.h>

#include "child/actions.h"

namespace glovebox::child {
namespace {

using C = StepCode;
using ConstContext = const ChildContext&;

bool Always(Plan, ConstContext) { return true; }
bool HasParentSignal(Plan plan, ConstContext) { return plan.parent_death_signal != 0; }
bool HasPty(Plan, ConstContext context) { return context.pty >= 0; }
bool RestoresSignals(Plan plan, ConstContext) { return (plan.flags & kRestoreSigmask) != 0; }
// A refusal in the kernel is invisible: where a listener is wanted, its filter holds the same conditions and
// the supervisor, this action's or the outer one's, refuses and records. A supervisor whose outer filter
// lacks a condition sets kKernelOnly.
bool InKernel(Plan plan) { return (plan.flags & kWantListener) == 0 || (plan.flags & kKernelOnly) != 0; }
bool HasIoctlFilter(Plan plan, ConstContext) { return plan.ioctl_filter.size != 0 && InKernel(plan); }
bool HasAppendOnly(Plan plan, ConstContext) {
  return (plan.flags & kAppendOnly) != 0 && plan.append_only_filter.size != 0 && InKernel(plan);
}
bool HasKptr(Plan plan, ConstContext) {
  return (plan.flags & kRestrictKptr) != 0 && plan.kptr_filter.size != 0 && InKernel(plan);
}
bool HasLandlock(Plan plan, ConstContext context) { return context.ruleset >= 0 || plan.landlock_scope != 0; }
bool HasPreExec(Plan, ConstContext context) { return context.pre_exec != nullptr; }
bool DeniesTsc(Plan plan, ConstContext) { return (plan.flags & kDenyTsc) != 0; }
bool LimitsEarly(Plan plan, ConstContext) { return (plan.flags & kRestrictPrlimit) != 0; }
bool LimitsLate(Plan plan, ConstContext) { return (plan.flags & kRestrictPrlimit) == 0; }
bool Stops(Plan plan, ConstContext) { return (plan.flags & kStop) != 0; }
bool DropsCapabilities(Plan plan, ConstContext) { return (plan.flags & kDropCapabilities) != 0; }
bool Exports(Plan, ConstContext context) { return context.export_mode; }

// Row 20 has two ways.
StepResult Handshake(Plan plan, Context context) {
  const bool listener = (plan.flags & kWantListener) != 0 && !context.nested;
  return listener ? HandOverListener(plan, context) : CloseHandshake(plan, context);
}

constexpr Step kSteps[] = {
    {0, "process name", "always", C::kNone, Always, SetName},
    {1, "handshake pipes", "always", C::kNone, Always, KeepPipeEnds},
    {2, "parent-death signal", "the plan names a signal", C::kParentDeathSignal, HasParentSignal,
     SetParentDeathSignal},
    {3, "controlling pty", "a pty was passed", C::kSetSid, HasPty, TakeTerminal},
    {4, "signal reset", "restore_sigmask", C::kResetSignal, RestoresSignals, ResetSignals},
    {5, "no new privileges", "always", C::kNoNewPrivs, Always, GiveUpNewPrivileges},
    {6, "ioctl deny list", "the list is not empty, and no listener or kernel-only", C::kSeccompFilterIoctl,
     HasIoctlFilter, LoadIoctlFilter},
    {7, "append-only", "append_only, and no listener or kernel-only", C::kSeccompFilterAppendOnly,
     HasAppendOnly, LoadAppendOnlyFilter},
    {8, "kernel pointers", "restrict_kptr, and no listener or kernel-only", C::kSeccompFilterKptr, HasKptr,
     LoadKptrFilter},
    {9, "Landlock", "the plan has a ruleset or a scope", C::kLandlockScope, HasLandlock, EnterLandlock},
    {10, "static fds", "always", C::kNone, Always, CloseStaticFds},
    {11, "passed fds", "always", C::kNone, Always, ClosePassedFds},
    {12, "export mode", "run --export", C::kNone, Exports, RememberExport},
    {13, "hand-through", "always", C::kNone, Always, HandThrough},
    {14, "environment clean", "always", C::kNone, Always, TakeEnvironment},
    {15, "pre-exec callback", "a callback is set", C::kPreExec, HasPreExec, CallPreExec},
    {16, "time-stamp counter", "deny_tsc", C::kSetTsc, DeniesTsc, DenyTsc},
    {17, "limits, early", "restrict_prlimit", C::kSetResourceLimits, LimitsEarly, SetLimits},
    {18, "dumpable", "always", C::kSetDumpable, Always, SetDumpable},
    {19, "stop", "stop", C::kProcessStop, Stops, Stop},
    {20, "notify filter", "always (without a listener: a filter that only refuses)", C::kSeccomp, Always,
     Handshake},
    {21, "capabilities", "the plan drops one", C::kCapSet, DropsCapabilities, DropCapabilities},
    {22, "limits, late", "not restrict_prlimit", C::kSetResourceLimits, LimitsLate, SetLimits},
    {23, "export exit", "run --export", C::kNone, Exports, ExitForExport},
    {24, "exec", "always", C::kExec, Always, Execute},
};

int StatusFd(ConstContext context) { return context.connection >= 0 ? context.connection : context.status; }

[[noreturn]] void Fail(ConstContext context, StepResult result) {
  const PipeHold hold;
  const int error = SetupExitStatus(result.error);
  if (!context.silent) {
    char text[512];
    const size_t size = FormatFailure(result.code, error, result.detail, context.program, text, sizeof text);
    // One write, so that lines of parallel actions do not mix.
    [[maybe_unused]] const ssize_t n = write(STDERR_FILENO, text, size);
  }
  StepFailure failure;
  failure.step = static_cast<uint32_t>(result.code);
  failure.error = error;
  failure.detail = result.detail;
  const int told[] = {StatusFd(context), context.outer};
  for (const int fd : told) {
    if (fd >= 0) WriteAll(fd, &failure, sizeof failure);
  }
  _exit(error);
}

// After the handshake, since they share the connection with it, and before exec closes that. A supervisor
// that has gone cannot be told: it is no reason not to run.
void ReportSkipped(ConstContext context) {
  if (context.skipped_count == 0) return;
  const PipeHold hold;
  const int told[] = {StatusFd(context), context.outer};
  for (const int fd : told) {
    for (size_t i = 0; fd >= 0 && i < context.skipped_count; ++i) {
      WriteAll(fd, &context.skipped[i], sizeof context.skipped[i]);
    }
  }
}

}  // namespace

StepList StepTable() { return {kSteps, sizeof(kSteps) / sizeof(kSteps[0])}; }

[[noreturn]] void RunPipeline(const ChildPlan& plan, ChildContext& context) {
  // Before the rows: it needs the calls that they take away, and the pipes of a supervisor that is there
  // already.
  if ((plan.flags & (kNetworkNamespace | kMountNamespace)) != 0) {
    const StepResult result = EnterNamespaces(plan, context);
    if (result.code != StepCode::kNone) Fail(context, result);
  }
  for (const Step& step : kSteps) {
    if (step.row == 23) ReportSkipped(context);
    if (!step.guard(plan, context)) continue;
    const StepResult result = step.action(plan, context);
    if (result.code != StepCode::kNone) Fail(context, result);
  }
  Fail(context, {StepCode::kExec, ENOSYS, 0});
}

}  // namespace glovebox::child
