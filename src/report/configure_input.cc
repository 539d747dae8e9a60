#include "report/configure_input.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "access/log.h"
#include "base/files.h"
#include "base/paths.h"

namespace glovebox::report {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

graph::NinjaCall CallFor(const BuildInfo& build) {
  graph::NinjaCall call;
  call.build_dir = build.build_dir;
  call.manifest = build.manifest;
  return call;
}

// When the build system was written, CLOCK_REALTIME; 0: it is not there.
int64_t WrittenNs(const BuildInfo& build) {
  struct stat info = {};
  if (stat(graph::GeneratedFile(CallFor(build)).c_str(), &info) != 0) return 0;
  return int64_t{info.st_mtim.tv_sec} * kSecond + info.st_mtim.tv_nsec;
}

const access::ActionRecord* StepOf(const access::ActionTable& table) {
  const auto found =
      std::find_if(table.actions.begin(), table.actions.end(), [](const access::ActionRecord& action) {
        return action.begin.parent == 0 && action.begin.role == access::Role::kConfigure;
      });
  return found == table.actions.end() ? nullptr : &*found;
}

bool EndedWell(const access::ActionRecord& step) {
  return step.end.has_value() && step.end->kind == access::ActionEnd::Kind::kExited && step.end->status == 0;
}

}  // namespace

bool IsConfigureStep(const access::ActionTable& table) {
  return StepOf(table) != nullptr && table.actions.front().begin.role == access::Role::kConfigure;
}

bool WasSeen(const access::ActionTable& table) {
  const access::ActionRecord* step = StepOf(table);
  return step != nullptr && step->begin.shape != "none";
}

bool WroteTheBuild(const access::ActionTable& table, const BuildInfo& build) {
  const access::ActionRecord* step = StepOf(table);
  if (step == nullptr || !table.run.has_value() || !EndedWell(*step)) return false;
  const int64_t written = WrittenNs(build);
  const int64_t began = table.run->start_unix_ns;
  const int64_t ended = began + static_cast<int64_t>(step->end->time_ns - table.run->start_ns);
  // The clock of files goes in steps and is behind.
  return written != 0 && written <= ended && written + kSecond >= began;
}

std::shared_ptr<const graph::ConfigureFacts> ConfigureFactsOf(const access::ActionTable& table,
                                                              const BuildInfo& build) {
  graph::ConfigureFacts facts = graph::LoadConfigureFacts(CallFor(build));
  const access::ActionRecord* step = StepOf(table);
  if (facts.generated && !WroteTheBuild(table, build)) {
    facts.generated = false;
    facts.why_unknown = "the build was written by another configure step";
  }
  // One that failed has written none.
  if (step == nullptr || !EndedWell(*step)) facts.why_unknown.clear();
  return std::make_shared<const graph::ConfigureFacts>(std::move(facts));
}

std::shared_ptr<const Input> ConfigureStepOf(const BuildInfo& build) {
  const std::vector<std::string> runs = access::ConfigureRuns(build.build_dir);
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
    absl::StatusOr<Input> step = Load({build.build_dir, *run, /*ask_ninja=*/false});
    if (step.ok() && IsConfigureStep(step->table) && WasSeen(step->table) &&
        WroteTheBuild(step->table, step->build))
      return std::make_shared<const Input>(*std::move(step));
  }
  return nullptr;
}

}  // namespace glovebox::report
