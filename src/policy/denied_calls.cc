#include "policy/denied_calls.h"

#include <linux/sched.h>
#include <seccomp.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "kernel/abi.h"
#include "kernel/syscall_table.h"

namespace glovebox::policy {
namespace {

// A new user namespace gives every capability inside it, and with them the rest of these flags: mounts of its
// own, and kernel code that no ordinary user reaches.
constexpr uint32_t kCloneNamespaces =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
// clone() has its exit signal where unshare() has CLONE_NEWTIME (5.6).
constexpr uint32_t kUnshareNamespaces = kCloneNamespaces | CLONE_NEWTIME;

constexpr DeniedCall kDefault[] = {
    // namespaces
    {"unshare", EPERM, kUnshareNamespaces},
    {"clone", EPERM, kCloneNamespaces},
    {"clone3", ENOSYS, 0, 0, true},
    {"setns", EPERM},
    // what names mean: Landlock's rules and the supervisor's answers rest on the tree of mounts
    {"mount", EPERM},
    {"umount", EPERM},
    {"umount2", EPERM},
    {"move_mount", EPERM},
    {"open_tree", EPERM},
    {"open_tree_attr", EPERM},
    {"mount_setattr", EPERM},
    {"fsopen", EPERM},
    {"fspick", EPERM},
    {"fsmount", EPERM},
    {"fsconfig", EPERM},
    {"pivot_root", EPERM},
    {"chroot", EPERM},
    // ways to a file that no path is looked up for
    {"open_by_handle_at", EPERM},
    // the memory of others, and a thread that stops in the middle of a kernel's read of its memory: the
    // opener of every race between a check and its use
    {"process_vm_writev", EPERM},
    {"userfaultfd", EPERM},
    // the limits of others, the supervisor's too: no domain of Landlock's is a bar to this one. A program
    // that asks for its own limits by its number instead of 0 is refused with them
    {"prlimit64", EPERM, 0, 0b101},
    // large kernel interfaces that a build does not need
    {"bpf", EPERM},
    {"perf_event_open", EPERM},
    {"keyctl", EPERM},
    {"add_key", EPERM},
    {"request_key", EPERM},
    // the machine
    {"kexec_load", EPERM},
    {"kexec_file_load", EPERM},
    {"init_module", EPERM},
    {"finit_module", EPERM},
    {"delete_module", EPERM},
    {"create_module", EPERM},
    {"reboot", EPERM},
    {"swapon", EPERM},
    {"swapoff", EPERM},
    {"acct", EPERM},
    {"quotactl", EPERM},
    {"quotactl_fd", EPERM},
    {"settimeofday", EPERM},
    {"stime", EPERM},
    {"clock_settime", EPERM},
    {"clock_settime64", EPERM},
    {"sethostname", EPERM},
    {"setdomainname", EPERM},
    {"syslog", EPERM},
    {"vhangup", EPERM},
    {"iopl", EPERM},
    {"ioperm", EPERM},
    {"uselib", EPERM},
    {"lookup_dcookie", EPERM},
};

const DeniedCall* FindDefault(absl::string_view name) {
  static const auto* const kByName = [] {
    auto* calls = new std::map<absl::string_view, const DeniedCall*>;
    for (const DeniedCall& call : kDefault) calls->emplace(call.name, &call);
    return calls;
  }();
  const auto found = kByName->find(name);
  return found == kByName->end() ? nullptr : found->second;
}

// A call that the list of a policy names and ours does not.
const DeniedCall* Plain(absl::string_view name) {
  static const auto* const kPlain = [] {
    auto* calls = new std::map<absl::string_view, DeniedCall>;
    for (const kernel::SyscallRow& row : kernel::SyscallTable())
      calls->emplace(row.name, DeniedCall{row.name, EPERM});
    for (const kernel::IgnoredSyscall& call : kernel::IgnoredSyscalls())
      calls->emplace(call.name, DeniedCall{call.name, EPERM});
    return calls;
  }();
  const auto found = kPlain->find(name);
  return found == kPlain->end() ? nullptr : &found->second;
}

// Each register condition of a call, one a rule: a filter knows "all of these bits", not "one of them".
std::vector<std::vector<scmp_arg_cmp>> ConditionsOf(const DeniedCall& call) {
  std::vector<scmp_arg_cmp> all;
  for (unsigned argument = 0; argument < 6; ++argument) {
    if ((call.not_zero & (1u << argument)) != 0) all.push_back({argument, SCMP_CMP_NE, 0, 0});
  }
  if (call.any_of == 0) return {all};
  std::vector<std::vector<scmp_arg_cmp>> conditions;
  for (uint32_t bit = 1; bit != 0; bit <<= 1) {
    if ((call.any_of & bit) != 0) conditions.push_back({HasBits(0, bit)});
  }
  return conditions;
}

}  // namespace

absl::Span<const DeniedCall> DefaultDeniedCalls() { return kDefault; }

absl::StatusOr<std::vector<DeniedCall>> DeniedCallsOf(const Policy& policy) {
  if (!policy.denied_calls.has_value()) {
    if (policy.mode != Mode::kEnforce) return std::vector<DeniedCall>();
    return std::vector<DeniedCall>(std::begin(kDefault), std::end(kDefault));
  }
  std::vector<DeniedCall> calls;
  for (const std::string& name : *policy.denied_calls) {
    const DeniedCall* call = FindDefault(name);
    if (call == nullptr) call = Plain(name);
    if (call == nullptr)
      return absl::InvalidArgumentError(absl::StrCat("denied call \"", name, "\": no such system call"));
    calls.push_back(*call);
  }
  return calls;
}

const DeniedCall* FindDeniedCall(const Policy& policy, absl::string_view name, const uint64_t* args) {
  const DeniedCall* call = nullptr;
  if (policy.denied_calls.has_value()) {
    const auto& denied = *policy.denied_calls;
    if (std::find(denied.begin(), denied.end(), name) == denied.end()) return nullptr;
    call = FindDefault(name);
    if (call == nullptr) call = Plain(name);
  } else if (policy.mode == Mode::kEnforce) {
    call = FindDefault(name);
  }
  if (call == nullptr) return nullptr;
  for (unsigned argument = 0; argument < 6; ++argument) {
    if ((call->not_zero & (1u << argument)) != 0 && args[argument] == 0) return nullptr;
  }
  const bool fits = call->any_of == 0 || (static_cast<uint32_t>(args[0]) & call->any_of) != 0;
  return fits ? call : nullptr;
}

absl::Status AddDeniedCalls(FilterBuilder& builder, const Policy& policy, bool seen,
                            const std::vector<std::string>& noticed) {
  ASSIGN_OR_RETURN(const std::vector<DeniedCall> calls, DeniedCallsOf(policy));
  for (const DeniedCall& call : calls) {
    // The limits' own restriction refuses more of it, in the kernel: one call cannot have both answers.
    if (policy.restrict_prlimit && absl::string_view(call.name) == "prlimit64") continue;
    if (seen && std::find(noticed.begin(), noticed.end(), call.name) != noticed.end()) continue;
    const uint32_t action =
        seen && !call.unseen ? SCMP_ACT_NOTIFY : SCMP_ACT_ERRNO(static_cast<uint32_t>(call.error));
    for (const auto& conditions : ConditionsOf(call)) {
      const int number = kernel::SyscallNumber(kernel::kNativeArch, call.name);
      // libseccomp does not know the newest calls, and cannot have them in a filter of several ABIs: without
      // a listener what holds open_tree_attr is that its capability is dropped.
      const bool known = seccomp_syscall_resolve_name(call.name) != __NR_SCMP_ERROR;
      if (known) {
        RETURN_IF_ERROR(builder.AddAnyAbi(action, call.name, conditions));
      } else if (number >= 0 && seen) {
        RETURN_IF_ERROR(builder.AddNumber(action, number, conditions, call.name));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace glovebox::policy
