#include "policy/filter_builder.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status.h"
#include "base/unique_fd.h"

namespace glovebox::policy {
namespace {

// libseccomp's functions return a negative errno.
absl::Status Check(int result, absl::string_view operation, absl::string_view object) {
  return result == 0 ? absl::OkStatus() : ErrnoStatus(operation, object, -result);
}

// Runs one of libseccomp's exporters, which write to a descriptor.
absl::StatusOr<std::string> Export(int (*exporter)(const scmp_filter_ctx, int), scmp_filter_ctx context,
                                   absl::string_view name) {
  UniqueFd file(memfd_create("glovebox-filter", MFD_CLOEXEC));
  if (!file.valid()) return ErrnoStatus("memfd_create", name, errno);
  RETURN_IF_ERROR(Check(exporter(context, file.get()), name, "filter"));
  if (lseek(file.get(), 0, SEEK_SET) != 0) return ErrnoStatus("lseek", name, errno);
  return ReadAll(file.get(), name);
}

constexpr uint32_t LowWord(uint64_t value) { return static_cast<uint32_t>(value); }
constexpr uint32_t HighWord(uint64_t value) { return static_cast<uint32_t>(value >> 32); }

// The answer ALLOW where all four words are what they shall be, else what follows. The instruction pointer is
// loaded for call `number` alone: every other call leaves after its number, so that the kernel, which tries
// out what a filter says without more (seccomp_is_const_allow()), still finds that it always allows read()
// and the like, and does not run it for them. A call of x32 has another bit in its number.
std::string GateProgram(uint64_t instruction, int number) {
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the low word stands first");
  constexpr uint32_t kLow = offsetof(seccomp_data, instruction_pointer), kHigh = kLow + 4;
  const sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, seccomp_arch_native(), 0, 7),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(number), 0, 5),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kLow),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, LowWord(instruction), 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kHigh),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, HighWord(instruction), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  return std::string(reinterpret_cast<const char*>(code), sizeof(code));
}

// The answer ALLOW where a number is 0 or from `own` on, as a process or as a group, else what follows. As
// unsigned numbers those are all from `own` to -`own`. The constants stand for "none" until the child writes
// its own (child/plan.h).
std::string OwnNumberProgram(const std::vector<int>& numbers) {
  std::vector<sock_filter> code;
  const auto behind_numbers = static_cast<uint8_t>(numbers.size());
  code.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)));
  code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, seccomp_arch_native(), 0,
                          static_cast<uint8_t>(behind_numbers + 6)));
  code.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
  for (uint8_t left = behind_numbers; left > 0; --left) {
    const uint8_t no = left == 1 ? 5 : 0, yes = static_cast<uint8_t>(left - 1);
    code.push_back(
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(numbers[behind_numbers - left]), yes, no));
  }
  code.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)));
  code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 2, 0));
  code.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, UINT32_MAX, 0, 2));
  code.push_back(BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 0, 1, 0));
  code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  return std::string(reinterpret_cast<const char*>(code.data()), code.size() * sizeof(sock_filter));
}

// As libseccomp would write it.
std::string OwnNumberText(absl::string_view name, int number) {
  return absl::StrCat("# filter for syscall \"", name, "\" (", number,
                      ")\nif ($arch == ", seccomp_arch_native(), ")\n  if ($syscall == ", number,
                      ")\n    if ($a0.lo32 == 0 or own number <= $a0.lo32 <= -own number)\n      action "
                      "ALLOW;\n");
}

// As libseccomp would write it.
std::string GateText(uint64_t instruction, int number, absl::string_view name) {
  const uint32_t arch = seccomp_arch_native();
  return absl::StrCat(
      "#\n# gate, in front of libseccomp's program: instruction pointer 0x", absl::Hex(instruction),
      "\n#\nif ($arch == ", arch, ")\n  # filter for syscall \"", name, "\" (", number,
      ")\n  if ($syscall == ", number, ")\n    if ($instruction_pointer.lo32 == ", LowWord(instruction),
      ")\n      if ($instruction_pointer.hi32 == ", HighWord(instruction), ")\n        action ALLOW;\n");
}

}  // namespace

absl::StatusOr<FilterBuilder> FilterBuilder::Create(uint32_t otherwise, uint32_t foreign) {
  scmp_filter_ctx context = seccomp_init(otherwise);
  if (context == nullptr) return absl::ResourceExhaustedError("seccomp_init: no filter could be made");
  FilterBuilder builder(context);
  RETURN_IF_ERROR(
      Check(seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, foreign), "seccomp_attr_set", "foreign ABI"));
  // A binary tree over the numbers: 7 comparisons a call instead of up to 80.
  RETURN_IF_ERROR(
      Check(seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2), "seccomp_attr_set", "binary tree"));
  return builder;
}

absl::StatusOr<FilterBuilder> FilterBuilder::CreateForX32(uint32_t otherwise, uint32_t foreign) {
  ASSIGN_OR_RETURN(FilterBuilder builder, Create(otherwise, foreign));
  scmp_filter_ctx context = builder.context_.get();
  RETURN_IF_ERROR(Check(seccomp_arch_add(context, SCMP_ARCH_X32), "seccomp_arch_add", "x32"));
  RETURN_IF_ERROR(
      Check(seccomp_arch_remove(context, seccomp_arch_native()), "seccomp_arch_remove", "native"));
  return builder;
}

absl::Status FilterBuilder::Merge(FilterBuilder other) {
  RETURN_IF_ERROR(Check(seccomp_merge(context_.get(), other.context_.get()), "seccomp_merge", "filter"));
  (void)other.context_.release();  // seccomp_merge(3) released it
  return absl::OkStatus();
}

absl::Status FilterBuilder::AddForeignAbis(bool x32) {
  switch (seccomp_arch_native()) {
    case SCMP_ARCH_X86_64:
      RETURN_IF_ERROR(Check(seccomp_arch_add(context_.get(), SCMP_ARCH_X86), "seccomp_arch_add", "i386"));
      if (!x32) return absl::OkStatus();
      return Check(seccomp_arch_add(context_.get(), SCMP_ARCH_X32), "seccomp_arch_add", "x32");
    case SCMP_ARCH_AARCH64:
      return Check(seccomp_arch_add(context_.get(), SCMP_ARCH_ARM), "seccomp_arch_add", "arm");
    default:
      return absl::OkStatus();
  }
}

absl::Status FilterBuilder::AddNumber(uint32_t action, int number,
                                      const std::vector<scmp_arg_cmp>& conditions,
                                      absl::string_view name_for_errors) {
  return Check(seccomp_rule_add_array(context_.get(), action, number,
                                      static_cast<unsigned>(conditions.size()), conditions.data()),
               "seccomp_rule_add", name_for_errors);
}

absl::Status FilterBuilder::Add(uint32_t action, const char* name,
                                const std::vector<scmp_arg_cmp>& conditions) {
  const int number = seccomp_syscall_resolve_name(name);
  if (number < 0) return absl::OkStatus();
  return AddNumber(action, number, conditions, name);
}

absl::Status FilterBuilder::AddAnyAbi(uint32_t action, const char* name,
                                      const std::vector<scmp_arg_cmp>& conditions) {
  // Where the native ABI has no such call libseccomp gives it a negative number, which its rules take.
  const int number = seccomp_syscall_resolve_name(name);
  if (number == __NR_SCMP_ERROR) return absl::OkStatus();
  return AddNumber(action, number, conditions, name);
}

void FilterBuilder::AllowAt(uint64_t instruction, int number, std::string name) {
  gate_ = {instruction, {number, std::move(name)}};
}

void FilterBuilder::AllowFromOwnNumber(int number, std::string name) {
  from_own_number_.push_back({number, std::move(name)});
}

uint32_t FilterBuilder::OwnNumberAt() const {
  if (from_own_number_.empty()) return 0;
  const size_t gate = gate_.has_value() ? GateProgram(0, 0).size() / sizeof(sock_filter) : 0;
  // Behind arch, its comparison, nr and the numbers: the argument, 0, and here it is.
  return static_cast<uint32_t>(gate + from_own_number_.size() + 5);
}

absl::StatusOr<std::string> FilterBuilder::Bpf() const {
  ASSIGN_OR_RETURN(std::string bytes, Export(seccomp_export_bpf, context_.get(), "seccomp_export_bpf"));
  // Jumps count from where they stand: libseccomp's program means the same behind any other.
  if (!from_own_number_.empty()) {
    std::vector<int> numbers;
    for (const Call& call : from_own_number_) numbers.push_back(call.number);
    bytes.insert(0, OwnNumberProgram(numbers));
  }
  if (gate_.has_value()) bytes.insert(0, GateProgram(gate_->instruction, gate_->call.number));
  if (bytes.size() > BPF_MAXINSNS * sizeof(sock_filter)) {
    return absl::ResourceExhaustedError(absl::StrCat("filter of ", bytes.size() / sizeof(sock_filter),
                                                     " instructions: the kernel takes at most ",
                                                     BPF_MAXINSNS));
  }
  return bytes;
}

absl::StatusOr<std::string> FilterBuilder::Pfc() const {
  ASSIGN_OR_RETURN(std::string text, Export(seccomp_export_pfc, context_.get(), "seccomp_export_pfc"));
  std::string front;
  if (gate_.has_value()) front = GateText(gate_->instruction, gate_->call.number, gate_->call.name);
  if (!from_own_number_.empty()) front += "#\n# in front of libseccomp's program: own processes\n#\n";
  for (const Call& call : from_own_number_) front += OwnNumberText(call.name, call.number);
  return front + text;
}

scmp_arg_cmp LowWordIs(unsigned argument, uint32_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, 0xffffffffu, value};
}
scmp_arg_cmp HasBits(unsigned argument, uint32_t mask) { return {argument, SCMP_CMP_MASKED_EQ, mask, mask}; }
scmp_arg_cmp IsKernelPointer(unsigned argument) {
  constexpr uint64_t kTop = uint64_t{1} << 63;
  return {argument, SCMP_CMP_MASKED_EQ, kTop, kTop};
}

}  // namespace glovebox::policy
