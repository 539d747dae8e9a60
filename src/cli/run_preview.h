// What `glovebox run` would do, without a command: the rows of the pipeline, and their filters.
#ifndef GLOVEBOX_CLI_RUN_PREVIEW_H_
#define GLOVEBOX_CLI_RUN_PREVIEW_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "access/record.h"
#include "cli/run_options.h"
#include "kernel/host.h"
#include "policy/policy.h"

namespace glovebox::cli {

// `--export`: sets everything up as a run would, in a process that then ends, and writes each filter that was
// loaded to o.export_dir, as BPF and as PFC. Returns how the set-up ended; only "exited, 0" has written
// files.
absl::StatusOr<access::ActionEnd> Export(const RunOptions& o, const policy::Policy& policy,
                                         const kernel::HostFeatures& host);

// `--explain`: prints each row, whether it is on, and what it would do. Nothing is set up.
absl::Status ExplainSteps(const RunOptions& o, const policy::Policy& policy,
                          const kernel::HostFeatures& host);

}  // namespace glovebox::cli

#endif  // GLOVEBOX_CLI_RUN_PREVIEW_H_
