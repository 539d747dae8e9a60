#include "policy/evaluate.h"

#include <linux/audit.h>
#include <linux/filter.h>

#include <random>

#include "base/status_matchers.h"
#include "gtest/gtest.h"

namespace glovebox::policy {
namespace {

seccomp_data Call(int number, uint32_t arch, std::initializer_list<uint64_t> args = {}) {
  seccomp_data call = {};
  call.nr = number;
  call.arch = arch;
  size_t i = 0;
  for (uint64_t arg : args) call.args[i++] = arg;
  return call;
}

std::string Program(std::vector<sock_filter> code) {
  return std::string(reinterpret_cast<const char*>(code.data()), code.size() * sizeof(sock_filter));
}
std::string Answer(uint32_t action) { return Program({BPF_STMT(BPF_RET | BPF_K, action)}); }

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
      {},
  };
  for (const auto& code : kBad) EXPECT_FALSE(Evaluate(Program(code), {}).ok());
  EXPECT_FALSE(Evaluate("abc", {}).ok());
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
