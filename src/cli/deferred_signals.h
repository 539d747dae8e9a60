// For a command that has to put something back before it ends.
#ifndef GLOVEBOX_CLI_DEFERRED_SIGNALS_H_
#define GLOVEBOX_CLI_DEFERRED_SIGNALS_H_

#include <signal.h>
#include <sys/types.h>

#include <array>

namespace glovebox::cli {

// While it lives, a signal that would end us (SIGINT, SIGTERM, SIGHUP, SIGQUIT) is passed on to the program
// that runs, and ends us when the object does. One at a time: the handlers are the process's.
class DeferredSignals {
 public:
  DeferredSignals();
  ~DeferredSignals();
  DeferredSignals(const DeferredSignals&) = delete;
  DeferredSignals& operator=(const DeferredSignals&) = delete;

  // Whether one has come: what is left to do is to put back what was changed.
  static bool Came();
  // Where graph::RunTool() notes the program that runs.
  static volatile pid_t* Running();

 private:
  static constexpr std::array<int, 4> kSignals = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  std::array<struct sigaction, kSignals.size()> before_ = {};
};

}  // namespace glovebox::cli

#endif  // GLOVEBOX_CLI_DEFERRED_SIGNALS_H_
