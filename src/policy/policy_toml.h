// toml++ for the loader's own files: values with their places, and complaints about them.
#ifndef GLOVEBOX_POLICY_POLICY_TOML_H_
#define GLOVEBOX_POLICY_POLICY_TOML_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "policy/policy_set.h"

// Header only, so that a program that reads no policy loads no library for it; errors are values.
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
// Version 3.3 takes for granted, by its assertions, what the next line of it then finds to be wrong and
// complains about ("[.]"): they would end the program, or, with NDEBUG, tell clang that it cannot be.
#define TOML_ASSERT(expr) static_assert(true)
#pragma push_macro("NDEBUG")
#undef NDEBUG
#include <toml++/toml.h>
#pragma pop_macro("NDEBUG")

namespace glovebox::policy {

// One key of a table with its value. `path` names it for people: "compile.network".
struct TomlItem {
  std::string name;
  std::string path;
  Origin key_origin;
  Origin origin;  // of the value
  const toml::node* node = nullptr;
};

struct TomlWord {
  std::string text;
  Origin origin;
};

class TomlReader {
 public:
  explicit TomlReader(std::string file) : file_(std::move(file)) {}

  Origin At(const toml::source_region& region) const;
  // The keys of a table in the order in which they are written. `path` is the table's, empty at the top.
  std::vector<TomlItem> Items(const toml::table& table, absl::string_view path) const;

  // Each complains where the value is something else. `example` ends the complaint: `"10s"`.
  std::optional<std::string> String(const TomlItem& item, absl::string_view example);
  std::optional<bool> Bool(const TomlItem& item);
  std::optional<std::vector<TomlWord>> Strings(const TomlItem& item, absl::string_view example);
  const toml::table* Table(const TomlItem& item, absl::string_view example);
  // A string, or a whole number that is not negative, as text.
  std::optional<std::string> StringOrNumber(const TomlItem& item, absl::string_view example);
  // One of these words.
  std::optional<size_t> OneOf(const TomlItem& item, const std::vector<std::string>& words);

  void UnknownKey(const TomlItem& item, const std::vector<std::string>& known);
  void Error(const Origin& origin, std::string text) { errors_.push_back({origin, std::move(text)}); }
  void Note(const Origin& origin, std::string text) { notices_.push_back({origin, std::move(text)}); }

  // In the order of the file, each once.
  std::vector<Notice> TakeErrors();
  std::vector<Notice> TakeNotices();

 private:
  void WrongType(const TomlItem& item, absl::string_view wanted, absl::string_view example);
  std::string file_;
  std::vector<Notice> errors_;
  std::vector<Notice> notices_;
};

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_POLICY_TOML_H_
