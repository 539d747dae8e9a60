// Times, sizes and counts of a budget as people write and read them: "10s", "512M", "wall clock 10 s".
#ifndef GLOVEBOX_POLICY_BUDGET_TEXT_H_
#define GLOVEBOX_POLICY_BUDGET_TEXT_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace glovebox::policy {

// A number and ms, s, m or min, h, in any case; without a unit seconds. In nanoseconds. More than 0, at most
// a year. InvalidArgument names the word that is wrong and what would be right.
//   ASSIGN_OR_RETURN(policy.budget.wall_ns, ParseDuration("90s"));
absl::StatusOr<uint64_t> ParseDuration(absl::string_view text);

// A number and K, M, G, T (powers of 1024; also KiB ...), in any case; without a unit bytes. More than 0.
absl::StatusOr<uint64_t> ParseSize(absl::string_view text);

// A number, more than 0.
absl::StatusOr<uint64_t> ParseCount(absl::string_view text);

// The way back, for people: "500 ms", "10 s", "2 min", "1 h"; what is no whole number of them has a decimal
// of the largest unit that is not more: "10.3 s".
std::string DurationText(uint64_t nanoseconds);
// "512 MiB", "540.3 MiB", "17 bytes".
std::string SizeText(uint64_t bytes);

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_BUDGET_TEXT_H_
