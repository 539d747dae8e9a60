#include "graph/file_api.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/status.h"
#include "graph/json_fields.h"

namespace glovebox::graph {
namespace {

constexpr int kMaxFrames = 1000;

absl::Status Bad(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("not ", what, " of the CMake file API"));
}

std::string Below(const std::string& root, const std::string& path) {
  return CleanPath(JoinPath(root, path));
}

// A name that stays in the reply directory.
bool IsReplyName(const std::string& name) { return !name.empty() && !absl::StrContains(name, "/"); }

std::string AtIndex(const std::vector<std::string>& list, int index) {
  return index >= 0 && static_cast<size_t>(index) < list.size() ? list[static_cast<size_t>(index)] : "";
}

CMakeCalls CallsFrom(const Json& graph, int index, const std::string& source_dir) {
  const std::vector<std::string> files = StringsAt(graph, "files");
  const std::vector<std::string> commands = StringsAt(graph, "commands");
  const Json& nodes = ArrayAt(graph, "nodes");
  CMakeCalls calls;
  for (int frames = 0; frames < kMaxFrames && index >= 0 && static_cast<size_t>(index) < nodes.size();
       ++frames) {
    const Json& node = nodes[static_cast<size_t>(index)];
    const std::string file = AtIndex(files, IndexAt(node, "file"));
    const int line = IndexAt(node, "line");
    // The last one stands for the file as a whole: it has no line.
    if (line > 0 && !file.empty()) {
      calls.push_back({Below(source_dir, file), line, AtIndex(commands, IndexAt(node, "command"))});
    }
    index = IndexAt(node, "parent");
  }
  return calls;
}

}  // namespace

absl::StatusOr<FileApiIndex> ParseFileApiIndex(absl::string_view json) {
  const Json root = ParseJson(json);
  if (!root.is_object()) return Bad("an index");
  FileApiIndex index;
  index.cmake_root = StringAt(FieldOf(FieldOf(root, "cmake"), "paths"), "root");
  for (const Json& object : ArrayAt(root, "objects")) {
    const std::string file = StringAt(object, "jsonFile");
    if (IsReplyName(file)) index.files.try_emplace(StringAt(object, "kind"), file);
  }
  return index;
}

absl::StatusOr<Codemodel> ParseCodemodel(absl::string_view json) {
  const Json root = ParseJson(json);
  if (StringAt(root, "kind") != "codemodel") return Bad("a codemodel-v2 reply");
  Codemodel model;
  model.source_dir = CleanPath(StringAt(FieldOf(root, "paths"), "source"));
  model.build_dir = CleanPath(StringAt(FieldOf(root, "paths"), "build"));
  for (const Json& configuration : ArrayAt(root, "configurations")) {
    for (const Json& at : ArrayAt(configuration, "directories")) {
      CMakeDirectory directory{Below(model.source_dir, StringAt(at, "source")),
                               Below(model.build_dir, StringAt(at, "build"))};
      if (std::find(model.directories.begin(), model.directories.end(), directory) ==
          model.directories.end()) {
        model.directories.push_back(std::move(directory));
      }
    }
    for (const Json& at : ArrayAt(configuration, "targets")) {
      std::string file = StringAt(at, "jsonFile");
      if (IsReplyName(file)) model.target_files.push_back(std::move(file));
    }
  }
  std::sort(model.target_files.begin(), model.target_files.end());
  model.target_files.erase(std::unique(model.target_files.begin(), model.target_files.end()),
                           model.target_files.end());
  return model;
}

absl::StatusOr<FileApiTarget> ParseFileApiTarget(absl::string_view json, const Codemodel& model) {
  const Json root = ParseJson(json);
  FileApiTarget target;
  target.name = StringAt(root, "name");
  target.type = StringAt(root, "type");
  if (target.name.empty() || target.type.empty()) return Bad("a target");
  target.build_dir = Below(model.build_dir, StringAt(FieldOf(root, "paths"), "build"));
  for (const Json& artifact : ArrayAt(root, "artifacts")) {
    const std::string path = StringAt(artifact, "path");
    if (!path.empty()) target.artifacts.push_back(Below(model.build_dir, path));
  }
  target.calls = CallsFrom(FieldOf(root, "backtraceGraph"), IndexAt(root, "backtrace"), model.source_dir);
  for (const Json& source : ArrayAt(root, "sources")) {
    std::string path = StringAt(source, "path");
    absl::string_view output = path;
    if (FieldOf(source, "isGenerated") == true && absl::ConsumeSuffix(&output, ".rule")) {
      target.custom_outputs.push_back(Below(model.source_dir, std::string(output)));
    }
  }
  return target;
}

absl::StatusOr<std::vector<std::string>> ParseCMakeFiles(absl::string_view json) {
  const Json root = ParseJson(json);
  if (StringAt(root, "kind") != "cmakeFiles") return Bad("a cmakeFiles-v1 reply");
  const std::string source_dir = StringAt(FieldOf(root, "paths"), "source");
  std::vector<std::string> files;
  for (const Json& input : ArrayAt(root, "inputs")) {
    const std::string path = StringAt(input, "path");
    if (!path.empty() && FieldOf(input, "isCMake") != true) files.push_back(Below(source_dir, path));
  }
  return files;
}

std::vector<std::string> FilesLike(const std::string& directory, absl::string_view begin,
                                   absl::string_view end) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator at(directory, error), stop; !error && at != stop;
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.size() >= begin.size() + end.size() && absl::StartsWith(name, begin) &&
        absl::EndsWith(name, end)) {
      names.push_back(name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<FileApiReply> LoadFileApi(const std::string& build_dir) {
  const std::string directory = JoinPath(build_dir, ".cmake/api/v1/reply");
  const std::vector<std::string> indexes = FilesLike(directory, "index-", ".json");
  if (indexes.empty()) return absl::NotFoundError("no file API reply");
  FileApiReply reply;
  // cmake-file-api(7): the newest index is the last one by name.
  ASSIGN_OR_RETURN(const std::string index, ReadFile(JoinPath(directory, indexes.back())));
  ASSIGN_OR_RETURN(reply.index, ParseFileApiIndex(index));
  const auto codemodel = reply.index.files.find("codemodel");
  if (codemodel == reply.index.files.end()) return absl::NotFoundError("the file API reply has no codemodel");
  ASSIGN_OR_RETURN(const std::string model, ReadFile(JoinPath(directory, codemodel->second)));
  ASSIGN_OR_RETURN(reply.model, ParseCodemodel(model));
  for (const std::string& file : reply.model.target_files) {
    const absl::StatusOr<std::string> text = ReadFile(JoinPath(directory, file));
    if (!text.ok()) continue;
    absl::StatusOr<FileApiTarget> target = ParseFileApiTarget(*text, reply.model);
    if (target.ok()) reply.targets.push_back(*std::move(target));
  }
  const auto files = reply.index.files.find("cmakeFiles");
  if (files != reply.index.files.end()) {
    const absl::StatusOr<std::string> text = ReadFile(JoinPath(directory, files->second));
    if (text.ok()) reply.files = ParseCMakeFiles(*text).value_or(std::vector<std::string>());
  }
  return reply;
}

}  // namespace glovebox::graph
