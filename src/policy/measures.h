// Times and sizes as people write them in a policy: "10s", "1h30m", "2G".
#ifndef GLOVEBOX_POLICY_MEASURES_H_
#define GLOVEBOX_POLICY_MEASURES_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace glovebox::policy {

// Nanoseconds of "90s", "1h30m", "250ms"; units h, m, s, ms, largest first, whole numbers. 0 is refused: it
// would end every command at once. InvalidArgument says what would be right.
absl::StatusOr<uint64_t> ParseDuration(absl::string_view text);
// "1h30m"; ParseDuration reads it to the same value (whole milliseconds).
std::string FormatDuration(uint64_t ns);

// Bytes of "2G"; K, M, G, T are powers of 1024. 0 is refused.
absl::StatusOr<uint64_t> ParseSize(absl::string_view text);
std::string FormatSize(uint64_t bytes);

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_MEASURES_H_
