#include "policy/filters.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "kernel/abi.h"
#include "policy/denied_calls.h"
#include "policy/descriptor_calls.h"
#include "policy/hidden_places.h"
#include "policy/logs.h"
#include "policy/network_rules.h"
#include "policy/pointer_calls.h"
#include "policy/process_calls.h"

namespace glovebox::policy {
namespace {

using kernel::kNativeArch;

absl::Status AddIoctls(FilterBuilder& builder, const Policy& policy, uint32_t action) {
  for (const uint32_t request : DeniedIoctls(policy)) {
    RETURN_IF_ERROR(builder.Add(action, "ioctl", {LowWordIs(1, request)}));
  }
  return absl::OkStatus();
}

absl::Status AddAppendOnly(FilterBuilder& builder, uint32_t refuse_flag, uint32_t refuse_submit,
                           unsigned flags = kernel::kPwritev2Flags) {
  RETURN_IF_ERROR(builder.Add(refuse_flag, "pwritev2", {HasBits(flags, kernel::kRwfNoAppend)}));
  return builder.Add(refuse_submit, "io_submit");
}

// Of the whole table, whatever the level records: a level says what is worth a record, not what is refused.
absl::Status AddKernelPointers(FilterBuilder& builder, absl::Span<const kernel::SyscallRow> table,
                               uint32_t action) {
  for (const PointerCall& call : PointerCalls()) {
    const int number = kernel::SyscallNumber(kNativeArch, call.name);
    if (number < 0) continue;
    for (unsigned argument = 0; argument < 6; ++argument) {
      if ((call.registers & (1u << argument)) == 0) continue;
      RETURN_IF_ERROR(builder.AddNumber(action, number, {IsKernelPointer(argument)}, call.name));
    }
  }
  for (const kernel::SyscallRow& row : table) {
    const int number = kernel::SyscallNumber(kNativeArch, row.name);
    if (number < 0) continue;
    for (unsigned argument = 0; argument < 6; ++argument) {
      if (!kernel::IsPointer(row.args[argument])) continue;
      RETURN_IF_ERROR(builder.AddNumber(action, number, {IsKernelPointer(argument)}, row.name));
    }
  }
  return absl::OkStatus();
}

// `others`: for who names a process. Its own limits a compiler tries to raise, and goes on without: that is
// no attempt that needs a record.
absl::Status AddLimits(FilterBuilder& builder, const Policy& policy, uint32_t others) {
  constexpr uint32_t kRefused = SCMP_ACT_ERRNO(EPERM);
  if (!policy.restrict_prlimit) return absl::OkStatus();
  RETURN_IF_ERROR(builder.Add(kRefused, "setrlimit"));
  // Reading stays allowed: a null pointer as the new limit changes nothing.
  const scmp_arg_cmp changes = {2, SCMP_CMP_NE, 0, 0};
  if (others == kRefused) return builder.Add(kRefused, "prlimit64", {changes});
  RETURN_IF_ERROR(builder.Add(kRefused, "prlimit64", {{0, SCMP_CMP_EQ, 0, 0}, changes}));
  return builder.Add(others, "prlimit64", {{0, SCMP_CMP_NE, 0, 0}, changes});
}

// Row 16 holds only as long as nobody takes it back. The kernel looks at 32 bits of both. Asking for
// PR_TSC_SIGSEGV goes on: row 16 of a nested action does.
absl::Status AddTimeStampCounter(FilterBuilder& builder, const Policy& policy, uint32_t action) {
  if (!policy.deny_tsc) return absl::OkStatus();
  return builder.Add(action, "prctl", {LowWordIs(0, PR_SET_TSC), LowWordIs(1, PR_TSC_ENABLE)});
}

constexpr uint32_t kRefusedSocket = SCMP_ACT_ERRNO(EACCES);

// Of one family that is allowed, by AllowsSocket(): all types but STREAM and DGRAM, and for these two all
// protocols but the default and `stream`, `dgram`. The kernel looks at 32 bits; garbage above them makes a
// protocol that is none.
absl::Status AddInternetTypes(FilterBuilder& builder, uint32_t domain) {
  const scmp_arg_cmp family = LowWordIs(0, domain);
  const auto type_is = [](uint32_t mask, uint32_t value) {
    return scmp_arg_cmp{1, SCMP_CMP_MASKED_EQ, mask, value};
  };
  for (const scmp_arg_cmp type : {type_is(0xf, 0), type_is(0xf, SOCK_RAW), type_is(4, 4), type_is(8, 8)})
    RETURN_IF_ERROR(builder.Add(kRefusedSocket, "socket", {family, type}));
  constexpr std::pair<uint32_t, uint64_t> kOwn[] = {{SOCK_STREAM, IPPROTO_TCP}, {SOCK_DGRAM, IPPROTO_UDP}};
  for (const auto& [type, protocol] : kOwn) {
    const scmp_arg_cmp other[] = {{2, SCMP_CMP_GT, protocol, 0}};
    RETURN_IF_ERROR(builder.Add(kRefusedSocket, "socket", {family, type_is(0xf, type), other[0]}));
    for (uint32_t between = 1; between < protocol; ++between) {
      RETURN_IF_ERROR(
          builder.Add(kRefusedSocket, "socket", {family, type_is(0xf, type), LowWordIs(2, between)}));
    }
  }
  return absl::OkStatus();
}

// The kinds of sockets that the network does not allow.
absl::Status AddSockets(FilterBuilder& builder, const Policy& policy) {
  const Network& network = policy.network;
  constexpr uint64_t kHighest = AF_NETLINK;
  for (uint32_t domain = 0; domain <= kHighest; ++domain) {
    const bool unix = domain == AF_UNIX && network.mode != NetworkMode::kNone;
    const bool inet = (domain == AF_INET || domain == AF_INET6) && AllowsInternet(network);
    const bool routes = domain == AF_NETLINK && AllowsInternet(network);
    if (inet) RETURN_IF_ERROR(AddInternetTypes(builder, domain));
    if (routes) {
      RETURN_IF_ERROR(
          builder.Add(kRefusedSocket, "socket", {LowWordIs(0, domain), {2, SCMP_CMP_NE, NETLINK_ROUTE, 0}}));
    }
    if (!unix && !inet && !routes)
      RETURN_IF_ERROR(builder.Add(kRefusedSocket, "socket", {LowWordIs(0, domain)}));
  }
  return builder.Add(kRefusedSocket, "socket", {{0, SCMP_CMP_GT, kHighest, 0}});
}

// What of a network that is held has no address.
absl::Status AddNetwork(FilterBuilder& builder, uint32_t action) {
  RETURN_IF_ERROR(builder.Add(action, "socketpair", {{0, SCMP_CMP_NE, AF_UNIX, 0}}));
  for (const SocketOption& option : RoutingOptions()) {
    RETURN_IF_ERROR(builder.Add(action, "setsockopt",
                                {LowWordIs(1, static_cast<uint32_t>(option.level)),
                                 LowWordIs(2, static_cast<uint32_t>(option.name))}));
  }
  return absl::OkStatus();
}

// F_SETFL alone of fcntl, whose others are many.
absl::Status AddDescriptorCalls(FilterBuilder& builder, const Policy& policy) {
  for (const char* name : DescriptorCalls(policy)) {
    std::vector<scmp_arg_cmp> conditions;
    if (std::string_view(name) == "fcntl") conditions.push_back(LowWordIs(1, F_SETFL));
    RETURN_IF_ERROR(builder.Add(SCMP_ACT_NOTIFY, name, conditions));
  }
  return absl::OkStatus();
}

// What the kernel refuses across the action's domain. What is denied anyway needs no second rule.
absl::Status AddProcesses(FilterBuilder& builder, const Policy& policy, std::vector<std::string> noticed) {
  ASSIGN_OR_RETURN(const std::vector<DeniedCall> denied, DeniedCallsOf(policy));
  for (const DeniedCall& call : denied) noticed.emplace_back(call.name);
  return AddProcessCalls(builder, policy, noticed);
}

}  // namespace

absl::StatusOr<FilterBuilder> IoctlFilter(const Policy& policy) {
  ASSIGN_OR_RETURN(FilterBuilder builder, FilterBuilder::Create(SCMP_ACT_ALLOW, SCMP_ACT_ALLOW));
  RETURN_IF_ERROR(builder.AddForeignAbis());
  RETURN_IF_ERROR(AddIoctls(builder, policy, SCMP_ACT_ERRNO(EPERM)));
  RETURN_IF_ERROR(AddDeniedCalls(builder, policy, /*seen=*/false));
  return builder;
}

absl::StatusOr<FilterBuilder> AppendOnlyFilter() {
  constexpr uint32_t kFlag = SCMP_ACT_ERRNO(EOPNOTSUPP), kSubmit = SCMP_ACT_ERRNO(EPERM);
  ASSIGN_OR_RETURN(FilterBuilder builder, FilterBuilder::Create(SCMP_ACT_ALLOW, SCMP_ACT_ALLOW));
  RETURN_IF_ERROR(builder.AddForeignAbis(/*x32=*/false));
  RETURN_IF_ERROR(AddAppendOnly(builder, kFlag, kSubmit));
  if (kNativeArch != AUDIT_ARCH_X86_64) return builder;
  ASSIGN_OR_RETURN(FilterBuilder x32, FilterBuilder::CreateForX32(SCMP_ACT_ALLOW, SCMP_ACT_ALLOW));
  RETURN_IF_ERROR(AddAppendOnly(x32, kFlag, kSubmit, kernel::kPwritev2FlagsX32));
  RETURN_IF_ERROR(builder.Merge(std::move(x32)));
  return builder;
}

absl::StatusOr<FilterBuilder> KptrFilter(absl::Span<const kernel::SyscallRow> table) {
  ASSIGN_OR_RETURN(FilterBuilder builder, FilterBuilder::Create(SCMP_ACT_ALLOW, SCMP_ACT_ALLOW));
  RETURN_IF_ERROR(AddKernelPointers(builder, table, SCMP_ACT_ERRNO(EFAULT)));
  return builder;
}

bool MayHaveGate(const Policy& policy) {
  return !policy.restrict_kptr && !policy.kernel_only && policy.level >= kernel::Level::kFull &&
         !AnswersLooks(policy);
}

absl::StatusOr<FilterBuilder> NotifyFilter(const Policy& policy, absl::Span<const kernel::SyscallRow> table) {
  ASSIGN_OR_RETURN(FilterBuilder builder, FilterBuilder::Create(SCMP_ACT_ALLOW, SCMP_ACT_NOTIFY));
  const uint32_t refused = policy.kernel_only ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_NOTIFY;
  RETURN_IF_ERROR(AddLimits(builder, policy, refused));
  RETURN_IF_ERROR(AddTimeStampCounter(builder, policy, refused));
  if (HoldsNetwork(policy))
    RETURN_IF_ERROR(AddNetwork(builder, policy.kernel_only ? kRefusedSocket : SCMP_ACT_NOTIFY));
  std::vector<std::string> noticed;
  const bool looks = AnswersLooks(policy);
  const bool gate = policy.gate != 0 && MayHaveGate(policy);
  for (const kernel::SyscallRow& row : table) {
    // A directory is listed by a descriptor, which nobody has of what is hidden.
    const bool look = looks && row.level == kernel::Level::kFull && row.op != Op::kList;
    if (row.level > policy.level && row.refuse == 0 && !look) continue;
    const int number = kernel::SyscallNumber(kNativeArch, row.name);
    if (number < 0) continue;
    const int required = kernel::RequiredRegister(row);
    std::vector<scmp_arg_cmp> conditions;
    if (required >= 0) conditions.push_back({static_cast<unsigned>(required), SCMP_CMP_NE, 0, 0});
    RETURN_IF_ERROR(builder.AddNumber(SCMP_ACT_NOTIFY, number, conditions, row.name));
    if (conditions.empty()) noticed.emplace_back(row.name);
    if (gate && row.name == kGateCall) builder.AllowAt(policy.gate, number, row.name);
  }
  RETURN_IF_ERROR(AddDescriptorCalls(builder, policy));
  if (policy.kernel_only) return builder;
  RETURN_IF_ERROR(AddDeniedCalls(builder, policy, /*seen=*/true, noticed));
  RETURN_IF_ERROR(AddProcesses(builder, policy, std::move(noticed)));
  RETURN_IF_ERROR(AddIoctls(builder, policy, SCMP_ACT_NOTIFY));
  if (policy.append_only || HoldsLogs(policy))
    RETURN_IF_ERROR(AddAppendOnly(builder, SCMP_ACT_NOTIFY, SCMP_ACT_NOTIFY));
  if (policy.restrict_kptr) RETURN_IF_ERROR(AddKernelPointers(builder, table, SCMP_ACT_NOTIFY));
  return builder;
}

absl::StatusOr<FilterBuilder> RefuseFilter(const Policy& policy, absl::Span<const kernel::SyscallRow> table) {
  ASSIGN_OR_RETURN(FilterBuilder builder, FilterBuilder::Create(SCMP_ACT_ALLOW, SCMP_ACT_ALLOW));
  RETURN_IF_ERROR(builder.AddForeignAbis());
  RETURN_IF_ERROR(AddLimits(builder, policy, SCMP_ACT_ERRNO(EPERM)));
  RETURN_IF_ERROR(AddTimeStampCounter(builder, policy, SCMP_ACT_ERRNO(EPERM)));
  if (HoldsNetwork(policy)) {
    RETURN_IF_ERROR(AddNetwork(builder, kRefusedSocket));
    RETURN_IF_ERROR(AddSockets(builder, policy));
  }
  for (const kernel::SyscallRow& row : table) {
    if (row.refuse == 0) continue;
    RETURN_IF_ERROR(builder.Add(SCMP_ACT_ERRNO(static_cast<uint32_t>(row.refuse)), row.name));
  }
  return builder;
}

}  // namespace glovebox::policy
