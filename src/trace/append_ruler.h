// Append-only logs (policy::PathAccess::kAppend): a program can add to them, read them, and nothing else.
#ifndef GLOVEBOX_TRACE_APPEND_RULER_H_
#define GLOVEBOX_TRACE_APPEND_RULER_H_

#include <memory>
#include <vector>

#include "kernel/notify.h"
#include "policy/policy.h"
#include "trace/file_check.h"
#include "trace/file_maker.h"
#include "trace/log_files.h"
#include "trace/ruler.h"

namespace glovebox::trace {

// In mode enforce a log is never open for reading and writing at once, nor without O_APPEND, in any process
// of the action: so no shared mapping of it can be written to. docs/enforcement.md has the table of what is
// refused and what becomes of an open.
//
// As a Check() it decides about what the FileMaker holds; as a Rule() it holds what the command inherits
// (inherited_logs.h) at the action's first exec, refuses open_by_handle_at, and in mode report says what it
// would have against a call.
class AppendRuler final : public CheckingRuler {
 public:
  // `maker` is shared with who makes the calls by path, and must outlive this, as `listener`.
  AppendRuler(const std::vector<const policy::Policy*>& chain, kernel::NotifyListener* listener,
              FileMaker* maker);
  Ruling Rule(const RulerCall& call) override;
  Ruling Check(const RulerCall& call, FileTarget* target) override;
  void Created(const FileTarget& target, const struct stat& is) override;

 private:
  Ruling RuleFirstExec(const RulerCall& call);
  Ruling Report(const RulerCall& call);
  const LogPattern* Against(const RulerCall& call, FileTarget* target);
  const LogPattern* AgainstOpen(FileTarget* target, const LogPattern& log) const;

  LogFiles logs_;
  kernel::NotifyListener* listener_;
  FileMaker* maker_;
  bool enforce_ = false;
  bool begun_ = false;  // the command: what it inherits is held
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_APPEND_RULER_H_
