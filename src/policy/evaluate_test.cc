#include "policy/evaluate.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <random>

#include "base/status_matchers.h"
#include "gtest/gtest.h"
#include "policy/test_call.h"

namespace glovebox::policy {
namespace {

std::string Program(std::vector<sock_filter> code) {
  return std::string(reinterpret_cast<const char*>(code.data()), code.size() * sizeof(sock_filter));
}
std::string Answer(uint32_t action) { return Program({BPF_STMT(BPF_RET | BPF_K, action)}); }

// getppid(arg, ...) under the program; 202 for an errno that no exit status can hold.
int InKernel(const std::string& program, unsigned long arg) {
  return ErrnoUnder(program, [arg] {
    return syscall(SYS_getppid, arg) >= 0 ? 0 : errno == 4095 ? 202 : errno;
  });
}

TEST(Evaluate, ComparesTheNumberAndCountsItsSteps) {
  const std::string filter = Program({
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 7, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 13),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  });
  ASSERT_OK_AND_ASSIGN(Verdict hit, Evaluate(filter, Call(7, 0)));
  EXPECT_EQ(hit.action, SECCOMP_RET_ERRNO | 13);
  EXPECT_EQ(hit.instructions, 3u);
  ASSERT_OK_AND_ASSIGN(Verdict miss, Evaluate(filter, Call(8, 0)));
  EXPECT_EQ(miss.action, SECCOMP_RET_ALLOW);
}

TEST(Evaluate, TheStrictestOfSeveralFiltersWins) {
  const std::vector<std::string> filters = {Answer(SECCOMP_RET_ERRNO | 1), Answer(SECCOMP_RET_USER_NOTIF),
                                            Answer(SECCOMP_RET_ALLOW)};
  ASSERT_OK_AND_ASSIGN(uint32_t action, EvaluateAll(filters, {}));
  EXPECT_EQ(action, SECCOMP_RET_ERRNO | 1);
  ASSERT_OK_AND_ASSIGN(uint32_t killed,
                       EvaluateAll({Answer(SECCOMP_RET_TRAP), Answer(SECCOMP_RET_KILL_PROCESS)}, {}));
  EXPECT_EQ(killed, SECCOMP_RET_KILL_PROCESS);
}

TEST(Evaluate, RejectsWhatTheKernelWouldNotLoad) {
  const std::vector<sock_filter> kBad[] = {
      {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64), BPF_STMT(BPF_RET | BPF_K, 0)},
      {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2), BPF_STMT(BPF_RET | BPF_K, 0)},
      {BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), BPF_STMT(BPF_RET | BPF_K, 0)},
      {BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0), BPF_STMT(BPF_RET | BPF_K, 0)},
      {BPF_STMT(BPF_LD | BPF_MEM, BPF_MEMWORDS), BPF_STMT(BPF_RET | BPF_K, 0)},
      {BPF_STMT(BPF_ST, 99), BPF_STMT(BPF_RET | BPF_K, 0)},
      {BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), BPF_STMT(BPF_RET | BPF_K, 0)},
      {BPF_STMT(BPF_JMP | BPF_JA, 9)},
      {BPF_STMT(BPF_LD | BPF_IMM, 9)},
      {BPF_STMT(BPF_LD | BPF_MEM, 3), BPF_STMT(BPF_RET | BPF_A, 0)},
      {BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 40), BPF_STMT(BPF_RET | BPF_K, 0)},
      {BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 3), BPF_STMT(BPF_RET | BPF_K, 0)},
      {BPF_STMT(BPF_ALU | BPF_NEG | BPF_X, 0), BPF_STMT(BPF_RET | BPF_K, 0)},
      {BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 1), BPF_STMT(BPF_RET | BPF_K, 0)},
      {BPF_STMT(BPF_MISC | 0x40, 0), BPF_STMT(BPF_RET | BPF_K, 0)},
      {BPF_STMT(BPF_RET | BPF_X, 0)},
      // What is wrong stands where this call does not come by.
      {BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 1),
       BPF_STMT(BPF_RET | BPF_K, 0)},
      {BPF_STMT(BPF_RET | BPF_K, 0), BPF_STMT(BPF_LD | BPF_IMM, 1)},
      {},
  };
  for (size_t i = 0; i < std::size(kBad); ++i) {
    SCOPED_TRACE(i);
    EXPECT_FALSE(Evaluate(Program(kBad[i]), {}).ok());
    EXPECT_EQ(InKernel(Program(kBad[i]), 0), kNotLoaded) << "the kernel takes it";
  }
  EXPECT_FALSE(Evaluate("abc", {}).ok());
}

// `compute` leaves something in A for getppid; the verdict tells whether it is `expected`.
std::string Computes(std::vector<sock_filter> compute, uint32_t expected) {
  std::vector<sock_filter> code = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  code.insert(code.end(), compute.begin(), compute.end());
  code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, expected, 0, 1));
  code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 77));
  code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  return Program(code);
}

TEST(Evaluate, ComputesAsTheKernelDoes) {
  const auto lo = static_cast<uint32_t>(offsetof(seccomp_data, args));
  const struct {
    std::vector<sock_filter> compute;
    uint32_t expected;
  } kCases[] = {
      {{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, lo)}, 0xfffffff1u},
      {{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, lo + 4)}, 0x12u},
      {{BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0)}, sizeof(seccomp_data)},
      {{BPF_STMT(BPF_LDX | BPF_W | BPF_LEN, 0), BPF_STMT(BPF_MISC | BPF_TXA, 0)}, sizeof(seccomp_data)},
      {{BPF_STMT(BPF_LD | BPF_IMM, 5), BPF_STMT(BPF_ST, 15), BPF_STMT(BPF_LD | BPF_IMM, 0),
        BPF_STMT(BPF_LDX | BPF_MEM, 15), BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0)},
       5},
      {{BPF_STMT(BPF_LD | BPF_IMM, 1), BPF_STMT(BPF_ALU | BPF_SUB | BPF_K, 2)}, 0xffffffffu},
      {{BPF_STMT(BPF_LD | BPF_IMM, 1), BPF_STMT(BPF_ALU | BPF_NEG, 0)}, 0xffffffffu},
      {{BPF_STMT(BPF_LD | BPF_IMM, 0x80000001), BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, 2)}, 2},
      {{BPF_STMT(BPF_LD | BPF_IMM, 0xfffffff0), BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0x10)}, 0x0fffffffu},
      {{BPF_STMT(BPF_LDX | BPF_IMM, 33), BPF_STMT(BPF_LD | BPF_IMM, 1),
        BPF_STMT(BPF_ALU | BPF_LSH | BPF_X, 0)},
       2},
      {{BPF_STMT(BPF_LDX | BPF_IMM, 32), BPF_STMT(BPF_LD | BPF_IMM, 9),
        BPF_STMT(BPF_ALU | BPF_RSH | BPF_X, 0)},
       9},
      {{BPF_STMT(BPF_LD | BPF_IMM, 0xf0f0), BPF_STMT(BPF_ALU | BPF_XOR | BPF_K, 0xffff)}, 0x0f0fu},
  };
  const unsigned long arg = 0x12fffffff1ul;
  for (size_t i = 0; i < std::size(kCases); ++i) {
    SCOPED_TRACE(i);
    for (const uint32_t expected : {kCases[i].expected, kCases[i].expected ^ 1}) {
      const std::string program = Computes(kCases[i].compute, expected);
      ASSERT_OK_AND_ASSIGN(const Verdict verdict, Evaluate(program, Call(SYS_getppid, 0, {arg})));
      const bool hit = expected == kCases[i].expected;
      EXPECT_EQ(verdict.action, hit ? (SECCOMP_RET_ERRNO | 77) : SECCOMP_RET_ALLOW);
      EXPECT_EQ(InKernel(program, arg), hit ? 77 : 0);
    }
  }
}

TEST(Evaluate, DivisionByARegisterOfZeroKillsAndAnErrnoIsCapped) {
  const std::string divide =
      Computes({BPF_STMT(BPF_LDX | BPF_IMM, 0), BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0)}, 1);
  ASSERT_OK_AND_ASSIGN(const Verdict killed, Evaluate(divide, Call(SYS_getppid, 0)));
  EXPECT_EQ(killed.action, SECCOMP_RET_KILL_THREAD);
  EXPECT_EQ(InKernel(divide, 0), -SIGSYS);
  const std::string large = Program({
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 0xffff),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  });
  ASSERT_OK_AND_ASSIGN(const Verdict capped, Evaluate(large, Call(SYS_getppid, 0)));
  EXPECT_EQ(capped.action, SECCOMP_RET_ERRNO | 4095);
  EXPECT_EQ(InKernel(large, 0), 202);
}

TEST(Evaluate, AnyBytesGiveAnAnswerOrAnErrorAndNeverHang) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 20000; ++round) {
    std::string bytes(8 * (1 + random() % 40), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    const seccomp_data call = Call(static_cast<int>(random()), AUDIT_ARCH_X86_64);
    (void)Evaluate(bytes, call);
  }
}

}  // namespace
}  // namespace glovebox::policy
