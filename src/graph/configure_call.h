// What a command line of cmake configures, and where.
#ifndef GLOVEBOX_GRAPH_CONFIGURE_CALL_H_
#define GLOVEBOX_GRAPH_CONFIGURE_CALL_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace glovebox::graph {

// Absolute and clean, by their letters.
struct ConfigureCall {
  std::string source_dir;
  std::string build_dir;
  bool operator==(const ConfigureCall&) const = default;
};

// The text of a file; an error where there is none.
using FileText = std::function<absl::StatusOr<std::string>(const std::string& path)>;

// `words` without cmake itself: -S, -B, a source or a build directory, --preset (of CMakePresets.json and
// CMakeUserPresets.json, with what they include and inherit). InvalidArgument, with the mend, for what
// configures nothing (--build, -E, -P ...), and for a preset whose directory is not known here.
absl::StatusOr<ConfigureCall> ReadConfigureCall(const std::vector<std::string>& words, const std::string& cwd,
                                                const FileText& read);

// Where a preset builds: absolute; empty, where it does not say, or there is no such preset: CMake tells that
// itself. InvalidArgument where a macro is not known.
absl::StatusOr<std::string> PresetBinaryDir(const std::string& preset, const std::string& source_dir,
                                            const FileText& read);

}  // namespace glovebox::graph

#endif  // GLOVEBOX_GRAPH_CONFIGURE_CALL_H_
