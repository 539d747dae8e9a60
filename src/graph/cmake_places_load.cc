// What LoadCMakePlaces() gathers: CMake's reply where there is one, else the files that each build directory
// has.
#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/status.h"
#include "graph/cmake_info.h"
#include "graph/cmake_lexer.h"
#include "graph/cmake_places.h"
#include "graph/cmake_variables.h"
#include "graph/configure_inputs.h"

namespace glovebox::graph {
namespace {

constexpr size_t kMaxDirectories = 20000;
constexpr uintmax_t kMaxFileBytes = uintmax_t{8} << 20;

bool IsCMakeFile(absl::string_view path) {
  return absl::EndsWith(path, ".cmake") || Basename(path) == "CMakeLists.txt";
}

std::string ValueOf(const absl::flat_hash_map<std::string, std::string>& cache, const char* name,
                    const std::string& otherwise = "") {
  const auto found = cache.find(name);
  return found == cache.end() || found->second.empty() ? otherwise : found->second;
}

// The directories of a build by its installation scripts, which CMake writes for each.
std::vector<CMakeDirectory> DirectoriesByScripts(const std::string& build_dir) {
  std::vector<CMakeDirectory> directories;
  std::vector<std::string> open = {JoinPath(build_dir, "cmake_install.cmake")};
  absl::flat_hash_set<std::string> met = {open[0]};
  for (size_t i = 0; i < open.size() && i < kMaxDirectories; ++i) {
    const absl::StatusOr<std::string> text = ReadFile(open[i]);
    if (!text.ok()) continue;
    const CMakeInstallScript script = ParseCMakeInstallScript(*text);
    if (script.source_dir.empty()) continue;
    directories.push_back({CleanPath(script.source_dir), std::string(Dirname(open[i]))});
    for (const std::string& path : script.scripts) {
      if (met.insert(CleanPath(path)).second) open.push_back(CleanPath(path));
    }
  }
  return directories;
}

// What the configure step has read, without a reply.
std::vector<std::string> ReadByConfigure(const std::string& build_dir, const std::string& ninja) {
  const absl::StatusOr<std::string> makefile = ReadFile(JoinPath(build_dir, "CMakeFiles/Makefile.cmake"));
  if (makefile.ok()) return ParseMakefileDepends(*makefile, build_dir);
  // Not the program that CMakeCache.txt names: a step of the build can have written there.
  return LoadConfigureInputs({ninja, build_dir, "build.ninja"}).value_or(std::vector<std::string>());
}

// Which files are read as the project's text.
class OwnFiles {
 public:
  OwnFiles(const CMakePlaceFacts& facts, const CMakeProject& project) : facts_(facts), project_(project) {}

  bool IsOwn(const std::string& path) const {
    if (!IsCMakeFile(path)) return false;
    if (!facts_.cmake_root.empty() && IsUnder(path, facts_.cmake_root)) return false;
    if (IsUnder(path, facts_.build_dir)) return !IsUnder(path, facts_.build_dir + "/CMakeFiles");
    if (IsUnder(path, facts_.source_dir)) return true;
    return std::any_of(project_.directories.begin(), project_.directories.end(),
                       [&path](const CMakeDirectory& at) { return IsUnder(path, at.source); });
  }

  // Where it is known what CMake has read, nothing else is: not what stands in a branch that was not taken.
  void Restrict(const std::vector<std::string>& files) { listed_.insert(files.begin(), files.end()); }

  std::optional<std::string> Read(const std::string& path) const {
    if (!IsOwn(path) || (!listed_.empty() && !listed_.contains(path))) return std::nullopt;
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error)) return std::nullopt;
    if (std::filesystem::file_size(path, error) > kMaxFileBytes || error) return std::nullopt;
    absl::StatusOr<std::string> text = ReadFile(path);
    if (!text.ok()) return std::nullopt;
    return *std::move(text);
  }

 private:
  const CMakePlaceFacts& facts_;
  const CMakeProject& project_;
  absl::flat_hash_set<std::string> listed_;
};

CMakeScript WalkFiles(const CMakePlaceFacts& facts, CMakeProject project,
                      const std::vector<std::string>& read) {
  OwnFiles own(facts, project);
  for (const std::string& path : read) {
    if (IsCMakeFile(path) && own.IsOwn(path)) project.files.push_back(path);
  }
  own.Restrict(project.files);
  return WalkCMakeProject(project, [&own](const std::string& path) { return own.Read(path); });
}

}  // namespace

CMakeInstallScript ParseCMakeInstallScript(absl::string_view text) {
  CMakeInstallScript script;
  absl::string_view first = text.substr(0, text.find('\n'));
  if (!absl::ConsumePrefix(&first, "# Install script for directory: ")) return script;
  script.source_dir = std::string(first);
  for (const CMakeCommand& command : ParseCMakeCommands(text)) {
    if (command.name != "include" || command.arguments.empty()) continue;
    const std::string path =
        ExpandCMake(command.arguments[0].text, [](const std::string&) { return std::string(1, kAnyText); });
    if (Basename(path) == "cmake_install.cmake" && IsKnown(path)) script.scripts.push_back(path);
  }
  return script;
}

std::vector<CMakeTargetDir> ParseTargetDirectories(absl::string_view text) {
  std::vector<CMakeTargetDir> targets;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    const size_t at = line.rfind("/CMakeFiles/");
    if (at == absl::string_view::npos || !absl::ConsumeSuffix(&line, ".dir")) continue;
    const absl::string_view name = line.substr(at + sizeof "/CMakeFiles/" - 1);
    if (!name.empty()) targets.push_back({std::string(name), std::string(line.substr(0, at))});
  }
  return targets;
}

std::vector<std::string> ParseMakefileDepends(absl::string_view text, const std::string& build_dir) {
  std::vector<std::string> paths;
  for (const CMakeCommand& command : ParseCMakeCommands(text)) {
    if (command.name != "set" || command.arguments.empty() ||
        command.arguments[0].text != "CMAKE_MAKEFILE_DEPENDS") {
      continue;
    }
    for (size_t i = 1; i < command.arguments.size(); ++i) {
      const std::string path =
          ExpandCMake(command.arguments[i].text, [](const std::string&) { return std::string(1, kAnyText); });
      paths.push_back(CleanPath(JoinPath(build_dir, path)));
    }
  }
  return paths;
}

absl::StatusOr<CMakePlaces> LoadCMakePlaces(const std::string& build_dir, const std::string& ninja) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(JoinPath(build_dir, "CMakeCache.txt")));
  CMakeProject project;
  project.cache = ParseCMakeCache(text);
  CMakePlaceFacts facts;
  facts.asked_dir = build_dir;
  facts.build_dir = CleanPath(ValueOf(project.cache, "CMAKE_CACHEFILE_DIR", build_dir));
  facts.source_dir = CleanPath(ValueOf(project.cache, "CMAKE_HOME_DIRECTORY", facts.build_dir));
  facts.real_source_dir = RealPath(facts.source_dir);
  facts.cmake_root = CleanPath(ValueOf(project.cache, "CMAKE_ROOT", "/usr/share/cmake"));
  facts.configurations =
      absl::StrSplit(ValueOf(project.cache, "CMAKE_CONFIGURATION_TYPES"), ';', absl::SkipEmpty());
  project.source_dir = facts.source_dir;
  project.build_dir = facts.build_dir;
  std::vector<std::string> read;
  if (absl::StatusOr<FileApiReply> reply = LoadFileApi(build_dir); reply.ok()) {
    facts.targets = std::move(reply->targets);
    for (const FileApiTarget& target : facts.targets) {
      facts.target_dirs.push_back({target.name, target.build_dir});
    }
    project.directories = std::move(reply->model.directories);
    read = std::move(reply->files);
  } else {
    const absl::StatusOr<std::string> targets =
        ReadFile(JoinPath(build_dir, "CMakeFiles/TargetDirectories.txt"));
    if (targets.ok()) facts.target_dirs = ParseTargetDirectories(*targets);
    project.directories = DirectoriesByScripts(facts.build_dir);
  }
  if (read.empty()) read = ReadByConfigure(build_dir, ninja);
  facts.script = WalkFiles(facts, std::move(project), read);
  return CMakePlaces(std::move(facts));
}

}  // namespace glovebox::graph
