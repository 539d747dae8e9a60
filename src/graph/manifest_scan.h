// What Ninja's tools do not tell of an edge and its manifest does: restat, rspfile, dyndep. No evaluation of
// Ninja's language: a value that needs more than $in, $out and plain top level variables is left out.
#ifndef GLOVEBOX_GRAPH_MANIFEST_SCAN_H_
#define GLOVEBOX_GRAPH_MANIFEST_SCAN_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace glovebox::graph {

struct EdgeFlags {
  bool restat = false;  // outputs that the command leaves alone make nothing after it dirty
  std::string rspfile;  // made by Ninja before the command, removed after it; empty: none, or not known
  std::string depfile;  // as the edge's commands write it; empty: none, or not known
  std::string dyndep;
  bool operator==(const EdgeFlags&) const = default;
};

// By first output, unescaped. `read` gives the text of an included file (include, subninja), by its name; an
// error leaves it out.
using ReadManifest = std::function<absl::StatusOr<std::string>(const std::string& name)>;
absl::flat_hash_map<std::string, EdgeFlags> ScanManifest(absl::string_view text, const ReadManifest& read);

// A dyndep file: what each edge makes and needs beside what its manifest says.
struct DyndepEdge {
  std::string output;  // the edge's first
  std::vector<std::string> outputs;
  std::vector<std::string> inputs;
  bool restat = false;
  bool operator==(const DyndepEdge&) const = default;
};
// InvalidArgument names the line that is none.
absl::StatusOr<std::vector<DyndepEdge>> ParseDyndep(absl::string_view text);

}  // namespace glovebox::graph

#endif  // GLOVEBOX_GRAPH_MANIFEST_SCAN_H_
