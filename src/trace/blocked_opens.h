// Opens that can wait for somebody else (a FIFO's other end, a line's carrier), each in a thread of its own:
// the action goes on meanwhile.
#ifndef GLOVEBOX_TRACE_BLOCKED_OPENS_H_
#define GLOVEBOX_TRACE_BLOCKED_OPENS_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <mutex>
#include <thread>

#include "base/unique_fd.h"
#include "kernel/notify.h"

namespace glovebox::trace {

// An open whose caller is killed is given up within kLookMs: a FIFO must not seem to have a reader that is
// dead.
class BlockedOpens {
 public:
  static constexpr int kLookMs = 20;
  explicit BlockedOpens(kernel::NotifyListener* listener) : listener_(listener) {}
  ~BlockedOpens();  // gives all of them up
  BlockedOpens(const BlockedOpens&) = delete;
  BlockedOpens& operator=(const BlockedOpens&) = delete;

  // Opens what `pin` (O_PATH) stands for and answers call `id` with it. The new thread has the calling one's
  // rights. False: no thread can be had.
  bool Start(uint64_t id, UniqueFd pin, int flags, bool cloexec);

 private:
  struct Waiting {
    uint64_t id = 0;
    std::atomic<bool> stop{false};
    std::atomic<bool> ended{false};
    std::thread thread;
  };
  void Open(Waiting* one, const UniqueFd& pin, int flags, bool cloexec) const;
  void Watch();
  void Reap(bool all);

  kernel::NotifyListener* listener_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Waiting> waiting_;  // guarded by mutex_
  bool end_ = false;            // guarded by mutex_
  std::thread watcher_;
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_BLOCKED_OPENS_H_
