#include "child/launch_stay.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child/actions.h"
#include "child/connect.h"
#include "child/measurements.h"
#include "child/passed_signals.h"

namespace glovebox::child {
namespace {

// How long what a test started may still run after it before it counts as left over.
constexpr int kLeftOverMs = 200;
constexpr int kKillMs = 2000;
// The supervisor writes its record first, on a machine that may be busy.
constexpr int kVerdictMs = 30000;
// An outer supervisor looks for ended actions when it is asked, and not always at the first time.
constexpr int kAskAgainMs = 20;

int64_t NowMs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

void Say(const char* text) { [[maybe_unused]] const ssize_t n = write(STDERR_FILENO, text, strlen(text)); }

[[noreturn]] void EndAs(int status) {
  if (!WIFSIGNALED(status)) _exit(WEXITSTATUS(status));
  const int number = WTERMSIG(status);
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);  // the command's core is the one that says something
  signal(number, SIG_DFL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  sigprocmask(SIG_UNBLOCK, &set, nullptr);
  kill(getpid(), number);
  _exit(128 + number);
}

// "/proc/4711/exe"
void ExeLink(pid_t pid, char* out) {
  char digits[16];
  size_t count = 0;
  do {
    digits[count++] = static_cast<char>('0' + pid % 10);
    pid /= 10;
  } while (pid > 0);
  // The NUL comes with the last part.
  // NOLINTNEXTLINE(bugprone-not-null-terminated-result)
  memcpy(out, "/proc/", 6);
  out += 6;
  while (count > 0) *out++ = digits[--count];
  memcpy(out, "/exe", sizeof "/exe");
}

class Stayer {
 public:
  Stayer(const StayOptions& options, pid_t child, int channel, const sigset_t& set)
      : o_(options), child_(child), channel_(channel), set_(set) {}

  [[noreturn]] void Serve() {
    for (;;) {
      siginfo_t info;
      const int number = sigwaitinfo(&set_, &info);
      if (number < 0) continue;
      if (number == SIGCHLD) {
        if (Reap()) Finish();
      } else if (IsPassedOn(info, true)) {
        kill(child_, number);
      }
    }
  }

 private:
  // True when the command itself has ended, now or before.
  bool Reap() {
    for (;;) {
      int status = 0;
      const pid_t pid = waitpid(-1, &status, WNOHANG);
      if (pid <= 0) {
        others_ = pid == 0;
        return ended_;
      }
      if (pid != child_) continue;
      status_ = status;
      ended_ = true;
    }
  }

  // A signal that comes now ends nobody: the command has had its own.
  void Sleep(int ms) {
    const timespec pause{0, long{ms} * 1'000'000};
    sigtimedwait(&set_, nullptr, &pause);
    Reap();
  }

  // Whether the command was run: the note came, and no step failed behind it.
  bool TakeNote() {
    if (ReceiveWithDescriptors(channel_, &note_, sizeof note_, &connection_, 1) != 0) return false;
    note_.directory.path[sizeof note_.directory.path - 1] = '\0';
    StepFailure failure;
    while (ReadAll(channel_, &failure, sizeof failure) == 0) {
      if (failure.kind == FailureKind::kFailed) return false;
    }
    return true;
  }

  // Children of this process, orphans among them: the kernel's own list, one line.
  template <typename Function>
  void ForEachChild(Function function) {
    const int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    char text[4096];
    const ssize_t size = read(fd, text, sizeof text - 1);
    close(fd);
    if (size <= 0) return;
    text[size] = '\0';
    pid_t pid = 0;  // each ends in a space: one that was cut off does not count
    for (const char* at = text; *at != '\0'; ++at) {
      if (*at != ' ') {
        pid = pid * 10 + (*at - '0');
        continue;
      }
      function(pid);
      pid = 0;
    }
  }

  void Tell(pid_t pid) {
    if (connection_ < 0) return;
    char link[40];
    ExeLink(pid, link);
    char name[kMaxLeftOverName];
    const ssize_t size = readlink(link, name, sizeof name);
    LeftOverNote left;
    left.pid = pid;
    left.name_size = size > 0 ? static_cast<uint32_t>(size) : 0;
    const PipeHold hold;
    if (WriteAll(connection_, &left, sizeof left) == 0) WriteAll(connection_, name, left.name_size);
  }

  void EndLeftOver() {
    for (const int64_t until = NowMs() + kLeftOverMs; others_ && NowMs() < until;) Sleep(10);
    if (!others_) return;
    ForEachChild([this](pid_t pid) { Tell(pid); });
    // Its children come to us when it is gone.
    for (const int64_t until = NowMs() + kKillMs; others_ && NowMs() < until;) {
      ForEachChild([](pid_t pid) { kill(pid, SIGKILL); });
      Sleep(10);
    }
  }

  // An outer supervisor looks for ends when somebody announces himself.
  bool WaitReadable(int64_t until) {
    for (;;) {
      if (note_.nested != 0) {
        const Connection asked = FindSupervisor(nullptr);
        if (asked.found == Found::kOuter) close(asked.fd);
      }
      const int64_t left = until - NowMs();
      if (left <= 0) return false;
      pollfd wait{connection_, POLLIN, 0};
      const int ms = note_.nested != 0 ? kAskAgainMs : static_cast<int>(left);
      if (poll(&wait, 1, ms) > 0) return true;
    }
  }

  bool TakeVerdict(Verdict& verdict) {
    if (!WaitReadable(NowMs() + kVerdictMs)) return false;
    if (ReadAll(connection_, &verdict, sizeof verdict) != 0) return false;
    if (verdict.magic != kVerdictMagic || verdict.text_size > kMaxVerdictText) return false;
    if (verdict.text_size == 0) return true;
    char* text = static_cast<char*>(Pages(verdict.text_size));
    if (text == nullptr || ReadAll(connection_, text, verdict.text_size) != 0) return false;
    const PipeHold hold;
    WriteAll(STDERR_FILENO, text, verdict.text_size);
    return true;
  }

  void SayMeasurements(uint64_t accesses) {
    rusage usage{};
    getrusage(RUSAGE_CHILDREN, &usage);
    const auto us = [](const timeval& time) {
      return static_cast<uint64_t>(time.tv_sec) * 1'000'000 + static_cast<uint64_t>(time.tv_usec);
    };
    char text[kMeasurementsRoom];
    const size_t size = FormatMeasurements(
        {static_cast<uint64_t>(usage.ru_maxrss) * 1024, us(usage.ru_utime) + us(usage.ru_stime), accesses},
        text);
    const PipeHold hold;
    WriteAll(STDOUT_FILENO, text, size);
  }

  [[noreturn]] void Fail() {
    if (o_.test) AbortQuietly();
    const bool passed = WIFEXITED(status_) && WEXITSTATUS(status_) == 0;
    if (passed) _exit(1);
    EndAs(status_);
  }

  [[noreturn]] void Finish() {
    const bool ran = TakeNote();
    // From here on the supervisor hears that nothing more will come from a set-up.
    if (!ran && connection_ >= 0) shutdown(connection_, SHUT_WR);
    const bool keeps = o_.fixture && others_ && note_.enforces == 0;
    if (!keeps) EndLeftOver();
    if (ran && connection_ >= 0) shutdown(connection_, SHUT_WR);
    bool fails = !ran;
    if (ran && note_.alone == 0) {
      Verdict verdict;
      if (keeps) {
        // It comes when the last of them is gone. A supervisor that has died is told by its end.
        pollfd now{connection_, POLLIN, 0};
        fails = poll(&now, 1, 0) > 0 && !TakeVerdict(verdict);
      } else {
        fails = !TakeVerdict(verdict);
      }
      if (o_.measures && verdict.magic == kVerdictMagic) SayMeasurements(verdict.accesses);
      if (fails) Say("glovebox: the supervisor gave no verdict on this action: it counts as failed\n");
      fails = fails || (verdict.flags & kVerdictFails) != 0;
    }
    if (!RemovePrivateDirectory(note_.directory)) {
      Say("glovebox: cannot remove the private directory ");
      Say(note_.directory.path);
      Say("\n");
    }
    if (fails) Fail();
    EndAs(status_);
  }

  const StayOptions o_;
  const pid_t child_;
  const int channel_;
  const sigset_t set_;
  StayNote note_;
  int connection_ = -1;
  int status_ = 0;
  bool ended_ = false;
  bool others_ = false;  // somebody else is still below us
};

}  // namespace

void AbortQuietly() {
  EndAs(SIGABRT);  // as wait(2) tells of one that died of it, and dumped no core
}

int TellStayer(int channel, const StayNote& note, int connection) {
  const PipeHold hold;
  return connection < 0 ? WriteAll(channel, &note, sizeof note)
                        : SendWithDescriptor(channel, &note, sizeof note, connection);
}

int StayAndWait(const StayOptions& options, pid_t& parent, int& channel) {
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return errno;
  // With an ignored SIGCHLD the kernel would reap, and nobody could tell how the command ended.
  struct sigaction standard {};
  struct sigaction before {};
  standard.sa_handler = SIG_DFL;
  if (sigaction(SIGCHLD, &standard, &before) != 0) return errno;
  sigset_t set;
  sigemptyset(&set);
  AddPassed(&set);
  sigaddset(&set, SIGCHLD);
  sigset_t mask;
  if (sigprocmask(SIG_BLOCK, &set, &mask) != 0) return errno;
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return errno;
  const pid_t self = getpid();
  const pid_t child = fork();
  if (child < 0) return errno;
  if (child > 0) {
    close(pair[1]);
    Stayer(options, child, pair[0], set).Serve();
  }
  // What ends the parent all the same, as SIGKILL does: the command must not go on with nobody to wait for
  // it.
  if (prctl(PR_SET_PDEATHSIG, static_cast<unsigned long>(SIGKILL)) != 0) return errno;
  if (getppid() != self) return ESRCH;
  sigaction(SIGCHLD, &before, nullptr);
  sigprocmask(SIG_SETMASK, &mask, nullptr);
  close(pair[0]);
  channel = pair[1];
  if (options.test) {  // Linux 5.9; without it they stay, as they would without us
    const auto ours = static_cast<unsigned>(channel);
    if (ours > 3) syscall(SYS_close_range, 3u, ours - 1, 0u);
    syscall(SYS_close_range, ours + 1, ~0u, 0u);
  }
  parent = self;
  return 0;
}

}  // namespace glovebox::child
