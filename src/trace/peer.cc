#include "trace/peer.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "kernel/abi.h"
#include "kernel/process.h"

namespace glovebox::trace {

absl::StatusOr<Peer> PeerOf(int socket) {
  ucred credentials;
  socklen_t size = sizeof credentials;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return ErrnoStatus("getsockopt", "SO_PEERCRED", errno);
  }
  if (credentials.uid != geteuid()) {
    return absl::PermissionDeniedError(absl::StrCat("a launcher of uid ", credentials.uid));
  }
  // 0: it is in a pid namespace that we cannot see, where nothing could be looked up.
  if (credentials.pid <= 0) return absl::PermissionDeniedError("a launcher outside this pid namespace");
  Peer peer;
  peer.pid = credentials.pid;
  int pidfd = -1;
  size = sizeof pidfd;
  if (getsockopt(socket, SOL_SOCKET, kernel::kSoPeerPidfd, &pidfd, &size) == 0) {
    peer.pidfd.reset(pidfd);
  } else {
    ASSIGN_OR_RETURN(peer.pidfd, kernel::OpenPidfd(peer.pid));
  }
  return peer;
}

}  // namespace glovebox::trace
