// The signals of a process while a command of its runs.
#ifndef GLOVEBOX_TRACE_SIGNAL_GUARD_H_
#define GLOVEBOX_TRACE_SIGNAL_GUARD_H_

#include <signal.h>

namespace glovebox::trace {

// Blocks what this process answers meanwhile, which is SIGCHLD and what is passed on to the command
// (child/passed_signals.h), and gives everything back as it was. Threads that are started while one of these
// lives inherit the mask: they take none of them.
class SignalGuard {
 public:
  SignalGuard();
  ~SignalGuard() { Restore(); }
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;
  // Also in the forked child: async-signal-safe.
  void Restore() const;
  const sigset_t& taken() const { return taken_; }

 private:
  sigset_t taken_;
  sigset_t before_;
  struct sigaction child_before_;
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_SIGNAL_GUARD_H_
