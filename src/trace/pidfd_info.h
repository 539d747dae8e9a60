// What a pidfd tells of its process, and /proc where the host's kernel does not tell it yet.
#ifndef GLOVEBOX_TRACE_PIDFD_INFO_H_
#define GLOVEBOX_TRACE_PIDFD_INFO_H_

#include <sys/types.h>

#include <cstdint>

#include "kernel/abi.h"

namespace glovebox::trace {

// PIDFD_GET_INFO (6.13): 0 when everything `wanted` (kernel::kPidfdInfo...) is in `info`, EAGAIN when the
// process has nothing of it yet (an exit, before it is reaped), else the errno of the call.
int AskPidfd(int pidfd, uint64_t wanted, kernel::PidfdInfo* info);

// The parent of the process `pid`, which `pidfd` means; 0 when it has gone.
pid_t ParentOf(pid_t pid, int pidfd);

// The number of the process is still its own: it lives, or nobody has reaped it.
bool IsUnreaped(int pidfd);

// How the process `pid`, which `pidfd` means, has ended, as wait(2) tells it. Of a reaped one the pidfd
// itself tells (PIDFD_GET_INFO, 6.15), of a zombie /proc/PID/stat does. False where it has not ended, where
// nobody can tell (an older kernel, once it is reaped; another user's zombie), and where there is no pidfd
// (-1).
bool EndOf(pid_t pid, int pidfd, int* wait_status);
// The same of one that is about to end, or to be reaped: waits up to `timeout_ms` for what can be told.
bool WaitForEndOf(pid_t pid, int pidfd, int timeout_ms, int* wait_status);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_PIDFD_INFO_H_
