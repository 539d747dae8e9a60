#include "graph/configure_facts.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "base/files.h"
#include "base/paths.h"
#include "graph/cmake_info.h"
#include "graph/cmake_lexer.h"
#include "graph/cmake_variables.h"
#include "graph/configure_inputs.h"

namespace glovebox::graph {
namespace {

// As an access tells it, and what it leads to.
void AddReal(const std::string& path, std::vector<std::string>* paths) {
  paths->push_back(JoinPath(RealPath(std::string(Dirname(path))), Basename(path)));
  std::string target = RealPath(path);
  if (target != paths->back()) paths->push_back(std::move(target));
}

// What a pattern lists, and whether it goes on below.
WatchedDirectory DirectoryOf(const std::string& pattern, bool recurse) {
  const size_t wild = pattern.find_first_of("*?[");
  if (wild == std::string::npos) return {std::string(Dirname(pattern)), recurse};
  const size_t slash = pattern.rfind('/', wild);
  const bool in_between = pattern.find('/', wild) != std::string::npos;  // "src/*/x.c" lists each of them
  const std::string directory = slash == std::string::npos || slash == 0 ? "/" : pattern.substr(0, slash);
  return {directory, recurse || in_between};
}

}  // namespace

std::vector<WatchedDirectory> ParseVerifyGlobs(absl::string_view text) {
  std::vector<WatchedDirectory> watched;
  for (const CMakeCommand& command : ParseCMakeCommands(text)) {
    if (command.name != "file" || command.arguments.size() < 3) continue;
    const std::string& mode = command.arguments[0].text;
    if (mode != "GLOB" && mode != "GLOB_RECURSE") continue;
    const std::string pattern = ExpandCMake(command.arguments.back().text,
                                            [](const std::string&) { return std::string(1, kAnyText); });
    if (!IsKnown(pattern)) continue;
    WatchedDirectory directory = DirectoryOf(pattern, mode == "GLOB_RECURSE");
    if (std::find(watched.begin(), watched.end(), directory) == watched.end())
      watched.push_back(std::move(directory));
  }
  return watched;
}

std::string GeneratedFile(const NinjaCall& call) {
  const absl::StatusOr<std::string> cache = ReadFile(JoinPath(call.build_dir, "CMakeCache.txt"));
  const std::string generator = cache.ok() ? ParseCMakeCache(*cache)["CMAKE_GENERATOR"] : "";
  return JoinPath(call.build_dir,
                  absl::StrContains(generator, "Makefiles") ? "CMakeFiles/Makefile.cmake" : call.manifest);
}

ConfigureFacts LoadConfigureFacts(const NinjaCall& call) {
  ConfigureFacts facts;
  const std::string& build_dir = call.build_dir;
  const std::string generated = GeneratedFile(call);
  absl::StatusOr<std::vector<std::string>> listed = std::vector<std::string>();
  if (Basename(generated) == "Makefile.cmake") {
    const auto text = ReadFile(generated);
    if (text.ok()) listed = ParseMakefileDepends(*text, build_dir);
    if (!text.ok()) listed = text.status();
  } else {
    listed = LoadConfigureInputs(call);
  }
  facts.generated = listed.ok();
  if (!listed.ok()) facts.why_unknown = std::string(listed.status().message());
  for (const std::string& path : listed.value_or(std::vector<std::string>())) AddReal(path, &facts.inputs);
  std::sort(facts.inputs.begin(), facts.inputs.end());
  if (const auto text = ReadFile(JoinPath(build_dir, "CMakeFiles/VerifyGlobs.cmake")); text.ok()) {
    facts.watched = ParseVerifyGlobs(*text);
    for (WatchedDirectory& directory : facts.watched) directory.path = RealPath(directory.path);
  }
  if (auto places = LoadCMakePlaces(build_dir, call.ninja); places.ok()) facts.places = *std::move(places);
  return facts;
}

}  // namespace glovebox::graph
