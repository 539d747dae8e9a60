// Spelled path -> the object the kernel would find, seen from another task (its cwd, root, descriptors, mount
// namespace).
#ifndef GLOVEBOX_TRACE_RESOLVER_H_
#define GLOVEBOX_TRACE_RESOLVER_H_

#include <sys/stat.h>
#include <sys/types.h>

#include <memory>
#include <string>

#include "trace/intent.h"

namespace glovebox::trace {

struct Resolved {
  std::string path;  // absolute, as the caller's root sees it; symlinks resolved, except a last one that is
                     // not followed. Where something is missing: the deepest part that exists, resolved, plus
                     // the rest by its letters. A directory that was removed keeps the kernel's " (deleted)".
  bool there = false;
  int error = 0;  // why not: ENOENT, ENOTDIR, ELOOP, EACCES, ENAMETOOLONG, EBADF ...
  bool is_dir = false;
  mode_t mode = 0;  // st_mode of what is there
  uid_t uid = 0;
  gid_t gid = 0;
};

// Not thread-safe: one a supervisor thread. Keeps a cache of resolved directories: Forget() must be called
// for every notified call that may change what a directory name means (rename, symlink, rmdir, unlink of a
// symlink, mount, chroot).
class Resolver {
 public:
  virtual ~Resolver() = default;
  // `tid` is the calling task, stopped in its call; `tgid` its process (what /proc/self means to it).
  virtual Resolved Resolve(pid_t tid, pid_t tgid, const PathRef& path) = 0;
  virtual void Forget() = 0;
};
std::unique_ptr<Resolver> MakeResolver();

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_RESOLVER_H_
