// A file by its parts, as far as its form is known: the members of an archive, the sections of an ELF file.
// Two files that differ in length are then still compared like with like. Pure.
#ifndef GLOVEBOX_COMPARE_FILE_PARTS_H_
#define GLOVEBOX_COMPARE_FILE_PARTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace glovebox::compare {

struct Part {
  enum class Form : uint8_t { kBytes, kArchiveHeader, kSection };
  std::string name;         // "util.o: .debug_str", "util.o"; empty: the whole file
  absl::string_view bytes;  // points into the file
  uint64_t offset = 0;      // of its first byte
  Form form = Form::kBytes;
  // Of a section: its bytes follow from others (offsets, addresses, debug information's numbers), so that a
  // difference there explains nothing.
  bool follows = false;
  // A table of texts, each ended by a NUL, in an order that follows from what they say.
  bool texts = false;
};

// One part, the whole, where the form is not known or the file is damaged.
std::vector<Part> PartsOf(absl::string_view file);

}  // namespace glovebox::compare

#endif  // GLOVEBOX_COMPARE_FILE_PARTS_H_
