// The supervisor's end of the ring for tests: strict, and in one place. Tests only.
#ifndef GLOVEBOX_CHILD_SHIM_READER_TEST_H_
#define GLOVEBOX_CHILD_SHIM_READER_TEST_H_

#include <cstdint>
#include <cstring>
#include <string>

#include "child/shim_ring.h"

namespace glovebox::child {

struct ShimQuestion {
  int error;
  std::string path;
};

class ShimReader {
 public:
  explicit ShimReader(glovebox_shim_ring& ring) : ring_(ring) {}

  // False: nothing there, or it is damaged (then problem() tells).
  bool Next(ShimQuestion& question) {
    const uint32_t head = __atomic_load_n(&ring_.head, __ATOMIC_ACQUIRE);
    while (tail_ != head) {
      const uint32_t place = tail_ % GLOVEBOX_SHIM_DATA;
      const auto* entry = reinterpret_cast<const glovebox_shim_entry*>(ring_.data + place);
      const uint32_t size = entry->size;
      if (size < 8 || size % 8 != 0 || size > head - tail_ || size > GLOVEBOX_SHIM_DATA - place) {
        problem_ = "size " + std::to_string(size) + " at " + std::to_string(place);
        return false;
      }
      const int error = __atomic_load_n(&entry->error, __ATOMIC_RELAXED);
      if (error != GLOVEBOX_SHIM_FILLER) {
        if (memchr(entry->path, '\0', size - 8) == nullptr) {
          problem_ = "not terminated";
          return false;
        }
        question = {error, entry->path};
      } else {
        ++fillers_;
      }
      tail_ += size;
      __atomic_store_n(&ring_.tail, tail_, __ATOMIC_RELEASE);
      if (error != GLOVEBOX_SHIM_FILLER) return true;
    }
    return false;
  }
  const std::string& problem() const { return problem_; }
  int fillers() const { return fillers_; }
  void StartAt(uint32_t count) { ring_.head = ring_.tail = tail_ = count; }

 private:
  glovebox_shim_ring& ring_;
  uint32_t tail_ = 0;
  int fillers_ = 0;
  std::string problem_;
};

}  // namespace glovebox::child

#endif  // GLOVEBOX_CHILD_SHIM_READER_TEST_H_
