// What a build says of each edge of its graph, as JUnit XML: for servers that show tests and know no SARIF.
#ifndef GLOVEBOX_REPORT_VERIFY_JUNIT_H_
#define GLOVEBOX_REPORT_VERIFY_JUNIT_H_

#include <string>

#include "report/input.h"
#include "report/summary.h"
#include "verify/baseline.h"

namespace glovebox::report {

// One case an edge, called by its first output. It fails where a new error is found in it, as the exit status
// does, and carries the findings as the report tells them; an edge of which not all is known is an error. Of
// warnings, and of what the baseline knows, system-out has a line. Findings that are of no edge (tests, the
// policy file's own) make a case for each action that they are of.
// `summary` is of `input`, with its findings and edges. `compared` is of the findings too; null: there is no
// baseline, and all is new.
std::string VerifyJUnitXml(const Input& input, const Summary& summary,
                           const verify::BaselineResult* compared);

}  // namespace glovebox::report

#endif  // GLOVEBOX_REPORT_VERIFY_JUNIT_H_
