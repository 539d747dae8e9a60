// What the build says its own configure step reads: the inputs of the edge that makes the manifest. CMake
// lists each CMakeLists.txt, each included file and what configure_file() and CMAKE_CONFIGURE_DEPENDS name;
// Meson its meson.build files.
#ifndef GLOVEBOX_GRAPH_CONFIGURE_INPUTS_H_
#define GLOVEBOX_GRAPH_CONFIGURE_INPUTS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "graph/ninja_graph.h"

namespace glovebox::graph {

// Absolute and clean, sorted, once each; order-only inputs are not among them, since a change of theirs runs
// nothing. NotFound where no edge makes `manifest` (relative to the build directory): a file written by hand.
absl::StatusOr<std::vector<std::string>> ConfigureInputs(const NinjaGraph& graph,
                                                         const std::string& manifest = "build.ninja");
// The same, with one question to Ninja and no graph. Of a manifest of Ninja Multi-Config (build-Debug.ninja)
// too.
absl::StatusOr<std::vector<std::string>> LoadConfigureInputs(const NinjaCall& call);

}  // namespace glovebox::graph

#endif  // GLOVEBOX_GRAPH_CONFIGURE_INPUTS_H_
