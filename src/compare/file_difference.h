// Two files held against each other: where they differ, and what that comes from.
#ifndef GLOVEBOX_COMPARE_FILE_DIFFERENCE_H_
#define GLOVEBOX_COMPARE_FILE_DIFFERENCE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "compare/witness.h"

namespace glovebox::compare {

// Strings are raw bytes.
struct Spot {
  Source source = Source::kUnknown;
  std::string detail;     // which variable, which kind of time
  std::string part;       // "util.o: .debug_str"; empty: the file has no parts that are known
  uint64_t offset_a = 0;  // from the start of the file
  uint64_t offset_b = 0;
  uint64_t line = 0;  // in a text file, of the first build; 0: no text
  std::string a;      // what stands there, some dozens of bytes of it
  std::string b;
  size_t times = 1;  // how often alike, as far as it was looked
};

struct FileDifference {
  uint64_t first = 0;  // offset of the first byte that differs; where one ends before, its size
  uint64_t size_a = 0;
  uint64_t size_b = 0;
  std::vector<Spot> spots;        // the first of each source and detail, in the order of Source
  std::vector<std::string> rest;  // parts that differ in a way that tells nothing: it follows from the spots
  bool has(Source source) const;
};

// Of contents that differ. Pure. `offset`: where they begin in their files.
FileDifference CompareBytes(absl::string_view a, absl::string_view b, const Witness& witness,
                            uint64_t offset = 0);

// Nothing where they are the same. Files of any size: they are read by pieces until they differ, and of very
// large ones (512 MiB) only the neighbourhood of the first difference is looked at. Symbolic links are
// compared by what they say. A file that one has not, and another mode, are differences. Errors: one that
// cannot be read.
absl::StatusOr<std::optional<FileDifference>> CompareFiles(const std::string& a, const std::string& b,
                                                           const Witness& witness);

}  // namespace glovebox::compare

#endif  // GLOVEBOX_COMPARE_FILE_DIFFERENCE_H_
