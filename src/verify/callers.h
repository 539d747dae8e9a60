// Who started the program that a finding's evidence shows: from process to process, up to the action's first.
#ifndef GLOVEBOX_VERIFY_CALLERS_H_
#define GLOVEBOX_VERIFY_CALLERS_H_

#include <vector>

#include "verify/finding.h"
#include "verify/input.h"

namespace glovebox::verify {

// Fills in Evidence::callers of those that a call shows. Logs of before version 5 do not tell.
void TellCallers(const Input& input, std::vector<Finding>* findings);

}  // namespace glovebox::verify

#endif  // GLOVEBOX_VERIFY_CALLERS_H_
