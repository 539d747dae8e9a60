// CMake's own answer to what it generated: cmake-file-api(7), the replies in BUILD/.cmake/api/v1/reply.
//
//   index-*.json      the newest by name counts; which object is in which file
//   codemodel-v2      directories and targets of each configuration
//   target-*.json     artifacts, sources, and the calls that made the target, with their file and line
//   cmakeFiles-v1     the files that were read
//
// CMake 3.25 says of a custom command which target it belongs to (a source OUTPUT.rule), and not where it was
// added.
#ifndef GLOVEBOX_GRAPH_FILE_API_H_
#define GLOVEBOX_GRAPH_FILE_API_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace glovebox::graph {

struct FileApiIndex {
  std::string cmake_root;                               // of CMake's own modules: "/usr/share/cmake-3.25"
  absl::flat_hash_map<std::string, std::string> files;  // "codemodel" -> "codemodel-v2-...json"
};
absl::StatusOr<FileApiIndex> ParseFileApiIndex(absl::string_view json);

// A directory of the build. Absolute, clean.
struct CMakeDirectory {
  std::string source;
  std::string binary;
  bool operator==(const CMakeDirectory&) const = default;
};

struct Codemodel {
  std::string source_dir;
  std::string build_dir;
  std::vector<CMakeDirectory> directories;  // of all configurations, once each
  std::vector<std::string> target_files;    // names in the reply directory, once each
};
absl::StatusOr<Codemodel> ParseCodemodel(absl::string_view json);

// One frame of a back-trace: `command` is called in `file` (absolute) at `line`.
struct CMakeCall {
  std::string file;
  int line = 0;
  std::string command;
  bool operator==(const CMakeCall&) const = default;
};
using CMakeCalls = std::vector<CMakeCall>;  // the innermost first

struct FileApiTarget {
  std::string name;
  std::string type;  // "EXECUTABLE", "STATIC_LIBRARY", "UTILITY" ...
  std::string build_dir;
  std::vector<std::string> artifacts;  // absolute; of a versioned library the name without the version
  CMakeCalls calls;
  std::vector<std::string> custom_outputs;  // first outputs of custom commands that belong to it
  bool operator==(const FileApiTarget&) const = default;
};
// `model`: what the target's relative paths stand below.
absl::StatusOr<FileApiTarget> ParseFileApiTarget(absl::string_view json, const Codemodel& model);

// cmakeFiles-v1: the files that were read for the project, without those of CMake's installation. Absolute.
absl::StatusOr<std::vector<std::string>> ParseCMakeFiles(absl::string_view json);

struct FileApiReply {
  FileApiIndex index;
  Codemodel model;
  std::vector<FileApiTarget> targets;
  std::vector<std::string> files;  // empty where cmakeFiles-v1 was not asked for
};
// The newest reply. NotFound: none, or it has no codemodel. A target whose file cannot be read is left out.
absl::StatusOr<FileApiReply> LoadFileApi(const std::string& build_dir);

// The files of a directory whose name begins and ends like this, sorted.
std::vector<std::string> FilesLike(const std::string& directory, absl::string_view begin,
                                   absl::string_view end);

}  // namespace glovebox::graph

#endif  // GLOVEBOX_GRAPH_FILE_API_H_
