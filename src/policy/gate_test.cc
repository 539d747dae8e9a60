// The one instruction at which a call goes on unnotified (Policy::gate).
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kernel/abi.h"
#include "policy/compile.h"
#include "policy/evaluate.h"
#include "policy/filter_builder.h"
#include "policy/test_call.h"

namespace glovebox::policy {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr uint32_t kArch = kernel::kNativeArch;
#if defined(__x86_64__)
constexpr int kReadlink = SYS_readlink;
constexpr uint32_t kForeignArch = AUDIT_ARCH_I386;
#else
constexpr int kReadlink = SYS_readlinkat;
constexpr uint32_t kForeignArch = AUDIT_ARCH_ARM;
#endif

constexpr uint64_t kGate = 0x7e8123456007;

Policy Full(uint64_t gate) {
  Policy policy = DefaultPolicy(Role::kCompile);
  policy.level = kernel::Level::kFull;
  policy.gate = gate;
  return policy;
}

std::vector<ExportedFilter> Filters(const Policy& policy, const CompileOptions& options = {}) {
  kernel::HostFeatures host;
  host.notify = true;
  host.landlock_abi = 7;
  auto filters = ExportFilters(policy, host, options);
  EXPECT_OK(filters);
  return *std::move(filters);
}

ExportedFilter Notify(const Policy& policy, const CompileOptions& options = {}) {
  for (ExportedFilter& filter : Filters(policy, options)) {
    if (filter.name == "notify") return filter;
  }
  ADD_FAILURE() << "no notify filter";
  return {};
}

Verdict At(const std::string& filter, uint64_t instruction, int number, uint32_t arch = kArch) {
  seccomp_data call = Call(number, arch, {1, 1, 1, 1, 1, 1});
  call.instruction_pointer = instruction;
  auto verdict = Evaluate(filter, call);
  EXPECT_OK(verdict);
  return *verdict;
}

TEST(Gate, OneCallGoesOnAtOneInstruction) {
  const std::string filter = Notify(Full(kGate)).bpf;
  EXPECT_EQ(At(filter, kGate, kReadlink).action, SECCOMP_RET_ALLOW);
  for (const uint64_t elsewhere :
       {kGate - 1, kGate + 1, kGate ^ (uint64_t{1} << 32), kGate ^ (uint64_t{1} << 63), kGate << 32,
        kGate & 0xffffffff, kGate >> 32, uint64_t{0}, ~uint64_t{0}}) {
    EXPECT_EQ(At(filter, elsewhere, kReadlink).action, SECCOMP_RET_USER_NOTIF) << std::hex << elsewhere;
  }
}

TEST(Gate, EveryOtherCallIsAnsweredThereAsAnywhere) {
  const std::string filter = Notify(Full(kGate)).bpf;
  const std::string closed = Notify(Full(0)).bpf;
  for (int number = 0; number < 600; ++number) {
    if (number == kReadlink) continue;
    EXPECT_EQ(At(filter, kGate, number).action, At(closed, kGate, number).action) << number;
  }
  EXPECT_EQ(At(filter, kGate, SYS_openat).action, SECCOMP_RET_USER_NOTIF);
  for (int number = 0; number < 600; ++number) {
    EXPECT_EQ(At(filter, kGate, number, kForeignArch).action, SECCOMP_RET_USER_NOTIF) << "foreign " << number;
  }
#if defined(__x86_64__)
  EXPECT_EQ(At(filter, kGate, SYS_readlinkat).action, SECCOMP_RET_USER_NOTIF);
  EXPECT_EQ(At(filter, kGate, SYS_readlink | 0x40000000).action, SECCOMP_RET_USER_NOTIF) << "x32";
#endif
}

// Else the kernel would run the filter for each read(): its bitmap holds what is allowed without a look at
// anything but the number.
TEST(Gate, NoOtherCallCausesALookAtTheInstruction) {
  const std::string filter = Notify(Full(kGate)).bpf;
  const std::string closed = Notify(Full(0)).bpf;
  for (int number = 0; number < 600; ++number) {
    const Verdict verdict = At(filter, kGate, number);
    const Verdict before = At(closed, kGate, number);
    EXPECT_EQ(verdict.read_arguments, number == kReadlink || before.read_arguments) << number;
    if (number == kReadlink) continue;
    EXPECT_EQ(verdict.instructions, before.instructions + 4) << number;
  }
}

TEST(Gate, ThePlanCarriesItInFrontOfTheSameProgram) {
  const ExportedFilter open = Notify(Full(kGate));
  const ExportedFilter closed = Notify(Full(0));
  constexpr size_t kAdded = 9 * sizeof(sock_filter);
  ASSERT_EQ(open.bpf.size(), closed.bpf.size() + kAdded);
  EXPECT_EQ(open.bpf.substr(kAdded), closed.bpf);
  kernel::HostFeatures host;
  host.notify = true;
  host.landlock_abi = 7;
  ASSERT_OK_AND_ASSIGN(const CompiledPlan plan, CompilePlan(Full(kGate), host, {}));
  EXPECT_NE(plan.bytes.find(open.bpf), std::string::npos);
}

TEST(Gate, TheReadableFormSaysIt) {
  const std::string closed = Notify(Full(0)).pfc;
  EXPECT_THAT(closed, Not(HasSubstr("gate")));
  const std::string open = Notify(Full(kGate)).pfc;
  ASSERT_GT(open.size(), closed.size());
  EXPECT_EQ(open.substr(open.size() - closed.size()), closed);
  EXPECT_THAT(open, HasSubstr("instruction pointer 0x7e8123456007"));
  EXPECT_THAT(open, HasSubstr("if ($instruction_pointer.hi32 == 32385)"));
  EXPECT_THAT(open, HasSubstr(absl::StrCat("\" (", kReadlink, ")")));
}

TEST(Gate, StaysShutWhereItWouldHideARefusalOrSpareNothing) {
  struct {
    const char* name;
    Policy policy = Full(kGate);
    CompileOptions options;
  } cases[4];
  cases[0].name = "kernel pointers are refused";
  cases[0].policy.restrict_kptr = true;
  cases[1].name = "the kernel refuses";
  cases[1].policy.kernel_only = true;
  cases[2].name = "the level does not record the call";
  cases[2].policy.level = kernel::Level::kOpen;
  cases[3].name = "nobody listens";
  cases[3].options.listener = false;
  for (const auto& row : cases) {
    Policy closed = row.policy;
    closed.gate = 0;
    EXPECT_EQ(Notify(row.policy, row.options).bpf, Notify(closed, row.options).bpf) << row.name;
    EXPECT_EQ(Notify(row.policy, row.options).pfc, Notify(closed, row.options).pfc) << row.name;
  }
  seccomp_data call = Call(kReadlink, kArch, {uint64_t{1} << 63, uint64_t{1} << 63, 1});
  call.instruction_pointer = kGate;
  ASSERT_OK_AND_ASSIGN(const Verdict verdict, Evaluate(Notify(cases[0].policy).bpf, call));
  EXPECT_EQ(verdict.action, SECCOMP_RET_USER_NOTIF);
}

TEST(Gate, CountsAgainstTheKernelsLimitOfInstructions) {
  ASSERT_OK_AND_ASSIGN(FilterBuilder builder, FilterBuilder::Create(SCMP_ACT_ALLOW, SCMP_ACT_ALLOW));
  constexpr size_t kRoom = BPF_MAXINSNS - 9;  // for all but the gate's own
  uint32_t value = 0;
  size_t size = 0;
  while (size <= kRoom) {
    // Six registers cost some 25 instructions, the low half of one costs one or two.
    const size_t missing = kRoom + 1 - size;
    for (size_t rules = missing > 200 ? missing / 40 : (missing + 1) / 2; rules > 0; --rules) {
      std::vector<scmp_arg_cmp> conditions;
      for (unsigned i = 0; i < (missing > 200 ? 6 : 0); ++i)
        conditions.push_back({i, SCMP_CMP_EQ, ++value, 0});
      if (conditions.empty()) conditions.push_back(LowWordIs(1, ++value));
      ASSERT_OK(builder.AddNumber(SCMP_ACT_NOTIFY, SYS_ioctl, conditions, "ioctl"));
    }
    ASSERT_OK_AND_ASSIGN(const std::string bpf, builder.Bpf());
    size = bpf.size() / sizeof(sock_filter);
  }
  builder.AllowAt(kGate, kReadlink, "readlink");
  EXPECT_THAT(builder.Bpf(), StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("at most 4096")));
}

// A function (path, buffer, size) -> what readlink() answers, made of one system call at `*gate`.
using Readlink = long (*)(const char* path, char* buffer, size_t size);

Readlink MapGate(uint64_t* gate) {
#if defined(__x86_64__)
  const uint8_t code[] = {0xb8, SYS_readlink, 0, 0, 0,  // mov $SYS_readlink, %eax
                          0x0f, 0x05,                   // syscall
                          0xc3};                        // ret
  constexpr size_t kBehindTheCall = 7;
#else
  const uint32_t code[] = {0xaa0203e3,                        // mov x3, x2
                           0xaa0103e2,                        // mov x2, x1
                           0xaa0003e1,                        // mov x1, x0
                           0x92800c60,                        // mov x0, #AT_FDCWD
                           0xd2800008 | SYS_readlinkat << 5,  // mov x8, #SYS_readlinkat
                           0xd4000001,                        // svc #0
                           0xd65f03c0};                       // ret
  constexpr size_t kBehindTheCall = 24;
#endif
  void* const page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return nullptr;
  std::memcpy(page, code, sizeof(code));
  if (mprotect(page, 4096, PROT_READ | PROT_EXEC) != 0) return nullptr;
  __builtin___clear_cache(static_cast<char*>(page), static_cast<char*>(page) + sizeof(code));
  *gate = reinterpret_cast<uint64_t>(page) + kBehindTheCall;
  return reinterpret_cast<Readlink>(page);
}

// Without a listener a notified call fails with ENOSYS.
TEST(RealKernel, LetsTheCallPassAtTheGateAndNotifiesItElsewhere) {
  uint64_t gate = 0;
  const Readlink at_gate = MapGate(&gate);
  ASSERT_NE(at_gate, nullptr);
  uint64_t other = 0;
  const Readlink elsewhere = MapGate(&other);
  ASSERT_NE(elsewhere, nullptr);
  const std::string filter = Notify(Full(gate)).bpf;
  const auto error = [](long result) { return result >= 0 ? 0 : static_cast<int>(-result); };
  char buffer[4096];
  EXPECT_EQ(ErrnoUnder(filter, [&] { return error(at_gate("/proc/self/exe", buffer, sizeof(buffer))); }), 0);
  EXPECT_EQ(ErrnoUnder(filter, [&] { return error(at_gate("/", buffer, sizeof(buffer))); }), EINVAL);
  EXPECT_EQ(ErrnoUnder(filter, [&] { return error(elsewhere("/", buffer, sizeof(buffer))); }), ENOSYS);
  EXPECT_EQ(ErrnoUnder(filter, [&] { return readlink("/", buffer, sizeof(buffer)) < 0 ? errno : 0; }),
            ENOSYS);
  EXPECT_EQ(ErrnoUnder(filter, [&] { return open("/", O_RDONLY) < 0 ? errno : 0; }), ENOSYS);
}

}  // namespace
}  // namespace glovebox::policy
