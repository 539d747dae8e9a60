// The launcher's half of wire.h up to the plan: find a supervisor, say Hello, take what it answers.
#ifndef GLOVEBOX_CHILD_CONNECT_H_
#define GLOVEBOX_CHILD_CONNECT_H_

#include <cstddef>

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
};

struct OrderError {
  const char* message = nullptr;  // null: all is well
  int error = 0;
};

// Sends the Hello of this action over `connection` and takes the answer.
OrderError Negotiate(int connection, const LaunchOptions& options, Order& order);

// Fresh zeroed pages, or null; never given back: the process becomes another one soon. The launcher has no
// heap.
void* Pages(size_t size);

}  // namespace glovebox::child

#endif  // GLOVEBOX_CHILD_CONNECT_H_
