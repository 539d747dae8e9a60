// What was measured of a test, as CTest takes it into its own result file.
#ifndef GLOVEBOX_CHILD_MEASUREMENTS_H_
#define GLOVEBOX_CHILD_MEASUREMENTS_H_

#include <cstddef>
#include <cstdint>

namespace glovebox::child {

// A test cannot tell whether its CTest writes a result file (-T Test, a dashboard script), and the lines are
// output, which regular expressions look at: so they are asked for. "1": asked for.
inline constexpr char kMeasurementsVariable[] = "GLOVEBOX_CTEST_MEASUREMENTS";

struct Measurements {
  uint64_t peak_bytes = 0;  // of the process that had most
  uint64_t cpu_us = 0;      // user and system
  uint64_t accesses = 0;
};

inline constexpr size_t kMeasurementsRoom = 512;

// Three times "<CTestMeasurement type="numeric/double" name="glovebox peak memory">4096</CTestMeasurement>"
// in one line, since CTest takes the words out of a test's output and leaves the line's end: bytes, seconds,
// a count. Into `out` (kMeasurementsRoom bytes); the length. Async-signal-safe.
size_t FormatMeasurements(const Measurements& measured, char* out);

}  // namespace glovebox::child

#endif  // GLOVEBOX_CHILD_MEASUREMENTS_H_
