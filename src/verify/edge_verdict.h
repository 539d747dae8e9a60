// What one build says of each edge of its graph.
#ifndef GLOVEBOX_VERIFY_EDGE_VERDICT_H_
#define GLOVEBOX_VERIFY_EDGE_VERDICT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace glovebox::verify {

enum class Verdict : uint8_t {
  kProved,      // it ran, was seen in full, and no fault was found in it
  kViolated,    // an error or a warning is found in it
  kIncomplete,  // it did not run in this build, or was not seen in full
};

// "proved": stable, used in JSON.
absl::string_view VerdictName(Verdict verdict);

// Strings are raw bytes. Immutable once made.
struct EdgeVerdict {
  std::vector<std::string> outputs;  // as Ninja spells them
  std::string rule;                  // Ninja's
  Verdict verdict = Verdict::kIncomplete;
  std::string why;               // of kIncomplete: what is not known ("it did not run")
  std::vector<size_t> actions;   // indices into ActionTable::actions: the shell and what it wraps
  std::vector<size_t> findings;  // indices into the findings beside it
  std::vector<size_t> after;     // indices of edges that are declared to come directly before it
  std::string where;             // "CMakeLists.txt:14 add_custom_command"; empty: not known
};

}  // namespace glovebox::verify

#endif  // GLOVEBOX_VERIFY_EDGE_VERDICT_H_
