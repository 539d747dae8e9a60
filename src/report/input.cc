#include "report/input.h"

#include <algorithm>
#include <future>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/huge_heap.h"
#include "base/paths.h"
#include "base/status.h"
#include "graph/cmake_info.h"
#include "graph/ctest_info.h"
#include "graph/launch_scan.h"
#include "graph/meson_info.h"
#include "graph/ninja_graph.h"
#include "report/configure_input.h"
#include "report/other_names.h"

namespace glovebox::report {
namespace {

void AskCMake(BuildInfo* build) {
  const absl::StatusOr<graph::CMakeInfo> info = graph::LoadCMakeInfo(build->build_dir);
  if (!info.ok()) return;  // no CMake build: the fallback roots are used
  // A build directory that was copied or moved still names its old places.
  if (CleanPath(info->build_dir) != CleanPath(build->build_dir)) return;
  // As accesses tell it.
  build->source_dir = RealPath(info->source_dir);
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

// What the build's own tools say; of a run alone it takes what that says of itself.
struct Asked {
  std::optional<access::RunInfo> run;
  BuildInfo build;
  // Null: there is none. An error: Ninja's.
  absl::StatusOr<std::shared_ptr<const graph::NinjaGraph>> ninja = nullptr;
  absl::StatusOr<std::shared_ptr<const graph::BuildFacts>> facts = nullptr;
};

absl::StatusOr<std::shared_ptr<const graph::NinjaGraph>> AskNinja(const graph::NinjaCall& call) {
  if (!FileExists(JoinPath(call.build_dir, call.manifest))) return nullptr;
  ASSIGN_OR_RETURN(graph::NinjaGraph loaded, graph::LoadNinjaGraph(call));
  return std::make_shared<const graph::NinjaGraph>(std::move(loaded));
}

absl::StatusOr<std::shared_ptr<const graph::BuildFacts>> AskForVerification(
    const graph::NinjaCall& call, const std::shared_ptr<const graph::NinjaGraph>& ninja) {
  if (ninja == nullptr) {
    return absl::NotFoundError(absl::StrCat("there is no ", call.manifest, " in ", call.build_dir,
                                            ": only a Ninja build has a graph to be verified"));
  }
  ASSIGN_OR_RETURN(graph::BuildFacts facts, graph::LoadBuildFacts(call, ninja));
  return std::make_shared<const graph::BuildFacts>(std::move(facts));
}

Asked Ask(std::optional<access::RunInfo> run, const LoadRequest& request) {
  Asked asked;
  asked.run = std::move(run);
  if (asked.run.has_value()) asked.build = BuildInfoFrom(*asked.run);
  if (asked.build.build_dir.empty()) return asked;
  AskMeson(&asked.build);
  AskCMake(&asked.build);
  if (!request.ask_ninja && !request.verify) return asked;
  graph::NinjaCall call;
  call.build_dir = asked.build.build_dir;
  call.manifest = asked.build.manifest;
  asked.ninja = AskNinja(call);
  if (!asked.ninja.ok() || *asked.ninja == nullptr) {
    if (request.verify)
      asked.facts = asked.ninja.ok() ? AskForVerification(call, nullptr) : asked.ninja.status();
    return asked;
  }
  for (const graph::NinjaEdge& edge : (*asked.ninja)->edges())
    asked.build.edges.push_back({edge.outputs, edge.rule, edge.command});
  if (request.verify) asked.facts = AskForVerification(call, *asked.ninja);
  return asked;
}

// Where launchers alone recorded: what none of them wraps.
void AskForUnwrapped(const absl::StatusOr<std::shared_ptr<const graph::NinjaGraph>>& ninja, Input* input) {
  if (!ninja.ok() || !LaunchersAlone(*input)) return;
  if (*ninja != nullptr) {
    input->build.unwrapped = CountUnwrapped(graph::ScanNinja(**ninja));
    return;
  }
  const absl::StatusOr<graph::LaunchScan> makefiles = graph::ScanBuild(input->build.build_dir);
  if (makefiles.ok()) input->build.unwrapped = CountUnwrapped(*makefiles);
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
  PutHeapOnHugePages();
  Input input;
  std::string run_dir = request.run_dir;
  if (run_dir.empty()) {
    ASSIGN_OR_RETURN(run_dir, access::LatestRun(request.build_dir));
  }
  // Ninja answers while the log is read.
  auto asking = std::async(std::launch::async, [&]() -> Asked {
    auto run = access::ReadRunInfo(run_dir);
    return Ask(run.ok() ? std::optional(*std::move(run)) : std::nullopt, request);
  });
  auto log = access::ReadLog(run_dir);
  Asked asked = asking.get();
  RETURN_IF_ERROR(log.status());
  input.log = *std::move(log);
  input.table = access::MakeActionTable(input.log);
  if (asked.run != input.table.run) asked = Ask(input.table.run, request);
  input.build = std::move(asked.build);
  if (!input.build.build_dir.empty() && IsConfigureStep(input.table))
    input.configure_facts = ConfigureFactsOf(input.table, input.build);
  if (request.verify) {
    if (input.build.build_dir.empty())
      return absl::FailedPreconditionError("the log does not say of which build it is");
    RETURN_IF_ERROR(asked.facts.status());
    input.facts = *std::move(asked.facts);
    input.other_names = OtherNames(input);
    if (input.configure_facts == nullptr) input.configure = ConfigureStepOf(input.build);
  }
  // Without an answer of Ninja's the names of edges come from their commands.
  if (!input.build.build_dir.empty() && (request.ask_ninja || request.verify)) {
    AskForUnwrapped(asked.ninja, &input);
    AskCTest(&input);
  }
  return input;
}

std::string BuildBefore(const std::string& build_dir, const std::string& run_dir) {
  const auto runs = access::KeptRuns(build_dir);
  if (!runs.ok()) return "";
  const std::string known = RealPath(run_dir);
  auto run = std::find_if(runs->rbegin(), runs->rend(),
                          [&known](const std::string& one) { return RealPath(one) == known; });
  while (run != runs->rend() && ++run != runs->rend()) {
    const auto log = access::ReadLog(*run);
    if (log.ok() && access::IsBuild(access::MakeActionTable(*log))) return *run;
  }
  return "";
}

}  // namespace glovebox::report
