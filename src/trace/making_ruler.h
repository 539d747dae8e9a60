// The last of an action's rulers: makes, in the supervisor, the calls that nobody has refused and that must
// not go on by themselves.
#ifndef GLOVEBOX_TRACE_MAKING_RULER_H_
#define GLOVEBOX_TRACE_MAKING_RULER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "policy/policy.h"
#include "trace/file_check.h"
#include "trace/file_maker.h"
#include "trace/ruler.h"

namespace glovebox::trace {

// Which file calls of an action the supervisor makes itself.
enum class Making : uint8_t {
  kNothing,     // CONTINUE will do: what is granted, Landlock holds, and it knows nothing below a grant
  kAttributes,  // changes of mode, owner, times and attributes: Landlock looks at none of them
  kWrites,      // all but opens that can only read
  kAll,
};

// Why: the kernel reads a call that goes on once more, and by then another thread can have put another name
// there. Where the policies of `chain` deny something *below* what they grant, nothing but a call that is
// made here holds it. Append-only paths may be read, and whether open and openat write is told by a register,
// which nobody can change: so an open for reading goes on there. Hidden paths (unless a mount namespace
// covers them all) and strict_inputs deny reading too. Where files are confined at all, attributes are
// changed here. Calls on a descriptor alone that a policy has a word in are made here in any case but the
// first. Only mode enforce denies.
Making MakingOf(const std::vector<const policy::Policy*>& chain);

// `checks`: all that have a word in it. Nothing is owned; they and `maker` outlive this.
class MakingRuler final : public Ruler {
 public:
  MakingRuler(Making making, FileMaker* maker, std::vector<FileCheck*> checks)
      : making_(making), maker_(maker), checks_(std::move(checks)) {}
  Ruling Rule(const RulerCall& call) override;

 private:
  Making making_;
  FileMaker* maker_;
  std::vector<FileCheck*> checks_;
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_MAKING_RULER_H_
