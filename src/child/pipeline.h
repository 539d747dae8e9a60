// The child-setup pipeline: what happens between a process of ours and the program that it becomes.
//
//   ChildContext context;                      // vectors, descriptors: prepared before
//   if (fork() == 0) RunPipeline(*plan, context);
//
// The order of the rows is a contract (docs/child-setup.md).
#ifndef GLOVEBOX_CHILD_PIPELINE_H_
#define GLOVEBOX_CHILD_PIPELINE_H_

#include <cstddef>
#include <cstdint>

#include "child/context.h"
#include "child/plan.h"
#include "child/steps.h"

namespace glovebox::child {

// How a row ended; `code` kNone is success.
struct StepResult {
  StepCode code = StepCode::kNone;
  int error = 0;
  uint32_t detail = 0;
};

struct Step {
  uint32_t row;
  const char* name;  // "parent-death signal"
  const char* when;  // the guard in words, for --explain
  StepCode code;     // the code of its failure, the first one of several; kNone: it cannot fail
  bool (*guard)(const ChildPlan& plan, const ChildContext& context);
  StepResult (*action)(const ChildPlan& plan, ChildContext& context);
};

struct StepList {
  const Step* steps;
  size_t size;
  const Step* begin() const { return steps; }
  const Step* end() const { return steps + size; }
};

// Rows 0 to 24 in order. `guard(plan, context)` says whether a row is switched on: what --explain prints.
StepList StepTable();

// Enters namespaces where the plan says so, runs the rows and ends in exec. What fails writes its
// message to stderr and a StepFailure to the status descriptor or the connection, and exits with the errno
// (ENOSYS where it is 0). ValidatePlan() must have accepted the plan, and its spans must lie behind it.
// Async-signal-safe: may run between fork and exec of a threaded program. An answer other than kListenerTaken
// in row 20 is a bug of ours and ends in SIGABRT.
[[noreturn]] void RunPipeline(const ChildPlan& plan, ChildContext& context);

}  // namespace glovebox::child

#endif  // GLOVEBOX_CHILD_PIPELINE_H_
