// .ninja_deps: what the depfiles named when Ninja last read them (deps=gcc and msvc; Ninja deletes the
// depfile then). The file is binary and changes between versions: Ninja's own tool reads it.
//
//   ninja -t deps      for each output that has an entry and still an edge with deps:
//     OUTPUT: #deps N, deps mtime M (VALID)       or (STALE): the output is gone, or newer than its entry
//         DEP                                     N lines
//     <an empty line>
#ifndef GLOVEBOX_GRAPH_DEPS_LOG_H_
#define GLOVEBOX_GRAPH_DEPS_LOG_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "graph/ninja_graph.h"

namespace glovebox::graph {

struct DepsEntry {
  bool valid = false;  // Ninja goes by it: the output is as old as the entry
  std::vector<std::string> deps;
  bool operator==(const DepsEntry&) const = default;
};

// By output. Paths as Ninja spells them, raw bytes.
using DepsLog = absl::flat_hash_map<std::string, DepsEntry>;

// The answer of `ninja -t deps`. Names may hold blanks, colons, and whatever the tool itself writes: the
// count says where an entry ends. InvalidArgument names the line that cannot be read.
absl::StatusOr<DepsLog> ParseDepsLog(absl::string_view text);

// Asks Ninja; the log is left as it is. Empty where there is none. Errors as LoadNinjaGraph's.
absl::StatusOr<DepsLog> LoadDepsLog(const NinjaCall& call);

}  // namespace glovebox::graph

#endif  // GLOVEBOX_GRAPH_DEPS_LOG_H_
