// Where in a source a finding points, read back from the words that verification has for it.
#ifndef GLOVEBOX_REPORT_SOURCE_PLACE_H_
#define GLOVEBOX_REPORT_SOURCE_PLACE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace glovebox::report {

struct SourcePlace {
  std::string file;  // raw; empty: none
  int line = 0;
  int column = 0;       // from 1; 0: not known
  std::string command;  // "add_test"
  bool operator==(const SourcePlace&) const = default;
};

// Finding::where: "/src/CMakeLists.txt:14 add_test". The last number after a colon is the line: files may
// have colons.
SourcePlace PlaceOfWhere(absl::string_view where);
// Finding::place: "glovebox.toml:12:3 write ...". None of "built in" and "command line".
SourcePlace PlaceOfRule(absl::string_view place);

}  // namespace glovebox::report

#endif  // GLOVEBOX_REPORT_SOURCE_PLACE_H_
