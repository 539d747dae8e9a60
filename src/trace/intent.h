// Notification -> intent: what a call is about to do, in words, before anything is looked up.
#ifndef GLOVEBOX_TRACE_INTENT_H_
#define GLOVEBOX_TRACE_INTENT_H_

#include <linux/seccomp.h>

#include <cstdint>
#include <string>
#include <vector>

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
  bool operator==(const PathRef&) const = default;
};

struct Intent {
  Op op = Op::kNone;
  std::string syscall;  // SyscallName()
  uint64_t flags = 0;   // open flags, else AT_* flags, else socket type
  uint64_t mode = 0;
  uint64_t resolve = 0;        // openat2's RESOLVE_*
  bool creates = false;        // O_CREAT, mkdir, mknod, symlink, link, rename, bind to a path ...
  bool exclusive = false;      // O_EXCL, mkdir ...: an existing object makes it fail
  std::vector<PathRef> paths;  // 0, 1 or 2
  std::string text;            // symlink's target
  std::vector<std::string>
      addresses;     // "inet:127.0.0.1:80", "inet6:[::1]:80", "unix:@name", "netlink:0", "family 38"
  int refuse = 0;    // errno with which the table or a register rule refuses the call; 0: goes on
  std::string hole;  // not empty: what of the call could not be told ("path unreadable: EFAULT")
  bool operator==(const Intent&) const = default;
};

// Decodes by the table; reads the caller's memory through `memory`. An unlisted call gives an Intent with op
// kNone and a hole. An empty or unreadable path is the kernel's to refuse: it is recorded with what could be
// read.
Intent Decode(const seccomp_notif& notification, const kernel::MemoryReader& memory);

// "inet:127.0.0.1:80" and so on from the raw bytes of a socket address. A unix path is returned as "unix:" +
// path bytes.
std::string AddressText(const void* bytes, size_t size);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_INTENT_H_
