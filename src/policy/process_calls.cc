#include "policy/process_calls.h"

#include <sys/ptrace.h>

#include <algorithm>

#include "base/status.h"

namespace glovebox::policy {
namespace {

struct ProcessCall {
  const char* name;
  ProcessUse use;
  // Its first register names the process, and honest programs do it to their children all the time.
  bool by_number = false;
};

constexpr ProcessCall kCalls[] = {
    {"kill", ProcessUse::kSignal, true},
    {"tkill", ProcessUse::kSignal, true},
    {"tgkill", ProcessUse::kSignal, true},
    {"rt_sigqueueinfo", ProcessUse::kSignal, true},
    {"rt_tgsigqueueinfo", ProcessUse::kSignal, true},
    {"pidfd_send_signal", ProcessUse::kSignal},
    {"ptrace", ProcessUse::kAccess},
    {"process_vm_readv", ProcessUse::kAccess},
    {"process_vm_writev", ProcessUse::kAccess},
    {"pidfd_getfd", ProcessUse::kAccess},
    {"kcmp", ProcessUse::kAccess},
};

constexpr uint64_t kBeginnings[] = {PTRACE_ATTACH, PTRACE_SEIZE};

}  // namespace

ProcessUse ProcessUseOf(absl::string_view name) {
  const auto* found =
      std::find_if(std::begin(kCalls), std::end(kCalls), [name](const auto& c) { return c.name == name; });
  return found == std::end(kCalls) ? ProcessUse::kNone : found->use;
}

bool BeginsTracing(uint64_t request) {
  return std::find(std::begin(kBeginnings), std::end(kBeginnings), request) != std::end(kBeginnings);
}

bool ForetellsProcesses(const Policy& policy, ProcessUse use) {
  if (policy.kernel_only) return false;
  if (use == ProcessUse::kSignal) return policy.scope_signals;
  const bool confines = policy.mode == Mode::kEnforce && policy.confine_files;
  return use == ProcessUse::kAccess && (policy.scope_signals || policy.scope_abstract_unix || confines);
}

absl::Status AddProcessCalls(FilterBuilder& builder, const Policy& policy,
                             const std::vector<std::string>& noticed) {
  for (const ProcessCall& call : kCalls) {
    if (!ForetellsProcesses(policy, call.use)) continue;
    if (std::find(noticed.begin(), noticed.end(), call.name) != noticed.end()) continue;
    if (absl::string_view(call.name) != "ptrace") {
      RETURN_IF_ERROR(builder.Add(SCMP_ACT_NOTIFY, call.name));
      const int number = seccomp_syscall_resolve_name(call.name);
      if (call.by_number && number >= 0) builder.AllowFromOwnNumber(number, call.name);
      continue;
    }
    // The kernel compares the whole register. A debugger makes thousands of the other requests.
    for (const uint64_t request : kBeginnings)
      RETURN_IF_ERROR(builder.Add(SCMP_ACT_NOTIFY, call.name, {{0, SCMP_CMP_EQ, request, 0}}));
  }
  return absl::OkStatus();
}

}  // namespace glovebox::policy
