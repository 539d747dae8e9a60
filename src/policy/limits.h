// "NOFILE=1024", "AS=4G": the fourteen limits as people write them.
#ifndef GLOVEBOX_POLICY_LIMITS_H_
#define GLOVEBOX_POLICY_LIMITS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "child/plan.h"
#include "policy/policy.h"

namespace glovebox::policy {

struct ParsedLimit {
  child::Limit limit;
  uint64_t value;  // RLIM_INFINITY for "unlimited"
};

// NAME=VALUE; the name in any case, with or without RLIMIT_. A value is a whole number, "unlimited", or, for
// a limit in bytes, a number with K, M, G or T (powers of 1024). Units otherwise are setrlimit(2)'s: CPU
// seconds, RTTIME microseconds.
absl::StatusOr<ParsedLimit> ParseLimit(absl::string_view text);

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_LIMITS_H_
