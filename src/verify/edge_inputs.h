// What edges read and do not say: the family of missing inputs and missing order.
#ifndef GLOVEBOX_VERIFY_EDGE_INPUTS_H_
#define GLOVEBOX_VERIFY_EDGE_INPUTS_H_

#include <vector>

#include "verify/finding.h"
#include "verify/graph_case.h"

namespace glovebox::verify {

// missing-input, depfile-under-report, ordering-violation, latent-ordering, ordered-undeclared,
// observed-cycle, dead-output-read, undeclared-output of what another edge reads, depfile-over-report,
// redundant-input.
std::vector<Finding> EdgeInputFindings(GraphCase* at);

}  // namespace glovebox::verify

#endif  // GLOVEBOX_VERIFY_EDGE_INPUTS_H_
