#include "trace/wake.h"

#include <signal.h>

#include <mutex>

namespace glovebox::trace {
namespace {

constexpr int kWakeSignal = SIGURG;

void Nothing(int) {}

}  // namespace

void LetBeWoken() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action = {};
    action.sa_handler = Nothing;
    sigaction(kWakeSignal, &action, nullptr);  // without SA_RESTART: the wait must end
  });
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, kWakeSignal);
  pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
}

void Wake(pthread_t thread) { pthread_kill(thread, kWakeSignal); }

}  // namespace glovebox::trace
