// The policy of `glovebox run`: the file's, and what the command line says on top.
#ifndef GLOVEBOX_CLI_RUN_POLICY_H_
#define GLOVEBOX_CLI_RUN_POLICY_H_

#include <string>

#include "absl/status/statusor.h"
#include "cli/run_options.h"
#include "policy/policy.h"
#include "policy/policy_set.h"

namespace glovebox::cli {

// What --mode, --best-effort and --level say; --level's word is one of those that it takes.
policy::Overrides OverridesOf(const RunOptions& o);

// Whose policy a run's is. Words of a launcher are as they came (FromPlainWord()).
policy::Subject SubjectOf(const RunOptions& o);

// The file is --policy, or $GLOVEBOX_POLICY; a launcher that names none has the build's own (project/).
// Without a file what is built in holds. InvalidArgument for a broken file, a limit or an address that is
// none, options that contradict each other, and a section that the action asks for and the file does not
// have.
absl::StatusOr<policy::Policy> PolicyFor(const RunOptions& o, const std::string& build_dir);

}  // namespace glovebox::cli

#endif  // GLOVEBOX_CLI_RUN_POLICY_H_
