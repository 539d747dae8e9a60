#include "compare/side.h"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "base/paths.h"
#include "verify/actions.h"
#include "verify/chance.h"
#include "verify/graph_case.h"

namespace glovebox::compare {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

class Maker {
 public:
  Maker(const verify::Input& input, const std::string& source_dir, const std::string& build_link)
      : input_(input), actions_(input), graph_(input, actions_) {
    side_.run_dir = input.log.run_dir;
    if (input.table.run.has_value()) Take(*input.table.run);
    side_.witness.source_dir = source_dir;
    side_.witness.build_link = build_link;
    std::string way;
    if (!source_dir.empty() && !side_.witness.build_dir.empty())
      way = std::filesystem::path(source_dir).lexically_relative(side_.witness.build_dir).string();
    for (const auto& [place, name] :
         {std::pair<std::string, const char*>(side_.witness.build_dir, "${build}"),
          std::pair<std::string, const char*>(build_link, "${build}"),
          std::pair<std::string, const char*>(source_dir, "${source}"),
          std::pair<std::string, const char*>(way, "${source}")}) {
      if (place.size() > 3) replaced_.emplace_back(place, name);
    }
  }

  Side Make() {
    for (verify::EdgeId edge = 0; edge < graph_.declared().size(); ++edge) {
      if (graph_.declared().IsUtility(edge)) continue;
      side_.edges.push_back(EdgeOf(edge));
    }
    return std::move(side_);
  }

 private:
  void Take(const access::RunInfo& run) {
    SideWitness& witness = side_.witness;
    witness.build_dir = run.build_dir;
    witness.home = run.home;
    witness.tmp = run.tmp;
    witness.host = run.host;
    side_.start_unix_ns = run.start_unix_ns;
    if (input_.table.run_end.has_value())
      side_.end_unix_ns =
          run.start_unix_ns + static_cast<int64_t>(input_.table.run_end->time_ns - run.start_ns);
    witness.start_s = side_.start_unix_ns / kSecond;
    witness.end_s = side_.end_unix_ns / kSecond;
    side_.environment_known = !run.environment.empty();
    for (const std::string& entry : run.environment) {
      const size_t equals = entry.rfind('=');
      if (equals != std::string::npos)
        witness.environment.emplace(entry.substr(0, equals), entry.substr(equals + 1));
    }
  }

  EdgeSide EdgeOf(verify::EdgeId id) {
    const graph::NinjaEdge& declared = graph_.declared().Edge(id);
    const verify::EdgeRun& run = graph_.observed().edges()[id];
    EdgeSide edge;
    edge.name = declared.outputs.front();
    for (const std::string& output : declared.outputs) {
      std::string path = input_.facts->FileOf(output).path;
      // CMake gives a custom command's output a second name, absolute.
      if (std::find(edge.output_paths.begin(), edge.output_paths.end(), path) != edge.output_paths.end())
        continue;
      edge.outputs.push_back(input_.places.Portable(path));
      edge.output_paths.push_back(std::move(path));
    }
    edge.command = absl::StrReplaceAll(declared.command, replaced_);
    edge.where = input_.facts->places[id];
    edge.ran = run.ran();
    edge.why_incomplete = run.why_incomplete;
    for (const size_t i : run.seen) Add(graph_.observed().seen()[i], id, &edge);
    for (const size_t action : run.actions) {
      for (const size_t record : input_.table.actions[action].accesses) {
        if (const auto* access = std::get_if<access::Access>(&input_.log.records[record]))
          edge.pids.insert(access->pid);
      }
    }
    return edge;
  }

  void Add(const verify::Seen& seen, verify::EdgeId id, EdgeSide* edge) {
    const std::string& path = graph_.paths().Path(seen.path);
    if (seen.made != verify::kNoRecord && seen.alive && !seen.directory && !verify::IsKept(path))
      edge->made.insert(input_.places.Portable(path));
    if (seen.read == verify::kNoRecord || seen.directory) return;
    if (verify::ChanceOf(path) != verify::Chance::kNone) {
      edge->chances.push_back(path);
      return;
    }
    if (graph_.PlaceOf(seen.path) == verify::Place::kTmp || verify::IsKept(path) ||
        graph_.IsDirectory(seen.path) || graph_.IsResponseFile(id, seen.path))
      return;
    for (const char* root : {"/proc", "/sys", "/dev", "/run"}) {
      if (IsUnder(path, root)) return;
    }
    edge->reads.emplace(input_.places.Portable(path), path);
  }

  const verify::Input& input_;
  verify::Actions actions_;
  verify::GraphCase graph_;
  std::vector<std::pair<std::string, std::string>> replaced_;
  Side side_;
};

}  // namespace

Side SideOf(const verify::Input& input, const std::string& build_link) {
  return Maker(input, input.places.source(), build_link).Make();
}

}  // namespace glovebox::compare
