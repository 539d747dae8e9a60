// Who builds: the program at whose start a new run of launchers without a collector begins.
#ifndef GLOVEBOX_ACCESS_BUILDER_H_
#define GLOVEBOX_ACCESS_BUILDER_H_

#include <sys/types.h>

#include <string>

namespace glovebox::access {

// A process, told from every other one of its number: boot, pid and start time (proc(5), field 22 of stat), a
// line without a newline. "" for nobody.
using Builder = std::string;

// The topmost make, ninja, cmake or ctest among `pid` and its ancestors, as long as all between are such
// programs or shells: a recursive make is one builder from its first process on, two calls of ninja from one
// script are two. Nobody where `pid` is none of these. `proc` is where /proc is mounted.
Builder BuilderAbove(pid_t pid, const std::string& proc = "/proc");

// Whether it has not ended (as far as this pid namespace shows it).
bool BuilderLives(const Builder& builder, const std::string& proc = "/proc");

}  // namespace glovebox::access

#endif  // GLOVEBOX_ACCESS_BUILDER_H_
