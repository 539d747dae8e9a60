// What the policy itself says to a decoded call, before anything is looked up: refuse it, record it, or let
// it go on as if it had not been notified.
#ifndef GLOVEBOX_TRACE_JUDGE_H_
#define GLOVEBOX_TRACE_JUDGE_H_

#include <linux/seccomp.h>

#include "absl/strings/string_view.h"
#include "policy/policy.h"
#include "trace/intent.h"

namespace glovebox::trace {

// Puts the policy's own refusals into *intent (op, refuse, text); false for a call that needs no record at
// all and goes on. Pure.
bool Judge(const policy::Policy& policy, const seccomp_notif& call, Intent* intent);

// The kind of the hole that Intent::hole tells of.
const char* HoleKind(const Intent& intent);

// It is this operation on this one path, as spelled: the words that a supervisor and its own programs have
// agreed on.
bool Names(const Intent& intent, Op op, absl::string_view path);

// What the call names does not depend on where its caller stands.
bool IsAbsolute(const Intent& intent);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_JUDGE_H_
