// What edges make, change and take away: the family of outputs.
#ifndef GLOVEBOX_VERIFY_EDGE_OUTPUTS_H_
#define GLOVEBOX_VERIFY_EDGE_OUTPUTS_H_

#include <vector>

#include "verify/finding.h"
#include "verify/graph_case.h"

namespace glovebox::verify {

// missing-output, undeclared-output of what nobody reads, double-write, temp-collision, source-mutation,
// write-after-read, foreign-removal, outside-write, shadowing-write, enumeration.
std::vector<Finding> EdgeOutputFindings(GraphCase* at);

}  // namespace glovebox::verify

#endif  // GLOVEBOX_VERIFY_EDGE_OUTPUTS_H_
