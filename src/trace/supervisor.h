// Serves one notify listener from the handshake to its hang-up: receive, decode, resolve, record, answer.
#ifndef GLOVEBOX_TRACE_SUPERVISOR_H_
#define GLOVEBOX_TRACE_SUPERVISOR_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "access/record.h"
#include "kernel/notify.h"
#include "kernel/process.h"
#include "policy/policy.h"
#include "trace/resolver.h"

namespace glovebox::trace {

// Gives out action numbers and plans to inner launchers that announce themselves. Thread-safe.
class Announcer {
 public:
  virtual ~Announcer() = default;
  virtual access::ActionId NextAction() = 0;
  // Sends the Reply for an inner action (no listener) on `socket`; false when it could not be sent.
  virtual bool ReplyTo(int socket, access::ActionId action, access::Role role) = 0;
};

struct SupervisorOptions {
  access::ActionId action = 0;  // of the outermost process
  pid_t root = 0;               // its first process
  const policy::Policy* policy = nullptr;
  access::RecordSink* sink = nullptr;
  Announcer* announcer = nullptr;
  const kernel::MemoryReader* memory = nullptr;
};

struct SupervisorResult {
  uint64_t notifications = 0;
  uint64_t accesses = 0;
  uint64_t holes = 0;
  bool hung_up = false;  // false: stopped by Stop()
};

class Supervisor {
 public:
  Supervisor(std::unique_ptr<kernel::NotifyListener> listener, std::unique_ptr<Resolver> resolver,
             const SupervisorOptions& options);
  ~Supervisor();
  // Runs until the last task of the action has gone or `stop` is set and the listener is idle. Nothing that
  // was received stays without an answer.
  SupervisorResult Serve(const std::atomic<bool>& stop);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_SUPERVISOR_H_
