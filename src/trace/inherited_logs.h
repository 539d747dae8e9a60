// Descriptors of append-only logs that a command inherits from who starts it.
#ifndef GLOVEBOX_TRACE_INHERITED_LOGS_H_
#define GLOVEBOX_TRACE_INHERITED_LOGS_H_

#include <sys/types.h>

#include <cstdint>

#include "absl/status/status.h"
#include "kernel/notify.h"
#include "trace/log_files.h"

namespace glovebox::trace {

// `pid` is the first process of an action, still the launcher's or our own child's code, and waits in the
// exec (the call `id`) that makes it the command. What of its descriptors is not close-on-exec and could
// change a log of a policy in mode enforce in another way than by adding is replaced, under the same number,
// by one that adds: opened anew, O_WRONLY|O_APPEND, since status flags belong to whoever shares the
// description. An error where one cannot be: then the command must not run.
absl::Status HoldInheritedLogs(LogFiles* logs, kernel::NotifyListener* listener, uint64_t id, pid_t pid);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_INHERITED_LOGS_H_
