// Depfiles, as gcc and clang write them (-MD, -MMD, -MP) and Ninja reads them: a make rule whose
// prerequisites are the files that a compile read.
#ifndef GLOVEBOX_GRAPH_DEPFILE_H_
#define GLOVEBOX_GRAPH_DEPFILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace glovebox::graph {

struct Depfile {
  std::vector<std::string> targets;
  std::vector<std::string> inputs;  // each once, in their order; what -MP lists as empty targets is not twice
  bool operator==(const Depfile&) const = default;
};

// Reads the text of a depfile. Escapes as Ninja takes them (src/depfile_parser.in.cc): a backslash before a
// blank, '#', ':' or a newline, "\\ " for one backslash and the end of the name, "$$" for a dollar. An
// empty text has no targets and is right. InvalidArgument names the line where a colon is missing.
//   ASSIGN_OR_RETURN(Depfile depfile, ParseDepfile("a.o: a.c \\\n  a.h\n"));
absl::StatusOr<Depfile> ParseDepfile(absl::string_view text);

// The depfile that a command writes for Ninja: the word behind -MF, or what `cmake -E
// cmake_transform_depfile` writes (CMake's DEPFILE of a custom command). Empty: none.
std::string DepfileOf(absl::string_view command);

}  // namespace glovebox::graph

#endif  // GLOVEBOX_GRAPH_DEPFILE_H_
