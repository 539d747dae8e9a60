// A terminal for a command: what it writes goes to our stdout, what we read from stdin goes to it.
#ifndef GLOVEBOX_TRACE_PTY_RELAY_H_
#define GLOVEBOX_TRACE_PTY_RELAY_H_

#include <sys/ioctl.h>
#include <termios.h>

#include <future>
#include <memory>
#include <thread>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace glovebox::trace {

// Open() before the fork, Start() after it, Stop() when the command has ended. The window size is the one
// of our own terminal, also when that changes; it is in raw mode while we are its foreground job: its keys
// are the command's.
//
// Each direction has a thread of its own, so that a stdout that nobody reads stops the command's output and
// not its input. When the last reader of stdout has gone, the command gets SIGHUP, as from a terminal whose
// window was closed; what it writes from then on, and what a closed stdout does not take, is discarded.
class PtyRelay {
 public:
  static absl::StatusOr<std::unique_ptr<PtyRelay>> Open();
  ~PtyRelay();
  // The command's side, for row 3 of the pipeline. It stays open here: otherwise a command that closes its
  // terminal for a moment (and opens /dev/tty later) would look like one that has ended.
  int terminal() const { return terminal_.get(); }
  void Start();
  // Passes on all that the command has written, waiting for the reader of stdout, and gives our terminal its
  // modes back.
  void Stop();

 private:
  PtyRelay() = default;
  void PassOutput();
  void PassInput();
  // True where stdin may be read: it is no terminal, or one (now in raw mode) of which we are the foreground
  // job.
  bool HaveKeys();
  void FollowSize();
  UniqueFd master_;  // non-blocking
  UniqueFd terminal_;
  UniqueFd stop_read_;
  UniqueFd stop_write_;
  std::thread output_;
  std::thread input_;
  std::future<void> input_ended_;
  int screen_ = -1;    // the first of our standard streams that is a terminal: its size is the command's
  winsize size_ = {};  // as it was last seen
  bool raw_ = false;
  termios modes_ = {};
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_PTY_RELAY_H_
