// What a row of the pipeline does under the plan in force.
#ifndef GLOVEBOX_CHILD_DESCRIBE_H_
#define GLOVEBOX_CHILD_DESCRIBE_H_

#include "child/pipeline.h"

namespace glovebox::child {

// A constant line for `run --explain`: of a row that depends on the plan what it does (or who does it in its
// place, where it is off), of the others their guard in words. Pure; `plan` must have been validated.
//
//   for (const Step& step : StepTable()) puts(Describe(step, plan, context));
const char* Describe(const Step& step, const ChildPlan& plan, const ChildContext& context);

}  // namespace glovebox::child

#endif  // GLOVEBOX_CHILD_DESCRIBE_H_
