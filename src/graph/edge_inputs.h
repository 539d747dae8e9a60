// What an edge may see of what its build makes: only what Ninja brings up to date before it.
#ifndef GLOVEBOX_GRAPH_EDGE_INPUTS_H_
#define GLOVEBOX_GRAPH_EDGE_INPUTS_H_

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "graph/ninja_graph.h"

namespace glovebox::graph {

enum class InputKind {
  kNotMade,   // no edge makes it
  kOwn,       // the edge's own output
  kBefore,    // made by an edge that Ninja runs before this one, whichever way it is declared
  kUnordered  // made by an edge that may run before, beside or after this one
};

// Thread-safe. Answers for one edge are computed once, in time linear in the part of the graph before it.
class EdgeInputs {
 public:
  explicit EdgeInputs(std::shared_ptr<const NinjaGraph> graph);
  // `path`: absolute, or relative to the build directory.
  InputKind Kind(const NinjaEdge& edge, absl::string_view path) const;
  // The edge itself names this file among its inputs (order-only too), or a phony name of them does.
  bool Declares(const NinjaEdge& edge, absl::string_view path) const;
  const NinjaGraph& graph() const { return *graph_; }

 private:
  struct Before {
    std::vector<bool> edges;                       // by number: runs before
    absl::flat_hash_map<std::string, bool> names;  // of the edge's own inputs, phony ones unfolded
  };
  const Before& BeforeOf(size_t edge) const;
  std::unique_ptr<Before> Compute(size_t edge) const;

  std::shared_ptr<const NinjaGraph> graph_;
  mutable std::mutex mutex_;
  mutable absl::flat_hash_map<size_t, std::unique_ptr<Before>> before_;  // guarded by mutex_
};

}  // namespace glovebox::graph

#endif  // GLOVEBOX_GRAPH_EDGE_INPUTS_H_
