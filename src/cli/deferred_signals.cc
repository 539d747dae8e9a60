#include "cli/deferred_signals.h"

namespace glovebox::cli {
namespace {

volatile sig_atomic_t came = 0;
volatile pid_t running = 0;

void PassOn(int number) {
  came = number;
  if (running != 0) kill(running, number);
}

}  // namespace

DeferredSignals::DeferredSignals() {
  struct sigaction action = {};
  action.sa_handler = PassOn;
  for (size_t i = 0; i < kSignals.size(); ++i) {
    sigaction(kSignals[i], nullptr, &before_[i]);
    // nohup: what was ignored stays so.
    if (before_[i].sa_handler != SIG_IGN) sigaction(kSignals[i], &action, nullptr);
  }
}

DeferredSignals::~DeferredSignals() {
  for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before_[i], nullptr);
  if (came != 0) raise(came);
}

bool DeferredSignals::Came() { return came != 0; }

volatile pid_t* DeferredSignals::Running() { return &running; }

}  // namespace glovebox::cli
