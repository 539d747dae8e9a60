#include "policy/denied_calls.h"

#include <linux/audit.h>
#include <linux/sched.h>
#include <linux/seccomp.h>

#include <cerrno>

#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kernel/abi.h"
#include "kernel/syscall_table.h"
#include "policy/evaluate.h"
#include "policy/filters.h"
#include "policy/test_call.h"

namespace glovebox::policy {
namespace {

Policy In(Mode mode) {
  Policy policy = DefaultPolicy(Role::kRun);
  policy.mode = mode;
  return policy;
}

std::string Bytes(absl::StatusOr<FilterBuilder> builder) {
  EXPECT_OK(builder);
  auto bytes = builder->Bpf();
  EXPECT_OK(bytes);
  return *bytes;
}

uint32_t Decide(const std::string& filter, uint32_t arch, int number, uint64_t flags) {
  auto verdict = Evaluate(filter, Call(number, arch, {flags, 1, 1, 1, 1, 1}));
  EXPECT_OK(verdict);
  return verdict->action;
}

// A call that libseccomp 2.5.4 cannot have in a filter of several ABIs.
bool IsNew(absl::string_view name) { return name == "open_tree_attr"; }

TEST(DeniedCalls, EnforceDeniesWhatReportRecords) {
  EXPECT_THAT(*DeniedCallsOf(In(Mode::kReport)), testing::IsEmpty());
  EXPECT_EQ(DeniedCallsOf(In(Mode::kEnforce))->size(), DefaultDeniedCalls().size());
  Policy none = In(Mode::kEnforce);
  none.denied_calls.emplace();
  EXPECT_THAT(*DeniedCallsOf(none), testing::IsEmpty());
}

TEST(DeniedCalls, ANameThatNoCallHasIsAnError) {
  Policy policy = In(Mode::kReport);
  policy.denied_calls = {"mount", "mont"};
  EXPECT_EQ(DeniedCallsOf(policy).status().message(), "denied call \"mont\": no such system call");
  EXPECT_FALSE(NotifyFilter(policy, kernel::SyscallTable()).ok());
}

TEST(DeniedCalls, EveryDefaultIsACallThatTheTablesKnow) {
  Policy policy = In(Mode::kReport);
  policy.denied_calls.emplace();
  for (const DeniedCall& call : DefaultDeniedCalls()) policy.denied_calls->emplace_back(call.name);
  EXPECT_OK(DeniedCallsOf(policy));
  const uint64_t args[6] = {CLONE_NEWUSER, 0, 1};
  for (const DeniedCall& call : DefaultDeniedCalls())
    EXPECT_NE(FindDeniedCall(policy, call.name, args), nullptr) << call.name;
}

TEST(DeniedCalls, BesideAListenerTheyAreNotifiedAndElseRefusedInTheKernel) {
  const Policy policy = In(Mode::kEnforce);
  const std::string seen = Bytes(NotifyFilter(policy, kernel::SyscallTable()));
  const std::string unseen = Bytes(IoctlFilter(policy));
  for (const DeniedCall& call : DefaultDeniedCalls()) {
    const int number = kernel::SyscallNumber(kernel::kNativeArch, call.name);
    if (number < 0) continue;
    const uint32_t refused = SECCOMP_RET_ERRNO | static_cast<uint32_t>(call.error);
    const uint64_t flags = call.any_of != 0 ? CLONE_NEWUSER : 1;
    EXPECT_EQ(Decide(seen, kernel::kNativeArch, number, flags),
              call.unseen ? refused : SECCOMP_RET_USER_NOTIF)
        << call.name;
    if (IsNew(call.name)) continue;
    EXPECT_EQ(Decide(unseen, kernel::kNativeArch, number, flags), refused) << call.name;
  }
}

// Each namespace, with garbage above and other flags beside it; threads and processes go on.
TEST(DeniedCalls, CloneIsLookedAtFlagByFlag) {
  const std::string seen = Bytes(NotifyFilter(In(Mode::kEnforce), kernel::SyscallTable()));
  const int clone = kernel::SyscallNumber(kernel::kNativeArch, "clone");
  for (uint64_t flag : {CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID,
                        CLONE_NEWNET}) {
    EXPECT_EQ(Decide(seen, kernel::kNativeArch, clone, flag | SIGCHLD), SECCOMP_RET_USER_NOTIF) << flag;
    EXPECT_EQ(Decide(seen, kernel::kNativeArch, clone, flag | CLONE_VM | (uint64_t{1} << 40)),
              SECCOMP_RET_USER_NOTIF);
  }
  for (uint64_t flags :
       {uint64_t{SIGCHLD}, uint64_t{CLONE_VM | CLONE_VFORK | SIGCHLD}, uint64_t{0x3d0f00}, uint64_t{0xc0}})
    EXPECT_EQ(Decide(seen, kernel::kNativeArch, clone, flags), SECCOMP_RET_ALLOW) << flags;
}

TEST(DeniedCalls, AnotherAbiIsNoWayAround) {
  if (kernel::kNativeArch != AUDIT_ARCH_X86_64) GTEST_SKIP() << "i386 and x32 are x86-64's";
  const std::string unseen = Bytes(IoctlFilter(In(Mode::kEnforce)));
  for (const DeniedCall& call : DefaultDeniedCalls()) {
    const uint64_t flags = call.any_of != 0 ? CLONE_NEWUSER : 1;
    const uint32_t refused = SECCOMP_RET_ERRNO | static_cast<uint32_t>(call.error);
    for (const bool x32 : {false, true}) {
      const uint32_t arch = x32 ? AUDIT_ARCH_X86_64 : AUDIT_ARCH_I386;
      const int number = kernel::SyscallNumber(arch, call.name, x32);
      if (number < 0 || IsNew(call.name)) continue;
      EXPECT_EQ(Decide(unseen, arch, number, flags), refused) << call.name << " x32 " << x32;
    }
  }
}

TEST(DeniedCalls, ReportModeRefusesNothingNew) {
  EXPECT_EQ(Bytes(NotifyFilter(In(Mode::kReport), kernel::SyscallTable())),
            Bytes(NotifyFilter(In(Mode::kObserve), kernel::SyscallTable())));
  const std::string filter = Bytes(NotifyFilter(In(Mode::kReport), kernel::SyscallTable()));
  const int clone3 = kernel::SyscallNumber(kernel::kNativeArch, "clone3");
  EXPECT_EQ(Decide(filter, kernel::kNativeArch, clone3, 1), SECCOMP_RET_ALLOW);
}

TEST(DeniedCalls, OnesOwnLimitsCanBeSetAndThoseOfOthersRead) {
  const std::string seen = Bytes(NotifyFilter(In(Mode::kEnforce), kernel::SyscallTable()));
  const auto decide = [&seen](uint64_t pid, uint64_t limit) {
    const int number = kernel::SyscallNumber(kernel::kNativeArch, "prlimit64");
    return Evaluate(seen, Call(number, kernel::kNativeArch, {pid, 7, limit, 0}))->action;
  };
  EXPECT_EQ(decide(0, 0x1000), SECCOMP_RET_ALLOW);
  EXPECT_EQ(decide(1234, 0), SECCOMP_RET_ALLOW);
  EXPECT_EQ(decide(1234, 0x1000), SECCOMP_RET_USER_NOTIF);
  Policy restricted = In(Mode::kEnforce);
  restricted.restrict_prlimit = true;
  EXPECT_OK(NotifyFilter(restricted, kernel::SyscallTable()));
  EXPECT_OK(IoctlFilter(restricted));
}

// clone3 fails as if the kernel did not have it, so that libc starts its threads with clone.
TEST(DeniedCalls, TheKernelRefusesAsTheEvaluatorSays) {
  const std::string unseen = Bytes(IoctlFilter(In(Mode::kEnforce)));
  EXPECT_EQ(ErrnoUnder(unseen, [] { return syscall(SYS_clone3, nullptr, 0) >= 0 ? 0 : errno; }), ENOSYS);
  EXPECT_EQ(ErrnoUnder(unseen, [] { return syscall(SYS_unshare, CLONE_NEWUSER) == 0 ? 0 : errno; }), EPERM);
  EXPECT_EQ(ErrnoUnder(unseen, [] { return syscall(SYS_unshare, CLONE_FILES) == 0 ? 0 : errno; }), 0);
}

}  // namespace
}  // namespace glovebox::policy
