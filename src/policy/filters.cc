#include "policy/filters.h"

#include <linux/audit.h>

#include <cerrno>

#include "base/status.h"
#include "kernel/abi.h"

namespace glovebox::policy {
namespace {

#if defined(__x86_64__)
constexpr uint32_t kNativeArch = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kNativeArch = AUDIT_ARCH_AARCH64;
#else
#error "Glovebox knows the system calls of x86-64 and aarch64"
#endif

constexpr unsigned R0 = 1, R1 = 2, R2 = 4, R3 = 8, R4 = 16, R5 = 32;

// Calls whose registers hold pointers into the caller's memory and that a program makes all the time or that
// copy much: what an attack on the kernel by a pointer would go through. Registers that may hold a number
// instead (ioctl, fcntl, prctl, futex's val2) are left out: a sign-extended -1 there is honest.
constexpr PointerCall kPointerCalls[] = {
    {"read", R1},
    {"write", R1},
    {"pread64", R1},
    {"pwrite64", R1},
    {"readv", R1},
    {"writev", R1},
    {"preadv", R1},
    {"pwritev", R1},
    {"preadv2", R1},
    {"pwritev2", R1},
    {"recvfrom", R1 | R4 | R5},
    {"recvmsg", R1},
    {"recvmmsg", R1 | R4},
    {"getsockopt", R3 | R4},
    {"setsockopt", R3},
    {"getsockname", R1 | R2},
    {"getpeername", R1 | R2},
    {"accept", R1 | R2},
    {"accept4", R1 | R2},
    {"socketpair", R3},
    {"sendto", R1},
    {"fstat", R1},
    {"fstatfs", R1},
    {"getcwd", R0},
    {"pipe2", R0},
    {"poll", R0},
    {"ppoll", R0 | R2 | R3},
    {"epoll_ctl", R3},
    {"epoll_wait", R1},
    {"epoll_pwait", R1 | R4},
    {"getrandom", R0},
    {"uname", R0},
    {"sysinfo", R0},
    {"times", R0},
    {"getrusage", R1},
    {"gettimeofday", R0 | R1},
    {"clock_gettime", R1},
    {"clock_nanosleep", R2 | R3},
    {"nanosleep", R0 | R1},
    {"wait4", R1 | R3},
    {"waitid", R2 | R4},
    {"rt_sigaction", R1 | R2},
    {"rt_sigprocmask", R1 | R2},
    {"sigaltstack", R0 | R1},
    {"sched_setaffinity", R2},
    {"sched_getaffinity", R2},
    {"getrlimit", R1},
    {"setrlimit", R1},
    {"prlimit64", R2 | R3},
    {"capget", R0 | R1},
    {"capset", R0 | R1},
    {"process_vm_readv", R1 | R3},
    {"process_vm_writev", R1 | R3},
};

absl::Status AddIoctls(FilterBuilder& builder, const Policy& policy, uint32_t action) {
  for (uint32_t request : policy.denied_ioctls) {
    RETURN_IF_ERROR(builder.Add(action, "ioctl", {LowWordIs(1, request)}));
  }
  return absl::OkStatus();
}

absl::Status AddAppendOnly(FilterBuilder& builder, uint32_t refuse_flag, uint32_t refuse_submit) {
  RETURN_IF_ERROR(builder.Add(refuse_flag, "pwritev2", {HasBits(5, kernel::kRwfNoAppend)}));
  return builder.Add(refuse_submit, "io_submit");
}

absl::Status AddKernelPointers(FilterBuilder& builder, uint32_t action) {
  for (const PointerCall& call : kPointerCalls) {
    for (unsigned argument = 0; argument < 6; ++argument) {
      if ((call.registers & (1u << argument)) == 0) continue;
      RETURN_IF_ERROR(builder.Add(action, call.name, {IsKernelPointer(argument)}));
    }
  }
  return absl::OkStatus();
}

absl::Status AddLimits(FilterBuilder& builder, const Policy& policy) {
  if (!policy.restrict_prlimit) return absl::OkStatus();
  RETURN_IF_ERROR(builder.Add(SCMP_ACT_ERRNO(EPERM), "setrlimit"));
  // Reading stays allowed: a null pointer as the new limit changes nothing.
  return builder.Add(SCMP_ACT_ERRNO(EPERM), "prlimit64", {{2, SCMP_CMP_NE, 0, 0}});
}

}  // namespace

absl::Span<const PointerCall> PointerCalls() { return kPointerCalls; }

absl::StatusOr<FilterBuilder> IoctlFilter(const Policy& policy) {
  ASSIGN_OR_RETURN(FilterBuilder builder, FilterBuilder::Create(SCMP_ACT_ALLOW, SCMP_ACT_ALLOW));
  RETURN_IF_ERROR(builder.AddForeignAbis());
  RETURN_IF_ERROR(AddIoctls(builder, policy, SCMP_ACT_ERRNO(EPERM)));
  return builder;
}

absl::StatusOr<FilterBuilder> AppendOnlyFilter() {
  ASSIGN_OR_RETURN(FilterBuilder builder, FilterBuilder::Create(SCMP_ACT_ALLOW, SCMP_ACT_ALLOW));
  RETURN_IF_ERROR(builder.AddForeignAbis());
  RETURN_IF_ERROR(AddAppendOnly(builder, SCMP_ACT_ERRNO(EOPNOTSUPP), SCMP_ACT_ERRNO(EPERM)));
  return builder;
}

absl::StatusOr<FilterBuilder> KptrFilter(absl::Span<const kernel::SyscallRow> table) {
  ASSIGN_OR_RETURN(FilterBuilder builder, FilterBuilder::Create(SCMP_ACT_ALLOW, SCMP_ACT_ALLOW));
  RETURN_IF_ERROR(AddKernelPointers(builder, SCMP_ACT_ERRNO(EFAULT)));
  for (const kernel::SyscallRow& row : table) {
    const int number = kernel::SyscallNumber(kNativeArch, row.name);
    if (number < 0) continue;
    for (unsigned argument = 0; argument < 6; ++argument) {
      if (!kernel::IsPointer(row.args[argument])) continue;
      RETURN_IF_ERROR(
          builder.AddNumber(SCMP_ACT_ERRNO(EFAULT), number, {IsKernelPointer(argument)}, row.name));
    }
  }
  return builder;
}

absl::StatusOr<FilterBuilder> NotifyFilter(const Policy& policy, absl::Span<const kernel::SyscallRow> table) {
  ASSIGN_OR_RETURN(FilterBuilder builder, FilterBuilder::Create(SCMP_ACT_ALLOW, SCMP_ACT_NOTIFY));
  RETURN_IF_ERROR(AddLimits(builder, policy));
  for (const kernel::SyscallRow& row : table) {
    if (row.level > policy.level && row.refuse == 0) continue;
    const int number = kernel::SyscallNumber(kNativeArch, row.name);
    if (number < 0) continue;
    const int required = kernel::RequiredRegister(row);
    std::vector<scmp_arg_cmp> conditions;
    if (required >= 0) conditions.push_back({static_cast<unsigned>(required), SCMP_CMP_NE, 0, 0});
    RETURN_IF_ERROR(builder.AddNumber(SCMP_ACT_NOTIFY, number, conditions, row.name));
  }
  if (policy.kernel_only) return builder;
  RETURN_IF_ERROR(AddIoctls(builder, policy, SCMP_ACT_NOTIFY));
  if (policy.append_only) RETURN_IF_ERROR(AddAppendOnly(builder, SCMP_ACT_NOTIFY, SCMP_ACT_NOTIFY));
  if (policy.restrict_kptr) RETURN_IF_ERROR(AddKernelPointers(builder, SCMP_ACT_NOTIFY));
  return builder;
}

absl::StatusOr<FilterBuilder> RefuseFilter(const Policy& policy, absl::Span<const kernel::SyscallRow> table) {
  ASSIGN_OR_RETURN(FilterBuilder builder, FilterBuilder::Create(SCMP_ACT_ALLOW, SCMP_ACT_ALLOW));
  RETURN_IF_ERROR(builder.AddForeignAbis());
  RETURN_IF_ERROR(AddLimits(builder, policy));
  for (const kernel::SyscallRow& row : table) {
    if (row.refuse == 0) continue;
    RETURN_IF_ERROR(builder.Add(SCMP_ACT_ERRNO(static_cast<uint32_t>(row.refuse)), row.name));
  }
  return builder;
}

}  // namespace glovebox::policy
