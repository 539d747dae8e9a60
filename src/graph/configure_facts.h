// What makes CMake run again, as the build that it wrote says: held against what it read (src/verify).
#ifndef GLOVEBOX_GRAPH_CONFIGURE_FACTS_H_
#define GLOVEBOX_GRAPH_CONFIGURE_FACTS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "graph/cmake_places.h"
#include "graph/ninja_graph.h"

namespace glovebox::graph {

// A directory whose entries are looked at before each build: file(GLOB ... CONFIGURE_DEPENDS).
struct WatchedDirectory {
  std::string path;
  bool below = false;  // and all that are below it
  bool operator==(const WatchedDirectory&) const = default;
};

struct ConfigureFacts {
  bool generated = false;        // a build was written: what it lists is known
  std::string why_unknown = {};  // ... and where that is not known
  // Files that make CMake run again, as the kernel finds them: of a link, itself and what it leads to.
  // Sorted.
  std::vector<std::string> inputs;
  std::vector<WatchedDirectory> watched;
  std::optional<CMakePlaces> places;  // none: no CMakeCache.txt
};

// Asks the manifest's own edge, or CMakeFiles/Makefile.cmake of a Makefile build, and reads
// CMakeFiles/VerifyGlobs.cmake and the project's own files. What is not there is empty.
ConfigureFacts LoadConfigureFacts(const NinjaCall& call);

// The file that lists them: the manifest, or CMakeFiles/Makefile.cmake where CMakeCache.txt names a generator
// of Makefiles. Absolute; it need not be there.
std::string GeneratedFile(const NinjaCall& call);

// CMakeFiles/VerifyGlobs.cmake: what each of its globs lists, by its letters.
std::vector<WatchedDirectory> ParseVerifyGlobs(absl::string_view text);

}  // namespace glovebox::graph

#endif  // GLOVEBOX_GRAPH_CONFIGURE_FACTS_H_
