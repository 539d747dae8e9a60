// Serves one notify listener from the handshake to its hang-up: receive, decode, resolve, record, answer.
#ifndef GLOVEBOX_TRACE_SUPERVISOR_H_
#define GLOVEBOX_TRACE_SUPERVISOR_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "access/record.h"
#include "kernel/notify.h"
#include "kernel/process.h"
#include "policy/policy.h"
#include "trace/input_oracle.h"
#include "trace/resolver.h"
#include "trace/shim_library.h"
#include "trace/verdict.h"

namespace glovebox::trace {

// What an inner action got.
struct InnerPlan {
  const policy::Policy* policy = nullptr;  // lives as long as the announcer
  std::vector<std::string> unheld;         // CompiledPlan::unheld: its end says so
};

// Gives out action numbers and plans to inner launchers that announce themselves. Thread-safe.
class Announcer {
 public:
  virtual ~Announcer() = default;
  virtual access::ActionId NextAction() = 0;
  // Sends the Reply for an inner action (no listener), which runs inside one with the policy `outer`, on
  // `socket`. An error when there is no plan for it, as it is told then, or the Reply could not be sent.
  virtual absl::StatusOr<InnerPlan> ReplyTo(int socket, const policy::Policy& outer,
                                            const access::ActionBegin& begin) = 0;
  // An inner action has ended: adds to its end what only the announcer knows.
  virtual void InnerEnded(access::ActionEnd* end) { (void)end; }
};

struct SupervisorOptions {
  access::ActionId action = 0;  // of the outermost process
  pid_t root = 0;               // its first process
  const policy::Policy* policy = nullptr;
  const access::ActionBegin* begin = nullptr;  // what is known of it; null: nothing
  InputOracle* inputs = nullptr;  // for policies with strict_inputs; null: there is no build graph
  access::RecordSink* sink = nullptr;
  Announcer* announcer = nullptr;  // null: announcements are left to fail
  const kernel::MemoryReader* memory = nullptr;
  Resolver* resolver = nullptr;  // may outlive this supervisor: its cache stays warm for the next action
  // Set by whoever watches the first process once it has been dead for a while: what still calls then is left
  // over.
  const std::atomic<bool>* root_ended = nullptr;
  // Set to make Serve() return although tasks live: see wake.h for how to reach one that waits for a call.
  // What still calls then gets ENOSYS, and the action a hole.
  const std::atomic<bool>* stop = nullptr;
  // The filter was loaded with SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (5.19): a call that was received ends
  // before its answer only with its process. False: whether it still waits is asked each time.
  bool wait_killable = false;
  // The host's. With the scopes (ABI 6) what the action's domain keeps it off is foretold (process_ruler.h).
  int landlock_abi = 0;
  std::function<bool(pid_t)> is_other;  // Outside's: the first process of another action
  int ruleset = -1;  // the Landlock ruleset that the command enters; borrowed for the constructor
  const ShimLibrary* shim = nullptr;  // for the programs of a policy with a gate; null: nobody gets it
  int hello_ms = 5000;                // how long an announced launcher may take to say who it is
};

struct SupervisorResult {
  uint64_t notifications = 0;
  uint64_t accesses = 0;  // records of accesses that were taken
  uint64_t holes = 0;
  bool hung_up = false;  // false: stopped, or the listener failed
  uint64_t inner_actions = 0;
  uint64_t inner_complete = 0;         // of those: began and ended without a hole
  std::vector<std::string> left_over;  // "pid exe" that made calls although the first process had ended
  uint64_t cpu_ns = 0;  // of the first process and of what it waited for; 0: it had been reaped by then
  std::vector<std::string> lost_privileges;  // LostPrivileges::Take() of the outermost action
  bool sink_failed = false;                  // a record was not taken
  Refusals refusals;  // of the outermost action, and of inner ones that ask for no verdict of their own
};

// One thread serves it. The policy, sink, memory, resolver, announcer and shim must outlive it.
class Supervisor {
 public:
  Supervisor(std::unique_ptr<kernel::NotifyListener> listener, const SupervisorOptions& options);
  ~Supervisor();
  // Runs until the last task of the action has gone, or `stop`. A caller that wants it to end sooner ends the
  // tasks first. Nothing that was received stays without an answer.
  SupervisorResult Serve();
  // The action of a process that made a call, 0 for one that never did. From any thread, also while Serve()
  // runs: whoever ends left-over processes asks whose they were.
  access::ActionId ActionOf(pid_t pid) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_SUPERVISOR_H_
