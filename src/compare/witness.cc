#include "compare/witness.h"

#include <algorithm>
#include <filesystem>

#include "absl/strings/match.h"

namespace glovebox::compare {
namespace {

// "../../src": a manifest may name its sources so.
std::string SourceFromBuild(const SideWitness& side) {
  if (side.source_dir.empty() || side.build_dir.empty()) return "";
  const std::string way = std::filesystem::path(side.source_dir).lexically_relative(side.build_dir).string();
  return absl::StartsWith(way, "../") ? way : "";
}

// One of the two may have a link alone.
const std::string& LinkOf(const SideWitness& side) {
  return side.build_link.empty() ? side.build_dir : side.build_link;
}

}  // namespace

absl::string_view SourceName(Source source) {
  static constexpr absl::string_view kNames[] = {
      "build-path", "source-path", "home-path",      "environment", "host",   "time",
      "owner",      "process",     "temporary-name", "random",      "order",  "command",
      "inputs",     "mode",        "missing",        "digits",      "unknown"};
  return kNames[static_cast<size_t>(source)];
}

Witness::Witness(const SideWitness& a, const SideWitness& b) : a_(a), b_(b) {
  const PlacePair pairs[] = {{a.build_dir, b.build_dir, Source::kBuildPath},
                             {a.source_dir, b.source_dir, Source::kSourcePath},
                             {LinkOf(a), LinkOf(b), Source::kBuildPath},
                             {SourceFromBuild(a), SourceFromBuild(b), Source::kBuildPath},
                             {a.home, b.home, Source::kHomePath}};
  for (const PlacePair& pair : pairs) {
    // "/" stands everywhere.
    if (pair.a.size() > 1 && pair.b.size() > 1 && pair.a != pair.b) places_.push_back(pair);
  }
  std::stable_sort(places_.begin(), places_.end(),
                   [](const PlacePair& x, const PlacePair& y) { return x.a.size() > y.a.size(); });
  for (const auto& [name, digest] : a.environment) {
    const auto found = b.environment.find(name);
    if (found != b.environment.end() && found->second != digest) changed_.push_back(name);
  }
  std::sort(changed_.begin(), changed_.end());
}

}  // namespace glovebox::compare
