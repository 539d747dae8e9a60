// What the policy file of a build says about findings.
#ifndef GLOVEBOX_CLI_TERMS_H_
#define GLOVEBOX_CLI_TERMS_H_

#include "report/input.h"
#include "report/summary.h"

namespace glovebox::cli {

// The summary of a run with its findings, graded and allowed by the build's policy file.
report::Summary Judged(const report::Input& input, report::Depth depth = report::Depth::kFiles);

}  // namespace glovebox::cli

#endif  // GLOVEBOX_CLI_TERMS_H_
