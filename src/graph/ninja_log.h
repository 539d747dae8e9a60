// .ninja_log: which edges Ninja has run, and when. Pure: text in, values out.
//
// Format (ninja's src/build_log.cc): "# ninja log vN", then a line an output, appended when its edge has
// succeeded:
//   start <TAB> end <TAB> mtime <TAB> output <TAB> hash of the command, hexadecimal
// start and end are milliseconds since that Ninja began. The last line of an output counts; Ninja rewrites
// the file now and then to drop the others. v5 (1.5 to 1.11), v6 (1.12) and v7 (1.13) differ in the meaning
// of mtime and in the hash function only. An edge that fails leaves no line.
#ifndef GLOVEBOX_GRAPH_NINJA_LOG_H_
#define GLOVEBOX_GRAPH_NINJA_LOG_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace glovebox::graph {

struct NinjaLogEntry {
  int64_t start_ms = 0;
  int64_t end_ms = 0;
  int64_t mtime = 0;
  std::string output;
  uint64_t command_hash = 0;
  bool operator==(const NinjaLogEntry&) const = default;
};

struct NinjaLog {
  int version = 0;                     // 0: there is no log yet
  std::vector<NinjaLogEntry> entries;  // in file order, with those that were superseded
  int bad_lines = 0;                   // lines that are no entries (a torn last one): left out, as Ninja does
};

// Empty text is an empty log. InvalidArgument for what is no Ninja log, Unimplemented for a version that is
// not known.
absl::StatusOr<NinjaLog> ParseNinjaLog(absl::string_view text);

// An edge that ran: its outputs share start, end and hash.
struct RanEdge {
  int64_t start_ms = 0;
  int64_t end_ms = 0;
  std::vector<std::string> outputs;
  bool operator==(const RanEdge&) const = default;
};

// The edges that succeeded between two readings of the log, in the order they ended. Exact where Ninja only
// appended; where it rewrote the file, an edge that ran again with the very same times, mtime and command is
// not told from one that did not run.
absl::StatusOr<std::vector<RanEdge>> EdgesRan(absl::string_view before, absl::string_view after);

// The value of the top level variable `builddir` of a manifest ("" where it has none): Ninja keeps its log
// there, and none of its tools tells. `found` is false where the value needs more of Ninja's language than
// plain top level variables: then the place of the log is not known.
struct BuildDirVariable {
  std::string value;
  bool found = true;
};
BuildDirVariable FindBuildDirVariable(absl::string_view manifest);

}  // namespace glovebox::graph

#endif  // GLOVEBOX_GRAPH_NINJA_LOG_H_
