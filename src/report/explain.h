// "Who touched this file?" and "what did this edge touch?"
#ifndef GLOVEBOX_REPORT_EXPLAIN_H_
#define GLOVEBOX_REPORT_EXPLAIN_H_

#include <string>

#include "absl/status/statusor.h"
#include "report/format.h"
#include "report/input.h"

namespace glovebox::report {

// `what` is an action ("#12", an output, a target) or a path: relative to `cwd` or to the build directory, as
// spelled or as resolved, raw or escaped as a report prints it. Where it is both, an action's output is
// explained as both. NotFound names what comes near.
absl::StatusOr<std::string> Explain(const Input& input, const std::string& what, const std::string& cwd,
                                    const Style& style);

}  // namespace glovebox::report

#endif  // GLOVEBOX_REPORT_EXPLAIN_H_
