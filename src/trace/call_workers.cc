#include "trace/call_workers.h"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "trace/wake.h"

namespace glovebox::trace {

struct CallWorkers::Job {
  uint64_t id = 0;
  std::atomic<bool> stop{false};
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;  // guarded by mutex
  bool left = false;  // guarded by mutex: nobody waits in Run(), the thread answers
  CallResult result;  // guarded by mutex
  std::thread thread;

  bool IsDone() {
    const std::lock_guard<std::mutex> lock(mutex);
    return done;
  }
};

CallWorkers::CallWorkers(kernel::NotifyListener* listener) : listener_(listener) {}

CallWorkers::~CallWorkers() {
  for (const auto& job : jobs_) job->stop = true;
  for (const auto& job : jobs_) {
    // A signal that comes before the call that it shall interrupt is lost.
    while (!job->IsDone()) {
      Wake(job->thread.native_handle());
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    job->thread.join();
  }
}

void CallWorkers::Sweep() {
  for (auto at = jobs_.begin(); at != jobs_.end();) {
    Job& job = **at;
    if (job.IsDone()) {
      job.thread.join();
      at = jobs_.erase(at);
      continue;
    }
    if (listener_->CheckValid(job.id) != 0) Wake(job.thread.native_handle());
    ++at;
  }
}

size_t CallWorkers::running() {
  Sweep();
  return jobs_.size();
}

std::optional<CallResult> CallWorkers::Run(uint64_t id, int ms, Work work) {
  if (running() >= kMost) return CallResult{0, ENOBUFS};
  Job& job = *jobs_.emplace_back(std::make_unique<Job>());
  job.id = id;
  job.thread = std::thread([this, &job, work = std::move(work)] {
    LetBeWoken();
    const CallResult result = work([this, &job] { return !job.stop && listener_->CheckValid(job.id) == 0; });
    const std::lock_guard<std::mutex> lock(job.mutex);
    if (job.left && !job.stop) listener_->Answer(job.id, result.value, result.error);
    job.result = result;
    job.done = true;
    job.changed.notify_all();
  });
  std::unique_lock<std::mutex> lock(job.mutex);
  if (job.changed.wait_for(lock, std::chrono::milliseconds(ms), [&job] { return job.done; })) {
    const CallResult result = job.result;
    lock.unlock();
    job.thread.join();
    jobs_.pop_back();
    return result;
  }
  job.left = true;
  return std::nullopt;
}

}  // namespace glovebox::trace
