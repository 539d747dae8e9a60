#include "trace/pty_relay.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

#include "base/files.h"
#include "base/status.h"

namespace glovebox::trace {

absl::StatusOr<std::unique_ptr<PtyRelay>> PtyRelay::Open() {
  std::unique_ptr<PtyRelay> relay(new PtyRelay);
  relay->master_.reset(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  char name[64];
  if (!relay->master_.valid() || grantpt(relay->master_.get()) != 0 || unlockpt(relay->master_.get()) != 0 ||
      ptsname_r(relay->master_.get(), name, sizeof name) != 0) {
    return ErrnoStatus("posix_openpt", "/dev/ptmx", errno);
  }
  ASSIGN_OR_RETURN(relay->terminal_, OpenFile(name, O_RDWR | O_NOCTTY));
  winsize size;
  if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0) ioctl(relay->terminal_.get(), TIOCSWINSZ, &size);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus("pipe2", "pty", errno);
  relay->stop_read_.reset(ends[0]);
  relay->stop_write_.reset(ends[1]);
  return relay;
}

PtyRelay::~PtyRelay() { Stop(); }

void PtyRelay::Start() {
  if (tcgetattr(STDIN_FILENO, &modes_) == 0) {
    termios raw = modes_;
    cfmakeraw(&raw);
    raw_ = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
  }
  thread_ = std::thread([this] { Relay(); });
}

void PtyRelay::Stop() {
  stop_write_.reset();
  if (thread_.joinable()) thread_.join();
  if (std::exchange(raw_, false)) tcsetattr(STDIN_FILENO, TCSANOW, &modes_);
}

void PtyRelay::Relay() {
  char buffer[4096];
  bool input = true;
  for (;;) {
    // POLLHUP and EIO on the master mean that nobody has the terminal open any more.
    pollfd fds[3] = {
        {master_.get(), POLLIN, 0}, {input ? STDIN_FILENO : -1, POLLIN, 0}, {stop_read_.get(), POLLIN, 0}};
    if (poll(fds, 3, -1) < 0 && errno != EINTR) return;
    if (fds[0].revents != 0) {
      const ssize_t count = read(master_.get(), buffer, sizeof buffer);
      if (count > 0) {
        (void)WriteAll(STDOUT_FILENO, absl::string_view(buffer, static_cast<size_t>(count)), "stdout");
        continue;
      }
      if (count == 0 || errno != EINTR) return;
    }
    if (fds[1].revents != 0) {
      const ssize_t count = read(STDIN_FILENO, buffer, sizeof buffer);
      if (count > 0) {
        (void)WriteAll(master_.get(), absl::string_view(buffer, static_cast<size_t>(count)), "pty");
      } else {
        const char end_of_file = 4;  // what a terminal sends for Ctrl-D
        (void)WriteAll(master_.get(), absl::string_view(&end_of_file, 1), "pty");
        input = false;
      }
    }
    // The command is gone and the master has nothing more to say.
    if (fds[2].revents != 0 && fds[0].revents == 0) return;
  }
}

}  // namespace glovebox::trace
