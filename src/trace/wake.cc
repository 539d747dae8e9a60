#include "trace/wake.h"

#include <signal.h>

#include <mutex>

namespace glovebox::trace {
namespace {

constexpr int kWakeSignal = SIGURG;

void Nothing(int) {}

void Mask(int how) {
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, kWakeSignal);
  pthread_sigmask(how, &one, nullptr);
}

}  // namespace

void LetBeWoken() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action = {};
    action.sa_handler = Nothing;
    sigaction(kWakeSignal, &action, nullptr);  // without SA_RESTART: the wait must end
  });
  Mask(SIG_UNBLOCK);
}

void LetSleep() { Mask(SIG_BLOCK); }

void Wake(pthread_t thread) { pthread_kill(thread, kWakeSignal); }

}  // namespace glovebox::trace
