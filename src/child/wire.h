// The words between a launcher and whoever supervises it (the collector, or the supervisor of an outer
// action).
//
// One AF_UNIX SOCK_STREAM connection an action, in this order:
//   launcher -> supervisor   HelloHeader, then `payload_size` bytes: NUL-terminated strings in the order of
//   HelloString,
//                            then the outputs, then argv
//   supervisor -> launcher   Reply, where it refuses with its reason behind it, in words, else with
//   SCM_RIGHTS: the plan (a sealed memfd holding a ChildPlan), then, where
//                            kReplyHasRuleset is set, the Landlock ruleset
//   and, unless kReplyNoListener is set, the handshake of row 20 on the same connection:
//   launcher -> supervisor   the listener's number, 4 bytes little endian (or, with kReplySendListener, those
//   4 bytes carrying
//                            the listener itself by SCM_RIGHTS, sent by the helper task)
//   supervisor -> launcher   one byte: 42
//   launcher -> supervisor   StepFailure when a step fails, and one for each best-effort step that was
//   skipped, just before exec; end of file when exec succeeded (the socket is CLOEXEC)
// and, where a process of the launcher has stayed beside the command (launch_stay.h), when that has ended:
//   launcher -> supervisor   a LeftOverNote for each process that still ran and is ended now, then end of
//   file (its half of the connection is shut down)
//   supervisor -> launcher   Verdict, then `text_size` bytes for stderr. An outer supervisor sends it when it
//   looks for the ends of its inner actions: at the latest when somebody opens kAnnouncePath
// A step before the handshake can fail as well: its StepFailure then comes where the listener's number was
// expected. The first four bytes tell them apart: kFailureMagic is no descriptor's number.
//
// A launcher reaches its supervisor in one of three ways, tried in this order:
//   1. openat(AT_FDCWD, kAnnouncePath): under a supervisor of ours this call returns a connected socket
//   (ADDFD), and nobody
//      else can make it succeed, since /dev/null is no directory. The reply then has kReplyNoListener: a task
//      tree can have one listener only, and the outer one sees this action already.
//   2. the socket named by $GLOVEBOX_COLLECTOR.
//   3. none: it becomes `glovebox run --launched ...`, which supervises the command itself.
#ifndef GLOVEBOX_CHILD_WIRE_H_
#define GLOVEBOX_CHILD_WIRE_H_

#include <cstdint>

namespace glovebox::child {

inline constexpr char kAnnouncePath[] = "/dev/null/glovebox/announce/1";
inline constexpr char kCollectorVariable[] = "GLOVEBOX_COLLECTOR";
inline constexpr uint32_t kHelloMagic = 0x31584247;  // "GBX1"
inline constexpr uint32_t kWireVersion = 3;
inline constexpr uint32_t kMaxPayload =
    8u << 20;  // Linux's own limit for argv and environment together is 6 MiB
inline constexpr uint8_t kListenerTaken = 42;

// Written to the log as well (access::Role): append only.
enum class Role : uint32_t {
  kRun = 0,
  kEdge = 1,
  kCompile = 2,
  kLink = 3,
  kCustom = 4,
  kTest = 5,
  kConfigure = 6,
};

// The fixed strings of the payload, in this order. An empty working directory is one that the launcher could
// not tell.
enum class HelloString : uint32_t { kCwd, kTarget, kTargetType, kLanguage, kDepfile, kTest, kPolicy };
inline constexpr uint32_t kHelloStrings = 7;

enum HelloFlag : uint32_t {
  kHelloStays = 1u << 0,  // a process of the launcher stays beside the command, and waits for a Verdict
};

struct HelloHeader {
  uint32_t magic = kHelloMagic;
  uint32_t version = kWireVersion;
  uint32_t payload_size = 0;
  Role role = Role::kRun;
  uint32_t output_count = 0;
  uint32_t argv_count = 0;
  uint32_t flags = 0;  // HelloFlag
};

enum ReplyFlag : uint32_t {
  kReplyHasRuleset = 1u << 0,
  kReplyNoListener = 1u << 1,
  kReplySendListener = 1u << 2,  // the supervisor may not use pidfd_getfd: the helper task must send it
  // With kReplyNoListener: what the outer action holds already, for who is set up by a plan of its own. A
  // peer that does not know one of these does the same once more, in the kernel, where no record is made of a
  // refusal; a peer that does not set one is taken not to hold it. So no version has to change with them.
  kReplyScopesSignals = 1u << 3,
  kReplyScopesAbstractUnix = 1u << 4,
  // It refuses, and records, what kernel::SyscallTable() refuses by rule, and each of
  // policy::DefaultDeniedIoctls(). Both lists are part of this flag's meaning: one more entry needs a new
  // flag.
  kReplyRefusesByDefault = 1u << 5,
  kReplyRefusesAppendOnly = 1u << 6,  // row 7's calls
  kReplyRefusesKptr = 1u << 7,        // row 8's
  kReplyRefusesLimits = 1u << 8,      // a change of limits: restrict_prlimit, in the kernel
  kReplyRefusesTsc = 1u << 9,         // the end of row 16's hold: deny_tsc
  // Instead of a plan: say Hello again with kHelloStays, from a child whose parent stays. Nothing follows.
  kReplyStay = 1u << 10,
  kReplyEnforces = 1u << 11,  // the policy's mode is enforce
  // Of those of `kReplyNoListener`: it refuses, and records, each of policy::DefaultDeniedCalls(), a list
  // that is part of this flag's meaning, too. Never without kReplyRefusesByDefault.
  kReplyRefusesCalls = 1u << 12,
};

inline constexpr uint32_t kReplyHolds = kReplyScopesSignals | kReplyScopesAbstractUnix |
                                        kReplyRefusesByDefault | kReplyRefusesAppendOnly | kReplyRefusesKptr |
                                        kReplyRefusesLimits | kReplyRefusesTsc | kReplyRefusesCalls;

inline constexpr uint32_t kMaxReason = 4096;

struct Reply {
  uint32_t magic = kHelloMagic;
  int32_t error = 0;  // errno when the supervisor refuses
  uint32_t flags = 0;
  uint32_t plan_size =
      0;  // with an error: of the reason that follows, at most kMaxReason bytes; 0: none does
  uint64_t action = 0;
};

enum class FailureKind : uint32_t {
  kFailed = 1,   // the session did not start; the process has exited with `error`
  kSkipped = 2,  // a best-effort step that this host cannot do; the session went on
};

inline constexpr uint32_t kFailureMagic = 0x46584247;  // "GBXF"

// What a step of the pipeline that did not happen says to its supervisor, in one write, in the host's byte
// order.
struct StepFailure {
  uint32_t magic = kFailureMagic;
  uint32_t step = 0;    // StepCode (steps.h)
  int32_t error = 0;    // errno
  uint32_t detail = 0;  // SetResourceLimits: a Limit; CapSet: a capability's number; else 0
  FailureKind kind = FailureKind::kFailed;
  uint32_t reserved = 0;
};
static_assert(sizeof(StepFailure) == 24);

inline constexpr uint32_t kLeftOverMagic = 0x4c584247;  // "GBXL"

// As long as a StepFailure, which can come before it; `name_size` bytes of the program's path follow.
struct LeftOverNote {
  uint32_t magic = kLeftOverMagic;
  int32_t pid = 0;
  uint32_t name_size = 0;  // at most kMaxLeftOverName
  uint32_t reserved[3] = {};
};
inline constexpr uint32_t kMaxLeftOverName = 4096;
static_assert(sizeof(LeftOverNote) == sizeof(StepFailure));

inline constexpr uint32_t kVerdictMagic = 0x56584247;  // "GBXV"
inline constexpr uint32_t kMaxVerdictText = 1u << 20;

enum VerdictFlag : uint32_t {
  kVerdictFails = 1u << 0,  // the action counts as failed, whatever its command's own end was
};

struct Verdict {
  uint32_t magic = kVerdictMagic;
  uint32_t flags = 0;      // VerdictFlag
  uint32_t text_size = 0;  // at most kMaxVerdictText; 0 where all is well
  uint32_t reserved = 0;
  uint64_t accesses = 0;  // on record
};

}  // namespace glovebox::child

#endif  // GLOVEBOX_CHILD_WIRE_H_
