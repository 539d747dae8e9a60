// The calls of a CMakeLists.txt, as they are written: cmake-language(7) without its meaning. Nothing is
// expanded.
#ifndef GLOVEBOX_GRAPH_CMAKE_LEXER_H_
#define GLOVEBOX_GRAPH_CMAKE_LEXER_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace glovebox::graph {

struct CMakeArgument {
  enum class Kind { kUnquoted, kQuoted, kBracket };
  Kind kind = Kind::kUnquoted;
  std::string
      text;  // between the quotes or brackets; `\"` and ${x} stay as they are. "(" and ")" are arguments too
  bool operator==(const CMakeArgument&) const = default;
};

struct CMakeCommand {
  std::string name;  // lower case
  int line = 0;      // of the name, from 1: what CMake's own back-traces say
  std::vector<CMakeArgument> arguments;
  bool operator==(const CMakeCommand&) const = default;
};

// Never fails: what is no CMake ends the list, with the calls in front of it.
std::vector<CMakeCommand> ParseCMakeCommands(absl::string_view text);

// Where the call that begins on `line` (from 1) has its closing parenthesis: an offset into `text`; npos
// where no call begins there, or it has no end.
size_t FindCMakeCallEnd(absl::string_view text, int line);

}  // namespace glovebox::graph

#endif  // GLOVEBOX_GRAPH_CMAKE_LEXER_H_
