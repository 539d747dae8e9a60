// One command, recorded: what `glovebox run` and `glovebox cmake` have in common, from the log's first record
// to its seal.
#ifndef GLOVEBOX_CLI_RECORDED_RUN_H_
#define GLOVEBOX_CLI_RECORDED_RUN_H_

#include <string>

#include "absl/status/statusor.h"
#include "access/record.h"
#include "cli/run_options.h"
#include "cli/stand_in.h"
#include "kernel/host.h"
#include "policy/policy.h"
#include "trace/runner.h"

namespace glovebox::cli {

struct RecordedRun {
  trace::RunOutcome outcome;
  std::string run_dir;  // where the log is: another place than was meant, where its commands took it away
  bool kept = false;    // there is something to report
};

// Runs `o.command` and waits for all of it; a null `say` is not told. What went wrong with the log is
// printed. Errors: there is no place for the log, or nothing could be supervised.
absl::StatusOr<RecordedRun> RunRecorded(const RunOptions& o, const std::string& build_dir,
                                        const policy::Policy& policy, const kernel::HostFeatures& host,
                                        const SayEnd& say);

// How this process ends: as the command did, unless the sandbox failed or the policy says otherwise.
access::ActionEnd JudgedEnd(const RunOptions& o, const trace::RunOutcome& outcome);

// Ends as the command did: with its status, or by its signal, without a core of our own.
int EndLike(const access::ActionEnd& end);

bool IsLaunchedTest(const RunOptions& o);
// A test's sandbox that fails must not look like a test that passes: SIGABRT is the one end that no property
// of CTest turns into one (docs/ctest.md).
access::ActionEnd Aborted();

std::string CurrentDirectory();

}  // namespace glovebox::cli

#endif  // GLOVEBOX_CLI_RECORDED_RUN_H_
