// A program of ours that was started with closed standard streams.
#ifndef GLOVEBOX_BASE_STANDARD_STREAMS_H_
#define GLOVEBOX_BASE_STANDARD_STREAMS_H_

#include <fcntl.h>

namespace glovebox {

// First of all in main(): takes the numbers 0 to 2 where they are free, so that no log, lock or socket of
// ours gets one of them and a message meant for a person is written into it. They keep behaving as closed
// ones (EBADF for who reads 0 or writes 1 and 2), and the program that we start finds them closed:
// close-on-exec. Async-signal-safe. Where there is no /dev/null nothing is done.
inline void HoldStandardStreams() {
  for (int stream = 0; stream <= 2; ++stream) {
    if (fcntl(stream, F_GETFD) >= 0) continue;
    // The lowest free number: this one, since those below are open by now.
    if (open("/dev/null", (stream == 0 ? O_WRONLY : O_RDONLY) | O_CLOEXEC) < 0) return;
  }
}

}  // namespace glovebox

#endif  // GLOVEBOX_BASE_STANDARD_STREAMS_H_
