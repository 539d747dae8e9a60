#include "graph/utility_edges.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/match.h"
#include "base/paths.h"

namespace glovebox::graph {

bool IsUtilityOutput(absl::string_view output) {
  return absl::EndsWith(output, ".util") &&
         (absl::StartsWith(output, "CMakeFiles/") || absl::StrContains(output, "/CMakeFiles/"));
}

bool MakesManifest(const NinjaEdge& edge) {
  return absl::StrContains(edge.command, "--regenerate-during-build") ||
         std::any_of(edge.outputs.begin(), edge.outputs.end(),
                     [](const std::string& output) { return Basename(output) == "build.ninja"; });
}

bool IsUtility(const NinjaEdge& edge) {
  static constexpr absl::string_view kRules[] = {"RERUN_CMAKE", "CLEAN", "HELP", "VERIFY_GLOBS",
                                                 "REGENERATE_BUILD"};
  return MakesManifest(edge) ||
         std::find(std::begin(kRules), std::end(kRules), edge.rule) != std::end(kRules) ||
         std::any_of(edge.outputs.begin(), edge.outputs.end(), IsUtilityOutput);
}

}  // namespace glovebox::graph
