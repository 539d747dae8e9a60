// What tests do to each other, and to what is not theirs.
#ifndef GLOVEBOX_VERIFY_CROSS_TESTS_H_
#define GLOVEBOX_VERIFY_CROSS_TESTS_H_

#include <vector>

#include "verify/actions.h"
#include "verify/finding.h"
#include "verify/input.h"

namespace glovebox::verify {

// Looks at the accesses of tests and of what runs inside of them, in the order of time. What the policy has
// something against is told by its own rule (policy_findings.h) and not here again.
std::vector<Finding> CrossTestFindings(const Input& input, const Actions& actions);

}  // namespace glovebox::verify

#endif  // GLOVEBOX_VERIFY_CROSS_TESTS_H_
