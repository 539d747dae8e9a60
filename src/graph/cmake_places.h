// Where in a CMake project an edge comes from: the file and the line of the call that made it.
//
// Two sources. CMake's file API has back-traces of targets: exact. What it does not have (custom commands;
// anything, where the build was configured without a query) is looked for in the project's own files, as far
// as they say it without being run (cmake_script.h): a line counts only if it is the only one that can have
// made the file. Where two can, or one that cannot be read may be it, there is no place: a wrong line is
// worse than none.
//
//   ASSIGN_OR_RETURN(const CMakePlaces places, LoadCMakePlaces("/src/build"));
//   places.OfOutput("gen/table.h");   // {"src/CMakeLists.txt", 14, "add_custom_command", "text"}
//   places.OfTarget("app");           // {"CMakeLists.txt", 9, "add_executable", "file-api"}
#ifndef GLOVEBOX_GRAPH_CMAKE_PLACES_H_
#define GLOVEBOX_GRAPH_CMAKE_PLACES_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "graph/cmake_script.h"
#include "graph/file_api.h"
#include "graph/ninja_graph.h"

namespace glovebox::graph {

struct CMakePlace {
  std::string file;  // relative to the source directory where it lies below it
  int line = 0;
  std::string
      command;      // "add_custom_command", "add_executable"; the project's own word where that made the call
  std::string how;  // "file-api" or "text"
  bool operator==(const CMakePlace&) const = default;
};

// A target and the binary directory of the CMakeLists.txt that made it. Absolute.
struct CMakeTargetDir {
  std::string name;
  std::string binary_dir;
  bool operator==(const CMakeTargetDir&) const = default;
};

// All that places are found by.
struct CMakePlaceFacts {
  std::string asked_dir;             // the build directory as the caller spells it
  std::string source_dir;            // as CMake spells them
  std::string real_source_dir = {};  // ... and as the kernel finds it; empty: the same
  std::string build_dir;
  std::string cmake_root;                   // of CMake's own modules
  std::vector<std::string> configurations;  // of a multi-configuration build
  std::vector<FileApiTarget> targets;       // the file API's; empty: no reply
  std::vector<CMakeTargetDir> target_dirs;  // of each target, from either source
  CMakeScript script;
};

// Immutable; copies share what they know.
class CMakePlaces {
 public:
  explicit CMakePlaces(CMakePlaceFacts facts);
  // The call that made the target: of several frames the innermost one in a file of the project, so that a
  // function of the project is entered, and a module of CMake or of an installed package is not.
  std::optional<CMakePlace> OfTarget(absl::string_view target) const;
  // Absolute, or relative to the build directory: what a custom command makes, an object file, a library or
  // program (for these the place of their target).
  std::optional<CMakePlace> OfOutput(absl::string_view path_or_output) const;
  // The call by which the configure step reads a file or, where `listed`, the entries of a directory; and the
  // one that goes to a network. Absolute, as the kernel finds it.
  std::optional<CMakePlace> OfRead(absl::string_view path, bool listed) const;
  std::optional<CMakePlace> OfNetwork() const;
  // Whether a file() of the project may list the directory: CMake's own modules do so as well.
  bool MayList(absl::string_view path) const;
  // The target whose build makes the file. A custom command's is the one that alone has it among its sources.
  std::optional<std::string> TargetOfOutput(absl::string_view path_or_output) const;
  // The same of an edge, by its rule (CMake's names of rules hold the target's) or the first output that has
  // a place: also where a library is called otherwise than its target.
  std::optional<CMakePlace> OfEdge(const NinjaEdge& edge) const;
  std::optional<std::string> TargetOfEdge(const NinjaEdge& edge) const;
  // The variables that the line of OfEdge() names, as they were when it made this edge or its target; empty
  // where that is not known.
  CMakeVariableValues VariablesOf(const NinjaEdge& edge) const;

 private:
  struct Index;
  std::shared_ptr<const Index> index_;
};

// NotFound: no CMakeCache.txt. What is missing beside it makes fewer places known, and is no error. `ninja`
// is asked which files CMake has read where the file API does not say.
absl::StatusOr<CMakePlaces> LoadCMakePlaces(const std::string& build_dir, const std::string& ninja = "ninja");

// The parts of the loading that are text alone.
// BUILD/cmake_install.cmake names its source directory and the scripts below it.
struct CMakeInstallScript {
  std::string source_dir;
  std::vector<std::string> scripts;
};
CMakeInstallScript ParseCMakeInstallScript(absl::string_view text);
// BUILD/CMakeFiles/TargetDirectories.txt: ".../sub/CMakeFiles/app.dir" a line.
std::vector<CMakeTargetDir> ParseTargetDirectories(absl::string_view text);
// BUILD/CMakeFiles/Makefile.cmake: the files that its configure step has read, absolute.
std::vector<std::string> ParseMakefileDepends(absl::string_view text, const std::string& build_dir);

}  // namespace glovebox::graph

#endif  // GLOVEBOX_GRAPH_CMAKE_PLACES_H_
