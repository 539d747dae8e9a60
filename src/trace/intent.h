// Notification -> intent: what a call is about to do, in words, before anything is looked up.
#ifndef GLOVEBOX_TRACE_INTENT_H_
#define GLOVEBOX_TRACE_INTENT_H_

#include <linux/seccomp.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "base/op.h"
#include "kernel/process.h"
#include "kernel/syscall_table.h"

namespace glovebox::trace {

// A path as the call spells it, with the directory it starts from.
struct PathRef {
  int dirfd = -100;  // AT_FDCWD, or a descriptor of the caller
  std::string spelled;
  bool follow =
      true;  // a symlink in the last place is followed (AT_SYMLINK_NOFOLLOW, O_NOFOLLOW, unlink, rename: not)
  bool empty_path =
      false;  // AT_EMPTY_PATH, or a call on a descriptor alone (fchdir, getdents): dirfd itself is meant
  uint64_t resolve = 0;    // openat2's RESOLVE_*, else 0
  bool name_only = false;  // of what dirfd stands for, only the name matters: fstat() of it cannot fail
  bool operator==(const PathRef&) const = default;
};

// What Intent::text says of a prctl(PR_SET_TSC, PR_TSC_ENABLE), which deny_tsc forbids.
inline constexpr char kTscEnable[] = "PR_SET_TSC";

struct Intent {
  Op op = Op::kNone;
  std::string syscall;  // SyscallName()
  // open flags as the kernel takes them (O_PATH drops most others; creat has its three), else the call's own
  // flags (AT_*, RENAME_*, MS_* ...), else the socket type, the ioctl request, pwritev2's RWF_*.
  uint64_t flags = 0;
  uint64_t mode = 0;                      // access mode of access(), protocol of socket()
  uint64_t resolve = 0;                   // openat2's RESOLVE_*
  bool creates = false;                   // O_CREAT, mkdir, mknod, symlink, link, rename, bind to a path ...
  bool exclusive = false;                 // O_EXCL, mkdir ...: an existing object makes it fail
  absl::InlinedVector<PathRef, 2> paths;  // 0, 1 or 2; sendmmsg: one for each unix socket that it names
  std::string text;  // symlink's target, mount's source that is no path, xattr's name, fsopen's type;
                     // what is forbidden: "io_uring_setup", "ioctl 0x5412", "RWF_NOAPPEND",
                     // "kernel pointer", kTscEnable
  // utimes: what both times are set to, since who may do it depends on that.
  enum class Times : uint8_t { kNow, kGiven, kKept };
  Times times = Times::kNow;
  uint32_t uid = UINT32_MAX;  // chown: the new owner and group, -1 stays
  uint32_t gid = UINT32_MAX;
  uint32_t device = 0;  // mknod
  int fd = -1;          // the descriptor of a call on a socket, an inotify or a fanotify group
  std::vector<std::string>
      addresses;  // "inet:127.0.0.1:80", "inet6:[::1]:80", "unix:@name", "netlink:0", "family 38"
  // errno with which the kernel refuses the arguments themselves, before it looks for a file: a null path
  // (EFAULT), an open_how that means nothing (EINVAL, E2BIG), a symlink without a text (ENOENT).
  int invalid = 0;
  int refuse = 0;    // errno with which the table or a register rule refuses the call; 0: goes on
  std::string rule;  // of a refusal that the policy names: what the record says (access::Access::rule)
  std::string hole;  // not empty: what of the call could not be told ("path unreadable: EFAULT")
  // A pointer register of the call has bit 63 set. Where the policy restricts kernel pointers the supervisor
  // answers EFAULT; else the kernel does, for what it reads.
  bool kernel_pointer = false;
  // A call on a descriptor alone that a policy has a word in (policy/descriptor_calls.h): `fd` is that
  // descriptor. On record only where a rule is against it.
  bool by_descriptor = false;
  // A call on another process (policy/process_calls.h), as kForbidden that is not refused: on record only
  // where a rule is against it.
  bool by_process = false;
  bool operator==(const Intent&) const = default;
};

// Decodes by the table; reads the caller's memory through `memory`. An unlisted call gives an Intent with op
// kNone and a hole.
//
// An empty path, a null pointer or a path that is too long is the kernel's to refuse: it is recorded with
// what could be read (the first 4,096 bytes) and without a hole. A pointer that could not be read otherwise
// leaves a hole ("path unreadable: EFAULT"): another thread may map it before the kernel looks.
//
// Calls outside the table that the policy's filter notifies in order to have them refused come back as
// Op::kForbidden with `refuse` and `text`: ioctl (EPERM), pwritev2 with RWF_NOAPPEND and io_submit with a
// control block that carries it (EOPNOTSUPP), prctl with PR_SET_TSC and PR_TSC_ENABLE (EPERM), any call with
// a kernel pointer (EFAULT). The calls of policy::DescriptorCalls() come with `by_descriptor`: fcntl with
// F_SETFL as kForbidden that is not refused, the others as what they do. Those on other processes come
// with `by_process` (ptrace where it begins). io_submit's flags lie in memory that another thread can change:
// where append-only must hold, refuse io_submit itself.
//   Intent intent = Decode(notification, kernel::RealMemory());
//   if (listener->CheckValid(notification.id) != 0) return;  // the memory was a later process's
// Thread-safe. Never throws, never blocks but on the caller's memory.
Intent Decode(const seccomp_notif& notification, const kernel::MemoryReader& memory);

// The text of a socket address from its raw bytes:
//   "inet:127.0.0.1:80", "inet6:[::1]:80", "inet6:[fe80::1%2]:80" (scope), "netlink:PORT",
//   "packet:INTERFACE", "vsock:CID:PORT", "unspec", "family 38"; too few bytes for its family: "inet:(4
//   bytes)"; fewer than 2 or more than 128 bytes: "invalid:(1 bytes)" (the kernel gives EINVAL). A unix path
//   is "unix:" + path bytes up to the first NUL (with "./" in front of a relative path that begins with '@'),
//   an abstract name "unix:@" + all its bytes, NULs included, an unnamed one "unix:".
std::string AddressText(const void* bytes, size_t size);

// "unix", "inet", "inet6", "netlink", "packet", "vsock", "unspec", else "family N".
std::string FamilyName(unsigned family);

// True for the bytes of a unix address that names a path; *path gets it.
bool UnixPath(const void* bytes, size_t size, std::string* path);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_INTENT_H_
