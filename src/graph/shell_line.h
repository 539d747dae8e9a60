// A line for /bin/sh, read as far as it takes to say which programs it runs. No expansion, no here-documents.
#ifndef GLOVEBOX_GRAPH_SHELL_LINE_H_
#define GLOVEBOX_GRAPH_SHELL_LINE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace glovebox::graph {

// The commands of a shell line, cut at && || | ; & outside of quotes, parentheses and substitutions.
struct ShellPart {
  std::string text;
  bool redirects = false;  // it opens a file (and does not copy a descriptor, as 2>&1)
  // What stands in `...` and $(...), not in single quotes: lines of their own, which the same shell runs
  // first. The outermost ones, in their order; what is not closed goes to the end.
  std::vector<std::string> substitutions;
  bool operator==(const ShellPart&) const = default;
};
std::vector<ShellPart> SplitShell(absl::string_view command);

// Takes the first word off, unquoted as far as a program's path needs it. Empty at the end.
std::string TakeWord(absl::string_view& text);

// A recipe line as make gives it to the shell: $$ is a dollar. A reference $(NAME) becomes ${NAME}, which is
// no substitution of the shell.
std::string RecipeToShell(absl::string_view line);

}  // namespace glovebox::graph

#endif  // GLOVEBOX_GRAPH_SHELL_LINE_H_
