#include "policy/filters.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/fs.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/status_matchers.h"
#include "gtest/gtest.h"
#include "kernel/abi.h"
#include "policy/evaluate.h"
#include "policy/network_rules.h"
#include "policy/test_call.h"
#include "policy/test_filter.h"

namespace glovebox::policy {
namespace {

constexpr uint32_t kArch = kernel::kNativeArch;

TEST(NotifyFilter, NotifiesExactlyTheTableOfItsLevel) {
  for (kernel::Level level : {kernel::Level::kOpen, kernel::Level::kFull}) {
    const std::string filter = Bytes(NotifyFilter(At(level), kernel::SyscallTable()));
    for (const kernel::SyscallRow& row : kernel::SyscallTable()) {
      if (kernel::SyscallNumber(kArch, row.name) < 0) continue;
      const bool wanted = row.level <= level || row.refuse != 0;
      EXPECT_EQ(Decide(filter, row.name, {1, 1, 1, 1, 1, 1}),
                wanted ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ALLOW)
          << row.name << " at " << kernel::LevelName(level);
    }
  }
}

// As if it were not there: also for who only looks.
TEST(NotifyFilter, NotifiesLooksAtEveryLevelWherePathsAreHidden) {
  const auto looks = [](const Policy& policy) {
    const std::string filter = Bytes(NotifyFilter(policy, kernel::SyscallTable()));
    int count = 0;
    for (const char* name : {"statx", "newfstatat", "faccessat2", "readlinkat", "statfs"})
      count += Decide(filter, name, {1, 1, 1, 1, 1}) == SECCOMP_RET_USER_NOTIF ? 1 : 0;
    EXPECT_EQ(Decide(filter, "getdents64", {1, 1, 1}), SECCOMP_RET_ALLOW) << "of a descriptor";
    return count;
  };
  Policy policy = At(kernel::Level::kOpen);
  policy.paths = {{PathAccess::kHidden, "/srv/key", {}}};
  EXPECT_EQ(looks(policy), 0) << "mode report lets everything go on";
  policy.mode = Mode::kEnforce;
  EXPECT_EQ(looks(policy), 5);
  policy.hide_by_namespace = true;
  EXPECT_EQ(looks(policy), 0) << "the namespace answers";
  policy.best_effort = true;
  EXPECT_EQ(looks(policy), 5) << "and may be missing";
  policy.level = kernel::Level::kFull;
  EXPECT_FALSE(MayHaveGate(policy));
}

TEST(NotifyFilter, NeverNotifiesWhatTheHandshakeOrASignalWouldBreak) {
  const std::string filter = Bytes(NotifyFilter(At(kernel::Level::kFull), kernel::SyscallTable()));
  for (const char* name : {"read", "write", "close", "dup", "dup3", "clone", "clone3", "wait4", "waitid",
                           "futex", "mmap", "brk", "exit_group", "recvmsg", "rt_sigreturn"}) {
    EXPECT_EQ(Decide(filter, name), SECCOMP_RET_ALLOW) << name;
  }
}

TEST(NotifyFilter, SendtoWithoutAnAddressCostsNothing) {
  const std::string filter = Bytes(NotifyFilter(At(kernel::Level::kOpen), kernel::SyscallTable()));
  EXPECT_EQ(Decide(filter, "sendto", {3, 1, 1, 0, 0, 0}), SECCOMP_RET_ALLOW);
  EXPECT_EQ(Decide(filter, "sendto", {3, 1, 1, 0, 0x7fff00000000, 16}), SECCOMP_RET_USER_NOTIF);
}

TEST(NotifyFilter, SeesWhatCouldChangeALogByItsDescriptor) {
  Policy policy = At(kernel::Level::kOpen);
  const std::string without = Bytes(NotifyFilter(policy, kernel::SyscallTable()));
  policy.paths.push_back({PathAccess::kAppend, "/b/*.log", {}});
  const std::string report = Bytes(NotifyFilter(policy, kernel::SyscallTable()));
  policy.mode = Mode::kEnforce;
  const std::string enforce = Bytes(NotifyFilter(policy, kernel::SyscallTable()));
  const uint64_t high = uint64_t{7} << 32;  // the kernel looks at 32 bits of the command
  for (const char* name : {"ftruncate", "fallocate", "fchmod", "fchown", "fsetxattr", "fremovexattr"}) {
    EXPECT_EQ(Decide(without, name), SECCOMP_RET_ALLOW) << name;
    EXPECT_EQ(Decide(report, name), SECCOMP_RET_USER_NOTIF) << name;
    EXPECT_EQ(Decide(enforce, name), SECCOMP_RET_USER_NOTIF) << name;
  }
  EXPECT_EQ(Decide(enforce, "fcntl", {3, F_SETFL | high, 0}), SECCOMP_RET_USER_NOTIF);
  EXPECT_EQ(Decide(enforce, "fcntl", {3, F_GETFL, 0}), SECCOMP_RET_ALLOW);
  EXPECT_EQ(Decide(enforce, "fcntl", {3, F_DUPFD, F_SETFL}), SECCOMP_RET_ALLOW);
  // Modes in which nothing is refused, and those in which it is.
  EXPECT_EQ(Decide(report, "io_submit"), SECCOMP_RET_ALLOW);
  EXPECT_EQ(Decide(enforce, "io_submit"), SECCOMP_RET_USER_NOTIF);
  EXPECT_EQ(Decide(enforce, "pwritev2", {3, 1, 1, 0, 0, 0x20}), SECCOMP_RET_USER_NOTIF);
  constexpr uint64_t kUnreserve = 0x4030582b;  // FS_IOC_UNRESVSP64: a hole, whatever O_APPEND says
  EXPECT_EQ(Decide(report, "ioctl", {3, kUnreserve}), SECCOMP_RET_ALLOW);
  EXPECT_EQ(Decide(enforce, "ioctl", {3, kUnreserve}), SECCOMP_RET_USER_NOTIF);
}

TEST(NotifyFilter, SeesWhatADescriptorThatMayOnlyReadCanChange) {
  Policy policy = At(kernel::Level::kOpen);
  policy.confine_files = true;
  const std::string report = Bytes(NotifyFilter(policy, kernel::SyscallTable()));
  policy.mode = Mode::kEnforce;
  const std::string enforce = Bytes(NotifyFilter(policy, kernel::SyscallTable()));
  for (const char* name : {"fchmod", "fchown", "fsetxattr", "fremovexattr"}) {
    EXPECT_EQ(Decide(report, name), SECCOMP_RET_USER_NOTIF) << name;
    EXPECT_EQ(Decide(enforce, name), SECCOMP_RET_USER_NOTIF) << name;
  }
  // They need a descriptor that was opened for writing.
  for (const char* name : {"ftruncate", "fallocate"}) EXPECT_EQ(Decide(enforce, name), SECCOMP_RET_ALLOW);
  EXPECT_EQ(Decide(enforce, "fcntl", {3, F_SETFL, 0}), SECCOMP_RET_ALLOW);
  constexpr uint64_t kVerity = 0x40806685;
  EXPECT_EQ(Decide(report, "ioctl", {3, kVerity}), SECCOMP_RET_ALLOW);
  EXPECT_EQ(Decide(enforce, "ioctl", {3, kVerity}), SECCOMP_RET_USER_NOTIF);
  EXPECT_NE(Decide(Bytes(IoctlFilter(policy)), "ioctl", {3, kVerity}), SECCOMP_RET_ALLOW);
  policy.mode = Mode::kObserve;
  EXPECT_EQ(Decide(Bytes(NotifyFilter(policy, kernel::SyscallTable())), "fchmod"), SECCOMP_RET_ALLOW);
}

TEST(NotifyFilter, EveryForeignCallIsSeen) {
  const std::string filter = Bytes(NotifyFilter(At(kernel::Level::kOpen), kernel::SyscallTable()));
  for (int number : {0, 3, 5, 11, 359, 1000}) {
    ASSERT_OK_AND_ASSIGN(Verdict i386, Evaluate(filter, Call(number, AUDIT_ARCH_I386)));
    EXPECT_EQ(i386.action, SECCOMP_RET_USER_NOTIF) << number;
#if defined(__x86_64__)
    ASSERT_OK_AND_ASSIGN(Verdict x32, Evaluate(filter, Call(number | 0x40000000, kArch)));
    EXPECT_EQ(x32.action, SECCOMP_RET_USER_NOTIF) << number;
#endif
  }
}

TEST(NotifyFilter, AsksForARecordOfWhatRowsSixToEightWouldRefuse) {
  Policy policy = At(kernel::Level::kOpen);
  policy.append_only = policy.restrict_kptr = true;
  const std::string filter = Bytes(NotifyFilter(policy, kernel::SyscallTable()));
  EXPECT_EQ(Decide(filter, "ioctl", {0, TIOCSTI}), SECCOMP_RET_USER_NOTIF);
  EXPECT_EQ(Decide(filter, "ioctl", {0, uint64_t{0xdeadbeef} << 32 | TIOCSTI}), SECCOMP_RET_USER_NOTIF);
  EXPECT_EQ(Decide(filter, "ioctl", {0, TIOCGWINSZ}), SECCOMP_RET_ALLOW);
  EXPECT_EQ(Decide(filter, "pwritev2", {1, 0, 0, 0, 0, 0x20}), SECCOMP_RET_USER_NOTIF);
  EXPECT_EQ(Decide(filter, "pwritev2", {1, 0, 0, 0, 0, (uint64_t{1} << 32) | 0x30}), SECCOMP_RET_USER_NOTIF);
  EXPECT_EQ(Decide(filter, "pwritev2", {1, 0, 0, 0, 0, 0x10}), SECCOMP_RET_ALLOW);
  EXPECT_EQ(Decide(filter, "read", {0, uint64_t{1} << 63, 1}), SECCOMP_RET_USER_NOTIF);
  EXPECT_EQ(Decide(filter, "read", {~uint64_t{0}, 1, ~uint64_t{0}}), SECCOMP_RET_ALLOW)
      << "not an fd, not a length";
  policy.kernel_only = true;
  const std::string kernel_only = Bytes(NotifyFilter(policy, kernel::SyscallTable()));
  EXPECT_EQ(Decide(kernel_only, "ioctl", {0, TIOCSTI}), SECCOMP_RET_ALLOW) << "row 6 refuses it";
}

// The level says what is recorded, not what is refused.
TEST(NotifyFilter, AKernelPointerIsNotifiedInEveryCallOfTheTableWhateverTheLevel) {
  for (kernel::Level level : {kernel::Level::kOpen, kernel::Level::kFull}) {
    Policy policy = At(level);
    policy.restrict_kptr = true;
    const std::string filter = Bytes(NotifyFilter(policy, kernel::SyscallTable()));
    for (const kernel::SyscallRow& row : kernel::SyscallTable()) {
      const int number = kernel::SyscallNumber(kArch, row.name);
      for (unsigned i = 0; number >= 0 && i < 6; ++i) {
        if (!kernel::IsPointer(row.args[i])) continue;
        seccomp_data call = Call(number, kArch);
        call.args[i] = uint64_t{1} << 63;
        ASSERT_OK_AND_ASSIGN(Verdict verdict, Evaluate(filter, call));
        EXPECT_EQ(verdict.action, SECCOMP_RET_USER_NOTIF)
            << row.name << " register " << i << " at " << kernel::LevelName(level);
      }
    }
    const bool full = level == kernel::Level::kFull;
    for (const char* name : {"newfstatat", "faccessat2", "readlinkat", "getdents64", "getxattr"}) {
      EXPECT_EQ(Decide(filter, name, {3, 0x1000, 0x2000, 8}),
                full ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ALLOW)
          << name << ": an honest pointer is the level's affair";
    }
  }
}

TEST(NotifyFilter, RestrictedLimitsCanBeReadAndNotSet) {
  Policy policy = At(kernel::Level::kOpen);
  policy.restrict_prlimit = true;
  const std::string filter = Bytes(NotifyFilter(policy, kernel::SyscallTable()));
  EXPECT_EQ(Decide(filter, "setrlimit", {7, 1}), SECCOMP_RET_ERRNO | EPERM);
  EXPECT_EQ(Decide(filter, "prlimit64", {0, 7, 1, 0}), SECCOMP_RET_ERRNO | EPERM);
  EXPECT_EQ(Decide(filter, "prlimit64", {0, 7, 0, 1}), SECCOMP_RET_ALLOW);
  EXPECT_EQ(Decide(filter, "prlimit64", {1, 7, 1, 0}), SECCOMP_RET_USER_NOTIF) << "of another process";
  EXPECT_EQ(Decide(filter, "prlimit64", {1, 7, 0, 1}), SECCOMP_RET_ALLOW);
}

// Row 16 of an action inside asks for PR_TSC_SIGSEGV once more: that goes on.
TEST(TimeStampCounter, CannotBeAskedBackWhereItIsDenied) {
  constexpr uint64_t kHigh = uint64_t{7} << 32;
  Policy policy = At(kernel::Level::kOpen);
  const auto filters = [&policy] {
    return std::pair(Bytes(NotifyFilter(policy, kernel::SyscallTable())),
                     Bytes(RefuseFilter(policy, kernel::SyscallTable())));
  };
  const auto [free_notify, free_refuse] = filters();
  EXPECT_EQ(Decide(free_notify, "prctl", {PR_SET_TSC, PR_TSC_ENABLE}), SECCOMP_RET_ALLOW);
  EXPECT_EQ(Decide(free_refuse, "prctl", {PR_SET_TSC, PR_TSC_ENABLE}), SECCOMP_RET_ALLOW);
  policy.deny_tsc = true;
  const auto [notify, refuse] = filters();
  policy.kernel_only = true;
  const std::string kernel_only = filters().first;
  for (const auto& [option, value] : {std::pair<uint64_t, uint64_t>{PR_SET_TSC, PR_TSC_ENABLE},
                                      {kHigh | PR_SET_TSC, kHigh | PR_TSC_ENABLE}}) {
    EXPECT_EQ(Decide(notify, "prctl", {option, value}), SECCOMP_RET_USER_NOTIF) << std::hex << option;
    EXPECT_EQ(Decide(refuse, "prctl", {option, value}), SECCOMP_RET_ERRNO | EPERM) << std::hex << option;
    EXPECT_EQ(Decide(kernel_only, "prctl", {option, value}), SECCOMP_RET_ERRNO | EPERM) << std::hex << option;
  }
  for (const std::string& filter : {notify, refuse, kernel_only}) {
    EXPECT_EQ(Decide(filter, "prctl", {PR_SET_TSC, PR_TSC_SIGSEGV}), SECCOMP_RET_ALLOW);
    EXPECT_EQ(Decide(filter, "prctl", {PR_GET_TSC, 1}), SECCOMP_RET_ALLOW);
  }
#if defined(__x86_64__)
  const int i386 = kernel::SyscallNumber(AUDIT_ARCH_I386, "prctl");
  ASSERT_OK_AND_ASSIGN(Verdict verdict,
                       Evaluate(refuse, Call(i386, AUDIT_ARCH_I386, {PR_SET_TSC, PR_TSC_ENABLE})));
  EXPECT_EQ(verdict.action, SECCOMP_RET_ERRNO | EPERM) << "in every ABI";
#endif
}

TEST(OwnFilters, RefuseTheLowWordWhateverStandsAbove) {
  const std::string filter = Bytes(IoctlFilter(DefaultPolicy(Role::kRun)));
  for (uint32_t request : DefaultDeniedIoctls()) {
    EXPECT_EQ(Decide(filter, "ioctl", {0, request}), SECCOMP_RET_ERRNO | EPERM) << std::hex << request;
    EXPECT_EQ(Decide(filter, "ioctl", {0, uint64_t{7} << 32 | request}), SECCOMP_RET_ERRNO | EPERM);
  }
  ASSERT_OK_AND_ASSIGN(Verdict i386, Evaluate(filter, Call(54, AUDIT_ARCH_I386, {0, TIOCSTI})));
  EXPECT_EQ(i386.action, SECCOMP_RET_ERRNO | EPERM) << "in every ABI";
}

TEST(OwnFilters, AppendOnlyAndKernelPointers) {
  const std::string append = Bytes(AppendOnlyFilter());
  EXPECT_EQ(Decide(append, "pwritev2", {1, 0, 0, 0, 0, 0x20}), SECCOMP_RET_ERRNO | EOPNOTSUPP);
  EXPECT_EQ(Decide(append, "pwritev2", {1, 0, 0, 0, 0, 0}), SECCOMP_RET_ALLOW);
  EXPECT_EQ(Decide(append, "io_submit"), SECCOMP_RET_ERRNO | EPERM);
  const std::string kptr = Bytes(KptrFilter(kernel::SyscallTable()));
  EXPECT_EQ(Decide(kptr, "write", {1, uint64_t{0xffff800000000000}, 1}), SECCOMP_RET_ERRNO | EFAULT);
  EXPECT_EQ(Decide(kptr, "write", {~uint64_t{0}, 0x7fff00000000, 1}), SECCOMP_RET_ALLOW);
}

#if defined(__x86_64__)
// x32's position takes one register, so that its flags stand one before; i386's are where the native ones
// are.
TEST(OwnFilters, AppendOnlyLooksAtTheFlagsWhereTheAbiHasThem) {
  const std::string append = Bytes(AppendOnlyFilter());
  const int x32 = kernel::SyscallNumber(kArch, "pwritev2", /*x32=*/true);
  const int i386 = kernel::SyscallNumber(AUDIT_ARCH_I386, "pwritev2");
  const struct {
    seccomp_data call;
    bool refused;
  } cases[] = {{Call(x32, kArch, {1, 0, 0, 0, 0x20, 0}), true},
               {Call(x32, kArch, {1, 0, 0, 0, 0, 0x20}), false},
               {Call(kernel::SyscallNumber(kArch, "pwritev2"), kArch, {1, 0, 0, 0, 0x20, 0}), false},
               {Call(i386, AUDIT_ARCH_I386, {1, 0, 0, 0, 0, 0x20}), true},
               {Call(i386, AUDIT_ARCH_I386, {1, 0, 0, 0, 0x20, 0}), false}};
  for (const auto& row : cases) {
    ASSERT_OK_AND_ASSIGN(Verdict verdict, Evaluate(append, row.call));
    EXPECT_EQ(verdict.action, row.refused ? (SECCOMP_RET_ERRNO | EOPNOTSUPP) : SECCOMP_RET_ALLOW)
        << std::hex << row.call.nr << " arch " << row.call.arch << " flags " << row.call.args[5];
  }
  const int submit = kernel::SyscallNumber(kArch, "io_submit", /*x32=*/true);
  ASSERT_OK_AND_ASSIGN(Verdict verdict, Evaluate(append, Call(submit, kArch)));
  EXPECT_EQ(verdict.action, SECCOMP_RET_ERRNO | EPERM);
}
#endif

TEST(OwnFilters, FileAttributesAreOutOfReachThroughI386Too) {
  const std::string filter = Bytes(IoctlFilter(DefaultPolicy(Role::kRun)));
  ASSERT_OK_AND_ASSIGN(Verdict i386, Evaluate(filter, Call(54, AUDIT_ARCH_I386, {3, 0x40046602})));
  EXPECT_EQ(i386.action, SECCOMP_RET_ERRNO | EPERM);
}

TEST(OwnFilters, EveryPointerOfTheTableIsTestedAndNothingElse) {
  const std::string filter = Bytes(KptrFilter(kernel::SyscallTable()));
  for (const kernel::SyscallRow& row : kernel::SyscallTable()) {
    const int number = kernel::SyscallNumber(kArch, row.name);
    if (number < 0) continue;
    for (unsigned i = 0; i < 6; ++i) {
      seccomp_data call = Call(number, kArch);
      call.args[i] = ~uint64_t{0};
      ASSERT_OK_AND_ASSIGN(Verdict verdict, Evaluate(filter, call));
      const bool pointer = kernel::IsPointer(row.args[i]);
      EXPECT_EQ(verdict.action, pointer ? (SECCOMP_RET_ERRNO | EFAULT) : SECCOMP_RET_ALLOW)
          << row.name << " register " << i;
    }
  }
}

TEST(OwnFilters, WithoutAListenerIoUringIsRefusedInTheKernel) {
  const std::string filter = Bytes(RefuseFilter(DefaultPolicy(Role::kRun), kernel::SyscallTable()));
  EXPECT_EQ(Decide(filter, "io_uring_setup"), SECCOMP_RET_ERRNO | EPERM);
  EXPECT_EQ(Decide(filter, "openat"), SECCOMP_RET_ALLOW);
}

// Measured with the evaluator on x86-64, full level: what is not notified costs 11 to 13 instructions of
// about 120 (a list sorted by priority would cost the least frequent ones 90). The bound keeps a change of
// the table from undoing that unseen.
TEST(NotifyFilter, ACallThatIsNotNotifiedIsCheap) {
  const std::string filter = Bytes(NotifyFilter(At(kernel::Level::kFull), kernel::SyscallTable()));
  for (const char* name : {"read", "write", "mmap", "close", "brk", "futex"}) {
    const seccomp_data call = Call(kernel::SyscallNumber(kArch, name), kArch);
    ASSERT_OK_AND_ASSIGN(Verdict verdict, Evaluate(filter, call));
    EXPECT_LE(verdict.instructions, 24u) << name;
  }
}

TEST(RealKernel, DecidesAsTheEvaluatorSays) {
  const auto tiocsti = [] { return ioctl(0, TIOCSTI, "x") == 0 ? 0 : errno; };
  EXPECT_EQ(ErrnoUnder(Bytes(IoctlFilter(DefaultPolicy(Role::kRun))), tiocsti), EPERM);
  const auto high = [] {
    return syscall(SYS_ioctl, 0, (uint64_t{1} << 32) | FS_IOC_SETFLAGS, nullptr) == 0 ? 0 : errno;
  };
  EXPECT_EQ(ErrnoUnder(Bytes(IoctlFilter(DefaultPolicy(Role::kRun))), high), EPERM);
  const auto no_append = [] { return syscall(SYS_pwritev2, -1, nullptr, 0, 0, 0, 0x20) == 0 ? 0 : errno; };
  EXPECT_EQ(ErrnoUnder(Bytes(AppendOnlyFilter()), no_append), EOPNOTSUPP);
  const auto kernel_pointer = [] { return syscall(SYS_write, -1, uint64_t{1} << 63, 1) >= 0 ? 0 : errno; };
  EXPECT_EQ(ErrnoUnder(Bytes(KptrFilter(kernel::SyscallTable())), kernel_pointer), EFAULT);
  const auto uring = [] { return syscall(SYS_io_uring_setup, 1, nullptr) >= 0 ? 0 : errno; };
  EXPECT_EQ(ErrnoUnder(Bytes(RefuseFilter(DefaultPolicy(Role::kRun), kernel::SyscallTable())), uring), EPERM);
}

TEST(RealKernel, TheFullFilterLoads) {
  Policy policy = At(kernel::Level::kFull);
  policy.append_only = policy.restrict_kptr = policy.restrict_prlimit = true;
  // Without a listener a notified call fails with ENOSYS: that it was one shows that the filter is in force.
  const auto attempt = [] { return openat(AT_FDCWD, "/", O_RDONLY) >= 0 ? 0 : errno; };
  EXPECT_EQ(ErrnoUnder(Bytes(NotifyFilter(policy, kernel::SyscallTable())), attempt), ENOSYS);
}

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// getpid through int $0x80: -ENOSYS from a notified call without a listener, the pid (or SIGSEGV where the
// kernel has no IA32 emulation) without the filter.
int I386Getpid() {
  long result;
  asm volatile("int $0x80" : "=a"(result) : "0"(20L) : "memory", "r8", "r9", "r10", "r11");
  return result < 0 ? static_cast<int>(-result) : 0;
}

TEST(RealKernel, A32BitCallIsNotified) {
  const std::string allow_all = Bytes(FilterBuilder::Create(SCMP_ACT_ALLOW, SCMP_ACT_ALLOW));
  const int without = ErrnoUnder(allow_all, I386Getpid);
  if (without == -SIGSEGV) GTEST_SKIP() << "this kernel has no IA32 emulation: there is nothing to see";
  EXPECT_EQ(without, 0);
  EXPECT_EQ(ErrnoUnder(Bytes(NotifyFilter(At(kernel::Level::kOpen), kernel::SyscallTable())), I386Getpid),
            ENOSYS);
}
#endif

constexpr uint32_t kNoSocket = SECCOMP_RET_ERRNO | EACCES;

Policy Confined(NetworkMode mode, Mode how = Mode::kEnforce) {
  Policy policy = At(kernel::Level::kOpen);
  policy.mode = how;
  policy.network.mode = mode;
  return policy;
}

TEST(NotifyFilter, LeavesSocketsPairsAndSourceRoutesToTheSupervisor) {
  const std::string held = Bytes(NotifyFilter(Confined(NetworkMode::kNone), kernel::SyscallTable()));
  EXPECT_EQ(Decide(held, "socket", {AF_INET, SOCK_STREAM, 0}), SECCOMP_RET_USER_NOTIF);
  EXPECT_EQ(Decide(held, "socketpair", {AF_UNIX, SOCK_STREAM, 0}), SECCOMP_RET_ALLOW);
  Policy kernel_only = Confined(NetworkMode::kNone);
  kernel_only.kernel_only = true;
  const std::string alone = Bytes(NotifyFilter(kernel_only, kernel::SyscallTable()));
  const std::string none = Bytes(RefuseFilter(Confined(NetworkMode::kNone), kernel::SyscallTable()));
  for (const auto& [filter, action] : {std::pair(held, uint32_t{SECCOMP_RET_USER_NOTIF}),
                                       std::pair(alone, kNoSocket), std::pair(none, kNoSocket)}) {
    EXPECT_EQ(Decide(filter, "socketpair", {AF_TIPC, SOCK_STREAM, 0}), action);
    EXPECT_EQ(Decide(filter, "setsockopt", {3, IPPROTO_IP, IP_OPTIONS}), action);
    EXPECT_EQ(Decide(filter, "setsockopt", {3, uint64_t{1} << 32, IP_OPTIONS}), action);
    EXPECT_EQ(Decide(filter, "setsockopt", {3, IPPROTO_IPV6, 57}), action);
  }
  EXPECT_EQ(Decide(held, "setsockopt", {3, SOL_SOCKET, SO_REUSEADDR}), SECCOMP_RET_ALLOW);
  for (const Policy& free : {Confined(NetworkMode::kAny), Confined(NetworkMode::kNone, Mode::kReport)}) {
    const std::string filter = Bytes(NotifyFilter(free, kernel::SyscallTable()));
    EXPECT_EQ(Decide(filter, "socketpair", {AF_TIPC, SOCK_STREAM, 0}), SECCOMP_RET_ALLOW);
    EXPECT_EQ(Decide(filter, "setsockopt", {3, IPPROTO_IP, IP_OPTIONS}), SECCOMP_RET_ALLOW);
  }
}

// Every family, type and protocol near those that are allowed, and what cannot be one.
TEST(RefuseFilter, RefusesTheSocketsThatTheRulesRefuse) {
  for (const NetworkMode mode : {NetworkMode::kNone, NetworkMode::kUnix, NetworkMode::kLoopback}) {
    const Policy policy = Confined(mode);
    const std::string refuse = Bytes(RefuseFilter(policy, {}));
    for (int domain = 0; domain < 48; ++domain) {
      for (int type = 0; type < 16; ++type) {
        for (const int protocol : {0, 1, 5, 6, 7, 16, 17, 18, 132, 255, 262, 1 << 20}) {
          // Netlink's types the kernel judges.
          const bool allowed =
              AllowsSocket(policy.network, domain, domain == AF_NETLINK ? SOCK_RAW : type, protocol);
          const uint32_t action =
              Decide(refuse, "socket",
                     {static_cast<uint64_t>(domain), static_cast<uint64_t>(type) | SOCK_CLOEXEC,
                      static_cast<uint64_t>(protocol)});
          ASSERT_EQ(action, allowed ? SECCOMP_RET_ALLOW : kNoSocket)
              << NetworkModeName(mode) << " " << domain << " " << type << " " << protocol;
        }
      }
    }
    EXPECT_EQ(Decide(refuse, "socket", {~uint64_t{0}, SOCK_STREAM, 0}), kNoSocket);
  }
}

}  // namespace
}  // namespace glovebox::policy
