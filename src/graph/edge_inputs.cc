#include "graph/edge_inputs.h"

#include <utility>

#include "absl/container/flat_hash_set.h"

namespace glovebox::graph {

EdgeInputs::EdgeInputs(std::shared_ptr<const NinjaGraph> graph) : graph_(std::move(graph)) {}

InputKind EdgeInputs::Kind(const NinjaEdge& edge, absl::string_view path) const {
  const NinjaEdge* maker = graph_->ByOutput(path);
  if (maker == nullptr) return InputKind::kNotMade;
  if (maker == &edge) return InputKind::kOwn;
  return BeforeOf(graph_->NumberOf(edge)).edges[graph_->NumberOf(*maker)] ? InputKind::kBefore
                                                                          : InputKind::kUnordered;
}

bool EdgeInputs::Declares(const NinjaEdge& edge, absl::string_view path) const {
  return BeforeOf(graph_->NumberOf(edge)).names.contains(graph_->Normal(path));
}

const EdgeInputs::Before& EdgeInputs::BeforeOf(size_t edge) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::unique_ptr<Before>& before = before_[edge];
  if (before == nullptr) before = Compute(edge);
  return *before;
}

std::unique_ptr<EdgeInputs::Before> EdgeInputs::Compute(size_t edge) const {
  auto before = std::make_unique<Before>();
  before->edges.resize(graph_->edges().size());
  std::vector<const NinjaEdge*> edges = {&graph_->edges()[edge]};
  absl::flat_hash_set<std::string> phony_seen;
  // The names behind a list, phony ones unfolded: makers are walked on, the edge's own names are kept.
  const auto walk = [&](const std::vector<std::string>& list, bool own) {
    std::vector<std::string> names = list;
    absl::flat_hash_set<std::string> own_phony;
    while (!names.empty()) {
      const std::string name = graph_->Normal(names.back());
      names.pop_back();
      if (own) before->names.emplace(name, true);
      if (const NinjaEdge* maker = graph_->ByOutput(name); maker != nullptr) {
        const size_t number = graph_->NumberOf(*maker);
        if (!before->edges[number]) {
          before->edges[number] = true;
          edges.push_back(maker);
        }
      } else if (const PhonyEdge* phony = graph_->PhonyOf(name);
                 phony != nullptr && (own ? own_phony : phony_seen).insert(name).second) {
        names.insert(names.end(), phony->inputs.begin(), phony->inputs.end());
        names.insert(names.end(), phony->order_only.begin(), phony->order_only.end());
      }
    }
  };
  for (bool own = true; !edges.empty(); own = false) {
    const NinjaEdge* at = edges.back();
    edges.pop_back();
    walk(at->inputs, own);
    walk(at->order_only, own);
  }
  return before;
}

}  // namespace glovebox::graph
