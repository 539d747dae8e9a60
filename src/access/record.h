// What was seen: the values that the supervisor writes, the log keeps and the judges read. Immutable once
// made.
#ifndef GLOVEBOX_ACCESS_RECORD_H_
#define GLOVEBOX_ACCESS_RECORD_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/op.h"

namespace glovebox::access {

// Number of an action, unique in its run (a run = one log directory). 0 is "no action".
using ActionId = uint64_t;

// Written to the log: append only, never renumber. Same values as child::Role (held by a static_assert in
// trace/).
enum class Role : uint8_t {
  kRun = 0,      // glovebox run -- CMD
  kEdge = 1,     // one Ninja edge, from its /bin/sh on
  kCompile = 2,  // RULE_LAUNCH_COMPILE
  kLink = 3,     // RULE_LAUNCH_LINK
  kCustom = 4,   // RULE_LAUNCH_CUSTOM
  kTest = 5,
  kConfigure = 6,
};

// What the access met.
enum class Result : uint8_t {
  kUnknown = 0,  // could not be told (the tracee died, its memory could not be read)
  kThere = 1,    // the object exists
  kAbsent = 2,   // ENOENT or ENOTDIR on the way
  kRefused = 3,  // a permission, or a rule of ours: `error` says which errno
  kCreated = 4,  // it was absent, and this call makes it
  kFailed = 5,   // any other error (EEXIST, EISDIR, ELOOP, ENAMETOOLONG ...)
};

// How it was seen.
enum class Sight : uint8_t {
  kPredicted = 0,  // a look before the kernel went on with the call
  kObserved = 1,   // the call's own outcome: made by us, or refused by us
};

// What the supervisor answered.
enum class Decision : uint8_t {
  kContinued = 0,     // the call goes on
  kDenied = 1,        // refused
  kEmulated = 2,      // made by the supervisor, its result handed in
  kKernelDenied = 3,  // goes on, and the action's Landlock ruleset refuses it: predicted by our evaluator
};

// One call by one thread. Strings are raw bytes.
struct Access {
  ActionId action = 0;
  uint64_t time_ns = 0;  // CLOCK_MONOTONIC when the notification was received
  int32_t pid = 0;       // thread group
  int32_t tid = 0;
  std::string exe;  // resolved path of the program, empty when it could not be read
  Op op = Op::kNone;
  std::string syscall;   // "openat"; "i386:openat" for a foreign ABI
  uint64_t flags = 0;    // open flags; the *at flags of the others; type for socket
  std::string path;      // as spelled; an address as "inet:127.0.0.1:80", "inet6:[::1]:80", "unix:/path",
                         // "unix:@abstract"
  std::string resolved;  // as the kernel finds it: absolute, no symlink left. Empty for addresses
  std::string path2;     // second path of rename, link; text of symlink
  std::string resolved2;
  Result result = Result::kUnknown;
  int32_t error = 0;  // errno where the result is not kThere or kCreated
  Sight sight = Sight::kPredicted;
  Decision decision = Decision::kContinued;
  // What the policy has against it: the rule's id, a colon, its place and words ("outside-write:
  // glovebox.toml:12:3 write"); empty: nothing. With kContinued it went on all the same (observe, report).
  std::string rule;

  bool operator==(const Access&) const = default;
};

// A process was seen for the first time, at the first of its calls that the supervisor was told of, and so
// before its first access. Of the first process of what is supervised there is none, nor of one whose parents
// had all died: who made it is not known.
struct ProcessBegin {
  ActionId action = 0;
  uint64_t time_ns = 0;
  int32_t pid = 0;
  int32_t parent = 0;   // or where the parent made no such call before it forked, the next ancestor that did
  std::string program;  // which the parent ran then, as Access::exe
  bool operator==(const ProcessBegin&) const = default;
};

// The start of an action: written before its first access.
struct ActionBegin {
  ActionId action = 0;
  ActionId parent = 0;  // the outer action when it was announced from inside one, else 0
  uint64_t time_ns = 0;
  Role role = Role::kRun;
  int32_t pid = 0;
  std::string cwd;
  std::string target;
  std::string target_type;
  std::string language;
  std::string depfile;
  std::vector<std::string> outputs;  // as the launcher was told them, relative to cwd
  std::vector<std::string> argv;
  uint8_t level = 0;   // kernel::Level
  std::string shape;   // how it was seen: "notify", "none"
  std::string test;    // the test's name, of kTest
  std::string policy;  // the section of the policy file that it asked for by name
  std::string mode;    // of its policy: "observe", "report", "enforce"; older logs: empty

  bool operator==(const ActionBegin&) const = default;
};

// Something that was not, or may not have been, seen: the action cannot be called complete.
struct Hole {
  ActionId action = 0;
  uint64_t time_ns = 0;
  int32_t pid = 0;
  std::string kind;  // "foreign-abi", "memory-unreadable", "path-unresolved", "listener-busy",
                     // "supervisor-lost", "unwrapped-edge" ...
  std::string detail;

  bool operator==(const Hole&) const = default;
};

// Before each skipped step, in ActionEnd::step (older logs: in ActionBegin::shape too). It makes no action
// incomplete.
inline constexpr char kSkippedMark[] = "; skipped ";
// What such a reason begins with that is no step of the set-up: a program of the action whose file would have
// given it more rights than its caller had, and that ran without them (no_new_privs). As a skipped step it is
// told by older readers too.
inline constexpr char kNoNewPrivileges[] = "no new privileges: ";

// How an action ended. Set-up errors stay distinct from the program's own end.
struct ActionEnd {
  enum class Kind : uint8_t { kUnknown = 0, kExited = 1, kSignaled = 2, kSandboxFailed = 3 };
  ActionId action = 0;
  uint64_t time_ns = 0;
  Kind kind = Kind::kUnknown;  // kUnknown: it ended, and nobody could tell us how
  int32_t status = 0;          // exit status, signal, or errno of the failed step
  std::string step;  // kSandboxFailed: the pipeline's step. Then, and for any other end, each step that this
                     // host could not do and that was skipped: kSkippedMark, its name, the reason. Behind
                     // them what begins with kNoNewPrivileges
  uint64_t cpu_ns = 0;  // user + system of its processes that were waited for, 0 when unknown
  // Of all its processes together where `measured` is not empty, else of the largest one; 0 when unknown.
  uint64_t peak_bytes = 0;
  std::vector<std::string> left_over;  // "pid exe" of what still ran when the first process had ended
  // The limit that ended it, with its value and what was measured ("wall clock 10 s", "total memory 512 MiB:
  // 540 MiB"); empty: none did.
  std::string limit;
  uint64_t peak_processes = 0;  // with their threads, at once, of the whole action; 0: not known
  // How memory and processes were: "cgroup v2", "cgroup v1", "sampled", "cgroup v1, memory sampled", ""
  // (not).
  std::string measured;

  bool operator==(const ActionEnd&) const = default;
};

// First record of a run's first segment: what this run is.
struct RunInfo {
  std::string tool;  // "glovebox-ninja 0.1.0"
  std::vector<std::string> command;
  std::string source_dir;  // absolute, empty when there is none
  std::string build_dir;
  std::string home;
  std::string tmp;
  std::string kernel;         // uname -r
  int64_t start_unix_ns = 0;  // CLOCK_REALTIME
  uint64_t start_ns = 0;      // CLOCK_MONOTONIC at the same moment
  std::string manifest;       // what Ninja read (-f), relative to build_dir; empty: no Ninja, or not known
  std::string host;           // uname -n; older logs: empty
  // What the builder was given, as EnvironmentOf() has it: names, and digests in the place of values. Older
  // logs and launchers alone: empty.
  std::vector<std::string> environment;

  bool operator==(const RunInfo&) const = default;
};

// Last record of a run that was ended in order. A run without it was cut off.
struct RunEnd {
  uint64_t time_ns = 0;
  int32_t exit_status = 0;
  uint32_t segments = 0;  // files the run has, the one with this record included: a removed one is missed.
                          // 0: not counted
  bool operator==(const RunEnd&) const = default;
};

using Record = std::variant<RunInfo, ActionBegin, Access, Hole, ActionEnd, RunEnd, ProcessBegin>;

// Where records go. Implementations say whether they may be called from several threads.
class RecordSink {
 public:
  virtual ~RecordSink() = default;
  // Takes the record before it returns: after a kill -9 of this process it can still be read. An error is
  // sticky: the caller marks the action incomplete and goes on (the build must not fail because a disk is
  // full).
  virtual bool Append(const Record& record) = 0;
};

}  // namespace glovebox::access

#endif  // GLOVEBOX_ACCESS_RECORD_H_
