// What a launcher says of its action, read from bytes that may come from anybody (child/wire.h has the form).
#ifndef GLOVEBOX_TRACE_HELLO_H_
#define GLOVEBOX_TRACE_HELLO_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "access/record.h"
#include "base/unique_fd.h"
#include "child/wire.h"

namespace glovebox::trace {

// Pure: bytes of the payload to an ActionBegin without action, time and pid. InvalidArgument says what is
// wrong. Counts are checked against the bytes that are there before anything is reserved.
absl::StatusOr<access::ActionBegin> ParseHello(const child::HelloHeader& header, absl::string_view payload);

// InvalidArgument for a header that is none of ours, of another version, or announces more than kMaxPayload.
absl::Status CheckHello(const child::HelloHeader& header);

// A Hello that may come in pieces, read without blocking, and not a byte behind it: what follows on the
// connection is another message.
class HelloReader {
 public:
  // Takes what has come. DeadlineExceeded: not all of it yet, ask again when there is more; Unavailable: the
  // launcher hung up; InvalidArgument: it is none.
  absl::StatusOr<access::ActionBegin> Read(int socket);
  // Of one that was read: a process of the launcher stays beside the command (child::kHelloStays).
  bool stays() const { return (header_.flags & child::kHelloStays) != 0; }

 private:
  size_t Wanted() const;

  child::HelloHeader header_;
  std::string bytes_;  // as they came, the header's too
};

// Reads header and payload from a connected socket, at most until `timeout_ms` have passed in all
// (DeadlineExceeded). `stays` as HelloReader tells it.
absl::StatusOr<access::ActionBegin> ReadHello(int socket, int timeout_ms, bool* stays = nullptr);

// The non-blocking socket at `path` (at most 107 bytes) on which launchers say Hello.
absl::StatusOr<UniqueFd> ListenForLaunchers(const std::string& path);

// A working directory that the launcher could not tell, as the kernel shows that of process `pid`, which
// waits for its answer at the other end of `socket`: "/tmp/d (deleted)". Stays empty where it is too deep for
// a path, or the launcher has gone.
void FillCwd(int socket, pid_t pid, access::ActionBegin* begin);

// Sends a Reply with its descriptors (the plan, then the ruleset where there is one). Never raises SIGPIPE.
// Refuses an action, and says why: to people, in the launcher's message.
void SendRefusal(int socket, int error, const absl::Status& why);

absl::Status SendReply(int socket, const child::Reply& reply, const std::vector<int>& fds);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_HELLO_H_
