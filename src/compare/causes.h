// Where differences begin, and what they come from.
#ifndef GLOVEBOX_COMPARE_CAUSES_H_
#define GLOVEBOX_COMPARE_CAUSES_H_

#include <vector>

#include "compare/compare.h"

namespace glovebox::compare {

// Fills Node::from and Node::begins of nodes whose outputs and inputs are known, and gathers them by their
// source. A node begins what its differing inputs do not have already: an object with debug information that
// includes a header with a time in it begins the path, and not the time.
std::vector<Cause> FindCauses(std::vector<Node>* nodes);

}  // namespace glovebox::compare

#endif  // GLOVEBOX_COMPARE_CAUSES_H_
