// Spelled path -> the object the kernel would find, seen from another task (its cwd, root, descriptors, mount
// namespace).
#ifndef GLOVEBOX_TRACE_RESOLVER_H_
#define GLOVEBOX_TRACE_RESOLVER_H_

#include <sys/stat.h>
#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "trace/intent.h"

namespace glovebox::trace {

struct Resolved {
  std::string path;  // absolute, as the caller's root sees it; symlinks resolved, except a last one that is
                     // not followed. Where something is missing: the deepest part that exists, resolved, plus
                     // the rest by its letters. A directory that was removed keeps the kernel's " (deleted)".
  bool there = false;
  // Why not: ENOENT, ENOTDIR, ELOOP, EACCES, ENAMETOOLONG, EBADF, EXDEV (RESOLVE_*) ... ESRCH: it cannot be
  // told, because the caller may not be looked at or has gone, or because RESOLVE_* asks for what only the
  // kernel knows (RESOLVE_CACHED, a flag of a later kernel).
  int error = 0;
  // Nothing is missing on the way to the last name: a creating call can make it here. Also of "file/"
  // (ENOTDIR).
  bool parent_there = false;
  bool is_dir = false;
  // The directory that is there, or in which the last name is missing, has been removed, and is still held by
  // someone: nothing can be made in it (ENOENT), and it lists nothing.
  bool removed = false;
  mode_t mode = 0;  // st_mode of what is there
  uid_t uid = 0;
  gid_t gid = 0;
  nlink_t links = 1;
  dev_t dev = 0;  // st_dev and st_ino: which object it was, for who looks once more
  ino_t ino = 0;
  // How the supervisor reaches the object, or, where the last name is missing, its directory. Empty: by
  // `path`. Else it is a link of procfs (a descriptor's, or what no name leads to: a pipe, a removed file),
  // or leads through the caller's root.
  std::string reach;
  const std::string& way() const { return reach.empty() ? path : reach; }
  bool through_proc = false;  // the way depends on who goes it
  // The links of procfs that lead to an object ("/proc/7/root") and were followed on the way, in order.
  std::vector<std::string> magic_links = {};
};

// Not thread-safe: one a supervisor thread.
//
// What is guaranteed. `there`, `error`, `mode` and the owner are never cached: each answer asks the kernel at
// that moment. Cached is only what a *directory's* name resolves to, that is, the text of `path`. It can be
// stale when a directory or symlink on the way was replaced: by a call that this supervisor sees, never once
// Forget() was called for it; by a process outside, for at most kMaxAgeMs. Forget() is called while the call
// still waits, and another task can ask before the kernel has performed it: entries made within
// kSettleMs after Forget() live no longer than those kSettleMs.
// A caller in another root or mount namespace, everything that leads through /proc, and what openat2's
// RESOLVE_* restrict, is walked step by step and never cached. The cache holds at most kMaxEntries
// directories and kMaxBytes of names. A relative path goes by its directory's name only where that name led
// to the same object through the same mount, else from the directory itself; a mount by a process outside is
// seen in this after kMaxAgeMs. Search permission on the way is judged by the supervisor's own
// credentials.
class Resolver {
 public:
  static constexpr int kMaxAgeMs = 1000;
  static constexpr int kSettleMs = 50;
  static constexpr size_t kMaxEntries = 4096;
  static constexpr size_t kMaxBytes = 2u << 20;

  virtual ~Resolver() = default;
  // `tid` is the calling task, stopped in its call; `tgid` its process (what /proc/self means to it).
  virtual Resolved Resolve(pid_t tid, pid_t tgid, const PathRef& path) = 0;
  // For every notified call that may change what a directory's name means: see ChangesNames() in predict.h.
  virtual void Forget() = 0;
  // The same for such a call that changes names only, and no task's root or mount namespace (rename, unlink,
  // mkdir ...; not mounts, chroot, pivot_root, unshare, setns): a process that may no longer be looked at
  // (PR_SET_DUMPABLE) is still known by the view that it had. Else nothing tells where it looks, and what it
  // asks for is ESRCH.
  virtual void ForgetNames() { Forget(); }
  // A number that names a new process now (Process::fresh): its root and namespace, and those of its threads,
  // which each can have of its own, are looked at again. Without this call, or one of Forget(), they are
  // believed for kMaxAgeMs.
  virtual void ForgetProcess(pid_t tgid) { static_cast<void>(tgid); }
};
std::unique_ptr<Resolver> MakeResolver();

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_RESOLVER_H_
