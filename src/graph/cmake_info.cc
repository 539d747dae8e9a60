#include "graph/cmake_info.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/status.h"
#include "graph/cmake_cache.h"
#include "graph/file_api.h"
#include "graph/json_fields.h"

namespace glovebox::graph {
namespace {

absl::StatusOr<std::vector<Compiler>> CompilersFromFileApi(const std::string& build_dir) {
  const std::string reply = JoinPath(build_dir, ".cmake/api/v1/reply");
  const std::vector<std::string> indexes = FilesLike(reply, "index-", ".json");
  if (indexes.empty()) return absl::NotFoundError("no file API reply");
  // cmake-file-api(7): the newest index is the last one by name.
  ASSIGN_OR_RETURN(const std::string index, ReadFile(JoinPath(reply, indexes.back())));
  ASSIGN_OR_RETURN(const std::string file, ToolchainsFileOf(index));
  ASSIGN_OR_RETURN(const std::string json, ReadFile(JoinPath(reply, file)));
  return ParseToolchainsReply(json);
}

std::vector<Compiler> CompilersFromFiles(const std::string& build_dir) {
  std::vector<Compiler> compilers;
  const std::string root = JoinPath(build_dir, "CMakeFiles");
  for (const std::string& version : FilesLike(root, "", "")) {
    const std::string directory = JoinPath(root, version);
    for (const std::string& name : FilesLike(directory, "CMake", "Compiler.cmake")) {
      const absl::StatusOr<std::string> text = ReadFile(JoinPath(directory, name));
      if (!text.ok()) continue;
      const std::string language = name.substr(5, name.size() - 5 - 14);  // "CMake", "Compiler.cmake"
      Compiler compiler = ParseCompilerFile(*text, language);
      if (!compiler.path.empty()) compilers.push_back(std::move(compiler));
    }
  }
  return compilers;
}

}  // namespace

std::vector<std::string> CMakeInfo::ToolchainRoots() const {
  std::set<std::string> roots;
  for (const Compiler& compiler : compilers) {
    if (absl::StartsWith(compiler.path, "/")) roots.insert(CleanPath(Dirname(compiler.path)));
    for (const auto* list : {&compiler.include_dirs, &compiler.link_dirs}) {
      for (const std::string& directory : *list) {
        if (absl::StartsWith(directory, "/")) roots.insert(CleanPath(directory));
      }
    }
  }
  return {roots.begin(), roots.end()};
}

absl::flat_hash_map<std::string, std::string> ParseCMakeCache(absl::string_view text) {
  absl::flat_hash_map<std::string, std::string> entries;
  for (CacheEntry& entry : CacheEntries(text)) entries[std::move(entry.name)] = std::move(entry.value);
  return entries;
}

absl::StatusOr<std::vector<Compiler>> ParseToolchainsReply(absl::string_view json) {
  const Json root = ParseJson(json);
  if (StringAt(root, "kind") != "toolchains" || !root.contains("toolchains") ||
      !root["toolchains"].is_array()) {
    return absl::InvalidArgumentError("not a toolchains-v1 reply of the CMake file API");
  }
  std::vector<Compiler> compilers;
  for (const Json& toolchain : root["toolchains"]) {
    if (!toolchain.is_object() || !toolchain.contains("compiler")) continue;
    const Json& at = toolchain["compiler"];
    Compiler compiler{StringAt(toolchain, "language"),
                      StringAt(at, "path"),
                      StringAt(at, "id"),
                      StringAt(at, "version"),
                      {},
                      {}};
    if (at.is_object() && at.contains("implicit")) {
      compiler.include_dirs = StringsAt(at["implicit"], "includeDirectories");
      compiler.link_dirs = StringsAt(at["implicit"], "linkDirectories");
    }
    if (!compiler.path.empty()) compilers.push_back(std::move(compiler));
  }
  return compilers;
}

absl::StatusOr<std::string> ToolchainsFileOf(absl::string_view index_json) {
  ASSIGN_OR_RETURN(const FileApiIndex index, ParseFileApiIndex(index_json));
  const auto found = index.files.find("toolchains");
  if (found != index.files.end()) return found->second;
  return absl::NotFoundError("the index names no toolchains-v1 reply");
}

Compiler ParseCompilerFile(absl::string_view text, const std::string& language) {
  Compiler compiler;
  compiler.language = language;
  const auto value = [&](absl::string_view name) -> std::string {
    const std::string start = absl::StrCat("set(CMAKE_", language, "_", name, " ");
    for (absl::string_view line : absl::StrSplit(text, '\n')) {
      if (!absl::ConsumePrefix(&line, start) || !absl::ConsumeSuffix(&line, ")")) continue;
      if (absl::ConsumePrefix(&line, "\"")) absl::ConsumeSuffix(&line, "\"");
      return std::string(line);
    }
    return "";
  };
  compiler.path = value("COMPILER");
  compiler.id = value("COMPILER_ID");
  compiler.version = value("COMPILER_VERSION");
  compiler.include_dirs = absl::StrSplit(value("IMPLICIT_INCLUDE_DIRECTORIES"), ';', absl::SkipEmpty());
  compiler.link_dirs = absl::StrSplit(value("IMPLICIT_LINK_DIRECTORIES"), ';', absl::SkipEmpty());
  return compiler;
}

absl::StatusOr<CMakeInfo> LoadCMakeInfo(const std::string& build_dir) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(JoinPath(build_dir, "CMakeCache.txt")));
  auto cache = ParseCMakeCache(text);
  CMakeInfo info;
  info.source_dir = cache["CMAKE_HOME_DIRECTORY"];
  info.build_dir = build_dir;
  info.generator = cache["CMAKE_GENERATOR"];
  info.make_program = cache["CMAKE_MAKE_PROGRAM"];
  // CMake 3.25 answers a query that a project's own module wrote with the next configure run only: until
  // then, and wherever the reply is damaged, its compiler files tell the same.
  absl::StatusOr<std::vector<Compiler>> compilers = CompilersFromFileApi(build_dir);
  info.compilers =
      compilers.ok() && !compilers->empty() ? *std::move(compilers) : CompilersFromFiles(build_dir);
  return info;
}

}  // namespace glovebox::graph
