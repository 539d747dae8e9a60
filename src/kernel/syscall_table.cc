#include "kernel/syscall_table.h"

#include <linux/audit.h>
#include <seccomp.h>

#include <array>
#include <cstdlib>
#include <unordered_map>

#include "absl/strings/str_cat.h"
#include "kernel/abi.h"

namespace glovebox::kernel {
namespace {

// Above the highest number of any ABI here (547 is x32's last, 470 the newest common one).
constexpr int kMaxNumber = 640;

enum Abi { kX8664, kX32, kI386, kAarch64, kAbiCount };

constexpr uint32_t kScmpArch[kAbiCount] = {SCMP_ARCH_X86_64, SCMP_ARCH_X32, SCMP_ARCH_X86, SCMP_ARCH_AARCH64};

struct AbiTable {
  std::array<std::string, kMaxNumber> names;
  std::array<const SyscallRow*, kMaxNumber> rows{};
  std::unordered_map<std::string, int> numbers;
};

AbiTable BuildTable(Abi abi) {
  std::unordered_map<std::string, const SyscallRow*> rows;
  for (const SyscallRow& row : SyscallTable()) rows[row.name] = &row;
  AbiTable table;
  const int bit = abi == kX32 ? static_cast<int>(kX32Bit) : 0;
  for (int number = 0; number < kMaxNumber; ++number) {
    // From number to name: the other way round libseccomp answers i386's socket calls with socketcall's
    // pseudo numbers.
    char* name = seccomp_syscall_resolve_num_arch(kScmpArch[abi], number | bit);
    if (name != nullptr) table.names[number] = name;
    free(name);
  }
  for (const NewSyscall& call : kNewSyscalls) {
    if (table.names[call.number].empty()) table.names[call.number] = call.name;
  }
  for (int number = 0; number < kMaxNumber; ++number) {
    if (table.names[number].empty()) continue;
    table.numbers.emplace(table.names[number], number | bit);
    const auto row = rows.find(table.names[number]);
    if (row != rows.end()) table.rows[number] = row->second;
  }
  return table;
}

template <Abi abi>
const AbiTable& TableOf() {
  static const AbiTable* const table = new AbiTable(BuildTable(abi));  // never destroyed: threads may outlive
  return *table;
}

const AbiTable* FindTable(uint32_t audit_arch, bool x32) {
  switch (audit_arch) {
    case AUDIT_ARCH_X86_64:
      return x32 ? &TableOf<kX32>() : &TableOf<kX8664>();
    case AUDIT_ARCH_I386:
      return &TableOf<kI386>();
    case AUDIT_ARCH_AARCH64:
      return &TableOf<kAarch64>();
    default:
      return nullptr;
  }
}

// The number without x32's bit; *x32 says whether it was there.
uint32_t SplitNumber(uint32_t audit_arch, int number, bool* x32) {
  const auto bits = static_cast<uint32_t>(number);
  *x32 = audit_arch == AUDIT_ARCH_X86_64 && (bits & kX32Bit) != 0;
  return *x32 ? bits & ~kX32Bit : bits;
}

// What stands in front of a call's name: nothing for an ABI that this program can be built for.
std::string AbiPrefix(uint32_t audit_arch, bool x32) {
  if (x32) return "x32:";
  // A log that is read, or a table that is tested, on the other machine keeps the plain names.
  if (audit_arch == AUDIT_ARCH_X86_64 || audit_arch == AUDIT_ARCH_AARCH64) return "";
  if (audit_arch == AUDIT_ARCH_I386) return "i386:";
  if (audit_arch == AUDIT_ARCH_ARM) return "arm:";
  return absl::StrCat("arch-", absl::Hex(audit_arch), ":");
}

}  // namespace

absl::string_view LevelName(Level level) {
  switch (level) {
    case Level::kOff:
      return "off";
    case Level::kOpen:
      return "open";
    case Level::kFull:
      return "full";
  }
  return "unknown";
}

bool IsPointer(Arg arg) {
  switch (arg) {
    case Arg::kPath:
    case Arg::kPathNoFollow:
    case Arg::kPathOrFd:
    case Arg::kText:
    case Arg::kPointer:
    case Arg::kOpenHow:
    case Arg::kSockaddr:
    case Arg::kMsghdr:
    case Arg::kMmsghdr:
    case Arg::kFsconfigKey:
    case Arg::kFsconfigValue:
    case Arg::kBpfAttr:
    case Arg::kSocketcallArgs:
      return true;
    default:
      return false;
  }
}

int RequiredRegister(const SyscallRow& row) {
  if (row.op != Op::kSend) return -1;
  for (int i = 0; i < 6; ++i) {
    if (row.args[i] == Arg::kSockaddr) return i;
  }
  return -1;
}

const SyscallRow* FindSyscall(uint32_t audit_arch, int number) {
  bool x32 = false;
  const uint32_t index = SplitNumber(audit_arch, number, &x32);
  const AbiTable* table = FindTable(audit_arch, x32);
  return table != nullptr && index < kMaxNumber ? table->rows[index] : nullptr;
}

int SyscallNumber(uint32_t audit_arch, absl::string_view name, bool x32) {
  const AbiTable* table = FindTable(audit_arch, x32);
  if (table == nullptr) return -1;
  const auto found = table->numbers.find(std::string(name));
  return found != table->numbers.end() ? found->second : -1;
}

absl::string_view WithoutAbi(absl::string_view syscall_name) {
  return syscall_name.substr(syscall_name.rfind(':') + 1);  // npos + 1 is 0
}

std::string SyscallName(uint32_t audit_arch, int number) {
  bool x32 = false;
  const uint32_t index = SplitNumber(audit_arch, number, &x32);
  const AbiTable* table = FindTable(audit_arch, x32);
  const bool known = table != nullptr && index < kMaxNumber && !table->names[index].empty();
  std::string name = AbiPrefix(audit_arch, x32);
  if (known) return name.empty() ? table->names[index] : name + table->names[index];
  absl::StrAppend(&name, "syscall ", index);
  return name;
}

}  // namespace glovebox::kernel
