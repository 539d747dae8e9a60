// How to reach a thread that waits inside the kernel for the next notification: the receiving ioctl takes no
// second descriptor to wait for, and a poll(2) before each one would cost every recorded call 2 to 5 us.
#ifndef GLOVEBOX_TRACE_WAKE_H_
#define GLOVEBOX_TRACE_WAKE_H_

#include <pthread.h>

namespace glovebox::trace {

// A signal with a handler that does nothing, so that the call it meets gives EINTR. It is SIGURG, which is
// ignored by default: one that arrives anywhere else harms nobody. Installs the handler for the process
// (once) and unblocks it for the calling thread; every other signal stays as it is.
void LetBeWoken();

// Interrupts what `thread`, which called LetBeWoken(), is waiting for. It may not be waiting yet: set a flag
// first, and repeat until the thread has ended.
void Wake(pthread_t thread);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_WAKE_H_
