#include "trace/intent_registers.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "kernel/abi.h"
#include "kernel/syscall_table.h"
#include "policy/pointer_calls.h"
#include "policy/process_calls.h"

namespace glovebox::trace {
namespace {

bool IsX32(const Registers& call) {
  return call.arch == AUDIT_ARCH_X86_64 && (static_cast<uint32_t>(call.number) & kernel::kX32Bit) != 0;
}

bool IsCall(const Registers& call, const char* name) {
  return kernel::SyscallNumber(call.arch, name, IsX32(call)) == call.number;
}

// pwritev2's, 0 of any other call.
uint32_t WriteFlags(const Registers& call) {
  if (!IsCall(call, "pwritev2")) return 0;
  return static_cast<uint32_t>(call.args[IsX32(call) ? kernel::kPwritev2FlagsX32 : kernel::kPwritev2Flags]);
}

// The kernel looks at 32 bits of both.
bool EnablesTsc(const Registers& call) {
  return IsCall(call, "prctl") && static_cast<uint32_t>(call.args[0]) == PR_SET_TSC &&
         static_cast<uint32_t>(call.args[1]) == PR_TSC_ENABLE;
}

void Forbid(Intent* intent, std::string text, int refuse) {
  intent->op = Op::kForbidden;
  intent->text = std::move(text);
  intent->refuse = refuse;
}

std::string Unreadable(const char* what, ssize_t result) {
  return absl::StrCat(what, " unreadable: ", ErrnoName(result < 0 ? static_cast<int>(-result) : EFAULT));
}

// Whether one of the control blocks carries RWF_NOAPPEND. struct iocb: u64 data, u32 key, u32 aio_rw_flags
// ... (little endian), the same on every ABI.
void DecodeIoSubmit(const Registers& call, const kernel::MemoryReader& memory, Intent* intent) {
  const size_t width = call.compat ? 4 : 8;
  constexpr uint64_t kMost = 65536;  // the default of fs.aio-max-nr: no context holds more
  for (uint64_t i = 0; i < std::min(call.args[1], kMost); ++i) {
    uint64_t block = 0;
    ssize_t n = memory.Read(call.tid, call.args[2] + i * width, &block, width);
    uint32_t flags = 0;
    if (n == static_cast<ssize_t>(width)) {
      n = memory.Read(call.tid, block + 12, &flags, sizeof(flags));
      if (n == static_cast<ssize_t>(sizeof(flags))) n = static_cast<ssize_t>(width);
    }
    if (n != static_cast<ssize_t>(width)) {
      intent->hole = Unreadable("iocb", n);
      return;
    }
    if ((flags & kernel::kRwfNoAppend) == 0) continue;
    intent->flags = flags;
    Forbid(intent, "RWF_NOAPPEND", EOPNOTSUPP);
    return;
  }
  if (call.args[1] > kMost && call.args[1] < (uint64_t{1} << 63))
    intent->hole = "io_submit of too many blocks";
}

struct DescriptorCall {
  const char* name;
  Op op;
};
constexpr DescriptorCall kDescriptorCalls[] = {{"fcntl", Op::kForbidden},    {"fcntl64", Op::kForbidden},
                                               {"ftruncate", Op::kTruncate}, {"ftruncate64", Op::kTruncate},
                                               {"fallocate", Op::kTruncate}, {"fchmod", Op::kChmod},
                                               {"fchown", Op::kChown},       {"fchown32", Op::kChown},
                                               {"fsetxattr", Op::kSetXattr}, {"fremovexattr", Op::kSetXattr}};

bool DecodeByDescriptor(const Registers& call, Intent* intent) {
  for (const DescriptorCall& is : kDescriptorCalls) {
    if (!IsCall(call, is.name)) continue;
    // The kernel looks at 32 bits of the command.
    if (is.op == Op::kForbidden && static_cast<uint32_t>(call.args[1]) != F_SETFL) return false;
    intent->op = is.op;
    intent->by_descriptor = true;
    intent->fd = static_cast<int32_t>(call.args[0]);
    intent->text = is.op == Op::kForbidden ? "F_SETFL" : "";
    PathRef& path = intent->paths.emplace_back();
    path.dirfd = intent->fd;
    path.empty_path = true;
    return true;
  }
  return false;
}

// Process numbers may be negative, so that only what is a pointer by its place counts for one.
bool DecodeByProcess(const Registers& call, Intent* intent) {
  const absl::string_view name = kernel::WithoutAbi(intent->syscall);
  const policy::ProcessUse use = policy::ProcessUseOf(name);
  if (use == policy::ProcessUse::kNone) return false;
  if (name == "ptrace" && !policy::BeginsTracing(call.args[0])) return false;
  intent->op = Op::kForbidden;
  intent->by_process = true;
  intent->kernel_pointer = false;
  for (const policy::PointerCall& is : policy::PointerCalls()) {
    for (unsigned i = 0; is.name == name && i < 6; ++i)
      intent->kernel_pointer |= (is.registers & (1u << i)) != 0 && (call.args[i] >> 63) != 0;
  }
  return true;
}

}  // namespace

Registers ReadRegisters(const seccomp_notif& notification) {
  Registers call;
  const seccomp_data& data = notification.data;
  call.arch = data.arch;
  call.number = data.nr;
  call.tid = static_cast<pid_t>(notification.pid);
  std::copy(data.args, data.args + 6, call.args);
  const bool i386 = call.arch == AUDIT_ARCH_I386;
  call.compat = i386 || IsX32(call);
  if (!i386) return call;
  for (uint64_t& value : call.args) value &= 0xffffffffu;
  // fanotify_mark(fd, flags, u64 mask, dirfd, path): the mask takes two registers.
  if (IsCall(call, "fanotify_mark")) {
    call.args[2] |= call.args[3] << 32;
    call.args[3] = call.args[4];
    call.args[4] = call.args[5];
    call.args[5] = 0;
  }
  return call;
}

const kernel::SyscallRow* UnpackSocketcall(Registers* call, const kernel::MemoryReader& memory,
                                           Intent* intent) {
  struct Carried {
    uint32_t number;  // SYS_* of linux/net.h
    const char* name;
    size_t count;
  };
  static constexpr Carried kCarried[] = {{1, "socket", 3},   {2, "bind", 3},    {3, "connect", 3},
                                         {4, "listen", 2},   {11, "sendto", 6}, {16, "sendmsg", 3},
                                         {20, "sendmmsg", 4}};
  const auto number = static_cast<uint32_t>(call->args[0]);
  const auto* carried = std::find_if(std::begin(kCarried), std::end(kCarried),
                                     [&](const Carried& c) { return c.number == number; });
  if (carried == std::end(kCarried)) return nullptr;  // accept, recv ...: names no address
  uint32_t args[6] = {};
  const size_t size = carried->count * sizeof(uint32_t);
  const ssize_t n = memory.Read(call->tid, call->args[1], args, size);
  if (n != static_cast<ssize_t>(size)) {
    intent->hole = Unreadable("socketcall", n);
    return nullptr;
  }
  call->number = kernel::SyscallNumber(call->arch, carried->name);
  std::copy(args, args + 6, call->args);
  absl::StrAppend(&intent->syscall, ":", carried->name);
  return kernel::FindSyscall(call->arch, call->number);
}

void DecodeUnlisted(const Registers& call, const kernel::MemoryReader& memory, Intent* intent) {
  intent->kernel_pointer = std::any_of(call.args, call.args + 6, [](uint64_t v) { return (v >> 63) != 0; });
  if (IsCall(call, "ioctl")) {
    // The kernel looks at 32 bits of the request: whatever stands above them is no part of it.
    intent->flags = call.args[1] & 0xffffffffu;
    Forbid(intent, absl::StrCat("ioctl 0x", absl::Hex(intent->flags)), EPERM);
  } else if (EnablesTsc(call)) {
    intent->flags = PR_TSC_ENABLE;
    Forbid(intent, kTscEnable, EPERM);
  } else if ((WriteFlags(call) & kernel::kRwfNoAppend) != 0) {
    intent->flags = WriteFlags(call);
    Forbid(intent, "RWF_NOAPPEND", EOPNOTSUPP);
  } else if (IsCall(call, "io_submit") && !intent->kernel_pointer) {
    DecodeIoSubmit(call, memory, intent);
  } else if (DecodeByDescriptor(call, intent) || DecodeByProcess(call, intent)) {
    // A pointer among its registers is the call's own to refuse, unless the policy restricts them.
  } else if (intent->kernel_pointer) {
    Forbid(intent, "kernel pointer", EFAULT);
  } else {
    intent->hole = absl::StrCat("unlisted call: ", intent->syscall);
  }
}

}  // namespace glovebox::trace
