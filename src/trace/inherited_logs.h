// Descriptors of append-only logs that a command is about to inherit.
#ifndef GLOVEBOX_TRACE_INHERITED_LOGS_H_
#define GLOVEBOX_TRACE_INHERITED_LOGS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"
#include "policy/policy.h"

namespace glovebox::trace {

struct InheritedLog {
  int number = -1;
  UniqueFd fd;  // what is to stand there: for adding only
};

// This process's descriptors that are not close-on-exec and could change a log that `policy` holds in another
// way than by adding. Each is opened anew, O_WRONLY|O_APPEND; whoever runs the command puts it in the place
// of the old one (dup2) before its exec. An error where one cannot be.
absl::StatusOr<std::vector<InheritedLog>> InheritedLogs(const policy::Policy& policy);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_INHERITED_LOGS_H_
