#include "policy/evaluate.h"

#include <linux/filter.h>

#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace glovebox::policy {
namespace {

absl::Status Bad(size_t pc, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("filter instruction ", pc, ": ", what));
}

struct Machine {
  uint32_t a = 0;
  uint32_t x = 0;
  uint32_t memory[BPF_MEMWORDS] = {};
};

// ALU instructions; false for one that seccomp does not know or a division by zero.
bool Compute(uint16_t code, uint32_t operand, Machine* m) {
  switch (BPF_OP(code)) {
    case BPF_ADD:
      m->a += operand;
      return true;
    case BPF_SUB:
      m->a -= operand;
      return true;
    case BPF_MUL:
      m->a *= operand;
      return true;
    case BPF_DIV:
      if (operand == 0) return false;
      m->a /= operand;
      return true;
    case BPF_AND:
      m->a &= operand;
      return true;
    case BPF_OR:
      m->a |= operand;
      return true;
    case BPF_XOR:
      m->a ^= operand;
      return true;
    case BPF_LSH:
      m->a = operand < 32 ? m->a << operand : 0;
      return true;
    case BPF_RSH:
      m->a = operand < 32 ? m->a >> operand : 0;
      return true;
    case BPF_NEG:
      m->a = 0u - m->a;
      return true;
    default:
      return false;
  }
}

// Whether a conditional jump is taken; false in *known for an unknown one.
bool Taken(uint16_t code, uint32_t operand, const Machine& m, bool* known) {
  *known = true;
  switch (BPF_OP(code)) {
    case BPF_JEQ:
      return m.a == operand;
    case BPF_JGT:
      return m.a > operand;
    case BPF_JGE:
      return m.a >= operand;
    case BPF_JSET:
      return (m.a & operand) != 0;
    default:
      *known = false;
      return false;
  }
}

// Loads into A or X; false where seccomp allows no such load.
bool Load(const sock_filter& in, const seccomp_data& call, Machine* m) {
  const bool into_x = BPF_CLASS(in.code) == BPF_LDX;
  uint32_t value = 0;
  switch (BPF_MODE(in.code)) {
    case BPF_IMM:
      value = in.k;
      break;
    case BPF_MEM:
      if (in.k >= BPF_MEMWORDS) return false;
      value = m->memory[in.k];
      break;
    case BPF_LEN:
      value = sizeof call;
      break;
    case BPF_ABS:
      if (into_x || BPF_SIZE(in.code) != BPF_W || in.k % 4 != 0 || in.k > sizeof call - 4) return false;
      std::memcpy(&value, reinterpret_cast<const char*>(&call) + in.k, sizeof value);
      break;
    default:
      return false;
  }
  (into_x ? m->x : m->a) = value;
  return true;
}

}  // namespace

absl::StatusOr<Verdict> Evaluate(absl::string_view filter, const seccomp_data& call) {
  const size_t count = filter.size() / sizeof(sock_filter);
  if (count == 0 || count > BPF_MAXINSNS || filter.size() % sizeof(sock_filter) != 0) {
    return absl::InvalidArgumentError(absl::StrCat("a filter of ", filter.size(), " bytes"));
  }
  Machine m;
  uint32_t steps = 0;
  // Jumps only lead forward, so each instruction runs once at most.
  for (size_t pc = 0; pc < count; ++pc) {
    sock_filter in;
    std::memcpy(&in, filter.data() + pc * sizeof in, sizeof in);
    ++steps;
    const uint32_t operand = BPF_SRC(in.code) == BPF_X ? m.x : in.k;
    switch (BPF_CLASS(in.code)) {
      case BPF_LD:
      case BPF_LDX:
        if (!Load(in, call, &m)) return Bad(pc, "load that seccomp does not allow");
        break;
      case BPF_ST:
      case BPF_STX:
        if (in.k >= BPF_MEMWORDS) return Bad(pc, "store outside the scratch memory");
        m.memory[in.k] = BPF_CLASS(in.code) == BPF_ST ? m.a : m.x;
        break;
      case BPF_ALU:
        if (!Compute(in.code, operand, &m)) return Bad(pc, "arithmetic that seccomp does not allow");
        break;
      case BPF_JMP: {
        bool known = true;
        const bool always = BPF_OP(in.code) == BPF_JA;
        const bool taken = !always && Taken(in.code, operand, m, &known);
        if (!always && !known) return Bad(pc, "unknown jump");
        pc += always ? in.k : (taken ? in.jt : in.jf);
        break;
      }
      case BPF_RET:
        return Verdict{BPF_RVAL(in.code) == BPF_A ? m.a : in.k, steps};
      case BPF_MISC:
        if (BPF_MISCOP(in.code) == BPF_TAX)
          m.x = m.a;
        else
          m.a = m.x;
        break;
      default:
        return Bad(pc, "unknown class");
    }
  }
  return Bad(count, "the program ends without an answer");
}

absl::StatusOr<uint32_t> EvaluateAll(const std::vector<std::string>& filters, const seccomp_data& call) {
  uint32_t strictest = SECCOMP_RET_ALLOW;
  // The last loaded filter runs first, and only a stricter action replaces what it said.
  for (auto filter = filters.rbegin(); filter != filters.rend(); ++filter) {
    ASSIGN_OR_RETURN(const Verdict verdict, Evaluate(*filter, call));
    // Actions are ordered as signed numbers: KILL_PROCESS is the smallest.
    const auto rank = [](uint32_t action) { return static_cast<int32_t>(action & SECCOMP_RET_ACTION_FULL); };
    if (rank(verdict.action) < rank(strictest)) strictest = verdict.action;
  }
  return strictest;
}

}  // namespace glovebox::policy
