// Questions whose answer was recorded a moment ago. A compiler makes the true name of each header that it
// opens by asking readlink() of every directory on the way, again and again: 140,000 of the 258,000
// notifications of a build of c-ares at level full are such repetitions.
#ifndef GLOVEBOX_TRACE_RECENT_LINKS_H_
#define GLOVEBOX_TRACE_RECENT_LINKS_H_

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "access/record.h"
#include "trace/intent.h"
#include "trace/process_table.h"

namespace glovebox::trace {

// Makes, removes or moves a name, gives the caller another view of all of them, or shuts the way to one.
bool MayChangeNames(Op op);

// A readlink() of an absolute path that was there is on record already, by the same program in the same
// process and for the same action, less than kMaxAgeNs ago, and no change of names or of permissions has been
// seen since: it
// needs no record of its own, since the set of what the action touched stays the same. What was absent is
// asked and recorded each time: somebody may be making it. The age counts from the record and no repetition
// extends it. Links of procfs are questions about the caller's state, which changes without a call that is
// seen: they are asked each time. Permissions can also
// change unseen (fchmod and setuid are not notified, nor what happens outside the action): a repetition that
// is refused for that reason leaves no record of the refusal for kMaxAgeNs. A call that changes names is seen
// before the kernel performs it: what is asked within kSettleNs after it is not remembered.
//
// Not thread-safe: one a supervisor. Never fails; keeps at most kMaxProcesses * kMaxPaths paths.
//
//   if (recent.Repeats(process, intent, now)) return Continue();
//   ...                                                  // look, record
//   recent.Note(process, intent, access, now);
class RecentLinks {
 public:
  static constexpr uint64_t kMaxAgeNs = 100'000'000;
  static constexpr uint64_t kSettleNs = 50'000'000;
  static constexpr size_t kMaxProcesses = 256;
  static constexpr size_t kMaxPaths = 256;

  // Asked for the leader of a process alone.
  bool Repeats(const Process& process, const Intent& intent, uint64_t now_ns) const;
  // The same of a readlink() of this absolute path.
  bool Repeats(const Process& process, absl::string_view path, uint64_t now_ns) const;

  // The number means a new process now (Process::fresh).
  void Forget(pid_t tgid) { programs_.erase(tgid); }

  // To be told of every call that is recorded: one that changes names or
  // permissions forgets everything. `of_the_task`: the
  // answer is the asking task's own (Resolved::through_proc, or a thread, which may have another root).
  void Note(const Process& process, const Intent& intent, const access::Access& access, bool of_the_task,
            uint64_t now_ns);

 private:
  struct Program {
    uint32_t exe_number = 0;
    access::ActionId action = 0;
    absl::flat_hash_map<std::string, uint64_t> recorded_ns;  // path as spelled -> when
  };

  absl::flat_hash_map<pid_t, Program> programs_;
  uint64_t settled_ns_ = 0;  // before that nothing is remembered
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_RECENT_LINKS_H_
