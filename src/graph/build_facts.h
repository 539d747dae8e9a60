// What a build's tools and the disk say of a build beside its manifest: once asked, then looked at by who
// judges it (src/verify), which asks nobody.
#ifndef GLOVEBOX_GRAPH_BUILD_FACTS_H_
#define GLOVEBOX_GRAPH_BUILD_FACTS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "graph/cmake_places.h"
#include "graph/manifest_scan.h"
#include "graph/ninja_graph.h"

namespace glovebox::graph {

// A file that the graph names. Its name and what an access tells are spellings of one object: directories
// are followed by the kernel, so `path` has none that is a link.
struct NamedFile {
  std::string path;    // absolute
  std::string target;  // of a symbolic link, what it leads to; empty: it is none
  bool there = false;  // when it was looked at
  // Of a regular file that was there: which one it is, and by how many names.
  uint64_t device = 0, inode = 0, links = 0;
};

// Why Ninja would run an edge although nothing was touched.
struct DirtyEdge {
  std::string output;
  std::string reason;            // in Ninja's words
  std::string because;           // the input that is newer; empty: none is named
  int64_t because_mtime_ns = 0;  // CLOCK_REALTIME; 0: not known
};

struct BuildFacts {
  std::shared_ptr<const NinjaGraph> ninja;  // with what dyndep files add
  // By Ninja's spelling of the first output: what its depfile named, from the deps log or, where Ninja keeps
  // none, from the depfile itself.
  absl::flat_hash_map<std::string, std::vector<std::string>> depfile_inputs;
  absl::flat_hash_map<std::string, NamedFile> files;  // by spelling, of all that is named above
  std::vector<std::string> once_outputs;              // in Ninja's log, and made by no edge; absolute
  std::vector<DirtyEdge> dirty;                       // what a second build would do
  absl::flat_hash_map<std::string, EdgeFlags> flags;  // by Ninja's spelling of the first output
  std::vector<std::string> configure_inputs;          // of the manifest's own edge
  // Beside ninja->edges(); empty strings where nobody knows.
  std::vector<std::string> places;   // "CMakeLists.txt:14 add_custom_command"
  std::vector<std::string> targets;  // CMake's name of the target that the edge belongs to
  // What else CMake's files say of an edge; none: no build of CMake's.
  std::optional<CMakePlaces> cmake;

  // The file behind a name; the name itself, cleaned, for one that is not in `files`.
  NamedFile FileOf(absl::string_view name) const;
};

// The directory of the project, for a build that has no CMake to tell: the longest one above all that the
// graph reads and does not make, outside of the system's directories. Empty: none.
std::string SourceDirOf(const BuildFacts& facts);

// Asks Ninja (-t deps, -n -d explain), reads its log and depfiles, and looks at each file that is named.
// Errors: the graph's own. What else cannot be had is empty: a build without a deps log has none.
absl::StatusOr<BuildFacts> LoadBuildFacts(const NinjaCall& call, std::shared_ptr<const NinjaGraph> ninja);

// The answer of `ninja -n -d explain`.
std::vector<DirtyEdge> ParseExplain(absl::string_view text);

}  // namespace glovebox::graph

#endif  // GLOVEBOX_GRAPH_BUILD_FACTS_H_
