// What execvp would try, computed before the fork.
#ifndef GLOVEBOX_CHILD_PATH_CANDIDATES_H_
#define GLOVEBOX_CHILD_PATH_CANDIDATES_H_

#include <cstddef>

namespace glovebox::child {

// The room that PathCandidates() needs for certain.
struct CandidateRoom {
  size_t entries;  // of `out`, the final null included
  size_t bytes;    // of `text`
};
CandidateRoom PathCandidateRoom(const char* program, const char* path);

// A program with a slash is its own only candidate, an empty one has none. `path` is PATH's value; null is
// "/bin:/usr/bin" (confstr's _CS_PATH), an empty element is the current directory, and one of PATH_MAX bytes
// or more, which no call could take, is passed over (glibc's posix/execvpe.c; there the current directory
// takes its place, which nobody asked for). False when the room does not suffice.
bool PathCandidates(const char* program, const char* path, const char** out, size_t entries, char* text,
                    size_t bytes);

}  // namespace glovebox::child

#endif  // GLOVEBOX_CHILD_PATH_CANDIDATES_H_
