#include "trace/judge.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "kernel/abi.h"
#include "kernel/syscall_table.h"
#include "policy/denied_calls.h"
#include "policy/descriptor_calls.h"
#include "policy/logs.h"
#include "policy/network_rules.h"
#include "policy/process_calls.h"

namespace glovebox::trace {
namespace {

absl::string_view NameOf(const Intent& intent) { return kernel::WithoutAbi(intent.syscall); }

// True for a call that this build knows and does not record. Every call of a foreign ABI is notified; these
// just go on.
bool IsIgnored(absl::string_view syscall) {
  static const auto* const kNames = [] {
    auto* names = new absl::flat_hash_set<std::string>;
    for (const kernel::IgnoredSyscall& call : kernel::IgnoredSyscalls()) names->insert(call.name);
    return names;
  }();
  return kNames->contains(kernel::WithoutAbi(syscall));
}

void Refuse(int error, std::string rule, Intent* intent) {
  intent->op = Op::kForbidden;
  intent->refuse = error;
  intent->text = std::string(NameOf(*intent));
  intent->rule = std::move(rule);
  intent->hole.clear();
}

// Natively only who sets a limit of a process by its number comes here, or asks with a kernel pointer. In a
// foreign ABI the filter refuses no change of a limit, and prlimit64 that only reads is refused with it.
bool IsRestrictedLimit(const policy::Policy& policy, const seccomp_notif& call, bool native,
                       absl::string_view name) {
  if (!policy.restrict_prlimit) return false;
  if (!native) return name == "setrlimit" || name == "prlimit64";
  return name == "prlimit64" && call.data.args[0] != 0 && call.data.args[2] != 0;
}

// Refusals that a name settles. io_submit carries RWF_NOAPPEND in memory that another thread can change
// after a look, so it is refused as a whole.
void RefuseByName(const policy::Policy& policy, const seccomp_notif& call, bool native, Intent* intent) {
  const absl::string_view name = NameOf(*intent);
  if (IsRestrictedLimit(policy, call, native, name))
    Refuse(EPERM, "forbidden-call: built in restrict-prlimit", intent);
  else if (name == "io_submit" && (policy.append_only || policy::HoldsLogs(policy)))
    Refuse(EPERM, "", intent);
}

// Natively the filter lets nothing else of these calls come here. In a foreign ABI no filter looks at
// registers. What socketcall carries lies in memory that another thread can change, so it is refused as a
// whole; socket() is left to the ruler.
void RefuseSocketCall(const policy::Policy& policy, const seccomp_notif& call, Intent* intent) {
  if (!policy::HoldsNetwork(policy)) return;
  constexpr uint32_t kPair = 8, kOption = 14;  // SYS_SOCKETPAIR, SYS_SETSOCKOPT of linux/net.h
  const auto* args = call.data.args;
  const absl::string_view name = NameOf(*intent);
  const auto carried = static_cast<uint32_t>(args[0]);
  const bool refuse =
      (name == "socketcall" && (carried == kPair || carried == kOption)) ||
      (name == "socketpair" && args[0] != AF_UNIX) ||
      (name == "setsockopt" && policy::IsRoutingOption(static_cast<int>(args[1]), static_cast<int>(args[2])));
  if (refuse) Refuse(EACCES, absl::StrCat("forbidden-call: ", policy::NetworkPlace(policy.network)), intent);
}

// The calls that the policy denies by name. clone3 natively is refused in the kernel and never comes here.
bool RefuseDenied(const policy::Policy& policy, const seccomp_notif& call, Intent* intent) {
  absl::string_view name = intent->syscall;
  if (const size_t colon = name.find(':'); colon != absl::string_view::npos) name.remove_prefix(colon + 1);
  uint64_t args[6];
  std::copy(std::begin(call.data.args), std::end(call.data.args), args);
  const policy::DeniedCall* denied = policy::FindDeniedCall(policy, name, args);
  if (denied == nullptr) return false;
  intent->op = Op::kForbidden;
  intent->refuse = denied->error;
  intent->text = denied->name;
  intent->rule =
      absl::StrCat("forbidden-call: ", policy.denied_calls.has_value() ? "denied_calls" : "built in");
  intent->hole.clear();
  return true;
}

}  // namespace

bool Judge(const policy::Policy& policy, const seccomp_notif& call, Intent* intent) {
  if (RefuseDenied(policy, call, intent)) return true;
  const bool native = call.data.arch == kernel::kNativeArch && intent->syscall.rfind("x32:", 0) != 0;
  if (intent->op == Op::kForbidden && intent->refuse == EPERM && intent->text.rfind("ioctl ", 0) == 0) {
    // Natively only denied requests are notified; in a foreign ABI everything is.
    const std::vector<uint32_t> denied = policy::DeniedIoctls(policy);
    return std::find(denied.begin(), denied.end(), static_cast<uint32_t>(intent->flags)) != denied.end();
  }
  const bool append_only = policy.append_only || policy::HoldsLogs(policy);
  if (intent->kernel_pointer && policy.restrict_kptr) {
    intent->op = Op::kForbidden;
    intent->refuse = EFAULT;
    intent->text = "kernel pointer";
    intent->hole.clear();
  } else if (intent->op == Op::kForbidden &&
             (intent->text == "kernel pointer" || (intent->text == kTscEnable && !policy.deny_tsc) ||
              (intent->refuse == EOPNOTSUPP && !append_only))) {
    return false;
  }
  RefuseByName(policy, call, native, intent);
  RefuseSocketCall(policy, call, intent);
  if (intent->by_descriptor && intent->refuse == 0 && !policy::IsDescriptorCall(policy, NameOf(*intent)))
    return false;
  if (intent->by_process && intent->refuse == 0 &&
      !policy::ForetellsProcesses(policy, policy::ProcessUseOf(NameOf(*intent))))
    return false;
  if (intent->op == Op::kNone && intent->hole.empty()) return false;
  return intent->op != Op::kNone || native || !IsIgnored(intent->syscall);
}

const char* HoleKind(const Intent& intent) {
  if (intent.op == Op::kNone)
    return intent.syscall.find(':') != std::string::npos ? "foreign-abi" : "unlisted-call";
  return "memory-unreadable";
}

bool Names(const Intent& intent, Op op, absl::string_view path) {
  return intent.op == op && intent.paths.size() == 1 && intent.paths[0].spelled == path;
}

bool IsAbsolute(const Intent& intent) {
  return std::all_of(intent.paths.begin(), intent.paths.end(),
                     [](const PathRef& path) { return absl::StartsWith(path.spelled, "/"); });
}

}  // namespace glovebox::trace
