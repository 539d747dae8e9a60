#include "report/input.h"

#include <utility>

#include "base/files.h"
#include "base/paths.h"
#include "base/status.h"
#include "graph/cmake_info.h"
#include "graph/ninja_graph.h"

namespace glovebox::report {
namespace {

void AskCMake(BuildInfo* build) {
  const absl::StatusOr<graph::CMakeInfo> info = graph::LoadCMakeInfo(build->build_dir);
  if (!info.ok()) return;  // no CMake build: the fallback roots are used
  // A build directory that was copied or moved still names its old places.
  if (CleanPath(info->build_dir) != CleanPath(build->build_dir)) return;
  build->source_dir = info->source_dir;
  for (const graph::Compiler& compiler : info->compilers) {
    build->toolchain_files.push_back(compiler.path);
    for (const std::string& dir : compiler.include_dirs) build->toolchain_roots.push_back(dir);
    for (const std::string& dir : compiler.link_dirs) build->toolchain_link_dirs.push_back(dir);
  }
}

void AskNinja(BuildInfo* build) {
  if (!FileExists(JoinPath(build->build_dir, "build.ninja"))) return;
  graph::NinjaCall call;
  call.build_dir = build->build_dir;
  const absl::StatusOr<graph::NinjaGraph> ninja = graph::LoadNinjaGraph(call);
  if (!ninja.ok()) return;  // names of edges come from their commands then
  build->edges.reserve(ninja->edges().size());
  for (const graph::NinjaEdge& edge : ninja->edges()) {
    build->edges.push_back({edge.outputs, edge.rule, edge.command});
  }
}

}  // namespace

absl::StatusOr<Input> Load(const LoadRequest& request) {
  Input input;
  std::string run_dir = request.run_dir;
  if (run_dir.empty()) {
    ASSIGN_OR_RETURN(run_dir, access::LatestRun(request.build_dir));
  }
  ASSIGN_OR_RETURN(input.log, access::ReadLog(run_dir));
  input.table = access::MakeActionTable(input.log);
  if (input.table.run.has_value()) input.build = BuildInfoFrom(*input.table.run);
  if (!input.build.build_dir.empty()) {
    AskCMake(&input.build);
    if (request.ask_ninja) AskNinja(&input.build);
  }
  return input;
}

}  // namespace glovebox::report
