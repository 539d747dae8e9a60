#include "kernel/syscall_ledger.h"

#include <linux/audit.h>

#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status.h"
#include "kernel/abi.h"
#include "kernel/syscall_table.h"

namespace glovebox::kernel {
namespace {

absl::string_view ArgName(Arg arg) {
  static constexpr const char* kNames[] = {"-",
                                           "dirfd",
                                           "path",
                                           "path(no-follow)",
                                           "path-or-fd",
                                           "text",
                                           "pointer",
                                           "fd",
                                           "directory",
                                           "O_*",
                                           "AT_*",
                                           "RENAME_*",
                                           "UMOUNT_*",
                                           "IN_*",
                                           "FAN_MARK_*",
                                           "MS_*",
                                           "MOVE_MOUNT_*",
                                           "FSPICK_*",
                                           "flags",
                                           "mode",
                                           "open_how",
                                           "size",
                                           "address",
                                           "length",
                                           "msghdr",
                                           "mmsghdr[]",
                                           "count",
                                           "domain",
                                           "type",
                                           "protocol",
                                           "command",
                                           "key",
                                           "value",
                                           "aux",
                                           "command",
                                           "attr",
                                           "call",
                                           "registers"};
  static_assert(sizeof(kNames) / sizeof(kNames[0]) == static_cast<size_t>(Arg::kSocketcallArgs) + 1);
  return kNames[static_cast<size_t>(arg)];
}

std::string Number(uint32_t arch, const char* name, bool x32 = false) {
  const int number = SyscallNumber(arch, name, x32);
  if (number < 0) return "-";
  return absl::StrCat(x32 ? number & ~static_cast<int>(kX32Bit) : number);
}

std::string Arguments(const SyscallRow& row) {
  int last = 5;
  while (last > 0 && row.args[last] == Arg::kNone) --last;
  std::vector<std::string> names;
  for (int i = 0; i <= last; ++i) names.emplace_back(ArgName(row.args[i]));
  return absl::StrJoin(names, ", ");
}

std::string Note(const SyscallRow& row) {
  if (row.refuse != 0) return absl::StrCat("refused: ", ErrnoName(row.refuse));
  const int required = RequiredRegister(row);
  if (required >= 0) return absl::StrCat("only where argument ", required + 1, " is not null");
  return "";
}

constexpr char kHead[] = R"(# System calls: what is recorded and what is not

Printed from `src/kernel/syscall_rows.cc` and `src/kernel/ignored_syscalls.cc`; a test fails when this file differs
from them, and another one when a header or libseccomp knows a call that is in neither. The filter and the decoder are
made from the same rows.

Numbers are libseccomp's; `-` means that the ABI has no such call. x32's numbers are without bit 30. `path(no-follow)`
is a path whose last symlink is not followed; an `AT_*` flag can turn either kind into the other. `directory` is a
descriptor that stands for the path it was opened by. `path-or-fd` may be null: then the descriptor itself is meant.

Decisions worth a word:

- A call on a descriptor alone (fstat, fchmod, fchown, ftruncate, fsetxattr ...) names no path: the open that made the
  descriptor is recorded, with what it allows. glibc's fstat is a newfstatat with an empty path, which registers cannot
  tell from one with a path: it is notified at level full and decoded as a stat of the descriptor itself.
- fchdir and getdents are the exceptions: the first moves the directory that later paths start from, the second reads a
  directory's names.
- setns and unshare are recorded as `mount`: they change what names mean for their caller.
- i386's socketcall is unpacked into the call that it carries.
- ioctl, pwritev2 and io_submit are not in the table: single requests and flags of theirs are refused by register, and
  only such a refusal is recorded (operation `forbidden`).
- Neither are calls on other processes (kill, tkill, tgkill, rt_sigqueueinfo, rt_tgsigqueueinfo, pidfd_send_signal,
  ptrace, process_vm_readv, process_vm_writev, pidfd_getfd, kcmp): in mode enforce they are notified, and of them only
  what is refused is recorded, because the target is outside of the action (operation `forbidden`). So are
  prlimit64 of another process, socketpair of a foreign family and source routes by setsockopt, where the policy refuses them.

## Recorded

| call | operation | level | arguments | x86-64 | aarch64 | i386 | x32 | note |
|---|---|---|---|--:|--:|--:|--:|---|
)";

}  // namespace

std::string SyscallLedger() {
  std::string out = kHead;
  for (const SyscallRow& row : SyscallTable()) {
    absl::StrAppend(&out, "| ", row.name, " | ", OpName(row.op), " | ", LevelName(row.level), " | ",
                    Arguments(row), " | ", Number(AUDIT_ARCH_X86_64, row.name), " | ");
    absl::StrAppend(&out, Number(AUDIT_ARCH_AARCH64, row.name), " | ", Number(AUDIT_ARCH_I386, row.name),
                    " | ", Number(AUDIT_ARCH_X86_64, row.name, true), " | ", Note(row), " |\n");
  }
  absl::StrAppend(&out, "\n## Not recorded\n\n| why | calls |\n|---|---|\n");
  std::vector<std::string> reasons;  // in the order of the source
  std::map<std::string, std::vector<std::string>> calls;
  for (const IgnoredSyscall& call : IgnoredSyscalls()) {
    std::vector<std::string>& names = calls[call.reason];
    if (names.empty()) reasons.emplace_back(call.reason);
    names.emplace_back(call.name);
  }
  for (const std::string& reason : reasons) {
    absl::StrAppend(&out, "| ", reason, " | ", absl::StrJoin(calls[reason], ", "), " |\n");
  }
  absl::StrAppend(&out, "\n## Newer than libseccomp 2.5.4\n\n| call | number | kernel |\n|---|--:|---|\n");
  for (const NewSyscall& call : kNewSyscalls) {
    absl::StrAppend(&out, "| ", call.name, " | ", call.number, " | ", call.since, " |\n");
  }
  return out;
}

}  // namespace glovebox::kernel
