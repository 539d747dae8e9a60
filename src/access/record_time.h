// When a record was made: the one place that knows which field says it.
#ifndef GLOVEBOX_ACCESS_RECORD_TIME_H_
#define GLOVEBOX_ACCESS_RECORD_TIME_H_

#include <cstdint>
#include <variant>

#include "access/record.h"

namespace glovebox::access {

// CLOCK_MONOTONIC in nanoseconds; of what a run is, its start.
inline uint64_t TimeOf(const Record& record) {
  return std::visit(
      [](const auto& r) -> uint64_t {
        if constexpr (requires { r.start_ns; }) {
          return r.start_ns;
        } else {
          return r.time_ns;
        }
      },
      record);
}

}  // namespace glovebox::access

#endif  // GLOVEBOX_ACCESS_RECORD_TIME_H_
