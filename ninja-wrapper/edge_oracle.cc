#include "edge_oracle.h"

#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/paths.h"
#include "graph/depfile.h"
#include "graph/utility_edges.h"

namespace glovebox::ninja {
namespace {

using graph::NinjaEdge;

// A response file is Ninja's: it writes it for the command, whose words name it.
bool IsResponseFile(const NinjaEdge& edge, absl::string_view relative) {
  return absl::StrContains(edge.command, absl::StrCat("@", relative));
}

class EdgeView final : public trace::ActionInputs {
 public:
  EdgeView(const graph::EdgeInputs& inputs, const std::string& source_dir, const NinjaEdge& edge)
      : inputs_(inputs), source_dir_(source_dir), edge_(edge) {}

  Kind Look(const std::string& resolved) override {
    const std::string& build_dir = inputs_.graph().build_dir();
    const bool in_source = !source_dir_.empty() && IsUnder(resolved, source_dir_);
    if (!in_source && !IsUnder(resolved, build_dir)) return Kind::kNotOurs;
    switch (inputs_.Kind(edge_, resolved)) {
      case graph::InputKind::kOwn:
      case graph::InputKind::kBefore:
        return Kind::kOrdered;
      case graph::InputKind::kUnordered:
        return Kind::kUnordered;
      case graph::InputKind::kNotMade:
        break;
    }
    if (IsResponseFile(edge_, inputs_.graph().Normal(resolved))) return Kind::kNotOurs;
    return inputs_.Declares(edge_, resolved) ? Kind::kDeclared : Kind::kUndeclared;
  }

  std::string Name() const override { return edge_.outputs.front(); }

  std::vector<std::string> Missing(const std::vector<std::string>& read) override {
    const std::string& build_dir = inputs_.graph().build_dir();
    absl::flat_hash_set<std::string> named;
    const std::string depfile = graph::DepfileOf(edge_.command);
    const auto text =
        depfile.empty() ? absl::StatusOr<std::string>("") : ReadFile(JoinPath(build_dir, depfile));
    if (text.ok()) {
      const auto parsed = graph::ParseDepfile(*text);
      if (parsed.ok()) {
        // A name in it may lead through symlinks; what was read has none.
        for (const std::string& input : parsed->inputs) named.insert(RealPath(JoinPath(build_dir, input)));
      }
    }
    for (const std::string& input : edge_.inputs) named.insert(RealPath(JoinPath(build_dir, input)));
    for (const std::string& input : edge_.order_only) named.insert(RealPath(JoinPath(build_dir, input)));
    std::vector<std::string> missing;
    for (const std::string& path : read) {
      if (!named.contains(path)) missing.push_back(path);
    }
    return missing;
  }

 private:
  const graph::EdgeInputs& inputs_;
  const std::string& source_dir_;
  const NinjaEdge& edge_;
};

}  // namespace

EdgeOracle::EdgeOracle(std::shared_ptr<const graph::NinjaGraph> graph, std::string source_dir)
    : inputs_(std::move(graph)), source_dir_(std::move(source_dir)) {}

const NinjaEdge* EdgeOracle::EdgeOf(const access::ActionBegin& action) const {
  const NinjaEdge* edge = nullptr;
  if (action.role == access::Role::kEdge && !action.argv.empty()) {
    const std::vector<const NinjaEdge*> same = inputs_.graph().ByCommand(action.argv.back());
    // Of several edges with one command nobody can tell which this is.
    if (same.size() == 1) edge = same.front();
  } else if (!action.outputs.empty()) {
    edge = inputs_.graph().ByOutput(JoinPath(action.cwd, action.outputs.front()));
  }
  return edge != nullptr && !graph::IsUtility(*edge) ? edge : nullptr;
}

std::unique_ptr<trace::ActionInputs> EdgeOracle::InputsOf(const access::ActionBegin& action) {
  const NinjaEdge* edge = EdgeOf(action);
  if (edge == nullptr) return nullptr;
  return std::make_unique<EdgeView>(inputs_, source_dir_, *edge);
}

}  // namespace glovebox::ninja
