// The clock of all records: CLOCK_MONOTONIC, the same for every process of one boot.
#ifndef GLOVEBOX_TRACE_CLOCK_H_
#define GLOVEBOX_TRACE_CLOCK_H_

#include <cstdint>
#include <ctime>

namespace glovebox::trace {

inline uint64_t Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_CLOCK_H_
