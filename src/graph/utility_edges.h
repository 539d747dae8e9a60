// Edges that are no part of a build: what a person asks for by name, and what keeps the manifest up to date.
#ifndef GLOVEBOX_GRAPH_UTILITY_EDGES_H_
#define GLOVEBOX_GRAPH_UTILITY_EDGES_H_

#include "graph/ninja_graph.h"

namespace glovebox::graph {

// "sub/CMakeFiles/install/local.util": what CMake's Ninja generator writes for its own custom targets
// (`test`, `install`, `package`, `rebuild_cache` ...).
bool IsUtilityOutput(absl::string_view output);

// Makes the manifest: CMake's own edge, Meson's, a rule with `generator = 1` of another program.
bool MakesManifest(const NinjaEdge& edge);

// Both, and what Ninja's own tools and CMake's checks of globs stand behind.
bool IsUtility(const NinjaEdge& edge);

}  // namespace glovebox::graph

#endif  // GLOVEBOX_GRAPH_UTILITY_EDGES_H_
