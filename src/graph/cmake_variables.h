// What a CMake variable holds where not everything is known: text in which kAnyText stands for some text,
// also none and also one with slashes or semicolons. So nothing that is said of a value is a guess.
#ifndef GLOVEBOX_GRAPH_CMAKE_VARIABLES_H_
#define GLOVEBOX_GRAPH_CMAKE_VARIABLES_H_

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "graph/cmake_lexer.h"

namespace glovebox::graph {

inline constexpr char kAnyText = '\x01';
// A value of which nothing is known: kAnyText alone.
const std::string& AnyText();
bool IsKnown(absl::string_view value);
// True where some text for each kAnyText makes `pattern` the same as `text`.
bool MatchesAnyText(absl::string_view pattern, absl::string_view text);

// Name and value, as they were where a line was run.
using CMakeVariableValues = std::vector<std::pair<std::string, std::string>>;
// What the variable in the last part of `written` holds where it makes `path`; empty where that part has
// none, has several, or cannot make it: {"x_${name}.c", "/b/x_aes.c"} -> {{"name", "aes"}}.
CMakeVariableValues ValueBehind(absl::string_view written, absl::string_view path);

// A scope: of the top directory, a subdirectory, a function. What is not set here is looked for around it.
class CMakeScope {
 public:
  explicit CMakeScope(CMakeScope* parent) : parent_(parent) {}
  CMakeScope* parent() const { return parent_; }
  const std::string* Find(const std::string& name) const;
  void Set(const std::string& name, std::string value);

  // What is set from here on may not be what happens (a branch): Leave() takes it back and says which names.
  void EnterMaybe() { undo_.emplace_back(); }
  std::vector<std::string> LeaveMaybe();
  bool in_maybe() const { return !undo_.empty(); }
  // Takes back what a macro's arguments have hidden.
  void Restore(const std::string& name, const std::optional<std::string>& value);
  std::optional<std::string> Own(const std::string& name) const;

 private:
  CMakeScope* parent_;
  absl::flat_hash_map<std::string, std::string> values_;
  std::vector<std::vector<std::pair<std::string, std::optional<std::string>>>> undo_;
};

// The value of a variable; what is not known has kAnyText.
using CMakeLookup = std::function<std::string(const std::string& name)>;
// ${x}, $ENV{x}, $<...> and escapes.
std::string ExpandCMake(absl::string_view text, const CMakeLookup& lookup);

struct CMakeWords {
  std::vector<std::string> words;
  size_t sure = 0;  // words in front of the first that may be none or several: their places are known
};
// As CMake cuts arguments: an unquoted one by its semicolons.
CMakeWords ExpandCMakeArguments(const std::vector<CMakeArgument>& arguments, const CMakeLookup& lookup);

std::vector<std::string> SplitCMakeList(absl::string_view list);

}  // namespace glovebox::graph

#endif  // GLOVEBOX_GRAPH_CMAKE_VARIABLES_H_
