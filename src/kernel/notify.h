// The seccomp notify descriptor behind a small interface, so that the supervisor can be tested without a
// kernel. Source: seccomp_unotify(2), Linux 5.0 and later; the facts that the man page lacks are in
// docs/kernel-facts.md.
#ifndef GLOVEBOX_KERNEL_NOTIFY_H_
#define GLOVEBOX_KERNEL_NOTIFY_H_

#include <linux/seccomp.h>
#include <poll.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace glovebox::kernel {

// Receive, Poll and PollWith belong to one thread at a time; what answers, and CheckValid, may be called by
// any at any time: a call that takes long is answered by the thread that makes it. Errors are plain errno
// values (0: done): this is the hot path.
class NotifyListener {
 public:
  virtual ~NotifyListener() = default;
  // Blocks until a call is notified. ENOENT: the caller was killed meanwhile, go on. EINTR: go on. Poll()
  // tells a hang-up.
  virtual int Receive(seccomp_notif* notification) = 0;
  // Blocks up to `timeout_ms` (-1: for ever). 1: something to receive, 0: time-out, -1: hung up (the last
  // task has gone).
  virtual int Poll(int timeout_ms) = 0;
  // The same, and ends as well when one of `others` is ready: 0 where nothing is to be received then.
  virtual int PollWith(pollfd* others, size_t count, int timeout_ms) = 0;
  virtual int Continue(uint64_t id) = 0;
  // Answers the call: `error` 0 gives `value` as its result, else -1 with that errno.
  virtual int Answer(uint64_t id, int64_t value, int error) = 0;
  // Puts `fd` into the caller and answers with its number there, in one step (ADDFD_FLAG_SEND). Signals are
  // held back meanwhile.
  virtual int AnswerWithFd(uint64_t id, int fd, bool close_on_exec) = 0;
  // Puts `fd` under `number` into the caller, in the place of what is there, not close-on-exec (5.9). The
  // call still waits for its answer.
  virtual int PutFd(uint64_t id, int fd, int number) = 0;
  // 0 while the call still waits: what was read from the caller's memory before is its own, not a later
  // process's.
  virtual int CheckValid(uint64_t id) = 0;
};

// The real one. Asks for SYNC_WAKE_UP where the host knows it. A kernel whose notification is larger than the
// header's is served as well: the kernel writes as much as *it* thinks right, so the buffer has its size
// (SECCOMP_GET_NOTIF_SIZES).
//
// Before 6.11 a blocking RECV slept on when the last task had gone. Where HostFeatures::receive_ends is
// false, pass `poll_first`: Receive() then waits with poll, which tells the hang-up (as ENOENT) everywhere.
std::unique_ptr<NotifyListener> MakeNotifyListener(UniqueFd fd, bool poll_first = false);

}  // namespace glovebox::kernel

#endif  // GLOVEBOX_KERNEL_NOTIFY_H_
