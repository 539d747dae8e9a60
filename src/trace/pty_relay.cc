#include "trace/pty_relay.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/ttydefaults.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/files.h"
#include "base/status.h"
#include "trace/signals_blocked.h"
#include "trace/wake.h"

namespace glovebox::trace {
namespace {

constexpr size_t kBufferSize = 4096;  // what a terminal's own queue holds

// SIGWINCH and SIGCONT would have to be blocked in every thread of the process to be waited for here: our own
// terminal, where there is one, is looked at so often.
constexpr int kLookMs = 100;

// False when `fd` takes nothing any more. Whoever shares it with us may have made it non-blocking.
bool WriteOut(int fd, const char* at, size_t size) {
  while (size > 0) {
    const ssize_t count = write(fd, at, size);
    if (count >= 0) {
      at += count;
      size -= static_cast<size_t>(count);
    } else if (errno == EAGAIN) {
      pollfd room = {fd, POLLOUT, 0};
      poll(&room, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

// Whoever looked at this terminal has gone: its jobs hear what they would from the kernel. Not by closing the
// master: what the command still asks of its terminal is answered.
void HangUp(int master) {
  const pid_t foreground = tcgetpgrp(master);
  const pid_t session = tcgetsid(master);
  if (session > 0) kill(session, SIGHUP);
  if (foreground > 0 && foreground != session) kill(-foreground, SIGHUP);
  if (session > 0) kill(session, SIGCONT);
}

// Whether stdin's keys are for this process: a terminal that is not our controlling one knows no jobs.
bool InForeground() {
  const pid_t group = tcgetpgrp(STDIN_FILENO);
  return group < 0 || group == getpgrp();
}

// Says to who reads the terminal that there is no more. That is a character, not a state: it ends one
// read(2), after an unfinished line it only hands that line out, and a flush (TCSAFLUSH, tcflush) takes it
// away. The kernel tells nobody when it is gone, so this looks now and then, and says it again to the next
// reader.
class EndOfInput {
 public:
  EndOfInput(int master, int terminal) : master_(master), terminal_(terminal) {}

  // Gives the milliseconds until the next look.
  int Look() {
    constexpr int kFirst = 5, kLast = 160;
    const bool said = Say();
    wait_ms_ = said ? kFirst : std::min(2 * wait_ms_, kLast);
    return wait_ms_;
  }

 private:
  bool Say() {
    // poll(2) first: it has the kernel finish what is on its way between the two ends.
    pollfd input = {terminal_, POLLIN, 0};
    termios modes;
    if (poll(&input, 1, 0) < 0 || tcgetattr(terminal_, &modes) != 0) return false;
    if ((modes.c_lflag & ICANON) != 0 && (modes.c_lflag & EXTPROC) == 0) {
      said_raw_ = false;
      const cc_t character = modes.c_cc[VEOF];
      return input.revents == 0 && character != _POSIX_VDISABLE && Write(character);
    }
    // There is no such character now. As script(1) has it: the usual one, once, when all else is read.
    int left = 0;
    if (said_raw_ || ioctl(terminal_, FIONREAD, &left) != 0 || left != 0) return false;
    said_raw_ = Write(CEOF);
    return said_raw_;
  }
  bool Write(cc_t character) { return write(master_, &character, 1) == 1; }

  int master_;
  int terminal_;
  int wait_ms_ = 1;
  bool said_raw_ = false;  // since the command took the terminal out of canonical mode
};

}  // namespace

absl::StatusOr<std::unique_ptr<PtyRelay>> PtyRelay::Open() {
  std::unique_ptr<PtyRelay> relay(new PtyRelay);
  relay->master_.reset(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
  char name[64];
  if (!relay->master_.valid() || grantpt(relay->master_.get()) != 0 || unlockpt(relay->master_.get()) != 0 ||
      ptsname_r(relay->master_.get(), name, sizeof name) != 0) {
    return ErrnoStatus("posix_openpt", "/dev/ptmx", errno);
  }
  ASSIGN_OR_RETURN(relay->terminal_, OpenFile(name, O_RDWR | O_NOCTTY));
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (relay->screen_ < 0 && isatty(stream) == 1) relay->screen_ = stream;
  }
  relay->FollowSize();
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus("pipe2", "pty", errno);
  relay->stop_read_.reset(ends[0]);
  relay->stop_write_.reset(ends[1]);
  return relay;
}

PtyRelay::~PtyRelay() { Stop(); }

void PtyRelay::Start() {
  // SIGPIPE too: a stdout without a reader is an error of write() then. And SIGTTIN and SIGTTOU: a job that
  // has just been put into the background gets an error instead of being stopped with all who supervise.
  const SignalsBlocked blocked;
  HaveKeys();
  output_ = std::thread([this] { PassOutput(); });
  std::promise<void> ended;
  input_ended_ = ended.get_future();
  input_ = std::thread([this, ended = std::move(ended)]() mutable {
    LetBeWoken();
    PassInput();
    ended.set_value();
  });
}

void PtyRelay::Stop() {
  stop_write_.reset();
  if (input_.joinable()) {
    // Somebody who shares our stdin may have taken what poll(2) promised: then it waits in read(2).
    while (input_ended_.wait_for(std::chrono::milliseconds(10)) != std::future_status::ready) {
      Wake(input_.native_handle());
    }
    input_.join();
  }
  if (output_.joinable()) output_.join();
  const SignalsBlocked blocked;  // SIGTTOU, as above
  if (std::exchange(raw_, false) && InForeground()) tcsetattr(STDIN_FILENO, TCSANOW, &modes_);
}

bool PtyRelay::HaveKeys() {
  termios now;
  if (isatty(STDIN_FILENO) != 1) return true;
  if (!InForeground()) return false;
  if (tcgetattr(STDIN_FILENO, &now) != 0 || (now.c_lflag & ICANON) == 0) return true;
  // Again where a shell that had stopped us has set its own.
  if (!raw_) modes_ = now;
  cfmakeraw(&now);
  raw_ = tcsetattr(STDIN_FILENO, TCSANOW, &now) == 0 || raw_;
  return true;
}

void PtyRelay::FollowSize() {
  winsize size;
  if (screen_ < 0 || ioctl(screen_, TIOCGWINSZ, &size) != 0) return;
  // Only what changed on our side: the command may have set a size of its own (stty cols).
  if (memcmp(&size, &size_, sizeof size) == 0) return;
  size_ = size;
  ioctl(master_.get(), TIOCSWINSZ, &size);  // SIGWINCH to the command's foreground group
}

void PtyRelay::PassOutput() {
  char buffer[kBufferSize];
  bool taken = true;
  for (;;) {
    pollfd fds[2] = {{master_.get(), POLLIN, 0}, {stop_read_.get(), POLLIN, 0}};
    if (poll(fds, 2, -1) < 0) continue;  // EINTR: nothing else can be wrong
    const ssize_t count = read(master_.get(), buffer, sizeof buffer);
    if (count > 0) {
      if (!taken || WriteOut(STDOUT_FILENO, buffer, static_cast<size_t>(count))) continue;
      taken = false;
      if (errno == EPIPE) HangUp(master_.get());
    } else if (count < 0 && errno == EAGAIN) {
      // The look at the stop came first, and read(2) waits for what is still on its way through the kernel:
      // nothing that was written before the stop is left.
      if (fds[1].revents != 0) return;
    } else if (count == 0 || errno != EINTR) {
      return;
    }
  }
}

void PtyRelay::PassInput() {
  char buffer[kBufferSize];
  size_t begin = 0;
  size_t end = 0;
  bool open = true;
  EndOfInput end_of_input(master_.get(), terminal_.get());
  for (;;) {
    const bool waiting = begin < end;
    const bool wanted = open && !waiting && HaveKeys();
    // More is read when this is gone: who reads nothing shall not be read for.
    pollfd fds[3] = {{wanted ? STDIN_FILENO : -1, POLLIN, 0},
                     {waiting ? master_.get() : -1, POLLOUT, 0},
                     {stop_read_.get(), POLLIN, 0}};
    FollowSize();
    int wait_ms = open || waiting ? -1 : end_of_input.Look();
    if (screen_ >= 0 && (wait_ms < 0 || wait_ms > kLookMs)) wait_ms = kLookMs;
    if (poll(fds, 3, wait_ms) < 0) continue;
    if (fds[2].revents != 0) return;
    if (fds[1].revents != 0) {
      const ssize_t count = write(master_.get(), buffer + begin, end - begin);
      if (count > 0) begin += static_cast<size_t>(count);
      if (count < 0 && errno != EAGAIN && errno != EINTR) return;
    }
    if (fds[0].revents != 0) {
      const ssize_t count = read(STDIN_FILENO, buffer, sizeof buffer);
      if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (count < 0 && errno == EIO && !HaveKeys()) continue;  // in the background since the look
      open = count > 0;
      begin = 0;
      end = open ? static_cast<size_t>(count) : 0;
    }
  }
}

}  // namespace glovebox::trace
