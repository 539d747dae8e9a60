// Which line of a project makes which target and which file, and reads which, as far as its CMakeLists.txt
// files say so without being run. They are walked as CMake would: include(), add_subdirectory(), functions
// and macros with their arguments, foreach() over what is known, both sides of each if(). What is not known
// stays open (kAnyText), and is never guessed: a value that a module of CMake, a condition or a file outside
// of the project decides.
#ifndef GLOVEBOX_GRAPH_CMAKE_SCRIPT_H_
#define GLOVEBOX_GRAPH_CMAKE_SCRIPT_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "graph/cmake_variables.h"
#include "graph/file_api.h"

namespace glovebox::graph {

struct CMakeDeclaration {
  enum class Kind { kTarget, kOutput };
  Kind kind = Kind::kTarget;
  std::string pattern;     // a target's name; an output's path, absolute where it has no kAnyText in front
  std::string target;      // of an output: the target that the command is part of, where the line names it
  CMakeCall call;          // add_custom_command ... in the file where it stands
  std::string binary_dir;  // of the directory that the line worked for; empty: not known
  // Those that the line itself names, where their value is known: "data_name" -> "aes".
  CMakeVariableValues variables = {};
  // Where the pattern is not known in full: how the line writes it, "x_${data_name}.c"; empty: with others.
  std::string written = {};
  bool operator==(const CMakeDeclaration&) const = default;
};

// A call by which the configure step itself reads: what CMake does not make an input of the build.
struct CMakeRead {
  enum class Kind { kFile, kList, kNetwork };
  Kind kind = Kind::kFile;
  std::string
      pattern;  // the file, or the directory that is listed; absolute where it has no kAnyText in front
  bool below = false;  // ... and what lies below it: GLOB_RECURSE, a directory that is copied
  CMakeCall call;      // file, execute_process ... in the file where it stands
  bool operator==(const CMakeRead&) const = default;
};

struct CMakeProject {
  std::string source_dir;
  std::string build_dir;
  std::vector<std::string> files;  // what belongs to the project, absolute, as far as it is known beforehand
  std::vector<CMakeDirectory> directories;  // likewise
  absl::flat_hash_map<std::string, std::string> cache;
  size_t most_commands = 400'000;  // to walk, and then to stop: LLVM's build has a quarter of them
};

struct CMakeScript {
  std::vector<CMakeDeclaration> declarations;
  std::vector<CMakeRead> reads;
  bool complete = true;  // false: too much to walk; there may be more declarations than these
};
// `read`: the text of a file of the project; nothing for all others. No file is read twice.
using CMakeReader = std::function<std::optional<std::string>(const std::string& path)>;
CMakeScript WalkCMakeProject(const CMakeProject& project, const CMakeReader& read);

}  // namespace glovebox::graph

#endif  // GLOVEBOX_GRAPH_CMAKE_SCRIPT_H_
