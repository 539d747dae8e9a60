// Runs with a terminal of their own, between ends that the test holds: pipes, or a terminal of the test's.
#include "trace/pty_relay.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "trace/runner_fixture.h"

namespace glovebox::trace {
namespace {

using std::chrono::steady_clock;

constexpr size_t kBulk = 1 << 20;
constexpr int kExpired = -1;

struct Pipe {
  explicit Pipe(int flags = 0) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(pipe2(ends, O_CLOEXEC | flags), 0);
    read.reset(ends[0]);
    write.reset(ends[1]);
  }
  UniqueFd read;
  UniqueFd write;
};

// The one at which we would sit.
struct Terminal {
  Terminal() {
    master.reset(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    char name[64];
    EXPECT_EQ(grantpt(master.get()), 0);
    EXPECT_EQ(unlockpt(master.get()), 0);
    EXPECT_EQ(ptsname_r(master.get(), name, sizeof name), 0);
    slave.reset(open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
    EXPECT_TRUE(slave.valid());
  }
  void Resize(unsigned short rows, unsigned short columns) const {
    const winsize size = {rows, columns, 0, 0};
    EXPECT_EQ(ioctl(master.get(), TIOCSWINSZ, &size), 0);
  }
  bool Raw() const {
    termios modes = {};
    EXPECT_EQ(tcgetattr(slave.get(), &modes), 0);
    return (modes.c_lflag & ICANON) == 0;
  }
  UniqueFd master;
  UniqueFd slave;
};

// Every byte there is, in no short period.
std::string Bulk() {
  std::string bytes(kBulk, '\0');
  for (size_t i = 0; i < kBulk; ++i) bytes[i] = static_cast<char>((i * 2654435761u) >> 13);
  return bytes;
}

class PtyRelayTest : public RunnerFixture {
 protected:
  // What hangs is killed at this time, so that a fault is a failure and no standstill.
  void SetUp() override {
    RunnerFixture::SetUp();
    deadline_ = steady_clock::now() + std::chrono::seconds(30);
  }
  void TearDown() override {
    if (run_ > 0) {
      EXPECT_NE(Wait(), kExpired);
    }
  }

  // In a process of its own, in the scratch directory.
  void Start(
      const std::string& script, int in, int out, const std::function<void()>& before = [] {}) {
    run_ = fork();
    if (run_ != 0) return;
    if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0) _exit(125);
    syscall(SYS_close_range, 3u, ~0u, 0u);
    before();
    RunRequest request = Shell(absl::StrCat("cd ", dir_->path(), " && { ", script, "\n}"));
    request.pty = true;
    const auto outcome = RunSupervised(request);
    if (!outcome.ok()) _exit(124);
    _exit(outcome->end.kind == access::ActionEnd::Kind::kSignaled ? 128 + outcome->end.status
                                                                  : outcome->end.status);
  }

  bool Expired() const { return steady_clock::now() > deadline_; }

  // The exit status, or kExpired.
  int Wait() {
    int status = 0;
    while (waitpid(run_, &status, WNOHANG) == 0) {
      if (Expired()) kill(run_, SIGKILL);
      usleep(2000);
    }
    run_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : kExpired;
  }

  // Gives `input` while it takes what comes, until that is `size` bytes, ends in `until`, or is all.
  std::string Exchange(int to, const std::string& input, int from, size_t size,
                       const std::string& until = "") {
    std::string output;
    size_t given = 0;
    if (to >= 0) fcntl(to, F_SETFL, O_NONBLOCK);
    while (output.size() < size && !Expired()) {
      pollfd fds[2] = {{given < input.size() ? to : -1, POLLOUT, 0}, {from, POLLIN, 0}};
      if (poll(fds, 2, 100) <= 0) continue;
      if ((fds[0].revents & POLLOUT) != 0) {
        const ssize_t count = write(to, input.data() + given, input.size() - given);
        if (count > 0) given += static_cast<size_t>(count);
      }
      if (fds[1].revents == 0) continue;
      char buffer[65536];
      // Byte by byte up to `until`: what is behind it is for the next reader.
      const size_t most = until.empty() ? sizeof buffer : 1;
      const ssize_t count = read(from, buffer, std::min(most, size - output.size()));
      if (count <= 0) break;
      output.append(buffer, static_cast<size_t>(count));
      if (!until.empty() && output.size() >= until.size() &&
          output.compare(output.size() - until.size(), until.size(), until) == 0) {
        break;
      }
    }
    return output;
  }
  std::string ReadUntil(int from, const std::string& until) { return Exchange(-1, "", from, kBulk, until); }
  std::string ReadRest(int from) { return Exchange(-1, "", from, SIZE_MAX); }

  pid_t run_ = 0;
  steady_clock::time_point deadline_;
};

TEST_F(PtyRelayTest, BulkGoesThroughWhileTheCommandWritesWithoutReading) {
  Pipe in, out;
  // First it writes and reads nothing, then it does both.
  Start(absl::StrCat("stty raw -echo; echo ready; head -c ", kBulk, " /dev/zero; head -c ", kBulk),
        in.read.get(), out.write.get());
  out.write.reset();
  ASSERT_EQ(ReadUntil(out.read.get(), "ready\n"), "ready\n");
  const std::string bulk = Bulk();
  EXPECT_TRUE(Exchange(in.write.get(), bulk, out.read.get(), 2 * kBulk) == std::string(kBulk, '\0') + bulk);
  EXPECT_EQ(ReadRest(out.read.get()), "");
  EXPECT_EQ(Wait(), 0);
}

TEST_F(PtyRelayTest, InputFlowsWhileNobodyReadsTheOutputAndNoneOfItIsLost) {
  for (const int flags : {0, O_NONBLOCK}) {
    Pipe in, out(flags);
    Start(absl::StrCat("stty raw -echo; echo ready; head -c ", kBulk, " /dev/zero & head -c 300000 > taken; ",
                       "mv taken input; wait; rm input"),
          in.read.get(), out.write.get());
    out.write.reset();
    ASSERT_EQ(Exchange(-1, "", out.read.get(), 6), "ready\n");
    const std::string input = Bulk().substr(0, 300000);
    size_t given = 0;
    while (given < input.size()) {
      pollfd room = {in.write.get(), POLLOUT, 0};
      ASSERT_EQ(poll(&room, 1, 20000), 1);
      const ssize_t count =
          write(in.write.get(), input.data() + given, std::min<size_t>(4096, input.size() - given));
      ASSERT_GT(count, 0);
      given += static_cast<size_t>(count);
    }
    while (!FileExists(Path("input")) && !Expired()) usleep(2000);
    EXPECT_TRUE(ReadFile(Path("input")).value_or("") == input);
    EXPECT_TRUE(ReadRest(out.read.get()) == std::string(kBulk, '\0'));
    EXPECT_EQ(Wait(), 0);
  }
}

TEST_F(PtyRelayTest, WhatWasWrittenBeforeTheEndWaitsForALateReader) {
  Pipe in, out;
  // All of it is in the kernel's buffers when the command ends.
  Start("stty raw; head -c 65000 /dev/zero; echo > ended; exit 3", in.read.get(), out.write.get());
  out.write.reset();
  while (!FileExists(Path("ended")) && !Expired()) usleep(2000);
  usleep(300000);
  EXPECT_TRUE(ReadRest(out.read.get()) == std::string(65000, '\0'));
  EXPECT_EQ(Wait(), 3);
}

TEST_F(PtyRelayTest, TheCommandIsHungUpWhenTheLastReaderOfItsOutputHasGone) {
  Pipe in, out;
  Start("yes", in.read.get(), out.write.get());
  out.write.reset();
  char byte = 0;
  EXPECT_EQ(read(out.read.get(), &byte, 1), 1);
  out.read.reset();
  EXPECT_EQ(Wait(), 128 + SIGHUP);
}

TEST_F(PtyRelayTest, OutputThatNobodyTakesIsDiscardedAndTheCommandGoesOn) {
  Pipe in, out;
  out.read.reset();
  Start(absl::StrCat("trap '' HUP; head -c ", kBulk, " /dev/zero; exit 7"), in.read.get(), out.write.get());
  out.write.reset();
  EXPECT_EQ(Wait(), 7);
  // Not to be written at all.
  Start(absl::StrCat("head -c ", kBulk, " /dev/zero; exit 7"), in.read.get(), in.read.get());
  EXPECT_EQ(Wait(), 7);
}

TEST_F(PtyRelayTest, ATerminalThatTheCommandClosesForAMomentIsStillPassedOn) {
  Pipe in, out;
  Start("exec <&- >&- 2>&-; sleep 0.2; head -c 100000 /dev/zero > /dev/tty; exit 4", in.read.get(),
        out.write.get());
  out.write.reset();
  EXPECT_TRUE(ReadRest(out.read.get()) == std::string(100000, '\0'));
  EXPECT_EQ(Wait(), 4);
}

TEST_F(PtyRelayTest, TheEndOfInputComesToEveryReaderAlsoInTheMiddleOfALine) {
  const struct {
    const char* script;
    const char* input;
    const char* output;
  } kCases[] = {
      {"stty -echo; echo ready; cat", "abc", "abc"},
      {"stty -echo; echo ready; cat", "one\ntwo", "one\r\ntwo"},
      {"stty -echo; echo ready; cat", "one\n", "one\r\n"},
      {"stty -echo; echo ready; cat", "", ""},
      {"stty -echo; echo ready; cat; cat; echo end", "abc", "abcend\r\n"},
      // A quoting ^V takes the next character, whatever it is.
      {"stty -echo; echo ready; cat | od -An -tx1", "a\x16", " 61 04\r\n"},
      // Another character for it; then one that was not read and is flushed.
      {"stty -echo eof ^A; echo ready; cat", "a\x04z", "a\x04z"},
      {"stty -echo; echo ready; sleep 0.1; " GLOVEBOX_TRACE_PROBE " flush; cat; echo end", "", "end\r\n"},
  };
  for (const auto& each : kCases) {
    Pipe in, out;
    Start(each.script, in.read.get(), out.write.get());
    out.write.reset();
    in.read.reset();
    ASSERT_EQ(ReadUntil(out.read.get(), "ready\r\n"), "ready\r\n") << each.script;
    const std::string input = each.input;
    ASSERT_EQ(write(in.write.get(), input.data(), input.size()), static_cast<ssize_t>(input.size()));
    in.write.reset();
    EXPECT_EQ(ReadRest(out.read.get()), each.output) << each.script;
    EXPECT_EQ(Wait(), 0) << each.script;
  }
}

TEST_F(PtyRelayTest, OutOfCanonicalModeTheEndOfInputIsOneCharacterAfterAllElse) {
  Pipe in, out;
  Start("stty raw -echo; echo ready; head -c 4 | od -An -tx1; timeout --foreground 0.5 head -c 1; exit 5",
        in.read.get(), out.write.get());
  out.write.reset();
  ASSERT_EQ(ReadUntil(out.read.get(), "ready\n"), "ready\n");
  ASSERT_EQ(write(in.write.get(), "abc", 3), 3);
  in.write.reset();
  EXPECT_EQ(ReadRest(out.read.get()), " 61 62 63 04\n");
  EXPECT_EQ(Wait(), 5);
}

TEST_F(PtyRelayTest, TheSizeIsThatOfOurTerminalAlsoWhenItChanges) {
  for (const bool input : {true, false}) {
    Terminal ours;
    Pipe in, out;
    const std::string end = input ? "\r\n" : "\r\r\n";  // as ours makes of it
    ours.Resize(11, 22);
    Start("stty size; trap 'stty size; exit 9' WINCH; echo ready; while :; do sleep 0.02; done",
          input ? ours.slave.get() : in.read.get(), input ? out.write.get() : ours.slave.get());
    out.write.reset();
    const int from = input ? out.read.get() : ours.master.get();
    EXPECT_THAT(ReadUntil(from, "ready" + end), testing::StartsWith("11 22\r"));
    ours.Resize(33, 44);
    EXPECT_THAT(ReadUntil(from, "33 44" + end), testing::HasSubstr("33 44"));
    EXPECT_EQ(Wait(), 9);
  }
}

TEST_F(PtyRelayTest, TheKeysAreTheCommandsAndASignalThatIsPassedOnGivesTheModesBack) {
  Terminal ours;
  Pipe out;
  Start("stty -echo; echo ready; read line; echo got $line; sleep 1000", ours.slave.get(), out.write.get());
  out.write.reset();
  EXPECT_EQ(ReadUntil(out.read.get(), "ready\r\n"), "ready\r\n");
  EXPECT_TRUE(ours.Raw());
  ASSERT_EQ(write(ours.master.get(),
                  "a\x7f"
                  "bc\n",
                  5),
            5);  // the erasing key is the command's too
  EXPECT_EQ(ReadUntil(out.read.get(), "got bc\r\n"), "got bc\r\n");
  kill(run_, SIGTERM);
  EXPECT_EQ(Wait(), 128 + SIGTERM);
  EXPECT_FALSE(ours.Raw());
}

// The leader of a session on the terminal that is stdin, which runs the rest as a background job and makes it
// the foreground one when the file "foreground" is there. 99: the job was stopped.
void BecomeBackgroundJob() {
  setsid();
  if (ioctl(STDIN_FILENO, TIOCSCTTY, 0) != 0) _exit(123);
  const pid_t job = fork();
  setpgid(job, job);
  if (job == 0) return;
  int status = 0;
  while (waitpid(job, &status, WNOHANG | WUNTRACED) == 0) {
    if (FileExists("foreground")) tcsetpgrp(STDIN_FILENO, job);
    usleep(2000);
  }
  if (WIFSTOPPED(status)) kill(job, SIGKILL);
  _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 99);
}

TEST_F(PtyRelayTest, ABackgroundJobLeavesOurTerminalAloneUntilItComesToTheForeground) {
  Terminal ours;
  Pipe out;
  Start("stty -echo; echo ready; read line; echo got $line; exit 6", ours.slave.get(), out.write.get(),
        [this] {
          if (chdir(dir_->path().c_str()) != 0) _exit(122);
          BecomeBackgroundJob();
        });
  out.write.reset();
  EXPECT_EQ(ReadUntil(out.read.get(), "ready\r\n"), "ready\r\n");
  ASSERT_EQ(write(ours.master.get(), "line\n", 5), 5);
  usleep(300000);
  EXPECT_FALSE(ours.Raw());
  EXPECT_OK(WriteFile(Path("foreground"), ""));
  EXPECT_EQ(ReadRest(out.read.get()), "got line\r\n");
  EXPECT_EQ(Wait(), 6);
  EXPECT_FALSE(ours.Raw());
}

TEST_F(PtyRelayTest, ABackgroundJobThatReadsNothingEndsThere) {
  Terminal ours;
  Pipe out;
  Start("echo hi; exit 6", ours.slave.get(), out.write.get(), BecomeBackgroundJob);
  out.write.reset();
  EXPECT_EQ(ReadRest(out.read.get()), "hi\r\n");
  EXPECT_EQ(Wait(), 6);
}

}  // namespace
}  // namespace glovebox::trace
