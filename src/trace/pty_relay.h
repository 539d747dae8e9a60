// A terminal for a command: what it writes goes to our stdout, what we read from stdin goes to it.
#ifndef GLOVEBOX_TRACE_PTY_RELAY_H_
#define GLOVEBOX_TRACE_PTY_RELAY_H_

#include <termios.h>

#include <memory>
#include <thread>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace glovebox::trace {

// Open() before the fork, CloseTerminal() and Start() after it, Stop() when the command has ended. The window
// size is taken from our own terminal, which is in raw mode meanwhile: its keys are the command's.
class PtyRelay {
 public:
  static absl::StatusOr<std::unique_ptr<PtyRelay>> Open();
  ~PtyRelay();
  // The command's side, for row 3 of the pipeline.
  int terminal() const { return terminal_.get(); }
  void CloseTerminal() { terminal_.reset(); }
  void Start();
  // Passes on what is still on its way and gives our terminal its modes back.
  void Stop();

 private:
  PtyRelay() = default;
  void Relay();
  UniqueFd master_;
  UniqueFd terminal_;
  UniqueFd stop_read_;
  UniqueFd stop_write_;
  std::thread thread_;
  bool raw_ = false;
  termios modes_ = {};
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_PTY_RELAY_H_
