// What can go wrong in the pipeline, and how it is said: one table for the child, which prints it, and for
// the supervisor, which records it.
#ifndef GLOVEBOX_CHILD_STEPS_H_
#define GLOVEBOX_CHILD_STEPS_H_

#include <cstddef>
#include <cstdint>

namespace glovebox::child {

// The error codes of the contract. Sent over the wire and written to the log: append only.
enum class StepCode : uint32_t {
  kNone = 0,
  kParentDeathSignal,
  kSetSid,
  kSetPty,
  kSetPgrp,
  kDupPty,
  kResetSignal,
  kNoNewPrivs,
  kSeccompFilterIoctl,
  kSeccompFilterAppendOnly,
  kSeccompFilterKptr,
  kLandlockScope,
  kPreExec,
  kSetTsc,
  kSetResourceLimits,
  kSetDumpable,
  kProcessStop,
  kSeccomp,
  kSeccompSendFd,
  kSeccompWaitFd,
  kCapSet,
  kExec,
  kNetworkNamespace,
  kMountNamespace,
};
inline constexpr uint32_t kStepCodeCount = 24;

// The detail of kMountNamespace: the working directory is hidden itself, or below what is.
inline constexpr uint32_t kHiddenWorkingDirectory = 1;

struct StepMessage {
  StepCode code;
  const char* name;     // "SetSid"
  const char* message;  // "cannot start a session"
};

// The entry of a code; an unknown code (a newer launcher's) has an entry of its own. Async-signal-safe.
const StepMessage& MessageOf(StepCode code);

// "CAP_CHOWN" of 0; "CAP_UNKNOWN" of a number that is not known here. Async-signal-safe.
const char* CapabilityName(uint32_t capability);

// What the detail of a failure names: "NOFILE" for kSetResourceLimits, "CAP_CHOWN" for kCapSet, for
// kMountNamespace what of it failed; null for every other code. A number that is not known here is "UNKNOWN"
// or "CAP_UNKNOWN". Async-signal-safe.
const char* DetailName(StepCode code, uint32_t detail);

// The exit status of a set-up that failed with `error`: itself, ENOSYS where it is 0 or no errno that is
// known (256 would be the status 0, and the edge would count as done). Async-signal-safe.
int SetupExitStatus(int error);

// Writes `glovebox: cannot run a\nb: No such file or directory` and a newline into `out` and returns the
// length, at most `capacity`. One line, whatever is in the name: it is escaped as EscapeBytes() of
// base/bytes.h does it, and cut where it is too long; the reason and the newline stay. `name` and `reason`
// may be null. Not terminated. Async-signal-safe.
size_t FormatMessage(const char* what, const char* name, const char* reason, char* out, size_t capacity);

// Writes `glovebox: cannot set the limit NOFILE: Operation not permitted\n` into `out` and returns its
// length, as FormatMessage() does. `program` is the one of kExec and may be null. Async-signal-safe.
size_t FormatFailure(StepCode code, int error, uint32_t detail, const char* program, char* out,
                     size_t capacity);

}  // namespace glovebox::child

#endif  // GLOVEBOX_CHILD_STEPS_H_
