// The soft limit of open files, raised while it is needed.
#ifndef GLOVEBOX_TRACE_DESCRIPTOR_LIMIT_H_
#define GLOVEBOX_TRACE_DESCRIPTOR_LIMIT_H_

#include <sys/resource.h>

#include <algorithm>

namespace glovebox::trace {

// Whether fewer than about `reserve` descriptors are left, told by one that was made just now: the kernel
// gives the lowest free number (open(2)), so all below it are taken. The limit is asked for each time: who
// embeds this may change it at any time. Thread-safe.
inline bool DescriptorsAreScarce(int made, int reserve) {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return false;
  return made >= 0 && static_cast<rlim_t>(made) + static_cast<rlim_t>(reserve) >= limit.rlim_cur;
}

// An action under way takes a descriptor for its listener, its connection and each of its processes: the
// usual soft limit of 1,024 is too small for a wide build. It is raised when the first launcher comes, or
// when the command was forked: whoever was started before keeps what it was given, and so do all below it.
// Not thread-safe.
class DescriptorLimit {
 public:
  void Raise() {
    if (raised_ || getrlimit(RLIMIT_NOFILE, &before_) != 0) return;
    raised_ = true;
    rlimit wanted = before_;
    wanted.rlim_cur = std::min<rlim_t>(before_.rlim_max, 65536);
    if (wanted.rlim_cur > before_.rlim_cur) setrlimit(RLIMIT_NOFILE, &wanted);
  }
  void Restore() {
    if (raised_) setrlimit(RLIMIT_NOFILE, &before_);
    raised_ = false;
  }

 private:
  bool raised_ = false;
  rlimit before_ = {};
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_DESCRIPTOR_LIMIT_H_
