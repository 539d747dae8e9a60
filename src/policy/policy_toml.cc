#include "policy/policy_toml.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "policy/nearest.h"

namespace glovebox::policy {
namespace {

const char* TypeName(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a number with a point";
    case toml::node_type::boolean:
      return "a truth value";
    case toml::node_type::date:
    case toml::node_type::time:
    case toml::node_type::date_time:
      return "a date or time";
    default:
      return "nothing";
  }
}

std::vector<Notice> Sorted(std::vector<Notice> notices) {
  std::stable_sort(notices.begin(), notices.end(), [](const Notice& a, const Notice& b) {
    return std::tie(a.origin.line, a.origin.column) < std::tie(b.origin.line, b.origin.column);
  });
  notices.erase(std::unique(notices.begin(), notices.end()), notices.end());
  return notices;
}

}  // namespace

Origin TomlReader::At(const toml::source_region& region) const {
  return {file_, static_cast<int>(region.begin.line), static_cast<int>(region.begin.column)};
}

std::vector<TomlItem> TomlReader::Items(const toml::table& table, absl::string_view path) const {
  std::vector<TomlItem> items;
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    items.push_back({name, absl::StrCat(path, path.empty() ? "" : ".", name), At(key.source()),
                     At(node.source()), &node});
  }
  std::stable_sort(items.begin(), items.end(), [](const TomlItem& a, const TomlItem& b) {
    return std::tie(a.key_origin.line, a.key_origin.column) <
           std::tie(b.key_origin.line, b.key_origin.column);
  });
  return items;
}

void TomlReader::WrongType(const TomlItem& item, absl::string_view wanted, absl::string_view example) {
  Error(item.origin, absl::StrCat("\"", item.path, "\" is ", TypeName(*item.node), ", and takes ", wanted,
                                  example.empty() ? "" : absl::StrCat(": ", item.name, " = ", example)));
}

std::optional<std::string> TomlReader::String(const TomlItem& item, absl::string_view example) {
  if (const toml::value<std::string>* value = item.node->as_string()) return value->get();
  WrongType(item, "a string", example);
  return std::nullopt;
}

std::optional<bool> TomlReader::Bool(const TomlItem& item) {
  if (const toml::value<bool>* value = item.node->as_boolean()) return value->get();
  WrongType(item, "true or false", "");
  return std::nullopt;
}

std::optional<std::vector<TomlWord>> TomlReader::Strings(const TomlItem& item, absl::string_view example) {
  const toml::array* array = item.node->as_array();
  if (array == nullptr) {
    const toml::value<std::string>* one = item.node->as_string();
    WrongType(item, "a list of strings", one != nullptr ? absl::StrCat("[\"", one->get(), "\"]") : example);
    return std::nullopt;
  }
  std::vector<TomlWord> words;
  bool good = true;
  for (const toml::node& node : *array) {
    if (const toml::value<std::string>* value = node.as_string()) {
      words.push_back({value->get(), At(node.source())});
      continue;
    }
    good = false;
    Error(At(node.source()), absl::StrCat("\"", item.path, "\" holds ", TypeName(node),
                                          ", and takes strings alone: ", item.name, " = ", example));
  }
  if (!good) return std::nullopt;
  return words;
}

const toml::table* TomlReader::Table(const TomlItem& item, absl::string_view example) {
  const toml::table* table = item.node->as_table();
  if (table == nullptr) WrongType(item, "a table", example);
  return table;
}

std::optional<std::string> TomlReader::StringOrNumber(const TomlItem& item, absl::string_view example) {
  if (const toml::value<std::string>* value = item.node->as_string()) return value->get();
  if (const toml::value<int64_t>* value = item.node->as_integer()) {
    if (value->get() >= 0) return absl::StrCat(value->get());
    Error(item.origin, absl::StrCat("\"", item.path, "\" is negative: ", item.name, " = ", example));
    return std::nullopt;
  }
  WrongType(item, "a string or a whole number", example);
  return std::nullopt;
}

std::optional<size_t> TomlReader::OneOf(const TomlItem& item, const std::vector<std::string>& words) {
  const toml::value<std::string>* value = item.node->as_string();
  if (value == nullptr) {
    WrongType(item, absl::StrCat("one of \"", absl::StrJoin(words, "\", \""), "\""), "");
    return std::nullopt;
  }
  const auto found = std::find(words.begin(), words.end(), value->get());
  if (found != words.end()) return static_cast<size_t>(found - words.begin());
  Error(item.origin, absl::StrCat("\"", item.path, "\" cannot be \"", value->get(), "\"",
                                  Suggestion(value->get(), words)));
  return std::nullopt;
}

void TomlReader::UnknownKey(const TomlItem& item, const std::vector<std::string>& known) {
  Error(item.key_origin, absl::StrCat("unknown key \"", item.path, "\"", Suggestion(item.name, known)));
}

std::vector<Notice> TomlReader::TakeErrors() { return Sorted(std::move(errors_)); }

std::vector<Notice> TomlReader::TakeNotices() { return Sorted(std::move(notices_)); }

}  // namespace glovebox::policy
