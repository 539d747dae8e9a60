#include "cli/stand_in.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/status.h"
#include "base/unique_fd.h"
#include "child/passed_signals.h"

namespace glovebox::cli {
namespace {

struct Said {
  int32_t kind = 0;
  int32_t status = 0;
};

void LeaveStandardStreams() {
  const UniqueFd nowhere(open("/dev/null", O_RDWR | O_CLOEXEC));
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (nowhere.valid()) dup2(nowhere.get(), stream);
  }
}

[[noreturn]] void Work(UniqueFd channel, pid_t stand_in,
                       const std::function<access::ActionEnd(const SayEnd&)>& work) {
  // Until it is said how it ends, it must not outlive who waits for it.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != stand_in) _exit(1);
  const SayEnd say = [&channel](const access::ActionEnd& end) {
    if (!channel.valid()) return;
    const Said said = {static_cast<int32_t>(end.kind), end.status};
    prctl(PR_SET_PDEATHSIG, 0);
    LeaveStandardStreams();  // first: whoever reads our output waits for the last who can write it
    (void)!TEMP_FAILURE_RETRY(write(channel.get(), &said, sizeof said));
    channel.reset();
  };
  say(work(say));
  _exit(0);
}

void PassOn(int signals, pid_t child) {
  signalfd_siginfo came;
  if (read(signals, &came, sizeof came) != static_cast<ssize_t>(sizeof came)) return;
  siginfo_t info = {};
  info.si_signo = static_cast<int>(came.ssi_signo);
  info.si_code = came.ssi_code;
  info.si_pid = static_cast<pid_t>(came.ssi_pid);
  if (child::IsPassedOn(info, true)) kill(child, info.si_signo);
}

}  // namespace

absl::StatusOr<access::ActionEnd> StandIn(const std::function<access::ActionEnd(const SayEnd&)>& work) {
  int pair[2];
  if (pipe2(pair, O_CLOEXEC) != 0) return ErrnoStatus("pipe", "stand-in", errno);
  UniqueFd ours(pair[0]);
  UniqueFd theirs(pair[1]);
  sigset_t passed;
  sigset_t before;
  sigemptyset(&passed);
  child::AddPassed(&passed);
  sigprocmask(SIG_BLOCK, &passed, &before);
  const pid_t self = getpid();
  const pid_t child = fork();
  if (child < 0) return ErrnoStatus("fork", "stand-in", errno);
  if (child == 0) {
    sigprocmask(SIG_SETMASK, &before, nullptr);
    ours.reset();
    Work(std::move(theirs), self, work);
  }
  theirs.reset();
  const UniqueFd signals(signalfd(-1, &passed, SFD_CLOEXEC | SFD_NONBLOCK));
  Said said;
  for (;;) {
    pollfd fds[] = {{ours.get(), POLLIN, 0}, {signals.get(), POLLIN, 0}};
    if (poll(fds, 2, -1) < 0) continue;
    if (fds[0].revents != 0) break;
    PassOn(signals.get(), child);
  }
  access::ActionEnd end;
  end.kind = access::ActionEnd::Kind::kSignaled;
  end.status = SIGABRT;
  if (TEMP_FAILURE_RETRY(read(ours.get(), &said, sizeof said)) == static_cast<ssize_t>(sizeof said)) {
    end.kind = static_cast<access::ActionEnd::Kind>(said.kind);
    end.status = said.status;
  }
  sigprocmask(SIG_SETMASK, &before, nullptr);
  return end;
}

}  // namespace glovebox::cli
