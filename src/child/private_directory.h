// A TMPDIR and a HOME of its own for one command.
#ifndef GLOVEBOX_CHILD_PRIVATE_DIRECTORY_H_
#define GLOVEBOX_CHILD_PRIVATE_DIRECTORY_H_

#include <cstddef>
#include <cstdint>

#include "child/plan.h"

namespace glovebox::child {

// Makes it, mode 0700, with a `t` for kPrivateTmp and an `h` for kPrivateHome of `plan_flags`. 0 or an errno.
int MakePrivateDirectory(uint32_t plan_flags, PrivateDirectory& directory);

// Removes it with all below it, whatever its modes are; stays on its file system and follows no link. False
// where something is left.
bool RemovePrivateDirectory(const PrivateDirectory& directory);

inline constexpr size_t kPrivateVariables = 8;
inline constexpr size_t kPrivateRoom = 512;

// Writes the variables that name it, "TMPDIR=/tmp/gb-.../t" (TMP, TEMP; HOME and the XDG_*_HOME below it),
// into `text` (kPrivateRoom bytes) and pointers to them into `entries`; returns how many.
size_t PrivateVariables(uint32_t plan_flags, const PrivateDirectory& directory, char* text,
                        const char** entries);

}  // namespace glovebox::child

#endif  // GLOVEBOX_CHILD_PRIVATE_DIRECTORY_H_
