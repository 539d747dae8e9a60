// Calls that we make in the caller's place and that may take long: each gets a thread, so that nobody else of
// the action waits for it.
#ifndef GLOVEBOX_TRACE_CALL_WORKERS_H_
#define GLOVEBOX_TRACE_CALL_WORKERS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>

#include "kernel/notify.h"

namespace glovebox::trace {

struct CallResult {
  int64_t value = 0;
  int error = 0;  // 0: `value` counts
};

// One thread uses it, the supervisor's.
//
//   std::optional<CallResult> result = workers.Run(call.id, kShortMs, [=](const CallWorkers::Wanted& wanted)
//   {
//     ...
//   });
//   if (!result) return taken;  // it will be answered by its thread
class CallWorkers {
 public:
  // False once nobody waits for the result any more: the caller has died, or this object goes away. A call
  // that waits in the kernel then gets EINTR, again and again until the work returns.
  using Wanted = std::function<bool()>;
  using Work = std::function<CallResult(const Wanted&)>;
  // As many at once; whoever comes beyond that gets ENOBUFS.
  static constexpr size_t kMost = 32;

  explicit CallWorkers(kernel::NotifyListener* listener);
  // Ends what still waits. Its callers are not answered: the listener that goes away does that.
  ~CallWorkers();
  CallWorkers(const CallWorkers&) = delete;
  CallWorkers& operator=(const CallWorkers&) = delete;

  // Runs `work` in a thread of its own and waits for it for `ms`. Nothing: it goes on, and answers call `id`
  // itself when it is done.
  std::optional<CallResult> Run(uint64_t id, int ms, Work work);

  size_t running();

 private:
  struct Job;
  void Sweep();

  kernel::NotifyListener* const listener_;
  std::list<std::unique_ptr<Job>> jobs_;
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_CALL_WORKERS_H_
