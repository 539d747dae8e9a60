// Fields of a JSON object that a tool wrote: what is missing, or of another type, is empty and no error.
#ifndef GLOVEBOX_GRAPH_JSON_FIELDS_H_
#define GLOVEBOX_GRAPH_JSON_FIELDS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace glovebox::graph {

using Json = nlohmann::json;

// A discarded value where the text is no JSON.
inline Json ParseJson(absl::string_view text) {
  return Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
}

inline const Json& FieldOf(const Json& object, const char* key) {
  static const Json* const none = new Json();
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() ? *found : *none;
}

inline const Json& ArrayAt(const Json& object, const char* key) {
  static const Json* const none = new Json(Json::array());
  const Json& field = FieldOf(object, key);
  return field.is_array() ? field : *none;
}

inline std::string StringAt(const Json& object, const char* key) {
  const Json& field = FieldOf(object, key);
  return field.is_string() ? field.get<std::string>() : "";
}

inline std::vector<std::string> StringsAt(const Json& object, const char* key) {
  std::vector<std::string> strings;
  for (const Json& item : ArrayAt(object, key)) {
    if (item.is_string()) strings.push_back(item.get<std::string>());
  }
  return strings;
}

// -1: none, or one that does not fit.
inline int IndexAt(const Json& object, const char* key) {
  const Json& field = FieldOf(object, key);
  if (!field.is_number_unsigned() || field.get<uint64_t>() > 0x7fffffff) return -1;
  return static_cast<int>(field.get<uint64_t>());
}

}  // namespace glovebox::graph

#endif  // GLOVEBOX_GRAPH_JSON_FIELDS_H_
