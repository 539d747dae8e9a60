#include "child/passed_signals.h"

#include <signal.h>
#include <string.h>

#include "gtest/gtest.h"

namespace glovebox::child {
namespace {

bool IsTaken(int number) {
  sigset_t taken;
  sigemptyset(&taken);
  AddPassed(&taken);
  return sigismember(&taken, number) == 1;
}

// Sanitizers have handlers of their own for faults alone.
TEST(PassedSignals, AreThoseThatEndAProcessAndSpeakOfNoFaultOfItsOwn) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF,
                           SIGIO, SIGPWR, SIGXCPU, SIGRTMIN, SIGRTMAX}) {
    EXPECT_TRUE(IsTaken(number)) << strsignal(number);
  }
  for (const int number : {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGPIPE,
                           SIGXFSZ, SIGCHLD, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGWINCH, SIGURG}) {
    EXPECT_FALSE(IsTaken(number)) << strsignal(number);
  }
}

TEST(PassedSignals, LeaveOutWhatIsIgnoredAndWhatHasAHandlerHere) {
  for (const int number : {SIGTERM, SIGUSR1}) {
    signal(number, SIG_IGN);
    EXPECT_FALSE(IsTaken(number)) << strsignal(number);
    signal(number, [](int) {});
    EXPECT_EQ(IsTaken(number), number == SIGTERM) << strsignal(number);
    signal(number, SIG_DFL);
  }
}

TEST(PassedSignals, OfTheKernelsOwnTheOnesThatTheCommandHasAlreadyAreNot) {
  const struct {
    int number;
    int code;
    bool to_group, to_session;
  } rows[] = {
      {SIGINT, SI_KERNEL, false, true}, {SIGQUIT, SI_KERNEL, false, true},
      {SIGHUP, SI_KERNEL, false, true}, {SIGINT, SI_USER, true, true},
      {SIGINT, SI_QUEUE, true, true},   {SIGALRM, SI_KERNEL, true, true},
      {SIGPROF, SI_KERNEL, true, true}, {SIGVTALRM, SI_KERNEL, true, true},
      {SIGUSR1, SI_TKILL, true, true},  {SIGXCPU, SI_KERNEL, false, false},
      {SIGXCPU, SI_USER, true, true},
  };
  for (const auto& row : rows) {
    siginfo_t info = {};
    info.si_signo = row.number;
    info.si_code = row.code;
    EXPECT_EQ(IsPassedOn(info, true), row.to_group) << strsignal(row.number) << row.code;
    EXPECT_EQ(IsPassedOn(info, false), row.to_session) << strsignal(row.number) << row.code;
  }
}

}  // namespace
}  // namespace glovebox::child
