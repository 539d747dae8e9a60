// Every system call that names a path or an address, or that a rule of ours looks at: one table, by name.
// The filter (policy/) and the decoder (trace/) are both made from it, so that they cannot disagree;
// docs/syscalls.md is printed from it. Numbers come from libseccomp's tables by name, never from this source.
#ifndef GLOVEBOX_KERNEL_SYSCALL_TABLE_H_
#define GLOVEBOX_KERNEL_SYSCALL_TABLE_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "base/op.h"

namespace glovebox::kernel {

// How much is recorded. Each level contains the ones before it. Written to the log: never renumber.
enum class Level : uint8_t {
  kOff = 0,
  kOpen = 1,  // opens, execs, changes, network
  kFull = 2,  // + stat, access, readlink, directory listings, xattrs
};
absl::string_view LevelName(Level level);

// What an argument register means. A call is described by one Arg for each of its up to six registers.
enum class Arg : uint8_t {
  kNone,   // not looked at
  kDirfd,  // directory of the next path argument
  kPath,   // pointer to a NUL-terminated path whose last symlink is followed unless a flag says otherwise
  kPathNoFollow,  // ... whose last symlink is not followed
  kPathOrFd,      // as kPath; a null pointer means the descriptor in front of it (utimensat, fanotify_mark)
  kText,          // pointer to a NUL-terminated string that is no path here (symlink's target, mount's type)
  kPointer,       // pointer to something that is not looked at
  kFd,            // a descriptor that the call works on
  kDirectoryFd,   // a descriptor that stands for the path it was opened by (fchdir, getdents, setns)
  kOpenFlags,     // O_*
  kAtFlags,       // AT_*
  kRenameFlags,
  kUmountFlags,
  kWatchMask,  // inotify's, with IN_DONT_FOLLOW
  kMarkFlags,  // fanotify's, with FAN_MARK_DONT_FOLLOW
  kMountFlags,
  kMoveMountFlags,
  kFspickFlags,
  kFlags,  // any other flags: kept, not interpreted
  kMode,
  kOpenHow,  // pointer to struct open_how; the next argument is its size
  kOpenHowSize,
  kSockaddr,  // pointer to a socket address; the next argument is its length
  kSocklen,
  kMsghdr,   // pointer to struct msghdr
  kMmsghdr,  // pointer to an array of struct mmsghdr; the next argument is its length
  kCount,
  kDomain,
  kType,
  kProtocol,         // of socket()
  kFsconfigCommand,  // whether the next arguments hold a path
  kFsconfigKey,
  kFsconfigValue,
  kFsconfigAux,
  kBpfCommand,  // whether the next argument holds a path
  kBpfAttr,
  kSocketcall,  // i386: number of the socket call whose registers lie in memory at the next argument
  kSocketcallArgs,
};

// True for the kinds that hold a user-space pointer: what a filter on kernel pointers (bit 63) may test.
bool IsPointer(Arg arg);

struct SyscallRow {
  const char* name;
  Op op;
  Level level;  // the lowest level that records it
  Arg args[6];
  // A call that only needs its registers to be judged and is always refused (io_uring_setup), with this
  // errno; else 0.
  int refuse;
};

// The register that must not be zero for the call to be worth a notification, or -1: sendto names an address
// only where its fifth argument is not null, and every write to a connected socket through send() comes this
// way. i386 and x32 calls have their pointer in the low half alone; a filter may test both halves for every
// ABI, since the kernel zero-extends.
int RequiredRegister(const SyscallRow& row);

absl::Span<const SyscallRow> SyscallTable();

// The row of a call, or null when it is not in the table. `audit_arch` is seccomp_data.arch
// (AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64); x32 calls carry bit 30 in `number` and are looked
// up in x32's own numbers. One array access; the arrays are built at the first call for an ABI,
// thread-safely.
const SyscallRow* FindSyscall(uint32_t audit_arch, int number);

// The number of a call by its name, as seccomp_data.nr carries it, or -1 where that ABI has no such call.
// Also knows the calls that libseccomp does not (kNewSyscalls). Never one of libseccomp's negative pseudo
// numbers.
int SyscallNumber(uint32_t audit_arch, absl::string_view name, bool x32 = false);

// "openat" for (AUDIT_ARCH_X86_64, 257), "syscall 9999" for an unknown one; "i386:" or "x32:" in front for
// foreign ABIs.
std::string SyscallName(uint32_t audit_arch, int number);

// Such a name without the prefix of a foreign ABI, and the call that i386's socketcall carries: "i386:openat"
// is "openat".
absl::string_view WithoutAbi(absl::string_view syscall_name);

// Every system call that this build knows and that is *not* in the table, with the reason why not. A kernel
// header or libseccomp that knows a call in neither list fails a test: somebody must decide.
struct IgnoredSyscall {
  const char* name;
  const char* reason;
};
absl::Span<const IgnoredSyscall> IgnoredSyscalls();

}  // namespace glovebox::kernel

#endif  // GLOVEBOX_KERNEL_SYSCALL_TABLE_H_
