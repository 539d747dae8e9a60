// The policy: an immutable value. It says what the processes of one action may do and what is recorded of it.
// It comes from DefaultPolicy() and glovebox.toml; each rule knows where it was written.
#ifndef GLOVEBOX_POLICY_POLICY_H_
#define GLOVEBOX_POLICY_POLICY_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel/syscall_table.h"

namespace glovebox::policy {

enum class Mode { kObserve, kReport, kEnforce };

// The roles differ in what they may do without being asked: see DefaultPolicy().
enum class Role { kRun, kEdge, kCompile, kLink, kCustom, kTest, kConfigure };

// "enforce" of kEnforce.
const char* ModeName(Mode mode);

// Where a rule was written. `file` empty: built in. `line` 0: no file, and `file` says what ("command
// line").
struct Origin {
  std::string file;
  int line = 0;  // from 1
  int column = 0;
  bool operator==(const Origin&) const = default;
};

// "glovebox.toml:12:3", or "built in".
std::string OriginText(const Origin& origin);

enum class PathAccess : uint8_t {
  kRead,    // read, list, execute
  kWrite,   // kRead, and create, change, remove
  kAppend,  // add to it, and nothing else but reading it
  kHidden,  // as if it were not there
};

// One path of a policy. Read and write grant a file, or a directory with all below it. Append and hidden are
// patterns (path_match.h) and outrank what grants: the kernel knows no exception below a grant, so that the
// supervisor holds these.
struct PathRule {
  PathAccess access = PathAccess::kRead;
  std::string path;  // absolute, `.` and `..` gone, variables expanded
  Origin origin;
  bool operator==(const PathRule&) const = default;
};

enum class NetworkMode : uint8_t {
  kAny,       // not confined
  kNone,      // no socket but a pair of one's own
  kUnix,      // unix sockets
  kLoopback,  // unix sockets, 127.0.0.0/8 and ::1
  kNamed,     // unix sockets and `endpoints`
};

// Addresses that may be reached or taken: a network, or one address with all of its bits, and a range of
// ports.
struct Endpoint {
  bool connect = false;
  bool bind = false;
  bool ipv6 = false;
  std::array<uint8_t, 16> address{};  // network byte order; the first 4 for IPv4
  int prefix = 0;                     // bits of `address` that count
  uint16_t first_port = 0;            // 0 to 65535: any
  uint16_t last_port = 65535;
  std::string text;  // as it was written
  Origin origin;
  bool operator==(const Endpoint&) const = default;
};

struct Network {
  NetworkMode mode = NetworkMode::kAny;
  std::vector<Endpoint> endpoints;  // in any mode but kAny they are allowed beside it
  bool own_namespace = false;       // with loopback only, where the host allows user namespaces
  Origin origin;
  std::string section = {};  // where the file would allow this subject more, as Policy::files_section
  bool operator==(const Network&) const = default;
};

// Bounds of a whole action, all of its processes together. Absent: none.
struct Budget {
  std::optional<uint64_t> wall_ns;
  std::optional<uint64_t> memory_bytes;
  std::optional<uint64_t> processes;
  Origin wall_origin, memory_origin, processes_origin;
  bool operator==(const Budget&) const = default;
};

// Policy::files_section where options of `glovebox run` said it, which outrank each section.
inline constexpr char kCommandLineSection[] = "the command line";

struct Policy {
  Mode mode = Mode::kReport;
  // What the host cannot hold is left out and reported, also in enforce, where it is an error else.
  bool best_effort = false;
  bool confine_files = false;  // `paths` say all that may be touched; else only append and hidden count
  std::vector<PathRule> paths;
  // Where the file would grant this subject more: "[test]", "the [[rule]] at glovebox.toml:4"; empty: not
  // known.
  std::string files_section = {};
  Network network;
  Budget budget;
  bool strict_inputs = false;      // an edge sees no generated file on which it does not depend
  bool private_tmp = false;        // a TMPDIR of its own, removed at the end
  bool private_home = false;       // an empty HOME of its own
  bool hide_by_namespace = false;  // enforce: a mount namespace in which the hidden paths are covered
  kernel::Level level = kernel::Level::kOpen;
  bool restore_sigmask = false;
  bool kernel_only =
      false;  // rows 6-8 in the kernel although there is a listener: refusals are then not recorded
  bool append_only = false;
  bool restrict_kptr = false;
  bool deny_tsc = false;
  bool restrict_prlimit = false;
  bool ssb = false;           // keep speculative-store-bypass free: SPEC_ALLOW on every filter
  bool stop = false;          // row 19
  bool scope_signals = true;  // row 9
  bool scope_abstract_unix = false;
  int parent_death_signal = 0;
  // The instruction at which readlink() (x86-64) or readlinkat() (aarch64) goes on without a notification,
  // for a library that keeps the record itself (child/shim_ring.h). As seccomp sees it: the instruction
  // pointer of a system call stands behind the instruction that makes it. 0: nowhere. Closed where
  // restrict_kptr or kernel_only is on, and below the level that records readlink.
  uint64_t gate = 0;
  std::vector<uint32_t> denied_ioctls;  // row 6; DefaultDeniedIoctls() unless the policy says otherwise
  // Calls that are refused by name (denied_calls.h). Absent: DefaultDeniedCalls() in mode enforce, else none.
  std::optional<std::vector<std::string>> denied_calls;
  std::array<std::optional<uint64_t>, 14> limits;  // in the order of child::Limit
  std::vector<std::string> keep_capabilities;      // names, "cap_chown"
  std::vector<std::string> drop_capabilities;
  bool drop_all_capabilities = false;    // enforce: everything that is not kept
  std::vector<std::string> environment;  // rules as in ChildPlan::environment_rules

  bool operator==(const Policy&) const = default;
};

// What holds with no glovebox.toml at all.
Policy DefaultPolicy(Role role);

// kernel-facts' list: TIOCSTI, TIOCLINUX, ... and ListenerIoctls().
std::vector<uint32_t> DefaultDeniedIoctls();

// The SECCOMP_IOCTL_NOTIF_* family: what a supervisor asks of its listener.
std::vector<uint32_t> ListenerIoctls();

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_POLICY_H_
