// Times and sizes of a budget as reports say them ("10 s", "512 MiB"), and a count as people write it.
#ifndef GLOVEBOX_POLICY_BUDGET_TEXT_H_
#define GLOVEBOX_POLICY_BUDGET_TEXT_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace glovebox::policy {

// A number of processes, more than 0. Times and sizes: measures.h.
absl::StatusOr<uint64_t> ParseCount(absl::string_view text);

// The way back, for people: "500 ms", "10 s", "2 min", "1 h"; what is no whole number of them has a decimal
// of the largest unit that is not more: "10.3 s".
std::string DurationText(uint64_t nanoseconds);
// "512 MiB", "540.3 MiB", "17 bytes".
std::string SizeText(uint64_t bytes);

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_BUDGET_TEXT_H_
