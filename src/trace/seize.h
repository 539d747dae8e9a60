// Row 19 of the set-up, seen from the parent: a child that has stopped itself is attached to and continued.
#ifndef GLOVEBOX_TRACE_SEIZE_H_
#define GLOVEBOX_TRACE_SEIZE_H_

#include <sys/types.h>

#include <string>

namespace glovebox::trace {

// Waits until `child` has stopped itself, attaches with PTRACE_SEIZE and options, lets it go on, and lets go
// of it: who wants to follow it has had the moment to do so. True when all of that happened. False with an
// empty `why`: it died before row 19, which is left to whoever waits for it.
bool SeizeStopped(pid_t child, std::string* why);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_SEIZE_H_
