// What a build's state says of it: never up to date, inputs of the configure step, sources of chance, holes.
#ifndef GLOVEBOX_VERIFY_EDGE_STATES_H_
#define GLOVEBOX_VERIFY_EDGE_STATES_H_

#include <vector>

#include "verify/edge_verdict.h"
#include "verify/finding.h"
#include "verify/graph_case.h"

namespace glovebox::verify {

// perpetual-dirty, generator-escape, outside-read, nondeterminism-source, trace-incomplete. `before`: what
// the other families found, so that one fault is told once.
std::vector<Finding> EdgeStateFindings(GraphCase* at, const std::vector<Finding>& before);

// One for each edge of the build, in the graph's order: what `all` (or what was asked for) needs, without
// utilities. `findings` as they stand after grading.
std::vector<EdgeVerdict> EdgeVerdicts(GraphCase* at, const std::vector<Finding>& findings);

}  // namespace glovebox::verify

#endif  // GLOVEBOX_VERIFY_EDGE_STATES_H_
