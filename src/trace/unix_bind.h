// bind() of a unix path for somebody else: the address is what the caller spelled, since getsockname() says
// it to everybody, and the socket comes to be where the rules were asked about, whatever the path means by
// then.
#ifndef GLOVEBOX_TRACE_UNIX_BIND_H_
#define GLOVEBOX_TRACE_UNIX_BIND_H_

#include <cstdint>
#include <string>

namespace glovebox::trace {

struct BindRights {
  uint64_t capabilities = 0;  // the caller's effective ones; of those that this process has
  // The name that the rules were asked about, without a symlink; empty where no rule depends on it.
  std::string judged;
  // What lies below that name's directory is not all alike to the rules (hidden and append-only paths).
  bool exact = false;
};

// 0 or an errno. ESTALE: the path leads to another directory than the one that was judged; nothing was made.
//
// The directory is held by a descriptor, and its name compared with what was judged. Then the calling thread
// enters a Landlock domain in which sockets can be made below that directory alone, and binds by the spelled
// path: what another thread makes of the path meanwhile ends in EACCES. Where that is not enough (`exact`),
// or there is no Landlock, it binds by the last name from within that directory, and getsockname() says that
// name.
//
// For a thread of its own that stands where the caller stands (working directory, umask, CLONE_FS) and ends
// afterwards: it keeps neither capabilities nor domain.
int BindHeld(int fd, const std::string& address, const BindRights& rights);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_UNIX_BIND_H_
