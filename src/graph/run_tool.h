// Runs a program to its end and takes what it says. No shell in between.
#ifndef GLOVEBOX_GRAPH_RUN_TOOL_H_
#define GLOVEBOX_GRAPH_RUN_TOOL_H_

#include <sys/types.h>

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
// without LD_PRELOAD. What it says goes into memory files: a pipe would have the two of us take turns.
// Errors: NotFound and the like when it could not be started, in `directory` or at all. Thread-safe.
// `running` holds its number while it runs, else 0: for a signal handler that passes on what it gets.
absl::StatusOr<ToolOutput> RunTool(const std::vector<std::string>& argv, const std::string& directory,
                                   volatile pid_t* running = nullptr);

}  // namespace glovebox::graph

#endif  // GLOVEBOX_GRAPH_RUN_TOOL_H_
