#include "report/source_place.h"

#include <algorithm>

#include "absl/strings/numbers.h"

namespace glovebox::report {
namespace {

// The number after the colon at `at`; 0: none from 1 on is there. `end` is behind it.
int NumberAfter(absl::string_view text, size_t at, size_t* end) {
  *end = std::min(text.find_first_not_of("0123456789", at + 1), text.size());
  int number = 0;
  return absl::SimpleAtoi(text.substr(at + 1, *end - at - 1), &number) ? number : 0;
}

bool EndsAt(absl::string_view text, size_t at) { return at == text.size() || text[at] == ' '; }

}  // namespace

SourcePlace PlaceOfWhere(absl::string_view where) {
  for (size_t at = where.rfind(':'); at != absl::string_view::npos && at > 0; at = where.rfind(':', at - 1)) {
    size_t end = 0;
    const int line = NumberAfter(where, at, &end);
    if (line == 0 || !EndsAt(where, end)) continue;
    return {std::string(where.substr(0, at)), line, 0,
            std::string(where.substr(std::min(end + 1, where.size())))};
  }
  return {};
}

SourcePlace PlaceOfRule(absl::string_view place) {
  for (size_t at = place.find(':'); at != absl::string_view::npos; at = place.find(':', at + 1)) {
    size_t end = 0;
    const int line = NumberAfter(place, at, &end);
    if (at == 0 || line == 0 || end == place.size() || place[end] != ':') continue;
    const int column = NumberAfter(place, end, &end);
    if (column == 0 || !EndsAt(place, end)) continue;
    return {std::string(place.substr(0, at)), line, column, ""};
  }
  return {};
}

}  // namespace glovebox::report
