// What the build graph says of each edge's inputs, for the supervisor (trace/input_oracle.h).
#ifndef GLOVEBOX_NINJA_WRAPPER_EDGE_ORACLE_H_
#define GLOVEBOX_NINJA_WRAPPER_EDGE_ORACLE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "graph/edge_inputs.h"
#include "graph/ninja_graph.h"
#include "trace/input_oracle.h"

namespace glovebox::ninja {

// Thread-safe. An action is known by its command (an edge's shell) or by its first output (what CMake's
// module wraps). Not strict: CMake's own re-run and its utilities (`test`, `install`), which look at whatever
// there is.
class EdgeOracle final : public trace::InputOracle {
 public:
  // `source_dir` empty: only the build directory is looked at. Both absolute and without symlinks.
  EdgeOracle(std::shared_ptr<const graph::NinjaGraph> graph, std::string source_dir);
  std::unique_ptr<trace::ActionInputs> InputsOf(const access::ActionBegin& action) override;
  // The edge of an action; null: none, or one that is not strict.
  const graph::NinjaEdge* EdgeOf(const access::ActionBegin& action) const;

 private:
  graph::EdgeInputs inputs_;
  std::string source_dir_;
};

}  // namespace glovebox::ninja

#endif  // GLOVEBOX_NINJA_WRAPPER_EDGE_ORACLE_H_
