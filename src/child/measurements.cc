#include "child/measurements.h"

#include <string.h>

namespace glovebox::child {
namespace {

char* Put(const char* text, char* at) {
  const size_t size = strlen(text);
  // Bytes of a line: whoever writes them has their number.
  // NOLINTNEXTLINE(bugprone-not-null-terminated-result)
  memcpy(at, text, size);
  return at + size;
}

// At least `width` digits.
char* PutNumber(uint64_t value, int width, char* at) {
  char digits[24];
  int count = 0;
  for (; value > 0 || count < width; value /= 10) digits[count++] = static_cast<char>('0' + value % 10);
  while (count > 0) *at++ = digits[--count];
  return at;
}

char* Begin(const char* name, char* at) {
  at = Put("<CTestMeasurement type=\"numeric/double\" name=\"glovebox ", at);
  at = Put(name, at);
  return Put("\">", at);
}

char* End(char* at) { return Put("</CTestMeasurement>", at); }

}  // namespace

size_t FormatMeasurements(const Measurements& measured, char* out) {
  constexpr uint64_t kSecond = 1'000'000;
  char* at = End(PutNumber(measured.peak_bytes, 1, Begin("peak memory", out)));
  at = PutNumber(measured.cpu_us / kSecond, 1, Begin("cpu time", at));
  *at++ = '.';
  at = End(PutNumber(measured.cpu_us % kSecond, 6, at));
  at = End(PutNumber(measured.accesses, 1, Begin("accesses", at)));
  *at++ = '\n';
  return static_cast<size_t>(at - out);
}

}  // namespace glovebox::child
