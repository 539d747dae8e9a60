#include "report/input.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/status.h"
#include "graph/cmake_info.h"
#include "graph/ctest_info.h"
#include "graph/launch_scan.h"
#include "graph/meson_info.h"
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

void AskMeson(BuildInfo* build) {
  const absl::StatusOr<graph::MesonInfo> info = graph::LoadMesonInfo(build->build_dir);
  if (info.ok() && CleanPath(info->build_dir) == CleanPath(build->build_dir))
    build->source_dir = info->source_dir;
}

// No part of a build: what a person asks for by name, and CMake itself.
bool IsBesideTheBuild(graph::UnwrappedReason reason) {
  return reason == graph::UnwrappedReason::kUtility || reason == graph::UnwrappedReason::kNinjaTool ||
         reason == graph::UnwrappedReason::kConfigure;
}

size_t CountUnwrapped(const graph::LaunchScan& scan) {
  return static_cast<size_t>(
      std::count_if(scan.unwrapped.begin(), scan.unwrapped.end(),
                    [](const graph::Unwrapped& one) { return !IsBesideTheBuild(one.reason); }));
}

// Where nobody entered Ninja (or there is none: make), what no launcher wraps left no trace in the log.
bool LaunchersAlone(const Input& input) {
  if (access::IsLooseRun(input.log.run_dir)) return true;
  return std::any_of(input.table.holes.begin(), input.table.holes.end(),
                     [](const access::Hole& hole) { return hole.kind == "ninja-not-entered"; });
}

// The graph, asked for once; null where there is none.
absl::StatusOr<std::shared_ptr<const graph::NinjaGraph>> AskNinja(bool launchers_alone, BuildInfo* build) {
  if (!FileExists(JoinPath(build->build_dir, build->manifest))) {
    if (!launchers_alone) return nullptr;
    const absl::StatusOr<graph::LaunchScan> makefiles = graph::ScanBuild(build->build_dir);
    if (makefiles.ok()) build->unwrapped = CountUnwrapped(*makefiles);
    return nullptr;
  }
  graph::NinjaCall call;
  call.build_dir = build->build_dir;
  call.manifest = build->manifest;
  ASSIGN_OR_RETURN(graph::NinjaGraph loaded, graph::LoadNinjaGraph(call));
  const auto ninja = std::make_shared<const graph::NinjaGraph>(std::move(loaded));
  if (launchers_alone) build->unwrapped = CountUnwrapped(graph::ScanNinja(*ninja));
  build->edges.reserve(ninja->edges().size());
  for (const graph::NinjaEdge& edge : ninja->edges()) {
    build->edges.push_back({edge.outputs, edge.rule, edge.command});
  }
  return ninja;
}

absl::Status AskForVerification(const std::shared_ptr<const graph::NinjaGraph>& ninja, Input* input) {
  if (ninja == nullptr) {
    return absl::NotFoundError(absl::StrCat("there is no ", input->build.manifest, " in ",
                                            input->build.build_dir,
                                            ": only a Ninja build has a graph to be verified"));
  }
  graph::NinjaCall call;
  call.build_dir = input->build.build_dir;
  call.manifest = input->build.manifest;
  ASSIGN_OR_RETURN(graph::BuildFacts facts, graph::LoadBuildFacts(call, ninja));
  input->facts = std::make_shared<const graph::BuildFacts>(std::move(facts));
  return absl::OkStatus();
}

void AskCTest(Input* input) {
  const bool tested = std::any_of(
      input->table.actions.begin(), input->table.actions.end(),
      [](const access::ActionRecord& action) { return action.begin.role == access::Role::kTest; });
  if (!tested) return;
  // Without an answer nothing is known of their order.
  input->tests = graph::LoadCTestInfo(input->build.build_dir).value_or(std::vector<graph::CTestTest>());
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
    AskMeson(&input.build);
    AskCMake(&input.build);
    if (request.ask_ninja || request.verify) {
      // Without an answer the names of edges come from their commands.
      const auto ninja = AskNinja(LaunchersAlone(input), &input.build);
      if (request.verify) {
        RETURN_IF_ERROR(ninja.status());
        RETURN_IF_ERROR(AskForVerification(*ninja, &input));
      }
      AskCTest(&input);
    }
  }
  if (request.verify && input.build.build_dir.empty())
    return absl::FailedPreconditionError("the log does not say of which build it is");
  return input;
}

}  // namespace glovebox::report
