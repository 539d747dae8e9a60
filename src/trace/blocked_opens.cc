#include "trace/blocked_opens.h"

#include <fcntl.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "trace/wake.h"

namespace glovebox::trace {

BlockedOpens::~BlockedOpens() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    end_ = true;
  }
  changed_.notify_all();
  if (watcher_.joinable()) watcher_.join();
}

bool BlockedOpens::Start(uint64_t id, UniqueFd pin, int flags, bool cloexec) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Waiting& one = waiting_.emplace_back();
  one.id = id;
  try {
    one.thread =
        std::thread([this, &one, pin = std::move(pin), flags, cloexec] { Open(&one, pin, flags, cloexec); });
  } catch (const std::system_error&) {  // EAGAIN: RLIMIT_NPROC
    waiting_.pop_back();
    return false;
  }
  if (!watcher_.joinable()) watcher_ = std::thread([this] { Watch(); });
  changed_.notify_all();
  return true;
}

void BlockedOpens::Open(Waiting* one, const UniqueFd& pin, int flags, bool cloexec) const {
  LetBeWoken();
  const std::string path = absl::StrCat("/proc/self/fd/", pin.get());
  UniqueFd fd;
  int error = EINTR;
  while (error == EINTR && !one->stop.load()) {
    fd.reset(open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY));
    error = fd.valid() ? 0 : errno;
  }
  if (fd.valid()) error = listener_->AnswerWithFd(one->id, fd.get(), cloexec);
  if (error != 0 && error != ENOENT) listener_->Answer(one->id, 0, error);
  one->ended.store(true);
}

void BlockedOpens::Reap(bool all) {
  for (auto one = waiting_.begin(); one != waiting_.end();) {
    if (!one->ended.load()) {
      if (all || listener_->CheckValid(one->id) == ENOENT) {
        one->stop.store(true);
        Wake(one->thread.native_handle());  // perhaps before it waits: it comes round again
      }
      ++one;
    } else {
      one->thread.join();
      one = waiting_.erase(one);
    }
  }
}

void BlockedOpens::Watch() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!end_ || !waiting_.empty()) {
    Reap(end_);
    if (waiting_.empty()) {
      if (!end_) changed_.wait(lock, [this] { return end_ || !waiting_.empty(); });
    } else {
      changed_.wait_for(lock, std::chrono::milliseconds(end_ ? 1 : kLookMs));
    }
  }
}

}  // namespace glovebox::trace
