// What the rules of an action's policy say to a call that has been decoded and looked up: the seam between
// the supervisor, which receives, records and answers, and what holds a policy (files: file_ruler.h, network:
// network_ruler.h).
#ifndef GLOVEBOX_TRACE_RULER_H_
#define GLOVEBOX_TRACE_RULER_H_

#include <linux/seccomp.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "access/record.h"
#include "base/unique_fd.h"
#include "kernel/notify.h"
#include "policy/policy.h"
#include "trace/intent.h"
#include "trace/predict.h"
#include "trace/process_table.h"
#include "trace/resolver.h"

namespace glovebox::trace {

struct Ruling {
  enum class Kind {
    kNone,  // no word about it: the next ruler is asked, and in the end the call goes on
    kGoOn,  // the call goes on, whatever the next rulers say; `rule` may name what the policy has against it
    kRefuse,  // with `error`
    kMade,    // we have made it: `error`, or `value`, or the descriptor `fd` as its result
    // It will be answered by who has it now (a thread of a ruler that waits for a FIFO's other end): the
    // record is written now, as predicted.
    kTaken,
  };
  Kind kind = Kind::kNone;
  int error = 0;
  int64_t value = 0;
  UniqueFd fd;           // installed as the call's result
  bool cloexec = false;  // of `fd` in the caller
  // kGoOn: what the kernel itself will say by the action's ruleset (access::Decision::kKernelDenied).
  bool kernel_denies = false;
  std::string rule;    // access::Access::rule
  std::string target;  // whom a call on another process names: access::Access::path2
};

// What a ruler may look at. All of it ends with the call.
struct RulerCall {
  const seccomp_notif& call;
  const Process& process;
  const Intent& intent;
  const Resolved* first;  // of intent.paths[0] and [1], null where there is none
  const Resolved* second;
  const Prediction& prediction;
  bool unresolved;  // which file a path means could not be told
};

// One an action, in its supervisor's thread.
class Ruler {
 public:
  virtual ~Ruler() = default;
  virtual Ruling Rule(const RulerCall& call) = 0;
  // What is only known when the action's processes have gone: accesses that the policy has something against,
  // each with its rule. Asked once.
  virtual std::vector<access::Access> AtEnd() { return {}; }
};

using Rulers = std::vector<std::unique_ptr<Ruler>>;

// Asks one after the other: the first that does not say kNone decides. Where one lets it go on with a rule
// against it, a later one may still refuse it: a refusal outranks what goes on.
Ruling AskRulers(const Rulers& rulers, const RulerCall& call);

// What `ruling` makes of the record.
void PutRuling(const Ruling& ruling, access::Access* access);

// Answers the call `id`, but for one that is taken.
void AnswerAs(const Ruling& ruling, uint64_t id, kernel::NotifyListener* listener);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_RULER_H_
