#include "child/passed_signals.h"

namespace glovebox::child {
namespace {

void AddUnless(bool unwanted(const struct sigaction&), int number, sigset_t* taken) {
  struct sigaction action {};
  if (sigaction(number, nullptr, &action) == 0 && !unwanted(action)) sigaddset(taken, number);
}

// What was ignored before stays ignored: blocked, it would be queued and passed on.
bool Ignored(const struct sigaction& action) { return action.sa_handler == SIG_IGN; }
bool NotDefault(const struct sigaction& action) { return action.sa_handler != SIG_DFL; }

constexpr int kEnds[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
constexpr int kOthers[] = {SIGABRT, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGXCPU};

}  // namespace

void AddPassed(sigset_t* taken) {
  for (const int number : kEnds) AddUnless(Ignored, number, taken);
  for (const int number : kOthers) AddUnless(NotDefault, number, taken);
#ifdef SIGSTKFLT  // not on every architecture
  AddUnless(NotDefault, SIGSTKFLT, taken);
#endif
  // The C library keeps those below SIGRTMIN to itself.
  for (int number = SIGRTMIN; number <= SIGRTMAX; ++number) AddUnless(NotDefault, number, taken);
}

bool IsPassedOn(const siginfo_t& info, bool in_group) {
  if (info.si_code != SI_KERNEL) return true;
  if (info.si_signo == SIGXCPU) return false;
  const bool terminal = info.si_signo == SIGINT || info.si_signo == SIGQUIT || info.si_signo == SIGHUP;
  return !(terminal && in_group);
}

}  // namespace glovebox::child
