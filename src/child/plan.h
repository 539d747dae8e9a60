// The child plan: everything that was decided about one sandboxed process before it exists, flat and position
// independent, so that it can be handed over as a file descriptor (launcher) or kept in memory (glovebox
// run).
//
// Layout: a ChildPlan, then the bytes that its spans point to. Offsets are from the start of the ChildPlan.
// The child only reads it; ValidatePlan() must have accepted it. Version rule: any change of layout or
// meaning raises kPlanVersion, and a launcher refuses a plan of another version (the two are installed
// together).
#ifndef GLOVEBOX_CHILD_PLAN_H_
#define GLOVEBOX_CHILD_PLAN_H_

#include <cstddef>
#include <cstdint>

namespace glovebox::child {

inline constexpr uint64_t kPlanMagic = 0x314e414c50584247;  // "GBXPLAN1"
inline constexpr uint32_t kPlanVersion = 4;

// A piece of the plan; size 0 means absent.
struct Span {
  uint32_t offset = 0;
  uint32_t size = 0;  // bytes
};

// Guards of the step table: which rows are switched on.
enum PlanFlag : uint32_t {
  kRestoreSigmask = 1u << 0,        // row 4
  kKernelOnly = 1u << 1,            // rows 6-8 are loaded although there is a listener
  kAppendOnly = 1u << 2,            // row 7
  kRestrictKptr = 1u << 3,          // row 8
  kLandlockBestEffort = 1u << 4,    // row 9: a host that cannot is skipped and recorded, not refused
  kDenyTsc = 1u << 5,               // row 16
  kRestrictPrlimit = 1u << 6,       // row 17 instead of row 22
  kStop = 1u << 7,                  // row 19
  kWantListener = 1u << 8,          // row 20
  kWaitKillable = 1u << 9,          // row 20: SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, where the host knows it
  kSpecAllow = 1u << 10,            // every filter: SECCOMP_FILTER_FLAG_SPEC_ALLOW ("ssb")
  kDropCapabilities = 1u << 11,     // row 21 has something to do
  kHoldsNetwork = 1u << 12,         // row 20: its filter refuses sockets
  kNetworkNamespace = 1u << 13,     // before row 0: a network namespace of its own
  kNamespaceBestEffort = 1u << 14,  // ... or a mount namespace: a host that cannot is skipped and recorded
  // Before row 0, by who stays beside the command (private_directory.h).
  kPrivateTmp = 1u << 15,      // a TMPDIR of its own
  kPrivateHome = 1u << 16,     // an empty HOME of its own
  kMountNamespace = 1u << 17,  // before row 0: one of its own, in which `hidden_paths` are covered
};

// The fourteen limits, in the order of the spec. The value is the index into ChildPlan::limits.
enum class Limit : uint32_t {
  kAs,
  kCore,
  kCpu,
  kData,
  kFsize,
  kMemlock,
  kMsgqueue,
  kNice,
  kNofile,
  kNproc,
  kRtprio,
  kRttime,
  kSigpending,
  kStack,
};
inline constexpr uint32_t kLimitCount = 14;

// RLIMIT_* number and name ("NOFILE") of each, in that order.
struct LimitName {
  int resource;
  const char* name;
};
extern const LimitName kLimits[kLimitCount];

struct LimitValue {
  uint32_t set = 0;  // 0: inherited as it is
  uint32_t reserved = 0;
  uint64_t value = 0;  // soft = hard; RLIM_INFINITY allowed
};

// Bit n is capability n. Each set becomes (what it is now) & keep.
struct CapabilityMasks {
  uint64_t keep_bounding = ~uint64_t{0};
  uint64_t keep_effective = ~uint64_t{0};
  uint64_t keep_permitted = ~uint64_t{0};
  uint64_t keep_inheritable = ~uint64_t{0};
  uint64_t keep_ambient = ~uint64_t{0};
};

// The path is short: sockets are made below it, whose names have 107 bytes.
struct PrivateDirectory {
  char path[40] = {};  // "/tmp/gb-0123456789abcdef", holding `t` and `h`; empty: there is none
};

struct ChildPlan {
  uint64_t magic = kPlanMagic;
  uint32_t version = kPlanVersion;
  uint32_t size = 0;                // of the whole plan, spans included
  uint32_t flags = 0;               // PlanFlag
  int32_t parent_death_signal = 0;  // row 2; 0: none
  // Arrays of struct sock_filter.
  Span ioctl_filter;        // row 6
  Span append_only_filter;  // row 7
  Span kptr_filter;         // row 8
  Span notify_filter;       // row 20
  // Row 9. The ruleset itself is a descriptor, beside the plan; what it does not hold of the scopes stands
  // here, and the child makes a scope-only ruleset for it (three system calls).
  uint32_t landlock_scope = 0;  // LANDLOCK_SCOPE_*
  // Row 20: the instruction of notify_filter that is given the number of the process which loads it; the one
  // behind it is given that number's negative. 0: none.
  uint32_t own_number = 0;
  LimitValue limits[kLimitCount];
  CapabilityMasks capabilities;
  // Row 14: NUL-terminated entries, each "-NAME" (unset), "+NAME=value" (set) or "=NAME" (of an allow list:
  // when there is at least one, only these and TEST_ variables stay). Names may end in '*'.
  Span environment_rules;
  // Before row 0, with kMountNamespace: NUL-terminated absolute paths. What is not there is passed over.
  Span hidden_paths;
  // For kPrivateTmp and kPrivateHome: made already, and granted by the ruleset; whoever stays beside the
  // command removes it. Empty: who stays makes one.
  PrivateDirectory private_directory;
};

inline constexpr uint32_t kMaxInstructions = 4096;  // of a filter: BPF_MAXINSNS

// Checks magic, version, size, that every span lies inside and that filters are whole instructions (<= 4096).
// Null when sound, else a constant message ("plan: version 2, this launcher knows 1").
const char* ValidatePlan(const void* bytes, size_t size);

}  // namespace glovebox::child

#endif  // GLOVEBOX_CHILD_PLAN_H_
