#include "policy/budget_text.h"

#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/types/span.h"

namespace glovebox::policy {
namespace {

struct Unit {
  const char* suffix;
  uint64_t factor;
};

constexpr uint64_t kSecond = 1'000'000'000;
constexpr Unit kTimes[] = {{"", kSecond},       {"ms", kSecond / 1000}, {"s", kSecond},
                           {"m", 60 * kSecond}, {"min", 60 * kSecond},  {"h", 3600 * kSecond}};
constexpr Unit kSizes[] = {{"", 1},
                           {"K", 1ull << 10},
                           {"M", 1ull << 20},
                           {"G", 1ull << 30},
                           {"T", 1ull << 40},
                           {"KiB", 1ull << 10},
                           {"MiB", 1ull << 20},
                           {"GiB", 1ull << 30},
                           {"TiB", 1ull << 40}};
constexpr Unit kCounts[] = {{"", 1}};

struct Kind {
  absl::string_view what;
  absl::Span<const Unit> units;
  uint64_t most;
  absl::string_view example;
};

constexpr Kind kDuration = {"duration", kTimes, 366ull * 24 * 3600 * kSecond, "10s, 500ms, 2m or 1h"};
constexpr Kind kSize = {"size", kSizes, std::numeric_limits<int64_t>::max(), "512M, 64K or 2G"};
constexpr Kind kCount = {"count", kCounts, std::numeric_limits<int32_t>::max(), "100"};

absl::StatusOr<uint64_t> Parse(const Kind& kind, absl::string_view text) {
  const auto bad = [&](absl::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat(kind.what, " '", text, "' ", why, " (as in ", kind.example, ")"));
  };
  size_t digits = 0;
  while (digits < text.size() && absl::ascii_isdigit(static_cast<unsigned char>(text[digits]))) ++digits;
  if (digits == 0) return bad("is no number");
  uint64_t number = 0;
  if (!absl::SimpleAtoi(text.substr(0, digits), &number)) return bad("is too large");
  const absl::string_view suffix = absl::StripLeadingAsciiWhitespace(text.substr(digits));
  for (const Unit& unit : kind.units) {
    if (!absl::EqualsIgnoreCase(suffix, unit.suffix)) continue;
    if (number == 0) return bad("is not more than 0");
    if (number > kind.most / unit.factor) return bad("is too large");
    return number * unit.factor;
  }
  return bad(absl::StrCat("ends in '", suffix, "', which is no unit of it"));
}

// In the largest unit that gives a whole number, else in the largest that is not more, with a decimal.
std::string Format(uint64_t number, absl::Span<const Unit> descending) {
  for (const Unit& unit : descending) {
    if (number < unit.factor) continue;
    if (number % unit.factor == 0) return absl::StrCat(number / unit.factor, " ", unit.suffix);
    return absl::StrFormat("%.1f %s", static_cast<double>(number) / static_cast<double>(unit.factor),
                           unit.suffix);
  }
  return absl::StrCat("0 ", descending.back().suffix);
}

}  // namespace

absl::StatusOr<uint64_t> ParseDuration(absl::string_view text) { return Parse(kDuration, text); }
absl::StatusOr<uint64_t> ParseSize(absl::string_view text) { return Parse(kSize, text); }
absl::StatusOr<uint64_t> ParseCount(absl::string_view text) { return Parse(kCount, text); }

std::string DurationText(uint64_t nanoseconds) {
  static constexpr Unit kUnits[] = {
      {"h", 3600 * kSecond}, {"min", 60 * kSecond}, {"s", kSecond}, {"ms", kSecond / 1000}};
  // 90 s is said as that, not as 1.5 min.
  const bool whole = nanoseconds % kUnits[1].factor == 0;
  return Format(nanoseconds, absl::MakeConstSpan(kUnits).subspan(
                                 nanoseconds % kUnits[0].factor == 0 ? 0 : (whole ? 1 : 2)));
}

std::string SizeText(uint64_t bytes) {
  static constexpr Unit kUnits[] = {
      {"TiB", 1ull << 40}, {"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10}, {"bytes", 1}};
  return Format(bytes, kUnits);
}

}  // namespace glovebox::policy
