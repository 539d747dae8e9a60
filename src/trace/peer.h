// Who is at the other end of a unix socket.
#ifndef GLOVEBOX_TRACE_PEER_H_
#define GLOVEBOX_TRACE_PEER_H_

#include <sys/types.h>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace glovebox::trace {

struct Peer {
  pid_t pid = 0;
  UniqueFd pidfd;
};

// The process that connected, of our own uid and in a pid namespace that we see; else PermissionDenied.
absl::StatusOr<Peer> PeerOf(int socket);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_PEER_H_
