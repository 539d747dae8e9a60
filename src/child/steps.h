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
};
inline constexpr uint32_t kStepCodeCount = 22;

struct StepMessage {
  StepCode code;
  const char* name;     // "SetSid"
  const char* message;  // "cannot start a session"
};

// The entry of a code; an unknown code (a newer launcher's) has an entry of its own. Async-signal-safe.
const StepMessage& MessageOf(StepCode code);

// "CAP_CHOWN" of 0; "CAP_UNKNOWN" of a number that is not known here. Async-signal-safe.
const char* CapabilityName(uint32_t capability);

// Writes `glovebox: cannot set the limit NOFILE: Operation not permitted\n` into `out` and returns its
// length, at most `capacity`; what is longer is cut, the newline stays. `program` is the one of kExec and may
// be null. Not terminated. Async-signal-safe.
size_t FormatFailure(StepCode code, int error, uint32_t detail, const char* program, char* out,
                     size_t capacity);

}  // namespace glovebox::child

#endif  // GLOVEBOX_CHILD_STEPS_H_
