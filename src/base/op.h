// What an access does to what it names: the vocabulary that the syscall table, the log and the judges share.
#ifndef GLOVEBOX_BASE_OP_H_
#define GLOVEBOX_BASE_OP_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace glovebox {

// Values are written to the log: append only, never renumber.
enum class Op : uint8_t {
  kNone = 0,
  kOpen = 1,  // open, openat, openat2, creat: whether it reads, writes or creates is in the open flags
  kExec = 2,
  kRename = 3,   // two paths
  kLink = 4,     // two paths
  kSymlink = 5,  // path is the new link; its text is in path2 and is not resolved
  kUnlink = 6,
  kRmdir = 7,
  kMkdir = 8,
  kMknod = 9,
  kTruncate = 10,
  kChmod = 11,
  kChown = 12,
  kUtimes = 13,
  kSetXattr = 14,  // setxattr, removexattr and their families
  kMount = 15,     // mount, move_mount, open_tree, fsopen ...
  kUmount = 16,
  kChdir = 17,
  kChroot = 18,      // chroot and pivot_root
  kFileHandle = 19,  // name_to_handle_at, open_by_handle_at
  kWatch = 20,       // inotify_add_watch, fanotify_mark
  kStat = 21,
  kAccess = 22,
  kReadlink = 23,
  kList = 24,  // getdents: the directory that is open on the descriptor
  kGetXattr = 25,
  kStatfs = 26,
  kSocket = 27,
  kBind = 28,
  kConnect = 29,
  kListen = 30,
  kSend = 31,       // sendto, sendmsg, sendmmsg with an address
  kAdmin = 32,      // swapon, acct, quotactl, uselib ...: a path handed to the kernel's own administration
  kForbidden = 33,  // a call that is refused by rule: io_uring_setup, TIOCSTI, RWF_NOAPPEND ...
};
inline constexpr int kOpCount = 34;

// "open", "exec", "rename" ...; stable, used in JSON.
absl::string_view OpName(Op op);

}  // namespace glovebox

#endif  // GLOVEBOX_BASE_OP_H_
