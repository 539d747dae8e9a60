// The rows themselves, in the order of docs/syscalls.md.
#include <cerrno>

#include "kernel/syscall_table.h"

namespace glovebox::kernel {
namespace {

constexpr Arg N = Arg::kNone;
constexpr Arg Dir = Arg::kDirfd;
constexpr Arg Path = Arg::kPath;
constexpr Arg Link = Arg::kPathNoFollow;
constexpr Arg PathOrFd = Arg::kPathOrFd;
constexpr Arg Text = Arg::kText;
constexpr Arg Ptr = Arg::kPointer;
constexpr Arg Fd = Arg::kFd;
constexpr Arg At = Arg::kAtFlags;
constexpr Arg Flags = Arg::kFlags;
constexpr Arg Mode = Arg::kMode;
constexpr Level kOpen = Level::kOpen;
constexpr Level kFull = Level::kFull;

// Where a call has variants of other widths (stat64, chown32, utimensat_time64), they are i386's.
constexpr SyscallRow kRows[] = {
    // opens
    {"open", Op::kOpen, kOpen, {Path, Arg::kOpenFlags, Mode}, 0},
    {"openat", Op::kOpen, kOpen, {Dir, Path, Arg::kOpenFlags, Mode}, 0},
    {"openat2", Op::kOpen, kOpen, {Dir, Path, Arg::kOpenHow, Arg::kOpenHowSize}, 0},
    {"creat", Op::kOpen, kOpen, {Path, Mode}, 0},
    {"name_to_handle_at", Op::kFileHandle, kOpen, {Dir, Link, Ptr, Ptr, At}, 0},
    {"open_by_handle_at", Op::kFileHandle, kOpen, {Arg::kDirectoryFd, Ptr, Arg::kOpenFlags}, 0},
    // programs
    {"execve", Op::kExec, kOpen, {Path, Ptr, Ptr}, 0},
    {"execveat", Op::kExec, kOpen, {Dir, Path, Ptr, Ptr, At}, 0},
    {"uselib", Op::kAdmin, kOpen, {Path}, 0},
    // names
    {"rename", Op::kRename, kOpen, {Link, Link}, 0},
    {"renameat", Op::kRename, kOpen, {Dir, Link, Dir, Link}, 0},
    {"renameat2", Op::kRename, kOpen, {Dir, Link, Dir, Link, Arg::kRenameFlags}, 0},
    {"link", Op::kLink, kOpen, {Link, Link}, 0},
    {"linkat", Op::kLink, kOpen, {Dir, Link, Dir, Link, At}, 0},
    {"symlink", Op::kSymlink, kOpen, {Text, Link}, 0},
    {"symlinkat", Op::kSymlink, kOpen, {Text, Dir, Link}, 0},
    {"unlink", Op::kUnlink, kOpen, {Link}, 0},
    {"unlinkat", Op::kUnlink, kOpen, {Dir, Link, At}, 0},
    {"rmdir", Op::kRmdir, kOpen, {Link}, 0},
    {"mkdir", Op::kMkdir, kOpen, {Link, Mode}, 0},
    {"mkdirat", Op::kMkdir, kOpen, {Dir, Link, Mode}, 0},
    {"mknod", Op::kMknod, kOpen, {Link, Mode}, 0},
    {"mknodat", Op::kMknod, kOpen, {Dir, Link, Mode}, 0},
    // changes of what a name stands for
    {"truncate", Op::kTruncate, kOpen, {Path}, 0},
    {"truncate64", Op::kTruncate, kOpen, {Path}, 0},
    {"chmod", Op::kChmod, kOpen, {Path, Mode}, 0},
    {"fchmodat", Op::kChmod, kOpen, {Dir, Path, Mode}, 0},
    {"fchmodat2", Op::kChmod, kOpen, {Dir, Path, Mode, At}, 0},
    {"chown", Op::kChown, kOpen, {Path}, 0},
    {"chown32", Op::kChown, kOpen, {Path}, 0},
    {"lchown", Op::kChown, kOpen, {Link}, 0},
    {"lchown32", Op::kChown, kOpen, {Link}, 0},
    {"fchownat", Op::kChown, kOpen, {Dir, Path, N, N, At}, 0},
    {"utime", Op::kUtimes, kOpen, {Path, Ptr}, 0},
    {"utimes", Op::kUtimes, kOpen, {Path, Ptr}, 0},
    {"futimesat", Op::kUtimes, kOpen, {Dir, PathOrFd, Ptr}, 0},
    {"utimensat", Op::kUtimes, kOpen, {Dir, PathOrFd, Ptr, At}, 0},
    {"utimensat_time64", Op::kUtimes, kOpen, {Dir, PathOrFd, Ptr, At}, 0},
    {"setxattr", Op::kSetXattr, kOpen, {Path, Text, Ptr}, 0},
    {"lsetxattr", Op::kSetXattr, kOpen, {Link, Text, Ptr}, 0},
    {"setxattrat", Op::kSetXattr, kOpen, {Dir, Path, At, Text, Ptr}, 0},
    {"removexattr", Op::kSetXattr, kOpen, {Path, Text}, 0},
    {"lremovexattr", Op::kSetXattr, kOpen, {Link, Text}, 0},
    {"removexattrat", Op::kSetXattr, kOpen, {Dir, Path, At, Text}, 0},
    {"file_setattr", Op::kSetXattr, kOpen, {Dir, Path, Ptr, N, At}, 0},
    // mounts, and what changes the meaning of names for the caller
    {"mount", Op::kMount, kOpen, {Path, Path, Ptr, Arg::kMountFlags, Ptr}, 0},
    {"umount", Op::kUmount, kOpen, {Path}, 0},
    {"umount2", Op::kUmount, kOpen, {Path, Arg::kUmountFlags}, 0},
    {"move_mount", Op::kMount, kOpen, {Dir, Path, Dir, Path, Arg::kMoveMountFlags}, 0},
    {"open_tree", Op::kMount, kOpen, {Dir, Path, At}, 0},
    {"open_tree_attr", Op::kMount, kOpen, {Dir, Path, At, Ptr}, 0},
    {"mount_setattr", Op::kMount, kOpen, {Dir, Path, At, Ptr}, 0},
    {"fsopen", Op::kMount, kOpen, {Text, Flags}, 0},
    {"fspick", Op::kMount, kOpen, {Dir, Path, Arg::kFspickFlags}, 0},
    {"fsconfig",
     Op::kMount,
     kOpen,
     {Fd, Arg::kFsconfigCommand, Arg::kFsconfigKey, Arg::kFsconfigValue, Arg::kFsconfigAux},
     0},
    {"unshare", Op::kMount, kOpen, {Flags}, 0},
    {"setns", Op::kMount, kOpen, {Arg::kDirectoryFd, Flags}, 0},
    {"chdir", Op::kChdir, kOpen, {Path}, 0},
    {"fchdir", Op::kChdir, kOpen, {Arg::kDirectoryFd}, 0},
    {"chroot", Op::kChroot, kOpen, {Path}, 0},
    {"pivot_root", Op::kChroot, kOpen, {Path, Path}, 0},
    // paths handed to the kernel's administration
    {"swapon", Op::kAdmin, kOpen, {Path, Flags}, 0},
    {"swapoff", Op::kAdmin, kOpen, {Path}, 0},
    {"acct", Op::kAdmin, kOpen, {PathOrFd}, 0},
    {"quotactl", Op::kAdmin, kOpen, {Flags, PathOrFd, N, Ptr}, 0},
    {"bpf", Op::kAdmin, kOpen, {Arg::kBpfCommand, Arg::kBpfAttr}, 0},
    // watches
    {"inotify_add_watch", Op::kWatch, kOpen, {Fd, Path, Arg::kWatchMask}, 0},
    {"fanotify_mark", Op::kWatch, kOpen, {Fd, Arg::kMarkFlags, N, Dir, PathOrFd}, 0},
    // network
    {"socket", Op::kSocket, kOpen, {Arg::kDomain, Arg::kType, Arg::kProtocol}, 0},
    {"bind", Op::kBind, kOpen, {Fd, Arg::kSockaddr, Arg::kSocklen}, 0},
    {"connect", Op::kConnect, kOpen, {Fd, Arg::kSockaddr, Arg::kSocklen}, 0},
    {"listen", Op::kListen, kOpen, {Fd}, 0},
    {"sendto", Op::kSend, kOpen, {Fd, Ptr, N, Flags, Arg::kSockaddr, Arg::kSocklen}, 0},
    {"sendmsg", Op::kSend, kOpen, {Fd, Arg::kMsghdr, Flags}, 0},
    {"sendmmsg", Op::kSend, kOpen, {Fd, Arg::kMmsghdr, Arg::kCount, Flags}, 0},
    {"socketcall", Op::kConnect, kOpen, {Arg::kSocketcall, Arg::kSocketcallArgs}, 0},
    // refused by rule
    {"io_uring_setup", Op::kForbidden, kOpen, {N, Ptr}, EPERM},
    // looks, at level full
    {"stat", Op::kStat, kFull, {Path, Ptr}, 0},
    {"stat64", Op::kStat, kFull, {Path, Ptr}, 0},
    {"oldstat", Op::kStat, kFull, {Path, Ptr}, 0},
    {"lstat", Op::kStat, kFull, {Link, Ptr}, 0},
    {"lstat64", Op::kStat, kFull, {Link, Ptr}, 0},
    {"oldlstat", Op::kStat, kFull, {Link, Ptr}, 0},
    {"newfstatat", Op::kStat, kFull, {Dir, Path, Ptr, At}, 0},
    {"fstatat64", Op::kStat, kFull, {Dir, Path, Ptr, At}, 0},
    {"statx", Op::kStat, kFull, {Dir, Path, At, N, Ptr}, 0},
    {"access", Op::kAccess, kFull, {Path, Mode}, 0},
    {"faccessat", Op::kAccess, kFull, {Dir, Path, Mode}, 0},
    {"faccessat2", Op::kAccess, kFull, {Dir, Path, Mode, At}, 0},
    {"readlink", Op::kReadlink, kFull, {Link, Ptr}, 0},
    {"readlinkat", Op::kReadlink, kFull, {Dir, Link, Ptr}, 0},
    {"getdents", Op::kList, kFull, {Arg::kDirectoryFd, Ptr}, 0},
    {"getdents64", Op::kList, kFull, {Arg::kDirectoryFd, Ptr}, 0},
    {"readdir", Op::kList, kFull, {Arg::kDirectoryFd, Ptr}, 0},
    {"getxattr", Op::kGetXattr, kFull, {Path, Text, Ptr}, 0},
    {"lgetxattr", Op::kGetXattr, kFull, {Link, Text, Ptr}, 0},
    {"getxattrat", Op::kGetXattr, kFull, {Dir, Path, At, Text, Ptr}, 0},
    {"listxattr", Op::kGetXattr, kFull, {Path, Ptr}, 0},
    {"llistxattr", Op::kGetXattr, kFull, {Link, Ptr}, 0},
    {"listxattrat", Op::kGetXattr, kFull, {Dir, Path, At, Ptr}, 0},
    {"file_getattr", Op::kGetXattr, kFull, {Dir, Path, Ptr, N, At}, 0},
    {"statfs", Op::kStatfs, kFull, {Path, Ptr}, 0},
    {"statfs64", Op::kStatfs, kFull, {Path, N, Ptr}, 0},
};

}  // namespace

absl::Span<const SyscallRow> SyscallTable() { return kRows; }

}  // namespace glovebox::kernel
