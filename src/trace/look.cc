#include "trace/look.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "trace/interpreter.h"

namespace glovebox::trace {

Look::Look(Resolver* resolver) : resolver_(resolver) {
  ReadCredentials(0, false, &own_);
  ReadCredentials(0, true, &own_real_);
}

CallerPermissions Look::PermissionsOf(const Intent& intent, pid_t tid) const {
  // access(2) asks with the real ids; faccessat2 can ask with the others.
  const bool real = intent.op == Op::kAccess && (intent.flags & AT_EACCESS) == 0;
  return {tid, real, real ? own_real_ : own_};
}

// A program that runs with other credentials than ours gets them before its exec, mostly: then each way is
// looked at as well, which would cost too much for every call of everybody.
void Look::NoteCredentials(pid_t tid, pid_t tgid) {
  if (CallerPermissions(tid, false, own_).IsOwn()) {
    others_.erase(tgid);
  } else {
    others_.insert(tgid);
  }
}

const Look::Sight& Look::At(const Intent& intent, pid_t tid, pid_t tgid) {
  sight_.unresolved = sight_.through_proc = false;
  sight_.count = std::min<size_t>(intent.paths.size(), 2);
  for (size_t i = 0; i < sight_.count; ++i) {
    Resolved& found = sight_.found[i];
    found = resolver_->Resolve(tid, tgid, intent.paths[i]);
    sight_.unresolved =
        sight_.unresolved || (found.error == ESRCH && intent.refuse == 0 && intent.invalid == 0);
    sight_.through_proc = sight_.through_proc || found.through_proc;
  }
  const CallerPermissions permissions = PermissionsOf(intent, tid);
  if (others_.contains(tgid)) {
    for (size_t i = 0; i < sight_.count; ++i) permissions.JudgeWay(intent.paths[i].spelled, &sight_.found[i]);
  }
  sight_.prediction = Predict(intent, sight_.first(), sight_.second(), permissions);
  if (intent.op == Op::kExec && sight_.prediction.result == access::Result::kThere)
    sight_.prediction = PredictRun(intent, sight_.found[0], tid, tgid, permissions);
  if (intent.refuse == 0 && ChangesNames(intent, sight_.first(), sight_.second())) Forget(intent.op);
  return sight_;
}

Prediction Look::AtAddress(const Intent& intent, const PathRef& path, pid_t tid, pid_t tgid,
                           Resolved* found) {
  const CallerPermissions permissions = PermissionsOf(intent, tid);
  *found = resolver_->Resolve(tid, tgid, path);
  if (others_.contains(tgid)) permissions.JudgeWay(path.spelled, found);
  return Predict(intent, found, nullptr, permissions);
}

// What an exec meets behind the file that it names. An interpreter is no access of the call's own.
Prediction Look::PredictRun(const Intent& intent, const Resolved& program, pid_t tid, pid_t tgid,
                            const CallerPermissions& permissions) {
  constexpr uint64_t kCheckOnly = 0x10000;  // AT_EXECVE_CHECK (6.14): nothing is run
  if ((intent.flags & kCheckOnly) != 0) return Outcome(0);
  const auto find = [&](const std::string& spelled) {
    PathRef path;
    path.spelled = spelled;
    Resolved found = resolver_->Resolve(tid, tgid, path);
    if (others_.contains(tgid)) permissions.JudgeWay(spelled, &found);
    return found;
  };
  return Outcome(CheckInterpreters(intent.paths[0].spelled, program, permissions, find));
}

void Look::Forget(Op op) {
  // kMount: setns and unshare as well.
  const bool views = op == Op::kMount || op == Op::kUmount || op == Op::kChroot;
  views ? resolver_->Forget() : resolver_->ForgetNames();
}

void PutSight(const Intent& intent, const Look::Sight& sight, access::Access* access) {
  access->op = intent.op;
  access->syscall = intent.syscall;
  access->flags = intent.flags;
  for (std::string* text : {&access->path, &access->resolved, &access->path2, &access->resolved2})
    text->clear();
  access->sight = access::Sight::kPredicted;
  access->decision = access::Decision::kContinued;
  access->rule = intent.rule;
  access->result = sight.prediction.result;
  access->error = sight.prediction.error;
  if (const Resolved* first = sight.first(); first != nullptr) {
    access->path = intent.paths[0].spelled;
    access->resolved = first->path;
  }
  if (const Resolved* second = sight.second(); second != nullptr) {
    access->path2 = intent.paths[1].spelled;
    access->resolved2 = second->path;
  } else if (!intent.text.empty()) {
    access->path2 = intent.text;
  }
  if (intent.refuse != 0) {
    access->result = access::Result::kRefused;
    access->error = intent.refuse;
    access->sight = access::Sight::kObserved;
    access->decision = access::Decision::kDenied;
  }
}

}  // namespace glovebox::trace
