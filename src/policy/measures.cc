#include "policy/measures.h"

#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace glovebox::policy {
namespace {

struct Unit {
  absl::string_view name;
  uint64_t factor;
};

constexpr Unit kTimes[] = {
    {"h", 3'600'000'000'000}, {"m", 60'000'000'000}, {"s", 1'000'000'000}, {"ms", 1'000'000}};
constexpr Unit kSizes[] = {{"T", uint64_t{1} << 40},
                           {"G", uint64_t{1} << 30},
                           {"M", uint64_t{1} << 20},
                           {"K", uint64_t{1} << 10},
                           {"", 1}};

absl::string_view Leading(absl::string_view text, bool digits) {
  size_t end = 0;
  while (end < text.size() && (absl::ascii_isdigit(static_cast<unsigned char>(text[end])) != 0) == digits)
    ++end;
  return text.substr(0, end);
}

// Adds number * factor; false where it does not fit.
bool Add(uint64_t number, uint64_t factor, uint64_t* sum) {
  const uint64_t most = std::numeric_limits<uint64_t>::max();
  if (number > most / factor || *sum > most - number * factor) return false;
  *sum += number * factor;
  return true;
}

absl::Status Bad(absl::string_view what, absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(what, " \"", text, "\" ", why));
}

}  // namespace

absl::StatusOr<uint64_t> ParseDuration(absl::string_view text) {
  constexpr absl::string_view kExample = "(as in \"90s\", \"10m\" or \"1h30m\")";
  uint64_t sum = 0;
  size_t from = 0;  // units come largest first, each once
  absl::string_view rest = text;
  if (rest.empty()) return Bad("time", text, absl::StrCat("is empty ", kExample));
  while (!rest.empty()) {
    const absl::string_view digits = Leading(rest, true);
    rest.remove_prefix(digits.size());
    const absl::string_view name = Leading(rest, false);
    rest.remove_prefix(name.size());
    uint64_t number = 0;
    if (digits.empty()) return Bad("time", text, absl::StrCat("is no number with a unit ", kExample));
    if (name.empty()) return Bad("time", text, absl::StrCat("lacks a unit: h, m, s or ms ", kExample));
    if (!absl::SimpleAtoi(digits, &number)) return Bad("time", text, "is too long");
    size_t unit = from;
    while (unit < std::size(kTimes) && kTimes[unit].name != name) ++unit;
    if (unit == std::size(kTimes)) {
      return Bad("time", text,
                 absl::StrCat("has \"", name, "\" where h, m, s or ms may stand, largest first ", kExample));
    }
    if (!Add(number, kTimes[unit].factor, &sum)) return Bad("time", text, "is too long");
    from = unit + 1;
  }
  if (sum == 0) return Bad("time", text, absl::StrCat("is none: nothing could run ", kExample));
  return sum;
}

std::string FormatDuration(uint64_t ns) {
  std::string text;
  for (const Unit& unit : kTimes) {
    if (ns >= unit.factor) absl::StrAppend(&text, ns / unit.factor, unit.name);
    ns %= unit.factor;
  }
  return text.empty() ? "0s" : text;
}

absl::StatusOr<uint64_t> ParseSize(absl::string_view text) {
  constexpr absl::string_view kExample = "(as in \"512M\" or \"2G\")";
  const absl::string_view digits = Leading(text, true);
  const absl::string_view name = text.substr(digits.size());
  uint64_t number = 0;
  if (digits.empty()) return Bad("size", text, absl::StrCat("is no number ", kExample));
  if (!absl::SimpleAtoi(digits, &number)) return Bad("size", text, "is too large");
  for (const Unit& unit : kSizes) {
    if (!absl::EqualsIgnoreCase(unit.name, name)) continue;
    uint64_t bytes = 0;
    if (!Add(number, unit.factor, &bytes)) return Bad("size", text, "is too large");
    if (bytes == 0) return Bad("size", text, absl::StrCat("is none: nothing could run ", kExample));
    return bytes;
  }
  return Bad("size", text, absl::StrCat("ends in \"", name, "\", but takes K, M, G or T ", kExample));
}

std::string FormatSize(uint64_t bytes) {
  for (const Unit& unit : kSizes) {
    if (bytes != 0 && bytes % unit.factor == 0) return absl::StrCat(bytes / unit.factor, unit.name);
  }
  return "0";
}

}  // namespace glovebox::policy
