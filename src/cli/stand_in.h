// Who ends like a command while its supervisor goes on, because what the command left behind shall live.
#ifndef GLOVEBOX_CLI_STAND_IN_H_
#define GLOVEBOX_CLI_STAND_IN_H_

#include <functional>

#include "absl/status/statusor.h"
#include "access/record.h"

namespace glovebox::cli {

// Tells the caller's process how it shall end; from then on the standard streams lead nowhere.
using SayEnd = std::function<void(const access::ActionEnd&)>;

// Forks; no thread may run yet. `work` is done in the child, says once how its command has ended, and may go
// on for as long as it likes; what it returns is said where it has said nothing. The calling process passes
// signals on meanwhile (child/passed_signals.h) and gets that end; SIGABRT, where the child died before.
absl::StatusOr<access::ActionEnd> StandIn(const std::function<access::ActionEnd(const SayEnd&)>& work);

}  // namespace glovebox::cli

#endif  // GLOVEBOX_CLI_STAND_IN_H_
