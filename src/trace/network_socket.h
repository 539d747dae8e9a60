// The socket of a call, fetched out of its caller, and who that is: what the supervisor needs to make the
// call itself. Once fetched, no dup2() by another thread makes it another one.
#ifndef GLOVEBOX_TRACE_NETWORK_SOCKET_H_
#define GLOVEBOX_TRACE_NETWORK_SOCKET_H_

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/unique_fd.h"
#include "kernel/process.h"
#include "trace/permissions.h"
#include "trace/resolver.h"
#include "trace/unix_bind.h"

namespace glovebox::trace {

struct CallerSocket {
  uint64_t id = 0;  // of the call
  pid_t tid = 0;
  pid_t tgid = 0;
  UniqueFd pidfd;  // of the calling thread where the host can tell it apart, else of its process
  UniqueFd fd;     // the caller's own open file description
  int domain = 0;  // SO_DOMAIN, SO_TYPE, SO_PROTOCOL
  int type = 0;
  int protocol = 0;
  bool blocking = true;

  bool IsStream() const;
};

// What came of it. `error` 0: *out is whole. `fetched` false: nothing could be fetched for another reason
// than the caller's own number (EBADF), so that nothing can be held: refuse.
struct Fetched {
  int error = 0;
  bool fetched = true;
};
Fetched FetchSocket(uint64_t id, pid_t tid, pid_t tgid, int fd, CallerSocket* out);

// The bytes of a unix address by which we reach the socket that `path` means to the caller. It leads through
// a descriptor of ours, `held`: what the path means later is of no matter. `error`: what the kernel would say
// to the caller; `unknown`: it cannot be told, refuse.
struct UnixPlace {
  std::string address;
  UniqueFd held;
  int error = 0;
  bool unknown = false;
};
UnixPlace PlaceOf(const std::string& path, pid_t tid, pid_t tgid, const Credentials& own, Resolver* resolver);

// bind() of a unix path by the name that the caller gave, from its working directory and with its umask and
// capabilities (unix_bind.h); in a thread that is ended afterwards. 0 or an errno. EXDEV: the caller stands
// in another root or mount namespace.
int BindPath(const CallerSocket& socket, const std::string& address, const BindRights& rights);

// How long a send on it may wait (SO_SNDTIMEO), in nanoseconds; 0: for ever.
uint64_t SendTimeout(int fd);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_NETWORK_SOCKET_H_
