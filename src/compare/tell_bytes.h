// What a place looks like where two files begin to differ. Pure.
#ifndef GLOVEBOX_COMPARE_TELL_BYTES_H_
#define GLOVEBOX_COMPARE_TELL_BYTES_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "compare/witness.h"

namespace glovebox::compare {

// A place in one of the two.
struct At {
  absl::string_view bytes;
  size_t place = 0;
};

struct Range {
  size_t from = 0;
  size_t to = 0;
};

struct Told {
  Source source = Source::kUnknown;
  std::string detail;  // which variable, which kind of time; may be empty
  Range a, b;          // what differs, as a whole: both hold their place
};

// The bytes before are the same in both, as far as this looks (some 256 bytes). What is told rests on both
// sides: a time is one only where the other file has a time there as well.
Told TellBytes(const At& a, const At& b, const Witness& witness);

}  // namespace glovebox::compare

#endif  // GLOVEBOX_COMPARE_TELL_BYTES_H_
