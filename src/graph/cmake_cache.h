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

// In the order of the file; lines that are no entries are passed over.
std::vector<CacheEntry> CacheEntries(absl::string_view text);

// For `cmake -C`: sets what a person could set, so that another directory is configured alike. CMake does not
// mark which entries came from the command line once the project has declared them (option()), so all are
// taken but INTERNAL and STATIC ones, which CMake makes anew, and what was looked for and not found. Where
// the build directory stands in a value, the other one does then.
std::string InitialCache(const std::vector<CacheEntry>& entries, const std::string& build_dir,
                         const std::string& other_dir);

}  // namespace glovebox::graph

#endif  // GLOVEBOX_GRAPH_CMAKE_CACHE_H_
