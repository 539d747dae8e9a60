#include "policy/evaluate.h"

#include <linux/filter.h>

#include <cstddef>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "base/status.h"

namespace glovebox::policy {
namespace {

constexpr uint32_t kMaxErrno = 4095;  // MAX_ERRNO: the kernel caps an errno filter's data there

bool IsAlu(uint16_t code) {
  switch (code) {
    case BPF_ALU | BPF_ADD | BPF_K:
    case BPF_ALU | BPF_ADD | BPF_X:
    case BPF_ALU | BPF_SUB | BPF_K:
    case BPF_ALU | BPF_SUB | BPF_X:
    case BPF_ALU | BPF_MUL | BPF_K:
    case BPF_ALU | BPF_MUL | BPF_X:
    case BPF_ALU | BPF_DIV | BPF_K:
    case BPF_ALU | BPF_DIV | BPF_X:
    case BPF_ALU | BPF_AND | BPF_K:
    case BPF_ALU | BPF_AND | BPF_X:
    case BPF_ALU | BPF_OR | BPF_K:
    case BPF_ALU | BPF_OR | BPF_X:
    case BPF_ALU | BPF_XOR | BPF_K:
    case BPF_ALU | BPF_XOR | BPF_X:
    case BPF_ALU | BPF_LSH | BPF_K:
    case BPF_ALU | BPF_LSH | BPF_X:
    case BPF_ALU | BPF_RSH | BPF_K:
    case BPF_ALU | BPF_RSH | BPF_X:
    case BPF_ALU | BPF_NEG:
      return true;
    default:  // no MOD: seccomp does not take it
      return false;
  }
}

bool IsConditionalJump(uint16_t code) {
  switch (code) {
    case BPF_JMP | BPF_JEQ | BPF_K:
    case BPF_JMP | BPF_JEQ | BPF_X:
    case BPF_JMP | BPF_JGE | BPF_K:
    case BPF_JMP | BPF_JGE | BPF_X:
    case BPF_JMP | BPF_JGT | BPF_K:
    case BPF_JMP | BPF_JGT | BPF_X:
    case BPF_JMP | BPF_JSET | BPF_K:
    case BPF_JMP | BPF_JSET | BPF_X:
      return true;
    default:
      return false;
  }
}

// Why the kernel would refuse an instruction by itself; null when it would not. `left` is how many follow it.
const char* Fault(const sock_filter& in, size_t left) {
  if (IsAlu(in.code)) {
    if (in.code == (BPF_ALU | BPF_DIV | BPF_K) && in.k == 0) return "divides by zero";
    const bool shift = in.code == (BPF_ALU | BPF_LSH | BPF_K) || in.code == (BPF_ALU | BPF_RSH | BPF_K);
    return shift && in.k >= 32 ? "shifts by 32 or more" : nullptr;
  }
  if (IsConditionalJump(in.code))
    return in.jt >= left || in.jf >= left ? "jumps out of the program" : nullptr;
  switch (in.code) {
    case BPF_LD | BPF_W | BPF_ABS:
      if (in.k >= sizeof(seccomp_data)) return "loads from outside of seccomp_data";
      return (in.k & 3) != 0 ? "loads from an odd place" : nullptr;
    case BPF_LD | BPF_MEM:
    case BPF_LDX | BPF_MEM:
    case BPF_ST:
    case BPF_STX:
      return in.k >= BPF_MEMWORDS ? "uses a memory word that there is not" : nullptr;
    case BPF_JMP | BPF_JA:
      return in.k >= left ? "jumps out of the program" : nullptr;
    case BPF_LD | BPF_W | BPF_LEN:
    case BPF_LDX | BPF_W | BPF_LEN:
    case BPF_LD | BPF_IMM:
    case BPF_LDX | BPF_IMM:
    case BPF_MISC | BPF_TAX:
    case BPF_MISC | BPF_TXA:
    case BPF_RET | BPF_K:
    case BPF_RET | BPF_A:
      return nullptr;
    default:
      return "is no instruction that seccomp takes";
  }
}

// A memory word may only be loaded where every way there has stored it (check_load_and_stores() in
// net/core/filter.c). Returns the first instruction that breaks it, or the size.
size_t FirstLoadOfUnsetWord(absl::Span<const sock_filter> code) {
  std::vector<uint16_t> known(code.size(), 0xffff);  // words stored on every way that leads here
  uint16_t valid = 0;
  for (size_t pc = 0; pc < code.size(); ++pc) {
    const sock_filter& in = code[pc];
    valid &= known[pc];
    switch (in.code) {
      case BPF_ST:
      case BPF_STX:
        valid = static_cast<uint16_t>(valid | (1u << in.k));
        break;
      case BPF_LD | BPF_MEM:
      case BPF_LDX | BPF_MEM:
        if ((valid & (1u << in.k)) == 0) return pc;
        break;
      case BPF_JMP | BPF_JA:
        known[pc + 1 + in.k] &= valid;
        valid = 0xffff;
        break;
      default:
        if (IsConditionalJump(in.code)) {
          known[pc + 1 + in.jt] &= valid;
          known[pc + 1 + in.jf] &= valid;
          valid = 0xffff;
        }
    }
  }
  return code.size();
}

absl::Status BadInstruction(size_t pc, const sock_filter& in, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("BPF instruction ", pc, " (code 0x", absl::Hex(in.code), ") ", why));
}

// Signed, as the kernel compares them: KILL_PROCESS (0x80000000) is the smallest of all.
int32_t Severity(uint32_t action) { return static_cast<int32_t>(action & SECCOMP_RET_ACTION_FULL); }

uint32_t Alu(uint16_t operation, uint32_t a, uint32_t b) {
  switch (operation) {
    case BPF_ADD:
      return a + b;
    case BPF_SUB:
      return a - b;
    case BPF_MUL:
      return a * b;
    case BPF_AND:
      return a & b;
    case BPF_OR:
      return a | b;
    case BPF_XOR:
      return a ^ b;
    case BPF_LSH:
      return a << (b & 31);  // a register's shift is masked, as in eBPF
    case BPF_RSH:
      return a >> (b & 31);
    default:
      return 0 - a;  // BPF_NEG
  }
}

bool Holds(uint16_t operation, uint32_t a, uint32_t b) {
  switch (operation) {
    case BPF_JEQ:
      return a == b;
    case BPF_JGE:
      return a >= b;
    case BPF_JGT:
      return a > b;
    default:
      return (a & b) != 0;  // BPF_JSET
  }
}

uint32_t LoadWord(const seccomp_data& call, uint32_t offset) {
  uint32_t word = 0;
  std::memcpy(&word, reinterpret_cast<const char*>(&call) + offset, sizeof word);
  return word;
}

struct Machine {
  uint32_t a = 0;
  uint32_t x = 0;
  uint32_t memory[BPF_MEMWORDS] = {};
};

// Everything that neither jumps nor returns.
void Step(const sock_filter& in, const seccomp_data& call, Machine* m) {
  switch (in.code) {
    case BPF_LD | BPF_W | BPF_ABS:
      m->a = LoadWord(call, in.k);
      break;
    case BPF_LD | BPF_W | BPF_LEN:
      m->a = sizeof(seccomp_data);
      break;
    case BPF_LDX | BPF_W | BPF_LEN:
      m->x = sizeof(seccomp_data);
      break;
    case BPF_LD | BPF_IMM:
      m->a = in.k;
      break;
    case BPF_LDX | BPF_IMM:
      m->x = in.k;
      break;
    case BPF_LD | BPF_MEM:
      m->a = m->memory[in.k];
      break;
    case BPF_LDX | BPF_MEM:
      m->x = m->memory[in.k];
      break;
    case BPF_ST:
      m->memory[in.k] = m->a;
      break;
    case BPF_STX:
      m->memory[in.k] = m->x;
      break;
    case BPF_MISC | BPF_TAX:
      m->x = m->a;
      break;
    default:  // BPF_MISC | BPF_TXA
      m->a = m->x;
  }
}

// The program as the kernel would take it.
absl::StatusOr<std::vector<sock_filter>> Check(absl::string_view bytes) {
  std::vector<sock_filter> code(bytes.size() / sizeof(sock_filter));
  if (bytes.size() % sizeof(sock_filter) != 0 || code.empty() || code.size() > BPF_MAXINSNS) {
    return absl::InvalidArgumentError(absl::StrCat("a filter of ", bytes.size(),
                                                   " bytes: the kernel takes 1 to ", BPF_MAXINSNS,
                                                   " instructions of ", sizeof(sock_filter)));
  }
  std::memcpy(code.data(), bytes.data(), bytes.size());
  for (size_t pc = 0; pc < code.size(); ++pc) {
    const char* fault = Fault(code[pc], code.size() - pc - 1);
    if (fault != nullptr) return BadInstruction(pc, code[pc], fault);
  }
  const uint16_t last = code.back().code;
  if (last != (BPF_RET | BPF_K) && last != (BPF_RET | BPF_A)) {
    return BadInstruction(code.size() - 1, code.back(), "is the last one and does not return");
  }
  const size_t unset = FirstLoadOfUnsetWord(code);
  if (unset < code.size())
    return BadInstruction(unset, code[unset], "loads a memory word before it is stored");
  return code;
}

// Checked code always ends: jumps lead forward, and the last instruction returns.
Verdict Run(absl::Span<const sock_filter> code, const seccomp_data& call) {
  Machine m;
  Verdict verdict;
  for (size_t pc = 0; pc < code.size(); ++pc) {
    const sock_filter& in = code[pc];
    const uint32_t operand = BPF_SRC(in.code) == BPF_X ? m.x : in.k;
    ++verdict.instructions;
    if (BPF_CLASS(in.code) == BPF_RET) {
      verdict.action = BPF_RVAL(in.code) == BPF_A ? m.a : in.k;
      break;
    }
    if (in.code == (BPF_JMP | BPF_JA)) {
      pc += in.k;
    } else if (BPF_CLASS(in.code) == BPF_JMP) {
      pc += Holds(BPF_OP(in.code), m.a, operand) ? in.jt : in.jf;
    } else if (BPF_CLASS(in.code) == BPF_ALU && BPF_OP(in.code) == BPF_DIV) {
      if (operand == 0) break;  // by X: the program ends with 0, which is KILL_THREAD
      m.a /= operand;
    } else if (BPF_CLASS(in.code) == BPF_ALU) {
      m.a = Alu(BPF_OP(in.code), m.a, operand);
    } else {
      const bool load = in.code == (BPF_LD | BPF_W | BPF_ABS);
      verdict.read_arguments |= load && in.k >= offsetof(seccomp_data, instruction_pointer);
      Step(in, call, &m);
    }
  }
  const uint32_t data = verdict.action & SECCOMP_RET_DATA;
  if ((verdict.action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO && data > kMaxErrno) {
    verdict.action = SECCOMP_RET_ERRNO | kMaxErrno;
  }
  return verdict;
}

}  // namespace

absl::StatusOr<Verdict> Evaluate(absl::string_view filter, const seccomp_data& call) {
  ASSIGN_OR_RETURN(const std::vector<sock_filter> code, Check(filter));
  return Run(code, call);
}

absl::StatusOr<uint32_t> EvaluateAll(const std::vector<std::string>& filters, const seccomp_data& call) {
  uint32_t strictest = SECCOMP_RET_ALLOW;
  // The last loaded filter runs first, and only a stricter action replaces what it said.
  for (auto filter = filters.rbegin(); filter != filters.rend(); ++filter) {
    ASSIGN_OR_RETURN(const Verdict verdict, Evaluate(*filter, call));
    if (Severity(verdict.action) < Severity(strictest)) strictest = verdict.action;
  }
  return strictest;
}

}  // namespace glovebox::policy
