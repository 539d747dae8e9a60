#include "report/format.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/bytes.h"
#include "base/files.h"

namespace glovebox::report {
namespace {

struct Glyph {
  size_t begin;
  int width;
};

int CodePointWidth(uint32_t c) {
  struct Range {
    uint32_t first, last;
  };
  static constexpr Range kZero[] = {{0x300, 0x36f}, {0x200b, 0x200f}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}};
  static constexpr Range kWide[] = {{0x1100, 0x115f},   {0x2e80, 0xa4cf},   {0xac00, 0xd7a3},
                                    {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},
                                    {0x1f300, 0x1f64f}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};
  for (const Range& range : kZero) {
    if (c >= range.first && c <= range.last) return 0;
  }
  for (const Range& range : kWide) {
    if (c >= range.first && c <= range.last) return 2;
  }
  return 1;
}

// One entry a code point; bytes that are no UTF-8 count as one column each.
std::vector<Glyph> Glyphs(absl::string_view text) {
  std::vector<Glyph> glyphs;
  glyphs.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<uint8_t>(text[i]);
    size_t length = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (i + length > text.size()) length = 1;
    uint32_t c = length == 1 ? lead : lead & (0x7fu >> length);
    for (size_t k = 1; k < length; ++k) c = (c << 6) | (static_cast<uint8_t>(text[i + k]) & 0x3fu);
    glyphs.push_back({i, CodePointWidth(c)});
    i += length;
  }
  return glyphs;
}

}  // namespace

std::string BuildOption(const std::string& build_dir) {
  if (RealPath(build_dir) == RealPath(".")) return "";
  return absl::StrCat("-C ", PasteWord(build_dir));
}

Style StyleFor(int fd) {
  Style style;
  const bool terminal = isatty(fd) == 1;
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  style.colour = terminal && (no_color == nullptr || *no_color == '\0') &&
                 !(term != nullptr && absl::string_view(term) == "dumb");
  // An exported COLUMNS outlives its terminal: into a pipe or a file nothing is cut.
  if (!terminal) return style;
  const char* columns = std::getenv("COLUMNS");
  int width = 0;
  if (columns != nullptr && absl::SimpleAtoi(columns, &width) && width > 0) {
    style.width = width;
    return style;
  }
  winsize size = {};
  if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) style.width = size.ws_col;
  return style;
}

std::string Thousands(uint64_t number) {
  std::string digits = absl::StrCat(number);
  for (size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string Count(uint64_t number, absl::string_view one, absl::string_view many) {
  if (number == 1) return absl::StrCat("1 ", one);
  return many.empty() ? absl::StrCat(Thousands(number), " ", one, "s")
                      : absl::StrCat(Thousands(number), " ", many);
}

std::string Size(uint64_t bytes) {
  if (bytes < 1024) return absl::StrCat(bytes, " B");
  static constexpr std::array<const char*, 6> kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  auto value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  while (value >= 1023.5 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return value < 9.95 ? absl::StrFormat("%.1f %s", value, kUnits[unit])
                      : absl::StrFormat("%.0f %s", value, kUnits[unit]);
}

std::string Duration(uint64_t nanoseconds) {
  const auto ns = static_cast<double>(nanoseconds);
  if (nanoseconds < 1000) return absl::StrCat(nanoseconds, " ns");
  if (ns < 999.5e3) return absl::StrFormat("%.0f us", ns / 1e3);
  if (ns < 999.5e6) return absl::StrFormat("%.0f ms", ns / 1e6);
  if (ns < 59.95e9)
    return ns < 9.995e9 ? absl::StrFormat("%.2f s", ns / 1e9) : absl::StrFormat("%.1f s", ns / 1e9);
  const auto seconds = static_cast<uint64_t>(std::llround(ns / 1e9));
  if (seconds < 3600) return absl::StrFormat("%d min %02d s", seconds / 60, seconds % 60);
  return absl::StrFormat("%d h %02d min", seconds / 3600, seconds / 60 % 60);
}

int DisplayWidth(absl::string_view text) {
  int width = 0;
  for (const Glyph& glyph : Glyphs(text)) width += glyph.width;
  return width;
}

std::string Shorten(absl::string_view text, int width) {
  if (width <= 0) return std::string(text);
  const std::vector<Glyph> glyphs = Glyphs(text);
  int total = 0;
  for (const Glyph& glyph : glyphs) total += glyph.width;
  if (total <= width) return std::string(text);
  if (width <= 3) return std::string(static_cast<size_t>(width), '.');
  // The end of a path tells more than its start: two thirds of the room are for it.
  const int room = width - 3;
  const int head_room = room / 3;
  size_t head = 0;
  for (int used = 0; head < glyphs.size() && used + glyphs[head].width <= head_room; ++head) {
    used += glyphs[head].width;
  }
  size_t tail = glyphs.size();
  for (int used = 0; tail > head && used + glyphs[tail - 1].width <= room - head_room; --tail) {
    used += glyphs[tail - 1].width;
  }
  const size_t head_end = head < glyphs.size() ? glyphs[head].begin : text.size();
  const size_t tail_begin = tail < glyphs.size() ? glyphs[tail].begin : text.size();
  return absl::StrCat(text.substr(0, head_end), "...", text.substr(tail_begin));
}

std::string PadRight(absl::string_view text, int width) {
  const int missing = width - DisplayWidth(text);
  return missing > 0 ? absl::StrCat(text, std::string(static_cast<size_t>(missing), ' ')) : std::string(text);
}

std::string PadLeft(absl::string_view text, int width) {
  const int missing = width - DisplayWidth(text);
  return missing > 0 ? absl::StrCat(std::string(static_cast<size_t>(missing), ' '), text) : std::string(text);
}

std::string Paint(const Style& style, Ink ink, absl::string_view text) {
  if (!style.colour) return std::string(text);
  static constexpr std::array<const char*, 6> kCodes = {"1", "2", "31", "33", "32", "36"};
  return absl::StrCat("\x1b[", kCodes[static_cast<size_t>(ink)], "m", text, "\x1b[0m");
}

std::string StartTime(int64_t unix_ns) {
  if (unix_ns == 0) return "";
  const time_t seconds = static_cast<time_t>(unix_ns / 1'000'000'000);
  tm parts = {};
  if (localtime_r(&seconds, &parts) == nullptr) return "";
  char text[32];
  return std::string(text, strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts));
}

}  // namespace glovebox::report
