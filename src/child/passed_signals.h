// Which signals a process that only waits for another one passes on to it: `glovebox run`, and the launcher
// that stays beside a test.
#ifndef GLOVEBOX_CHILD_PASSED_SIGNALS_H_
#define GLOVEBOX_CHILD_PASSED_SIGNALS_H_

#include <signal.h>

namespace glovebox::child {

// Adds what this process takes to pass it on: each signal that would end it and that somebody can mean for
// the command. That is INT, TERM, HUP and QUIT unless ignored (nohup), and, where the disposition is the
// default one (a handler has a meaning of its own here), ABRT, USR1, USR2, ALRM, VTALRM, PROF, IO, PWR,
// STKFLT, XCPU and the real-time ones.
//
// Not: KILL and STOP, which nobody can take; faults (SEGV, BUS, FPE, ILL, TRAP, SYS) and what a write of our
// own raises (PIPE, XFSZ); and what does not end a process: it stops, goes on or does nothing.
void AddPassed(sigset_t* taken);

// False for one that came and is not to be passed on: what the terminal sends to the whole process group
// (`in_group`: the command is in ours), and our own limit of CPU time: the command has its own. A timer that
// was set before the exec (`alarm 9; exec ...`) is passed on: the command would have it without us.
bool IsPassedOn(const siginfo_t& info, bool in_group);

}  // namespace glovebox::child

#endif  // GLOVEBOX_CHILD_PASSED_SIGNALS_H_
