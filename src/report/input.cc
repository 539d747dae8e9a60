#include "report/input.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/bytes.h"
#include "base/files.h"
#include "base/status.h"
#include "graph/cmake_info.h"
#include "graph/ninja_graph.h"

namespace glovebox::report {
namespace {

void AskCMake(BuildInfo* build) {
  const auto info = graph::LoadCMakeInfo(build->build_dir);
  if (!info.ok()) return;  // no CMake build: the fallback roots are used
  build->source_dir = info->source_dir;
  for (const graph::Compiler& compiler : info->compilers) {
    build->toolchain_files.push_back(compiler.path);
    for (const std::string& dir : compiler.include_dirs) build->toolchain_roots.push_back(dir);
    for (const std::string& dir : compiler.link_dirs) build->toolchain_link_dirs.push_back(dir);
  }
}

void AskNinja(BuildInfo* build) {
  graph::NinjaCall call;
  call.build_dir = build->build_dir;
  if (!FileExists(absl::StrCat(build->build_dir, "/build.ninja"))) return;
  const auto ninja = graph::LoadNinjaGraph(call);
  if (!ninja.ok()) return;
  for (const graph::NinjaEdge& edge : ninja->edges())
    build->edges.push_back({edge.outputs, edge.rule, edge.command});
}

// The command of an edge's shell, as Ninja knows it.
const std::string* ShellCommand(const access::ActionBegin& begin) {
  const bool shell = begin.role == access::Role::kEdge && begin.argv.size() == 3 && begin.argv[1] == "-c";
  return shell ? &begin.argv[2] : nullptr;
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
    AskNinja(&input.build);
  }
  return input;
}

std::vector<std::string> OutputsOf(const access::ActionBegin& begin, const BuildInfo& build) {
  if (!begin.outputs.empty()) return begin.outputs;
  if (const std::string* command = ShellCommand(begin)) {
    for (const EdgeInfo& edge : build.edges) {
      if (edge.command == *command) return edge.outputs;
    }
  }
  return {};
}

std::string LabelOf(const access::ActionBegin& begin, const BuildInfo& build) {
  const std::vector<std::string> outputs = OutputsOf(begin, build);
  if (!outputs.empty()) return EscapeBytes(outputs[0]);
  if (!begin.target.empty()) return EscapeBytes(begin.target);
  const std::string* command = ShellCommand(begin);
  return EscapeBytes(command != nullptr ? *command : absl::StrJoin(begin.argv, " "));
}

}  // namespace glovebox::report
