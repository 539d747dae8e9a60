// Descriptors that a confined command would inherit although nobody meant it to have them: what a shell or a
// script left open would be the command's, whatever it stands for and whatever the policy says of it.
#ifndef GLOVEBOX_CHILD_INHERITED_H_
#define GLOVEBOX_CHILD_INHERITED_H_

#include <cstddef>

namespace glovebox::child {

// What the command is meant to have above 2. Null where there is none.
struct AskedFor {
  const int* numbers = nullptr;  // `count` of them
  size_t count = 0;
  // $MAKEFLAGS: "--jobserver-auth=R,W" and, of older makes, "--jobserver-fds=R,W" name descriptors.
  const char* makeflags = nullptr;
  // Words that name some: /dev/fd/N or /proc/self/fd/N anywhere in one, as a shell's <(...) puts it.
  char* const* command = nullptr;
};

// Marks every other descriptor above 2 close-on-exec. What is named beyond kMostKept is not kept.
// Async-signal-safe.
constexpr size_t kMostKept = 64;
void CloseUnasked(const AskedFor& asked);

}  // namespace glovebox::child

#endif  // GLOVEBOX_CHILD_INHERITED_H_
