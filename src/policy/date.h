// A day of the calendar, as policy files and baselines write it.
#ifndef GLOVEBOX_POLICY_DATE_H_
#define GLOVEBOX_POLICY_DATE_H_

#include <compare>
#include <optional>

#include "absl/strings/string_view.h"

namespace glovebox::policy {

struct Date {
  int year = 0, month = 0, day = 0;
  // clang-tidy 14 takes the 0 of the comparison that this makes for a null pointer.
  auto operator<=>(const Date&) const = default;  // NOLINT(modernize-use-nullptr)
};

// From 1970 on, and no 30th of February.
bool IsDay(const Date& date);

// ParseDate("2026-12-31"); empty where that is no day, or spelled otherwise.
std::optional<Date> ParseDate(absl::string_view text);

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_DATE_H_
