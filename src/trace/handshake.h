// The parent's side of the pipeline's row 20 (docs/child-setup.md): how a supervisor comes by the listener,
// and what a child says of steps that did not happen.
#ifndef GLOVEBOX_TRACE_HANDSHAKE_H_
#define GLOVEBOX_TRACE_HANDSHAKE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "access/record.h"
#include "base/unique_fd.h"
#include "child/wire.h"
#include "trace/ended_action.h"
#include "trace/peer.h"

namespace glovebox::trace {

enum class HandOver {
  kFetch,    // pidfd_getfd on the number that the child wrote
  kMessage,  // the child's helper task sends it by SCM_RIGHTS (yama above 1, kernels before 5.6)
};

// What came over the channel instead of a listener, or beside it.
struct SetupReport {
  std::vector<child::StepFailure> failures;  // kFailed and kSkipped, as they came
  // The failure that ended the set-up, null when there was none.
  const child::StepFailure* failed() const;
  std::vector<std::string> left_over;  // "pid exe" of what the launcher found beside itself, and ended
};

// Reads the listener's number (or the listener) from `channel`. Unavailable: the child ended before it had
// one; what it said is in *report. Blocks until the child writes or dies; survives EINTR.
absl::StatusOr<UniqueFd> TakeListener(int channel, int pidfd, HandOver how, SetupReport* report);

// Writes the byte for which the child waits. An error means that it has died.
absl::Status Acknowledge(int channel);

// Reads what is left on a status socket or connection, without blocking.
void DrainReport(int channel, SetupReport* report);

// Why the host could not do a step that was skipped: the errno's name, and for E2BIG of Landlock what it
// means where the kernel has that ABI. E2BIG is said of a scope that is unknown to it, and of 16 layers.
std::string WhySkipped(const child::StepFailure& skipped, int landlock_abi);

// What a child says on stderr when its set-up fails, escaped as it is there: "cannot run x: Not a directory".
std::string FailureLine(const child::StepFailure& failure, const char* program);

// What an action was to run, as it was spelled; empty when that is not known.
absl::string_view ProgramOf(const access::ActionBegin& begin);

// Puts what the set-up did not do into an action's end. A failure: kSandboxFailed, the errno, "SetSid: cannot
// start a session: EPERM", and true; the limit or the capability that could not be set and the `program` that
// could not be run are named, as on stderr, but nothing is escaped: a record keeps bytes. Each
// skipped step is added to `step` behind access::kSkippedMark, with the reason; it makes no action
// incomplete. What was left over is added to `left_over`.
bool FillSetup(const SetupReport& report, absl::string_view program, access::ActionEnd* end);

// The same for what the plan itself goes without (policy::CompiledPlan::unheld).
void AddUnheld(const std::vector<std::string>& unheld, access::ActionEnd* end);

// The end of an action whose first process is the peer of `connection`, and has ended: what that peer said
// last, then its exit status, which can be told while it is a zombie, and once somebody has reaped it. Waits
// `reap_ms` for that.
access::ActionEnd EndOf(const access::ActionBegin& begin, const Peer& peer, int connection, int reap_ms);

// The same of an action inside another one, which was to run `program`. `socket`: its launcher's, or -1.
access::ActionEnd EndOfInner(const EndedAction& ended, absl::string_view program, int socket);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_HANDSHAKE_H_
