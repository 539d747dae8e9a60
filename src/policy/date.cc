#include "policy/date.h"

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"

namespace glovebox::policy {

bool IsDay(const Date& date) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (date.year < 1970 || date.month < 1 || date.month > 12 || date.day < 1) return false;
  const bool leap = (date.year % 4 == 0 && date.year % 100 != 0) || date.year % 400 == 0;
  return date.day <= kDays[date.month - 1] + (leap && date.month == 2 ? 1 : 0);
}

std::optional<Date> ParseDate(absl::string_view text) {
  Date date;
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  for (const size_t at : {0, 1, 2, 3, 5, 6, 8, 9}) {
    if (absl::ascii_isdigit(static_cast<unsigned char>(text[at])) == 0) return std::nullopt;
  }
  const bool numbers = absl::SimpleAtoi(text.substr(0, 4), &date.year) &&
                       absl::SimpleAtoi(text.substr(5, 2), &date.month) &&
                       absl::SimpleAtoi(text.substr(8, 2), &date.day);
  if (!numbers || !IsDay(date)) return std::nullopt;
  return date;
}

}  // namespace glovebox::policy
