// The launcher's half of wire.h up to the plan: find a supervisor, say Hello, take what it answers. All of it
// is async-signal-safe: `glovebox run` calls it between fork and exec (held by the test connect_symbols).
#ifndef GLOVEBOX_CHILD_CONNECT_H_
#define GLOVEBOX_CHILD_CONNECT_H_

#include <cstddef>
#include <cstdint>

#include "child/launch_options.h"
#include "child/plan.h"

namespace glovebox::child {

enum class Found {
  kOuter,      // a supervisor above us answered the announcement
  kCollector,  // $GLOVEBOX_COLLECTOR
  kNobody,     // become `glovebox run --launched`
  kFailed,     // a collector is named, but cannot be reached: `error`
};

struct Connection {
  Found found = Found::kNobody;
  int fd = -1;  // CLOEXEC
  int error = 0;
};

// `collector` is the variable's value, or null.
Connection FindSupervisor(const char* collector);

// What the supervisor decided. The plan is a copy of ours in fresh pages, whatever happens to the memfd.
struct Order {
  const ChildPlan* plan = nullptr;
  int ruleset = -1;  // CLOEXEC
  bool nested = false;
  bool send_listener = false;
  bool stay = false;  // no plan: kReplyStay
  bool enforces = false;
  uint32_t held = 0;  // kReplyScopes..., kReplyRefuses...: what the outer action holds already
};

struct OrderError {
  const char* message = nullptr;  // null: all is well
  int error = 0;
  const char* reason = nullptr;  // the supervisor's, in words; null: the errno has to do
};

// Sends the Hello of this action over `connection` and takes the answer.
OrderError Negotiate(int connection, const LaunchOptions& options, Order& order);

// Tells a supervisor above us of this action, which keeps a plan of its own: that supervisor's is let go, but
// for what it holds already (Order::held). -1: there is none, or it did not take it. Else the connection
// (CLOEXEC), where a failure is told as well.
int Announce(const LaunchOptions& options, uint32_t& held);

inline constexpr size_t kMaxDescriptors = 2;

// One message of `size` bytes and the first `count` (at most kMaxDescriptors) of the descriptors beside it
// (SCM_RIGHTS, close-on-exec); those that did not come are -1, and what else came is closed: a peer that
// sends more fills no table of ours. `channel` may be a pipe, which carries none. 0 or an errno, EIO at the
// end of the stream; the caller owns what is in `fds` either way. The other half is SendWithDescriptor().
int ReceiveWithDescriptors(int channel, void* bytes, size_t size, int* fds, size_t count);

// Fresh zeroed pages, or null; never given back: the process becomes another one soon. The launcher has no
// heap.
void* Pages(size_t size);

}  // namespace glovebox::child

#endif  // GLOVEBOX_CHILD_CONNECT_H_
