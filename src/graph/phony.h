// What the names stand for that Ninja makes nothing for: `chk`, `test`, `all`.
#ifndef GLOVEBOX_GRAPH_PHONY_H_
#define GLOVEBOX_GRAPH_PHONY_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "graph/ninja_graph.h"

namespace glovebox::graph {

// The names that are not phony behind the phony `name`, through as many phony names as there are, each once:
// CMake's `chk` is `CMakeFiles/chk`, which an edge makes. Order-only inputs are not among them. Empty: `name`
// is not phony. Errors as LoadNinjaGraph's.
absl::StatusOr<std::vector<std::string>> BehindPhony(const NinjaCall& call, const std::string& name);

}  // namespace glovebox::graph

#endif  // GLOVEBOX_GRAPH_PHONY_H_
