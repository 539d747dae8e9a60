#include "graph/meson_info.h"

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/status.h"
#include "nlohmann/json.hpp"

namespace glovebox::graph {
namespace {

using Json = nlohmann::json;

std::string PathAt(const Json& object, const char* key) {
  const auto at = object.find(key);
  if (at == object.end() || !at->is_string()) return "";
  const auto& path = at->get_ref<const std::string&>();
  return !path.empty() && path[0] == '/' ? path : "";
}

}  // namespace

absl::StatusOr<MesonInfo> ParseMesonInfo(absl::string_view json) {
  const Json root = Json::parse(json.begin(), json.end(), nullptr, /*allow_exceptions=*/false);
  if (root.is_object() && root.contains("directories") && root["directories"].is_object()) {
    const Json& directories = root["directories"];
    MesonInfo info{PathAt(directories, "source"), PathAt(directories, "build")};
    if (!info.source_dir.empty() && !info.build_dir.empty()) return info;
  }
  return absl::InvalidArgumentError("meson-info.json: no source and build directory in it");
}

absl::StatusOr<MesonInfo> LoadMesonInfo(const std::string& build_dir) {
  ASSIGN_OR_RETURN(const std::string json, ReadFile(JoinPath(build_dir, "meson-info/meson-info.json")));
  return ParseMesonInfo(json);
}

}  // namespace glovebox::graph
