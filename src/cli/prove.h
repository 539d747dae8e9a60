// `glovebox verify --prove`: that the repairs of findings are repairs.
#ifndef GLOVEBOX_CLI_PROVE_H_
#define GLOVEBOX_CLI_PROVE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "report/input.h"
#include "report/summary.h"

namespace glovebox::cli {

// Copies the sources, puts the repairs in (verify::PatchFor), configures and builds the copy with
// glovebox-ninja, as far as the findings' edges need, and judges it. Prints what has gone, what is still
// there and what has come. `ids` empty: all errors and warnings that have a repair to be written. True: all
// that was to go has gone, and nothing came. Nothing of the project or its build directory is changed.
// Errors: InvalidArgument for an id that no finding has, and where there is no repair to be written;
// FailedPrecondition where the copy cannot be configured or built.
absl::StatusOr<bool> Prove(const std::vector<std::string>& ids, const std::string& build_dir,
                           const report::Input& input, const report::Summary& summary);

}  // namespace glovebox::cli

#endif  // GLOVEBOX_CLI_PROVE_H_
