// What Meson knows of a build.
#ifndef GLOVEBOX_GRAPH_MESON_INFO_H_
#define GLOVEBOX_GRAPH_MESON_INFO_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace glovebox::graph {

struct MesonInfo {
  std::string source_dir;  // absolute
  std::string build_dir;   // where it was configured: a directory that was moved still names its old place
};

// meson-info/meson-info.json (Meson 0.50 and newer write it). InvalidArgument for what is none.
absl::StatusOr<MesonInfo> ParseMesonInfo(absl::string_view json);

// NotFound where `build_dir` holds no such file.
absl::StatusOr<MesonInfo> LoadMesonInfo(const std::string& build_dir);

}  // namespace glovebox::graph

#endif  // GLOVEBOX_GRAPH_MESON_INFO_H_
