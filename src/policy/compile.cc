#include "policy/compile.h"

#include <sys/capability.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "child/plan.h"
#include "kernel/abi.h"
#include "kernel/landlock.h"
#include "kernel/syscall_table.h"
#include "policy/capabilities.h"
#include "policy/denied_calls.h"
#include "policy/descriptor_calls.h"
#include "policy/filters.h"
#include "policy/hidden_places.h"
#include "policy/landlock_rules.h"
#include "policy/logs.h"
#include "policy/network_rules.h"

namespace glovebox::policy {
namespace {

// Which filters a plan carries. Rows 6 to 8 refuse in the kernel, where nobody sees it: they stand in when
// there is no listener to see it, or when the policy wants them in any case.
struct FilterSet {
  absl::StatusOr<std::string> ioctl = std::string(), append_only = std::string(), kptr = std::string(),
                              notify = std::string();
  uint32_t own_number = 0;  // FilterBuilder::OwnNumberAt() of `notify`
};

enum class Form { kBpf, kPfc };

absl::StatusOr<std::string> Render(absl::StatusOr<FilterBuilder> builder, Form form) {
  if (!builder.ok()) return builder.status();
  return form == Form::kBpf ? builder->Bpf() : builder->Pfc();
}

void Remove(const std::vector<uint32_t>& requests, std::vector<uint32_t>* from) {
  from->erase(std::remove_if(from->begin(), from->end(),
                             [&requests](uint32_t request) {
                               return std::count(requests.begin(), requests.end(), request) != 0;
                             }),
              from->end());
}

// The calls that `inner` denies and `outer` does not.
std::vector<std::string> CallsBeyond(const Policy& inner, const Policy& outer) {
  const auto wanted = DeniedCallsOf(inner);
  const auto held = DeniedCallsOf(outer);
  std::vector<std::string> calls;
  if (!wanted.ok() || !held.ok()) return inner.denied_calls.value_or(calls);  // the filter says why
  for (const DeniedCall& call : *wanted) {
    const bool is_held = std::any_of(held->begin(), held->end(), [&call](const DeniedCall& other) {
      return absl::string_view(call.name) == other.name;
    });
    if (!is_held) calls.emplace_back(call.name);
  }
  return calls;
}

// What of `inner` does not hold yet below `outer`.
Policy Beyond(Policy inner, const Policy& outer) {
  if (!inner.kernel_only) {
    inner.denied_ioctls = DeniedIoctls(inner);
    Remove(DeniedIoctls(outer), &inner.denied_ioctls);
    // What files and logs add to it stands in it now.
    inner.confine_files = false;
    inner.paths.clear();
    inner.append_only = inner.append_only && !outer.append_only;
    inner.restrict_kptr = inner.restrict_kptr && !outer.restrict_kptr;
    inner.deny_tsc = inner.deny_tsc && !outer.deny_tsc;
    inner.denied_calls = CallsBeyond(inner, outer);
  }
  inner.restrict_prlimit = inner.restrict_prlimit && !outer.restrict_prlimit;
  // The outer supervisor knows both policies; the same one it holds already, on record.
  inner.network.section = outer.network.section;  // who would be told to allow more makes no other network
  if (outer.mode == Mode::kEnforce && inner.network == outer.network) inner.network.mode = NetworkMode::kAny;
  return inner;
}

// What the filters are to hold.
Policy ToFilter(const Policy& policy, const kernel::HostFeatures& host, const CompileOptions& options) {
  if (options.outer != nullptr) return Beyond(policy, *options.outer);
  Policy wanted = policy;
  // Without a listener of ours there is none that the child could answer itself, and it may be a supervisor:
  // a Glovebox, a container runtime. Refused, it could listen to nobody. Below a listener of somebody else's
  // nobody can have one (EBUSY): who holds one there was left that supervisor's by mistake, and must not
  // answer in its place.
  if (!options.listener && !host.listener_above) Remove(ListenerIoctls(), &wanted.denied_ioctls);
  // A best effort: there is no scope whose refusals are to be foretold.
  if (host.landlock_abi < kernel::kLandlockAbiScope)
    wanted.scope_signals = wanted.scope_abstract_unix = false;
  return wanted;
}

FilterSet RenderFilters(const Policy& wanted, const kernel::HostFeatures& host, const CompileOptions& options,
                        Form form) {
  const Policy policy = ToFilter(wanted, host, options);
  FilterSet set;
  const bool in_kernel = policy.kernel_only || !options.listener;
  const auto calls = DeniedCallsOf(policy);
  if (!calls.ok())
    set.ioctl = calls.status();
  else if (in_kernel && !(DeniedIoctls(policy).empty() && calls->empty()))
    set.ioctl = Render(IoctlFilter(policy), form);
  if (in_kernel && policy.append_only) set.append_only = Render(AppendOnlyFilter(), form);
  if (in_kernel && policy.restrict_kptr) set.kptr = Render(KptrFilter(kernel::SyscallTable()), form);
  if (options.listener) {
    auto builder = NotifyFilter(policy, kernel::SyscallTable());
    if (builder.ok()) set.own_number = builder->OwnNumberAt();
    set.notify = Render(std::move(builder), form);
  } else if (options.outer == nullptr) {
    set.notify = Render(RefuseFilter(policy, kernel::SyscallTable()), form);
  } else if (policy.restrict_prlimit || policy.deny_tsc || HoldsNetwork(policy)) {
    set.notify = Render(RefuseFilter(policy, /*table=*/{}), form);
  }
  return set;
}

// Appends bytes to the plan and says where they are. Filters are aligned like the struct they hold.
child::Span AppendSpan(std::string* plan, const std::string& bytes) {
  if (bytes.empty()) return {};
  plan->resize((plan->size() + 7) / 8 * 8);
  const child::Span span{static_cast<uint32_t>(plan->size()), static_cast<uint32_t>(bytes.size())};
  *plan += bytes;
  return span;
}

// Each with a NUL behind it.
std::string Entries(const std::vector<std::string>& texts) {
  std::string bytes;
  for (const std::string& text : texts) absl::StrAppend(&bytes, text, absl::string_view("\0", 1));
  return bytes;
}

uint32_t PlanFlags(const Policy& policy, const kernel::HostFeatures& host, const CompileOptions& options) {
  const std::pair<bool, uint32_t> flags[] = {
      {policy.restore_sigmask, child::kRestoreSigmask},
      {policy.kernel_only, child::kKernelOnly},
      {policy.append_only, child::kAppendOnly},
      {policy.private_tmp, child::kPrivateTmp},
      {policy.private_home, child::kPrivateHome},
      {policy.restrict_kptr, child::kRestrictKptr},
      {policy.mode != Mode::kEnforce || policy.best_effort, child::kLandlockBestEffort},
      {policy.deny_tsc && host.denies_tsc, child::kDenyTsc},
      {policy.restrict_prlimit, child::kRestrictPrlimit},
      {policy.stop, child::kStop},
      {options.listener, child::kWantListener},
      {host.wait_killable, child::kWaitKillable},
      {policy.ssb, child::kSpecAllow},
      {HoldsNetwork(policy), child::kHoldsNetwork},
      {policy.network.own_namespace, child::kNetworkNamespace},
      {policy.mode != Mode::kEnforce || policy.best_effort, child::kNamespaceBestEffort},
  };
  uint32_t value = 0;
  for (const auto& [on, flag] : flags) value |= on ? flag : 0;
  return value;
}

// Where a socket leads is seen by a supervisor alone, which makes the call on the caller's own socket. What a
// network of no address at all allows the kernel can tell by registers.
absl::Status CheckNetwork(const Policy& policy, const kernel::HostFeatures& host,
                          const CompileOptions& options, std::vector<std::string>* unheld) {
  if (!MakesNetworkCalls(policy) || options.outer != nullptr) return absl::OkStatus();
  std::string reason;
  if (options.listener && !host.pidfd_getfd) {
    reason = "a caller's socket cannot be fetched (pidfd_getfd: Linux 5.6, yama below 2)";
  } else if (!options.listener && HoldsNetwork(policy) && AllowsInternet(policy.network)) {
    reason = "there is no listener: the addresses are not seen (record level off, or another listener above)";
  }
  if (reason.empty()) return absl::OkStatus();
  const char* held =
      HoldsNetwork(policy) ? NetworkModeName(policy.network.mode) : "any, with confined or hidden files";
  reason = absl::StrCat("network ", held, ": ", reason);
  if (!policy.best_effort) return absl::UnimplementedError(reason);
  unheld->push_back(reason);
  return absl::OkStatus();
}

// What this host cannot do: left out and reported in observe and report, an error in enforce. `skipped`: what
// the child tries all the same, and tells of itself.
absl::Status CheckHost(const Policy& policy, const kernel::HostFeatures& host, const CompileOptions& options,
                       std::vector<std::string>* skipped, std::vector<std::string>* unheld) {
  if (options.listener && !host.notify) {
    return absl::UnimplementedError(
        "this kernel has no seccomp user notification (Linux 5.0 or later, CONFIG_SECCOMP_FILTER): nothing "
        "can be recorded");
  }
  // Who opens a log, and what becomes of its O_APPEND, a filter alone cannot hold.
  const bool seen = options.listener || (options.outer != nullptr && HoldsLogs(*options.outer));
  if (HoldsLogs(policy) && (!seen || policy.kernel_only)) {
    const std::string reason =
        options.outer != nullptr
            ? "append-only paths: the supervisor above has none in its own policy, and does not see the calls"
            : "append-only paths need a supervisor: a listener of our own, and kernel-only off";
    if (!policy.best_effort) return absl::UnimplementedError(reason);
    // Of each path that nobody sees CheckPatterns() tells, with its line.
    if (options.listener || options.outer != nullptr) unheld->push_back(reason);
  }
  if (options.listener && host.foreign_proc) return absl::UnimplementedError(kernel::kForeignProcMessage);
  const bool wants_scope = policy.scope_signals || policy.scope_abstract_unix;
  if (wants_scope && host.landlock_abi < kernel::kLandlockAbiScope) {
    const std::string reason =
        absl::StrCat("Landlock scope: ABI 6 (Linux 6.12) is needed, this host has ", host.landlock_abi);
    if (policy.mode == Mode::kEnforce && !policy.best_effort) return absl::UnimplementedError(reason);
    skipped->push_back(reason);
  }
  if (policy.deny_tsc && !host.denies_tsc) {
    const std::string reason =
        "deny-tsc: the time-stamp counter can be read here all the same (no x86, or a hypervisor that lets "
        "it be)";
    if (policy.mode == Mode::kEnforce && !policy.best_effort) return absl::UnimplementedError(reason);
    unheld->push_back(reason);
  }
  return CheckNetwork(policy, host, options, unheld);
}

// What Landlock leaves out of what confined files mean.
void TellUnseen(const Policy& policy, const CompileOptions& options, std::vector<std::string>* unheld) {
  if (policy.mode != Mode::kEnforce || !policy.confine_files || options.listener || options.outer != nullptr)
    return;
  const bool sockets = AllowsSocket(policy.network, AF_UNIX, SOCK_STREAM, 0);
  unheld->push_back(absl::StrCat("files: changes of mode, owner, times and extended attributes",
                                 sockets ? ", and who connects to a unix socket by its path," : "",
                                 " are held by a supervisor alone, and none listens here (record level off, "
                                 "or another listener above)"));
}

// Landlock has no rule that takes away: these need somebody who answers calls. Below an outer supervisor of
// ours it is that one, who knows this policy.
absl::Status CheckPatterns(const Policy& policy, const CompileOptions& options,
                           std::vector<std::string>* unheld) {
  RETURN_IF_ERROR(FileRules::Make(policy, {}).status());  // what the patterns say wrongly
  if (policy.strict_inputs && policy.mode != Mode::kObserve && !options.graph) {
    const std::string reason =
        "strict inputs: on what an edge depends only Ninja's graph says, which nobody has asked here: build "
        "with glovebox-ninja";
    if (policy.mode == Mode::kEnforce && !policy.best_effort) return absl::UnimplementedError(reason);
    unheld->push_back(reason);
  }
  if (policy.mode != Mode::kEnforce || options.listener || options.outer != nullptr) return absl::OkStatus();
  if (policy.strict_inputs) {
    const std::string reason =
        "strict inputs: a supervisor is needed, and none listens here (record level off, or another "
        "listener above)";
    if (!policy.best_effort) return absl::UnimplementedError(reason);
    unheld->push_back(reason);
  }
  for (const PathRule& rule : policy.paths) {
    const bool append = rule.access == PathAccess::kAppend;
    const bool covered = policy.hide_by_namespace && IsOnePlace(rule);
    const bool hidden = rule.access == PathAccess::kHidden && !covered;
    if (!append && !hidden) continue;
    const std::string reason =
        absl::StrCat(OriginText(rule.origin), ": ", append ? "append-only" : "hidden", " path ", rule.path,
                     ": a supervisor is needed, and none listens here (record level off, or another listener "
                     "above)",
                     hidden && policy.hide_by_namespace
                         ? "; a mount namespace covers what is there, not what will fit the pattern"
                         : "");
    if (!policy.best_effort) return absl::UnimplementedError(reason);
    unheld->push_back(reason);
  }
  return absl::OkStatus();
}

// A best effort that is not tried, and not done around this action either.
bool GoesUncovered(const Policy& policy, const Policy* outer) {
  if (!policy.best_effort || outer == nullptr || outer->mode != Mode::kEnforce) return false;
  Policy wants = policy, around = *outer;
  wants.best_effort = around.best_effort = false;
  return !HiddenPlaces(wants, &around).empty();
}

// What no namespace can say for certain is held all the same, but by somebody who answers.
void ForetellPatterns(const Policy& policy, const CompileOptions& options,
                      std::vector<std::string>* skipped) {
  if (!policy.hide_by_namespace || policy.mode != Mode::kEnforce) return;
  if (!options.listener && options.outer == nullptr) return;
  for (const PathRule& rule : policy.paths) {
    if (rule.access != PathAccess::kHidden || IsOnePlace(rule)) continue;
    skipped->push_back(absl::StrCat(OriginText(rule.origin), ": hidden path ", rule.path,
                                    ": a mount namespace covers what fits it when the action begins; what "
                                    "fits it later the supervisor hides"));
  }
}

uint64_t ScopeOf(const Policy& policy) {
  return (policy.scope_signals ? kernel::kLandlockScopeSignal : 0) |
         (policy.scope_abstract_unix ? kernel::kLandlockScopeAbstractUnix : 0);
}

// Row 14 shows nothing of ours to the command, wherever it comes from.
bool IsHidden(absl::string_view name) {
  return absl::StartsWith(name, "GLOVEBOX_") && !absl::StartsWith(name, "GLOVEBOX_TEST_");
}

absl::Status CheckEnvironmentRules(const std::vector<std::string>& rules) {
  for (const std::string& rule : rules) {
    const bool sets = absl::StartsWith(rule, "+");
    const bool known = sets || absl::StartsWith(rule, "-") || absl::StartsWith(rule, "=");
    if (!known || rule.size() < 2 || rule[1] == '=' || rule.find('\0') != std::string::npos) {
      return absl::InvalidArgumentError(
          absl::StrCat("environment rule \"", rule, "\": expected -NAME, =NAME or +NAME=value"));
    }
    if (sets != (rule.find('=', 1) != std::string::npos)) {
      return absl::InvalidArgumentError(
          absl::StrCat("environment rule \"", rule,
                       "\": ", sets ? "a value is missing (+NAME=value)" : "a name has no '='"));
    }
    if (sets && IsHidden(absl::string_view(rule).substr(1))) {
      return absl::InvalidArgumentError(absl::StrCat(
          "environment rule \"", rule,
          "\": no command is given a GLOVEBOX_ variable, except GLOVEBOX_TEST_...; to set NAME in the "
          "command "
          "write +NAME=value, or have GLOVEBOX_CHILD_NAME=value in the environment of glovebox"));
    }
  }
  return absl::OkStatus();
}

// The outer filter lets nobody set a limit, and the one that was inherited is as narrow.
bool IsInherited(const Policy& policy, const Policy* outer, size_t limit) {
  return outer != nullptr && outer->restrict_prlimit && outer->limits[limit].has_value() &&
         *outer->limits[limit] <= *policy.limits[limit];
}

}  // namespace

absl::StatusOr<CompiledPlan> CompilePlan(const Policy& policy, const kernel::HostFeatures& host,
                                         const CompileOptions& options) {
  CompiledPlan compiled;
  RETURN_IF_ERROR(CheckHost(policy, host, options, &compiled.skipped, &compiled.unheld));
  RETURN_IF_ERROR(CheckEnvironmentRules(policy.environment));
  RETURN_IF_ERROR(CheckPatterns(policy, options, &compiled.unheld));
  TellUnseen(policy, options, &compiled.unheld);
  compiled.skipped.insert(compiled.skipped.end(), compiled.unheld.begin(), compiled.unheld.end());
  ForetellPatterns(policy, options, &compiled.skipped);

  child::ChildPlan plan;
  plan.flags = PlanFlags(policy, host, options);
  compiled.covered = HiddenPlaces(policy, options.outer);
  if (GoesUncovered(policy, options.outer)) {
    compiled.unheld.emplace_back(
        "hide-by-namespace: the action around this one is in mode enforce, where nobody makes a namespace; "
        "the supervisor hides");
  }
  if (!compiled.covered.empty()) plan.flags |= child::kMountNamespace;
  plan.parent_death_signal = policy.parent_death_signal;
  ASSIGN_OR_RETURN(Ruleset ruleset,
                   MakeRuleset(policy, host, ScopeOf(policy), options.outer, &compiled.skipped));
  compiled.ruleset = std::move(ruleset.fd);
  compiled.grants = std::move(ruleset.grants);
  compiled.unheld.insert(compiled.unheld.end(), ruleset.unheld.begin(), ruleset.unheld.end());
  // What the ruleset does not hold. The child tries it whatever the probe said, and reports the skip itself:
  // a plan may outlive the probe.
  plan.landlock_scope = static_cast<uint32_t>(ScopeOf(policy) & ~ruleset.scope);
  for (size_t i = 0; i < policy.limits.size(); ++i) {
    if (!policy.limits[i].has_value() || IsInherited(policy, options.outer, i)) continue;
    plan.limits[i] = {.set = 1, .reserved = 0, .value = *policy.limits[i]};
  }
  ASSIGN_OR_RETURN(const bool drops, CapabilityMasksFor(policy, &plan.capabilities));
  if (drops) plan.flags |= child::kDropCapabilities;

  std::string bytes(sizeof plan, '\0');
  FilterSet filters = RenderFilters(policy, host, options, Form::kBpf);
  const std::pair<absl::StatusOr<std::string>*, child::Span*> spans[] = {
      {&filters.ioctl, &plan.ioctl_filter},
      {&filters.append_only, &plan.append_only_filter},
      {&filters.kptr, &plan.kptr_filter},
      {&filters.notify, &plan.notify_filter},
  };
  for (const auto& [filter, span] : spans) {
    if (!filter->ok()) return filter->status();
    *span = AppendSpan(&bytes, **filter);
  }
  plan.own_number = filters.own_number;
  plan.environment_rules = AppendSpan(&bytes, Entries(policy.environment));
  plan.hidden_paths = AppendSpan(&bytes, Entries(compiled.covered));
  plan.size = static_cast<uint32_t>(bytes.size());
  std::memcpy(bytes.data(), &plan, sizeof plan);
  compiled.bytes = std::move(bytes);
  return compiled;
}

absl::StatusOr<std::vector<ExportedFilter>> ExportFilters(const Policy& policy,
                                                          const kernel::HostFeatures& host,
                                                          const CompileOptions& options) {
  std::vector<std::string> skipped, unheld;
  RETURN_IF_ERROR(CheckHost(policy, host, options, &skipped, &unheld));
  const FilterSet bpf = RenderFilters(policy, host, options, Form::kBpf);
  const FilterSet pfc = RenderFilters(policy, host, options, Form::kPfc);
  std::vector<ExportedFilter> filters;
  const std::pair<const char*,
                  std::pair<const absl::StatusOr<std::string>*, const absl::StatusOr<std::string>*>>
      parts[] = {
          {"ioctl", {&bpf.ioctl, &pfc.ioctl}},
          {"append_only", {&bpf.append_only, &pfc.append_only}},
          {"kptr", {&bpf.kptr, &pfc.kptr}},
          {"notify", {&bpf.notify, &pfc.notify}},
      };
  for (const auto& [name, forms] : parts) {
    if (!forms.first->ok()) return forms.first->status();
    if (!forms.second->ok()) return forms.second->status();
    if (!(*forms.first)->empty()) filters.push_back({name, **forms.first, **forms.second});
  }
  return filters;
}

}  // namespace glovebox::policy
