// The fourteen limits as people write them: "NOFILE=1024", "AS=4G", "CPU=10s".
#ifndef GLOVEBOX_POLICY_LIMITS_H_
#define GLOVEBOX_POLICY_LIMITS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "child/plan.h"

namespace glovebox::policy {

// One limit; soft = hard. `value` is what setrlimit(2) takes: bytes, seconds (CPU), microseconds (RTTIME), a
// count, or RLIM_INFINITY.
struct ParsedLimit {
  child::Limit limit = child::Limit::kAs;
  uint64_t value = 0;
  bool operator==(const ParsedLimit&) const = default;
};

// Reads NAME=VALUE. Names are those of setrlimit(2), in any case, with or without "RLIMIT_". Values:
//   AS CORE DATA FSIZE MEMLOCK MSGQUEUE STACK   bytes; K, M, G, T are powers of 1024
//   CPU                                         seconds; s, m, h
//   RTTIME                                      microseconds; us, ms, s
//   NOFILE NPROC SIGPENDING                     a count
//   RTPRIO                                      0 to 99
//   NICE                                        1 to 40: the lowest nice value becomes 20 - NICE
//   (getrlimit(2))
// and "unlimited" for each. InvalidArgument names the word that is wrong and what would be right.
//   ASSIGN_OR_RETURN(ParsedLimit limit, ParseLimit("AS=4G"));
//   policy.limits[static_cast<size_t>(limit.limit)] = limit.value;
absl::StatusOr<ParsedLimit> ParseLimit(absl::string_view text);

// "NOFILE"; the name behind RLIMIT_.
absl::string_view LimitText(child::Limit limit);

// The way back: FormatLimit({kAs, 4 << 30}) is "AS=4G". ParseLimit reads it to the same value.
std::string FormatLimit(const ParsedLimit& limit);

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_LIMITS_H_
