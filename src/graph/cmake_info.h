// What CMake knows of a build: where, with which generator and compilers, and where the toolchain lives.
#ifndef GLOVEBOX_GRAPH_CMAKE_INFO_H_
#define GLOVEBOX_GRAPH_CMAKE_INFO_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace glovebox::graph {

struct Compiler {
  std::string language;  // "C", "CXX"
  std::string path;
  std::string id;  // "GNU"; empty when not known
  std::string version;
  std::vector<std::string> include_dirs;  // implicit ones
  std::vector<std::string> link_dirs;
  bool operator==(const Compiler&) const = default;
};

struct CMakeInfo {
  std::string source_dir;  // absolute
  std::string build_dir;
  std::string generator;  // "Ninja", "Unix Makefiles" ...
  std::string make_program;
  std::vector<Compiler> compilers;
  // Directories of the toolchain: compilers' own, implicit include and link ones. Clean, sorted, once each.
  std::vector<std::string> ToolchainRoots() const;
};

// NAME -> value of CMakeCache.txt; types and comments are dropped. Never fails: lines that are no entries are
// passed over.
absl::flat_hash_map<std::string, std::string> ParseCMakeCache(absl::string_view text);

// The file API's toolchains-v1 object. InvalidArgument for what is none.
absl::StatusOr<std::vector<Compiler>> ParseToolchainsReply(absl::string_view json);
// The name of the toolchains-v1 file in an index-*.json; NotFound where the index has none.
absl::StatusOr<std::string> ToolchainsFileOf(absl::string_view index_json);

// One CMakeFiles/VERSION/CMake<LANG>Compiler.cmake: the same facts, for builds that were configured without
// the query. `language` as in the file's name.
Compiler ParseCompilerFile(absl::string_view text, const std::string& language);

// Reads all that. NotFound when `build_dir` holds no CMakeCache.txt (a Meson or hand-written build).
absl::StatusOr<CMakeInfo> LoadCMakeInfo(const std::string& build_dir);

}  // namespace glovebox::graph

#endif  // GLOVEBOX_GRAPH_CMAKE_INFO_H_
