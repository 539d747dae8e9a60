#include "access/file_size_signal.h"

#include <cerrno>
#include <ctime>

namespace glovebox::access {
namespace {

sigset_t OnlyThatSignal() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGXFSZ);
  return set;
}

}  // namespace

FileSizeSignal::FileSizeSignal() {
  const sigset_t set = OnlyThatSignal();
  blocked_here_ = pthread_sigmask(SIG_BLOCK, &set, &before_) == 0 && sigismember(&before_, SIGXFSZ) == 0;
}

FileSizeSignal::~FileSizeSignal() {
  if (!blocked_here_) return;
  const int saved = errno;
  const sigset_t set = OnlyThatSignal();
  const timespec at_once = {};
  while (sigtimedwait(&set, nullptr, &at_once) < 0 && errno == EINTR) {
  }
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  errno = saved;
}

}  // namespace glovebox::access
