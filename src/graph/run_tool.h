// Runs a program to its end and takes what it says. No shell in between.
#ifndef GLOVEBOX_GRAPH_RUN_TOOL_H_
#define GLOVEBOX_GRAPH_RUN_TOOL_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace glovebox::graph {

struct ToolOutput {
  int exit_status = 0;  // 128 + signal for a death by signal, as a shell says it
  std::string out;
  std::string err;
};

// argv[0] is looked up on PATH where it has no slash. Standard input is /dev/null, the environment is ours
// without LD_PRELOAD. Both streams are drained together, so that neither can block the program. Errors:
// NotFound and the like when it could not be started, in `directory` or at all. Thread-safe.
absl::StatusOr<ToolOutput> RunTool(const std::vector<std::string>& argv, const std::string& directory);

}  // namespace glovebox::graph

#endif  // GLOVEBOX_GRAPH_RUN_TOOL_H_
