#include "policy/process_calls.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include <string>

#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kernel/abi.h"
#include "kernel/syscall_table.h"
#include "policy/evaluate.h"
#include "policy/filters.h"
#include "policy/test_call.h"
#include "policy/test_filter.h"

namespace glovebox::policy {
namespace {

using testing::HasSubstr;

#if defined(__x86_64__)
constexpr uint32_t kForeignArch = AUDIT_ARCH_I386;
#else
constexpr uint32_t kForeignArch = AUDIT_ARCH_ARM;
#endif

TEST(ProcessCalls, SeesCallsOnOtherProcessesWhereItsDomainRefusesThem) {
  constexpr const char* kSignals[] = {
      "kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal"};
  constexpr const char* kAccesses[] = {"process_vm_readv", "pidfd_getfd", "kcmp"};
  Policy policy = At(kernel::Level::kOpen);
  const auto sees = [&policy](const char* name, uint64_t first) {
    const std::string filter = Bytes(NotifyFilter(policy, kernel::SyscallTable()));
    return Decide(filter, name, {first, 1, 1, 1, 1, 1}) == SECCOMP_RET_USER_NOTIF;
  };
  const auto expect = [&](bool signals, bool accesses) {
    for (const char* name : kSignals) EXPECT_EQ(sees(name, 1), signals) << name;
    for (const char* name : kAccesses) EXPECT_EQ(sees(name, 1), accesses) << name;
    EXPECT_EQ(sees("ptrace", PTRACE_ATTACH), accesses);
    EXPECT_EQ(sees("ptrace", PTRACE_SEIZE), accesses);
    EXPECT_FALSE(sees("ptrace", PTRACE_CONT)) << "a debugger makes thousands";
  };
  for (const Mode mode : {Mode::kObserve, Mode::kReport, Mode::kEnforce}) {
    policy.mode = mode;
    expect(true, true);
  }
  policy.kernel_only = true;
  expect(false, false);
  policy.kernel_only = policy.scope_signals = false;
  expect(false, false);
  policy.confine_files = true;
  expect(false, true);
  policy.mode = Mode::kReport;
  expect(false, false);
  policy.mode = Mode::kEnforce;
  // Denied already, whatever it names.
  policy.denied_calls = {"kill", "ptrace"};
  EXPECT_TRUE(sees("kill", 1));
  EXPECT_TRUE(sees("ptrace", PTRACE_CONT));
}

// As a child has it: with its own number in it.
std::string LoadedBy(pid_t own, const FilterBuilder& builder) {
  std::string filter = *builder.Bpf();
  auto* code = reinterpret_cast<sock_filter*>(filter.data());
  code[builder.OwnNumberAt()].k = static_cast<uint32_t>(own);
  code[builder.OwnNumberAt() + 1].k = static_cast<uint32_t>(-own);
  return filter;
}

TEST(ProcessCalls, SignalsToOnesOwnAreNotSeen) {
  Policy policy = At(kernel::Level::kFull);
  policy.mode = Mode::kEnforce;
  for (const uint64_t gate : {uint64_t{0}, uint64_t{0x7e8123456007}}) {
    policy.gate = gate;
    const auto builder = NotifyFilter(policy, kernel::SyscallTable());
    ASSERT_OK(builder);
    const std::string filter = LoadedBy(1000, *builder), unloaded = *builder->Bpf();
    for (const char* name : {"kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"}) {
      const auto decide = [&filter, name](int64_t pid) {
        return Decide(filter, name, {static_cast<uint64_t>(pid), 1000, 15});
      };
      for (const int64_t own : {0, 1000, 1001, 1 << 22, -1000, -1001, -(1 << 22)})
        EXPECT_EQ(decide(own), SECCOMP_RET_ALLOW) << name << " " << own;
      for (const int64_t older : {1, 999, -1, -2, -999})
        EXPECT_EQ(decide(older), SECCOMP_RET_USER_NOTIF) << name << " " << older;
      // The register's upper half is not looked at by the kernel either.
      EXPECT_EQ(decide(int64_t{0xffff} << 32 | 999), SECCOMP_RET_USER_NOTIF) << name;
      for (const uint64_t any : {1, 1000, -1, -1000})
        EXPECT_EQ(Decide(unloaded, name, {any, 1000, 15}), SECCOMP_RET_USER_NOTIF) << name << " " << any;
    }
    EXPECT_EQ(Decide(filter, "pidfd_send_signal", {1000, 15}), SECCOMP_RET_USER_NOTIF) << "no number";
    EXPECT_EQ(Decide(filter, "kcmp", {1000, 1000}), SECCOMP_RET_USER_NOTIF);
    EXPECT_EQ(Decide(filter, "read", {1000}), SECCOMP_RET_ALLOW);
    const auto foreign = Evaluate(filter, Call(SYS_kill, kForeignArch, {1000, 15}));
    ASSERT_OK(foreign);
    EXPECT_EQ(foreign->action, SECCOMP_RET_USER_NOTIF);
    EXPECT_THAT(*builder->Pfc(), HasSubstr("own number <= $a0.lo32"));
  }
  policy.denied_calls = {"kill"};
  const auto denied = NotifyFilter(policy, kernel::SyscallTable());
  ASSERT_OK(denied);
  EXPECT_EQ(Decide(LoadedBy(1000, *denied), "kill", {1000, 15}), SECCOMP_RET_USER_NOTIF);
  EXPECT_EQ(Decide(LoadedBy(1000, *denied), "tkill", {1000, 15}), SECCOMP_RET_ALLOW);
  policy.scope_signals = false;
  const auto free = NotifyFilter(policy, kernel::SyscallTable());
  ASSERT_OK(free);
  EXPECT_EQ(free->OwnNumberAt(), 0u);
}

}  // namespace
}  // namespace glovebox::policy
