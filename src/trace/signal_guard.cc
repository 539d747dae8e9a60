#include "trace/signal_guard.h"

#include "child/passed_signals.h"

namespace glovebox::trace {

SignalGuard::SignalGuard() {
  sigemptyset(&taken_);
  child::AddPassed(&taken_);
  sigaddset(&taken_, SIGCHLD);
  // With an ignored SIGCHLD the kernel reaps, and nobody could tell how the command ended.
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  sigaction(SIGCHLD, &standard, &child_before_);
  pthread_sigmask(SIG_BLOCK, &taken_, &before_);
}

void SignalGuard::Restore() const {
  sigaction(SIGCHLD, &child_before_, nullptr);
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace glovebox::trace
