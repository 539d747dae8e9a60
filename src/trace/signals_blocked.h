// Threads that take no signal but those of their own faults.
#ifndef GLOVEBOX_TRACE_SIGNALS_BLOCKED_H_
#define GLOVEBOX_TRACE_SIGNALS_BLOCKED_H_

#include <signal.h>

namespace glovebox::trace {

// A thread that is started while one of these lives inherits its mask: the program's own thread decides what
// Ctrl-C means.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    // What a thread's own instruction raises goes to that thread in any case, and kills where it is blocked.
    // SIGBUS has a handler (access/tail_guard.h).
    for (const int fault : {SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGTRAP}) sigdelset(&all, fault);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_SIGNALS_BLOCKED_H_
