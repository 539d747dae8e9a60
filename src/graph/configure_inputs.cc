#include "graph/configure_inputs.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/paths.h"
#include "base/status.h"

namespace glovebox::graph {
namespace {

absl::Status NoEdge(absl::string_view manifest, absl::string_view build_dir) {
  return absl::NotFoundError(absl::StrCat("no edge makes ", manifest, " in ", build_dir));
}

std::vector<std::string> Absolute(const std::vector<std::string>& inputs, const std::string& build_dir) {
  std::vector<std::string> paths;
  paths.reserve(inputs.size());
  for (const std::string& input : inputs) paths.push_back(CleanPath(JoinPath(build_dir, input)));
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  return paths;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ConfigureInputs(const NinjaGraph& graph,
                                                         const std::string& manifest) {
  const NinjaEdge* edge = graph.ByOutput(manifest);
  if (edge == nullptr) return NoEdge(manifest, graph.build_dir());
  return Absolute(edge->inputs, graph.build_dir());
}

absl::StatusOr<std::vector<std::string>> LoadConfigureInputs(const NinjaCall& call) {
  const absl::StatusOr<std::string> text = AskNinja(call, {"query", call.manifest});
  if (!text.ok()) {
    // A name that stands nowhere in the manifest is an error to the tool.
    if (text.status().message().find("unknown target") == absl::string_view::npos) return text.status();
    return NoEdge(call.manifest, call.build_dir);
  }
  ASSIGN_OR_RETURN(const std::vector<QueryEntry> entries, ParseQuery(*text, {call.manifest}));
  if (entries[0].rule.empty()) return NoEdge(call.manifest, call.build_dir);
  return Absolute(entries[0].inputs, call.build_dir);
}

}  // namespace glovebox::graph
