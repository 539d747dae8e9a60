#include "policy/budget_text.h"

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

absl::StatusOr<uint64_t> ParseCount(absl::string_view text) {
  int32_t count = 0;
  if (absl::SimpleAtoi(text, &count) && count > 0) return static_cast<uint64_t>(count);
  return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is no number of processes (as in 64)"));
}

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
