// A listener that a test feeds: what the supervisor receives and what it answers, without a kernel.
#ifndef GLOVEBOX_KERNEL_FAKE_NOTIFY_H_
#define GLOVEBOX_KERNEL_FAKE_NOTIFY_H_

#include <poll.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <vector>

#include "kernel/notify.h"

namespace glovebox::kernel {

// Thread-safe: the test feeds it from one thread while a supervisor serves it in another.
//   auto fake = std::make_unique<FakeNotify>();
//   FakeNotify* feed = fake.get();
//   Supervisor supervisor(std::move(fake), ...);
//   feed->Push(call); feed->WaitForAnswers(1); feed->HangUp();
class FakeNotify final : public NotifyListener {
 public:
  enum class Kind { kContinue, kAnswer, kFd };
  struct Given {
    uint64_t id = 0;
    Kind kind = Kind::kContinue;
    int64_t value = 0;
    int error = 0;
    bool close_on_exec = false;
  };

  // Queues a call; an id of 0 is replaced by the next free one. Returns the id.
  uint64_t Push(seccomp_notif call) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (call.id == 0) call.id = ++last_id_;
    queue_.push_back(call);
    waiting_.insert(call.id);
    changed_.notify_all();
    return call.id;
  }
  // The caller of this call is killed: every answer to it gives ENOENT.
  void Kill(uint64_t id) {
    const std::lock_guard<std::mutex> lock(mutex_);
    waiting_.erase(id);
  }
  // The next Receive() fails with this errno, once (EINTR, ENOENT).
  void FailNextReceive(int error) {
    const std::lock_guard<std::mutex> lock(mutex_);
    errors_.push_back(error);
    changed_.notify_all();
  }
  void HangUp() {
    const std::lock_guard<std::mutex> lock(mutex_);
    hung_up_ = true;
    changed_.notify_all();
  }
  std::vector<Given> given() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return given_;
  }
  // False when the answers have not come within ten seconds.
  bool WaitForAnswers(size_t count) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return given_.size() >= count; });
  }

  int Receive(seccomp_notif* notification) override {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return !queue_.empty() || !errors_.empty() || hung_up_; });
    if (!errors_.empty()) {
      const int error = errors_.front();
      errors_.pop_front();
      return error;
    }
    if (queue_.empty()) return ENOENT;
    *notification = queue_.front();
    queue_.pop_front();
    return 0;
  }
  int Poll(int timeout_ms) override {
    std::unique_lock<std::mutex> lock(mutex_);
    const auto ready = [&] { return !queue_.empty() || !errors_.empty() || hung_up_; };
    if (timeout_ms < 0) {
      changed_.wait(lock, ready);
    } else if (!changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms), ready)) {
      return 0;
    }
    return !queue_.empty() || !errors_.empty() ? 1 : -1;
  }
  // Looks at the two in turns: no one call waits for a condition and for descriptors.
  int PollWith(pollfd* others, size_t count, int timeout_ms) override {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
    for (;;) {
      const int own = Poll(1);
      if (own != 0 || poll(others, count, 0) > 0) return own;
      if (timeout_ms >= 0 && std::chrono::steady_clock::now() >= end) return 0;
    }
  }
  int Continue(uint64_t id) override { return Give({id, Kind::kContinue, 0, 0, false}); }
  int Answer(uint64_t id, int64_t value, int error) override {
    return Give({id, Kind::kAnswer, value, error, false});
  }
  int AnswerWithFd(uint64_t id, int fd, bool close_on_exec) override {
    return Give({id, Kind::kFd, fd, 0, close_on_exec});
  }
  int PutFd(uint64_t id, int, int) override { return CheckValid(id); }
  int CheckValid(uint64_t id) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    return waiting_.count(id) != 0 ? 0 : ENOENT;
  }

 private:
  int Give(const Given& given) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (waiting_.erase(given.id) == 0) return ENOENT;
    given_.push_back(given);
    changed_.notify_all();
    return 0;
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<seccomp_notif> queue_;
  std::deque<int> errors_;
  std::set<uint64_t> waiting_;
  std::vector<Given> given_;
  uint64_t last_id_ = 0;
  bool hung_up_ = false;
};

}  // namespace glovebox::kernel

#endif  // GLOVEBOX_KERNEL_FAKE_NOTIFY_H_
