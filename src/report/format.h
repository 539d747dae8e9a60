// How numbers, names and columns look to a person. Pure.
#ifndef GLOVEBOX_REPORT_FORMAT_H_
#define GLOVEBOX_REPORT_FORMAT_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace glovebox::report {

struct Style {
  int width = 0;        // columns; 0: as wide as it gets (pipes, files: no name is ever cut there)
  bool colour = false;  // ANSI escapes
  // What the commands that a text names need to find the build from where it is read: "-C out"; empty: it is
  // read there.
  std::string build = {};
};

// For the stream behind `fd`: colour on a terminal and where NO_COLOR is unset or empty and TERM is not
// "dumb"; width on a terminal only, from COLUMNS, else its own, else 0.
Style StyleFor(int fd);

// Style::build of a build directory that is not the working directory.
std::string BuildOption(const std::string& build_dir);

std::string Thousands(uint64_t number);  // 1234567 -> "1,234,567"
// Count(1, "file") -> "1 file"; Count(2, "file") -> "2 files"; Count(0, "entry", "entries") -> "0 entries".
std::string Count(uint64_t number, absl::string_view one, absl::string_view many = "");
std::string Size(uint64_t bytes);            // "512 B", "1.5 KiB", "12 MiB"
std::string Duration(uint64_t nanoseconds);  // "850 us", "12 ms", "1.25 s", "2 min 05 s"

// "2026-11-24 10:26:58", in local time; empty for 0.
std::string StartTime(int64_t unix_ns);

// Columns that a terminal uses for UTF-8 text without control characters; combining marks count 0, East Asian
// wide ones 2.
int DisplayWidth(absl::string_view text);
// At most `width` columns, cut in the middle with "..." so that both ends can be read; 0: nothing is cut.
std::string Shorten(absl::string_view text, int width);
std::string PadRight(absl::string_view text, int width);
std::string PadLeft(absl::string_view text, int width);

enum class Ink { kBold, kDim, kRed, kYellow, kGreen, kCyan };
std::string Paint(const Style& style, Ink ink, absl::string_view text);

}  // namespace glovebox::report

#endif  // GLOVEBOX_REPORT_FORMAT_H_
