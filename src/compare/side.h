// One of the two builds that are held against each other.
#ifndef GLOVEBOX_COMPARE_SIDE_H_
#define GLOVEBOX_COMPARE_SIDE_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "compare/witness.h"
#include "verify/input.h"

namespace glovebox::compare {

// Strings are raw bytes. "Portable": with ${build} and ${source} in the place of their directories, so that
// both builds have one name for it.
struct EdgeSide {
  std::string name;                       // Ninja's first output
  std::vector<std::string> outputs;       // portable
  std::vector<std::string> output_paths;  // absolute, beside `outputs`
  std::string command;                    // portable
  std::string where;                      // "CMakeLists.txt:14 add_custom_command"; empty: not known
  bool ran = false;
  std::string why_incomplete;                // of one that ran; empty: seen in full
  std::map<std::string, std::string> reads;  // portable name -> path. Without what is never the same (/proc)
  std::set<std::string> made;                // portable; what it left behind, declared or not
  std::vector<std::string> chances;          // files that say another thing each time (verify/chance.h)
  absl::flat_hash_set<int64_t> pids;
};

struct Side {
  SideWitness witness;  // without pids
  std::string run_dir;
  int64_t start_unix_ns = 0;
  int64_t end_unix_ns = 0;         // 0: not known
  bool environment_known = false;  // older logs, and launchers alone, do not have it
  std::vector<EdgeSide> edges;     // in the order of the graph; without what is no part of a build
};

// `input` has its facts. `build_link`: as SideWitness has it.
Side SideOf(const verify::Input& input, const std::string& build_link = "");

}  // namespace glovebox::compare

#endif  // GLOVEBOX_COMPARE_SIDE_H_
