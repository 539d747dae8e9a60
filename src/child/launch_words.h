// Words in front of a launcher's command that are the shell's business: `FOO=1 cc ...` behind a launcher is a
// program of that name, and so is `cd DIR && ...`.
#ifndef GLOVEBOX_CHILD_LAUNCH_WORDS_H_
#define GLOVEBOX_CHILD_LAUNCH_WORDS_H_

#include <cstddef>

#include "child/launch_options.h"

namespace glovebox::child {

// Why a command cannot be run, and the mend.
inline constexpr char kShellWord[] =
    "it is a word of the shell and no program, so that no launcher can stand before it; say "
    "WORKING_DIRECTORY "
    "for cd, COMMAND sh -c \"...\", or set RULE_LAUNCH_CUSTOM to \"\" in that directory (docs/cmake.md)";
inline constexpr char kBareAssignment[] =
    "it sets a variable of the shell and runs no program, so that no launcher can stand before it; say "
    "COMMAND "
    "sh -c \"...\", or set RULE_LAUNCH_CUSTOM to \"\" in that directory (docs/cmake.md)";

// How many words in front are NAME=VALUE, NAME being one that a shell assigns to. All of them: no program.
size_t CountAssignments(const LaunchOptions& options);

// The room that TakeAssignments() needs.
struct AssignmentRoom {
  size_t entries;  // the final null included
  size_t bytes;
};
AssignmentRoom RoomForAssignments(const LaunchOptions& options, size_t count, const char* const* environment);

// Takes the first `count` words off the command, of which one must be left. `entries` becomes `environment`
// with GLOVEBOX_CHILD_NAME=VALUE behind it: handed through to the program (environment.h), the last one of a
// name wins as in a shell, and the big `glovebox`, where it comes between, is not touched by it.
void TakeAssignments(LaunchOptions& options, size_t count, char* const* environment, char** entries,
                     char* text);

}  // namespace glovebox::child

#endif  // GLOVEBOX_CHILD_LAUNCH_WORDS_H_
