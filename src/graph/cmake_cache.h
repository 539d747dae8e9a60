// CMakeCache.txt as it is written, and a script that fills another one like it.
#ifndef GLOVEBOX_GRAPH_CMAKE_CACHE_H_
#define GLOVEBOX_GRAPH_CMAKE_CACHE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace glovebox::graph {

struct CacheEntry {
  std::string name;
  std::string type;  // "BOOL", "FILEPATH", "STRING", "INTERNAL", "STATIC", "UNINITIALIZED"
  std::string value;
  bool operator==(const CacheEntry&) const = default;
};

// A directory, and the one that takes its place.
struct Move {
  std::string from;
  std::string to;
};

// In the order of the file; lines that are no entries are passed over.
std::vector<CacheEntry> CacheEntries(absl::string_view text);

// For `cmake -C`: sets what a person could set, so that another directory is configured alike. CMake does not
// mark which entries came from the command line once the project has declared them (option()), so all are
// taken but INTERNAL and STATIC ones, which CMake makes anew, and what was looked for and not found. Where
// a directory that moves stands in a value, the other one does then; of two the longer one.
std::string InitialCache(const std::vector<CacheEntry>& entries, const std::vector<Move>& moves);

}  // namespace glovebox::graph

#endif  // GLOVEBOX_GRAPH_CMAKE_CACHE_H_
