// Files: what the policies of an action say to a call on them (policy/file_rules.h).
#ifndef GLOVEBOX_TRACE_FILE_RULER_H_
#define GLOVEBOX_TRACE_FILE_RULER_H_

#include <memory>
#include <vector>

#include "policy/policy.h"
#include "trace/file_check.h"
#include "trace/rulers.h"

namespace glovebox::trace {

// Null where no policy of the chain says anything about files.
//
// Mode report: the call goes on, and its record names the rule. Mode enforce: what the rules refuse is
// refused here, so that the record has its rule beside the tool's own message. That is a courtesy, not the
// wall: another thread can change a name after this look, and what then goes on meets the action's Landlock
// ruleset in the kernel. What no ruleset can say (hidden and append-only paths, changes of attributes) has no
// second wall: there only a call that the supervisor makes itself (Ruling::Kind::kMade) is held against such
// a race. MakingRuler does so, and
// asks this one once more (Check) about the object that it holds.
//
// A call that would fail by itself, since there is no such file or its mode forbids it, is left to the
// kernel, and no rule is against it: programs look along PATH, and tell "not there" from "not allowed".
std::unique_ptr<CheckingRuler> MakeFileRuler(const std::vector<const policy::Policy*>& chain,
                                             const RulerContext& context);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_FILE_RULER_H_
