// What a policy says to a call on files: a pure answer by names that have been resolved, from which the
// supervisor refuses, and by which a report tells what Landlock refused or would refuse.
//
// Who holds what is in docs/policy.md ("Files"). This evaluator and the kernel agree where names and objects
// do: a test has both judge the same calls. They part where an object has a second name (a hard link, a bind
// mount): the kernel goes by the object, these rules by the name that was used.
#ifndef GLOVEBOX_POLICY_FILE_RULES_H_
#define GLOVEBOX_POLICY_FILE_RULES_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "base/op.h"
#include "policy/path_match.h"
#include "policy/policy.h"

namespace glovebox::policy {

// A path of a policy that the kernel can grant, as it lies on this host: FindGrants() in landlock_rules.h.
struct Grant {
  PathAccess access = PathAccess::kRead;  // kAppend: to read; the adding is the supervisor's affair
  std::string asked;                      // as the policy has it
  std::string path;                       // where that leads: no symlink is left in it
  Origin origin;
  int error = 0;  // 0: it is there. Else why not (ENOENT ...): then `path` is where it would be
  uint64_t dev = 0, ino = 0;
  bool operator==(const Grant&) const = default;
};

// What a call may do to a name.
enum FileRight : uint32_t {
  kReadFile = 1u << 0,
  kListDirectory = 1u << 1,
  kExecuteFile = 1u << 2,
  kWriteFile = 1u << 3,   // not at its end alone
  kAppendFile = 1u << 4,  // O_APPEND
  kTruncateFile = 1u << 5,
  kCreateName = 1u << 6,  // in the directory of the name; so are the next two
  kRemoveName = 1u << 7,
  kMoveName = 1u << 8,          // from or to another directory: rename and link
  kChangeAttributes = 1u << 9,  // mode, owner, times, extended attributes: nothing that Landlock knows
  kAliasFile = 1u << 10,        // a second name for it: only an append-only file minds
  kLook = 1u << 11,             // stat, access, readlink, chdir ...: only a hidden file minds
  kReachSocket = 1u << 12,  // connect or send to the unix socket of that name: nothing that Landlock knows
};

struct FileNeed {
  absl::string_view path;
  uint32_t rights = 0;
};

// A resolved name: trace::Resolved, as far as rules ask.
struct FileObject {
  absl::string_view path;  // absolute, no symlink left. Anything else is no name ("pipe:[4711]")
  bool there = false;
  mode_t mode = 0;  // of what is there
};

struct FileCall {
  Op op = Op::kNone;
  absl::string_view syscall;  // "openat"
  uint64_t flags = 0;         // as Intent has them
  bool creates = false;
  const FileObject* first = nullptr;
  const FileObject* second = nullptr;
};

// What a call that finds what it names needs. Views into `call`.
absl::InlinedVector<FileNeed, 2> NeedsOf(const FileCall& call);

struct FileVerdict {
  bool allowed = true;
  // What to answer where it is not: EACCES, as Landlock; EXDEV where only the other directory is the reason
  // (as Landlock too: cp and mv copy then); ENOENT of what is hidden; EPERM of an append-only file or a
  // mount.
  int error = 0;
  // access::Access::rule: an id, a colon, where it stands and its words.
  //   "outside-write: glovebox.toml:12:3 read /usr"     what is granted there, and is not enough
  //   "outside-read: no path of the policy"
  //   "outside-read: no path of the policy for [test]"  where the policy came of a file: its section
  //   "outside-write: glovebox.toml:12:3 write /b/out, which was not there when the action began"
  //   "outside-exec: ...", "hidden: glovebox.toml:4:1 hidden /home/*/.ssh", "log-tamper: ...",
  //   "mount: a confined action changes no mounts"
  std::string rule;
  // What the action's Landlock ruleset says to it. False with `allowed`: only the supervisor can make it (an
  // append-only file that no write path covers).
  bool kernel_allows = true;
};

// Immutable.
class FileRules {
 public:
  // `grants` as FindGrants() found them. In mode enforce what was not there is granted to nobody, since the
  // kernel has no rule for it; in the other modes the name counts.
  static absl::StatusOr<FileRules> Make(const Policy& policy, std::vector<Grant> grants);

  FileVerdict Judge(const FileCall& call) const;
  // Neither confines nor hides anything.
  bool empty() const { return !confined_ && patterns_.empty(); }

 private:
  struct Pattern {
    PathAccess access;  // kAppend or kHidden
    PathPattern pattern;
    std::string literal_part;
    PathRule rule;
  };
  const Pattern* PatternOn(const FileNeed& need, PathAccess access) const;
  const Pattern* MovedBy(const FileNeed& need) const;
  uint32_t Granted(absl::string_view path, bool by_kernel) const;
  uint32_t Lacking(const FileNeed& need, bool by_kernel) const;
  std::string Outside(const FileNeed& need, uint32_t lacking) const;
  bool JudgePatterns(const FileCall& call, absl::Span<const FileNeed> needs, FileVerdict* verdict) const;

  std::string for_section_;  // " for [test]"
  bool confined_ = false;
  bool held_ = false;  // enforce: only what was there counts
  std::vector<Grant> grants_;
  std::vector<Pattern> patterns_;
};

// Of a whole chain of policies, the innermost first: what one of them refuses is refused.
FileVerdict JudgeFiles(absl::Span<const FileRules* const> chain, const FileCall& call);

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_FILE_RULES_H_
