// The slow, exact way of the resolver: one component after the other, as the kernel walks, seen through
// another task's root. No cache, no state.
#ifndef GLOVEBOX_TRACE_RESOLVER_WALK_H_
#define GLOVEBOX_TRACE_RESOLVER_WALK_H_

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "trace/resolver.h"

namespace glovebox::trace {

struct Caller {
  pid_t tid = 0;
  pid_t tgid = 0;
  // How this process reaches the caller's root: "" where it is our own, else "/proc/TID/root".
  std::string prefix;
  // Where the caller's root is in our own view: what magic links' texts (the kernel gives them relative to
  // the reader's root) have in front. "" for our own root.
  std::string root;
};

struct Walked {
  Resolved resolved;
  bool through_proc =
      false;  // the answer is this caller's own: a symlink of procfs was followed, or it ends there
};

// `start` is a magic link of procfs to a directory of the caller ("/proc/TID/cwd", "/proc/TID/fd/3"), empty
// for its root; an absolute `spelled` starts at the root in any case, but for RESOLVE_IN_ROOT. ESRCH as
// error: the caller is gone, or may not be looked at. `resolve`: openat2's RESOLVE_*, as PathRef::resolve.
Walked Walk(const Caller& caller, const std::string& start, const std::string& spelled, bool follow,
            uint64_t resolve = 0);

// The RESOLVE_* that Walk() keeps to.
uint64_t KnownResolve();

// The object behind a magic link itself (AT_EMPTY_PATH, calls on a descriptor).
Walked WalkLink(const Caller& caller, const std::string& link);

// A path that may be longer than one call takes: `dir` (AT_FDCWD where it is empty) and the byte at which the
// rest begins. 0 or errno.
int OpenFront(const std::string& path, UniqueFd* dir, size_t* from);

// readlink(2) into a string of any length; 0 or errno.
int ReadLink(const std::string& path, std::string* text);

// The components of `rest`, without empty ones and ".", each with a slash in front: "a//./b" -> "/a/b".
std::string CleanRest(const std::string& rest);

void FillFromStat(const struct stat& st, Resolved* out);

// Resolved::removed, of a directory with this status and this name in procfs. Both are asked: there are file
// systems without link counts, and a name can end in " (deleted)" by itself.
bool IsRemovedDirectory(const struct stat& st, std::string_view text);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_RESOLVER_WALK_H_
