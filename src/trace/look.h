// What a decoded call would find: its paths as the kernel walks them, and what it meets there, seen with the
// caller's own permissions.
#ifndef GLOVEBOX_TRACE_LOOK_H_
#define GLOVEBOX_TRACE_LOOK_H_

#include <sys/types.h>

#include <cstddef>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "access/record.h"
#include "base/op.h"
#include "trace/intent.h"
#include "trace/permissions.h"
#include "trace/predict.h"
#include "trace/resolver.h"

namespace glovebox::trace {

// Not thread-safe: one a supervisor.
class Look {
 public:
  explicit Look(Resolver* resolver);

  // What one call finds.
  struct Sight {
    Resolved found[2];
    size_t count = 0;  // of `found` that the call has
    Prediction prediction;
    bool unresolved = false;    // it is not known which file a path means
    bool through_proc = false;  // it depends on who asks
    const Resolved* first() const { return count > 0 ? &found[0] : nullptr; }
    const Resolved* second() const { return count > 1 ? &found[1] : nullptr; }
  };
  // Resolves and predicts, and forgets the names that the call is about to change. The reference holds until
  // the next call.
  const Sight& At(const Intent& intent, pid_t tid, pid_t tgid);

  // One path of several addresses (sendmmsg), after At().
  Prediction AtAddress(const Intent& intent, const PathRef& path, pid_t tid, pid_t tgid, Resolved* found);

  // Has another program or other credentials now: whether these are ours is looked at anew.
  void NoteCredentials(pid_t tid, pid_t tgid);
  // Its credentials were not ours when they were last looked at.
  bool IsOther(pid_t tgid) const { return others_.contains(tgid); }
  void ForgetProcess(pid_t tgid) { resolver_->ForgetProcess(tgid); }

 private:
  CallerPermissions PermissionsOf(const Intent& intent, pid_t tid) const;
  Prediction PredictRun(const Intent& intent, const Resolved& program, pid_t tid, pid_t tgid,
                        const CallerPermissions& permissions);
  void Forget(Op op);

  Resolver* resolver_;
  Credentials own_;
  Credentials own_real_;  // as access(2) takes them
  absl::flat_hash_set<pid_t> others_;
  Sight sight_;
};

// Puts what was found into a record: operation, paths, result. Decision and rule are set to what holds with
// no rule against it.
void PutSight(const Intent& intent, const Look::Sight& sight, access::Access* access);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_LOOK_H_
