// Launchers below a listener of ours that have announced themselves and not said yet who they are.
#ifndef GLOVEBOX_TRACE_ANNOUNCEMENTS_H_
#define GLOVEBOX_TRACE_ANNOUNCEMENTS_H_

#include <linux/seccomp.h>
#include <poll.h>
#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "access/record.h"
#include "base/unique_fd.h"
#include "kernel/notify.h"
#include "trace/hello.h"
#include "trace/process_table.h"

namespace glovebox::trace {

// Each has a socket to say Hello on, and so many milliseconds for it. Nobody else of the action waits for
// that: the sockets are waited for together with the listener, and only while there is one.
//
// Bounds: kMost of them at a time, one a process. Whoever announces himself beyond that is kept in his call,
// which costs nothing here, until there is room. So a program that announces itself and is silent delays
// itself, and a crowd of them other launchers, but no other call.
//
// Not thread-safe: one a supervisor thread. Nothing blocks but Wait().
class Announcements {
 public:
  static constexpr size_t kMost = 16;
  struct Heard {
    UniqueFd socket;  // the launcher waits for its answer at the other end
    pid_t tgid = 0;
    access::ActionId outer = 0;  // the action of the process when it announced itself
    // Unavailable: it hung up or ended. That is no loss: a probe of the host does it, and who has not been
    // answered has run nothing.
    absl::StatusOr<access::ActionBegin> hello;
  };

  explicit Announcements(int hello_ms) : patience_(hello_ms) {}

  // Takes the announcing call of `process`: answers it with a socket, or keeps it for later. Returns what
  // went wrong, empty when nothing did; the call has been answered with an errno then.
  std::string Take(kernel::NotifyListener* listener, const seccomp_notif& call, const Process& process);
  // Nobody is waited for: the listener can be received from without a Wait() before.
  bool empty() const { return pending_.empty(); }
  // Like NotifyListener::Poll(), but ends as well (0) when there is something to hear.
  int Wait(kernel::NotifyListener* listener);
  // Those that have said who they are or something else, hung up, or used up their time; with `all` everyone.
  std::vector<Heard> Hear(bool all);
  // A kept call for which there is room now, and which still waits; false when there is none. It is to be
  // handled like one that has just been received.
  bool NextKept(kernel::NotifyListener* listener, seccomp_notif* call);
  // Refuses the kept calls; returns how many callers that reached.
  size_t RefuseKept(kernel::NotifyListener* listener);

 private:
  using Clock = std::chrono::steady_clock;
  struct Pending {
    UniqueFd socket;
    UniqueFd pidfd;  // opened while it stood in its call
    pid_t tgid = 0;
    access::ActionId outer = 0;
    Clock::time_point deadline;
    HelloReader reader;
  };
  struct Kept {
    seccomp_notif call;
    pid_t tgid = 0;
  };
  bool HasRoomFor(pid_t tgid) const;

  const std::chrono::milliseconds patience_;
  std::vector<Pending> pending_;
  std::deque<Kept> kept_;
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_ANNOUNCEMENTS_H_
