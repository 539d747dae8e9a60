#include <errno.h>

#include <cstring>

#include "child/plan.h"
#include "child/steps.h"

namespace glovebox::child {
namespace {

// Indexed by StepCode. For kSetResourceLimits, kCapSet, kExec and kMountNamespace the name is appended.
constexpr StepMessage kMessages[] = {
    {StepCode::kNone, "None", "no step has failed"},
    {StepCode::kParentDeathSignal, "ParentDeathSignal", "cannot set the parent-death signal"},
    {StepCode::kSetSid, "SetSid", "cannot start a session"},
    {StepCode::kSetPty, "SetPty", "cannot take the terminal"},
    {StepCode::kSetPgrp, "SetPgrp", "cannot come to the foreground"},
    {StepCode::kDupPty, "DupPty", "cannot put the terminal on the standard streams"},
    {StepCode::kResetSignal, "ResetSignal", "cannot reset signals"},
    {StepCode::kNoNewPrivs, "NoNewPrivs", "cannot give up new privileges"},
    {StepCode::kSeccompFilterIoctl, "SeccompFilterIoctl", "cannot load the ioctl filter"},
    {StepCode::kSeccompFilterAppendOnly, "SeccompFilterAppendOnly", "cannot load the append-only filter"},
    {StepCode::kSeccompFilterKptr, "SeccompFilterKptr", "cannot load the kernel-pointer filter"},
    {StepCode::kLandlockScope, "LandlockScope", "cannot enter the Landlock domain"},
    {StepCode::kPreExec, "PreExec", "the pre-exec callback failed"},
    {StepCode::kSetTsc, "SetTSC", "cannot disable the time-stamp counter"},
    {StepCode::kSetResourceLimits, "SetResourceLimits", "cannot set the limit"},
    {StepCode::kSetDumpable, "SetDumpable", "cannot become dumpable"},
    {StepCode::kProcessStop, "ProcessStop", "cannot stop for the parent"},
    {StepCode::kSeccomp, "Seccomp", "cannot load the notify filter"},
    {StepCode::kSeccompSendFd, "SeccompSendFd", "cannot hand over the listener"},
    {StepCode::kSeccompWaitFd, "SeccompWaitFd", "the listener was not taken"},
    {StepCode::kCapSet, "CapSet", "cannot drop the capability"},
    {StepCode::kExec, "Exec", "cannot run"},
    {StepCode::kNetworkNamespace, "NetworkNamespace", "cannot enter a network namespace of its own"},
    {StepCode::kMountNamespace, "MountNamespace", "cannot hide paths in a mount namespace of its own"},
};
static_assert(sizeof(kMessages) / sizeof(kMessages[0]) == kStepCodeCount);
constexpr StepMessage kUnknown = {StepCode::kNone, "Unknown", "a step of another version failed"};

constexpr const char* kCapabilities[] = {
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
};

// Length of the well-formed UTF-8 sequence at the start of `text`, 0 where there is none. As base/bytes.cc
// has it, which may allocate. A NUL continues nothing, so nothing is read behind it.
size_t SequenceLength(const unsigned char* text) {
  const unsigned char lead = text[0];
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  // Bounds of the second byte: they exclude overlong forms, surrogates and what is above U+10FFFF.
  const unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (text[1] < low || text[1] > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if (text[i] < 0x80 || text[i] > 0xbf) return 0;
  }
  return length;
}

struct Text {
  char* out;
  size_t capacity;
  size_t size = 0;
  void Add(const char* text) {
    while (*text != '\0' && size < capacity) out[size++] = *text++;
  }
  // All or nothing: half of an escape or of a character would be another one.
  bool AddPiece(const char* piece, size_t length) {
    if (capacity < length || size > capacity - length) return false;
    memcpy(out + size, piece, length);
    size += length;
    return true;
  }
  bool AddByte(unsigned char byte) {
    constexpr char kHex[] = "0123456789abcdef";
    const char hex[] = {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    return AddPiece(hex, sizeof hex);
  }
  // One line that a terminal only shows: what EscapeBytes() of base/bytes.h makes of it.
  void AddEscaped(const char* text) {
    const auto* at = reinterpret_cast<const unsigned char*>(text);
    for (bool fits = true; fits && *at != '\0';) {
      const size_t length = SequenceLength(at);
      const bool c1 = length == 2 && at[0] == 0xc2 && at[1] < 0xa0;  // a terminal may obey U+0080..U+009F
      if ((length > 1 && !c1) || (length == 1 && *at >= 0x20 && *at != 0x7f && *at != '\\')) {
        fits = AddPiece(reinterpret_cast<const char*>(at), length);
        at += length;
        continue;
      }
      if (*at == '\n' || *at == '\t' || *at == '\\') {
        const char pair[] = {'\\', *at == '\n' ? 'n' : *at == '\t' ? 't' : '\\'};
        fits = AddPiece(pair, sizeof pair);
      } else {
        fits = AddByte(*at);  // the second byte of a C1 control is no UTF-8 by itself, and comes next
      }
      ++at;
    }
  }
};

}  // namespace

const StepMessage& MessageOf(StepCode code) {
  const auto index = static_cast<uint32_t>(code);
  return index < kStepCodeCount ? kMessages[index] : kUnknown;
}

const char* CapabilityName(uint32_t capability) {
  return capability < sizeof(kCapabilities) / sizeof(kCapabilities[0]) ? kCapabilities[capability]
                                                                       : "CAP_UNKNOWN";
}

const char* DetailName(StepCode code, uint32_t detail) {
  if (code == StepCode::kSetResourceLimits) return detail < kLimitCount ? kLimits[detail].name : "UNKNOWN";
  if (code == StepCode::kCapSet) return CapabilityName(detail);
  if (code == StepCode::kMountNamespace && detail == kHiddenWorkingDirectory)
    return "(the working directory is hidden)";
  return nullptr;
}

int SetupExitStatus(int error) {
  return error > 0 && error < 256 && strerrordesc_np(error) != nullptr ? error : ENOSYS;
}

size_t FormatMessage(const char* what, const char* name, const char* reason, char* out, size_t capacity) {
  if (capacity == 0) return 0;
  Text text{out, capacity - 1};
  text.Add("glovebox: ");
  text.Add(what);
  if (name != nullptr) {
    // A name of 4,096 bytes must not push out the reason.
    const size_t tail = reason != nullptr ? strlen(reason) + 2 : 0;
    const size_t whole = text.capacity;
    text.capacity = whole > tail ? whole - tail : 0;
    text.Add(" ");
    text.AddEscaped(name);
    text.capacity = whole;
  }
  if (reason != nullptr) {
    text.Add(": ");
    text.Add(reason);
  }
  out[text.size++] = '\n';
  return text.size;
}

size_t FormatFailure(StepCode code, int error, uint32_t detail, const char* program, char* out,
                     size_t capacity) {
  const char* reason = strerrordesc_np(error);  // constant text, no locale: strerror() may allocate
  return FormatMessage(MessageOf(code).message, code == StepCode::kExec ? program : DetailName(code, detail),
                       reason != nullptr ? reason : "unknown error", out, capacity);
}

}  // namespace glovebox::child
