// The supervisor's end of a ring (child/shim_ring.h): what a program with the preloaded library has asked
// without a notification.
#ifndef GLOVEBOX_TRACE_SHIM_RING_H_
#define GLOVEBOX_TRACE_SHIM_RING_H_

#include <cstdint>
#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "base/unique_fd.h"
#include "child/shim_ring.h"

namespace glovebox::trace {

// Owns the mapping. One thread reads it, while the program writes: nothing in it is believed. A program that
// writes what it likes makes Drain() false, no more.
class ShimRing {
 public:
  // A ring and, in *file, the memory file that the program gets: the code for `gate` and the ring, sealed
  // against truncation, which would be a SIGBUS for us. Null where there is no memory or no descriptor.
  static std::unique_ptr<ShimRing> Make(uint64_t gate, UniqueFd* file);
  ~ShimRing();
  ShimRing(const ShimRing&) = delete;
  ShimRing& operator=(const ShimRing&) = delete;

  // Nothing to read.
  bool empty() const;

  // Each entry that was published, in the program's order: the path, and the errno of its readlink() (0: it
  // is a link), or GLOVEBOX_SHIM_PENDING where the call is still under way, or its program was killed in it.
  // The path is good during the call. False where the ring is damaged: it is then closed, and read no more.
  bool Drain(absl::FunctionRef<void(absl::string_view path, int error)> take);

 private:
  explicit ShimRing(void* memory) : ring_(static_cast<glovebox_shim_ring*>(memory)) {}
  bool Next(uint32_t head, absl::FunctionRef<void(absl::string_view path, int error)> take);

  glovebox_shim_ring* ring_;
  uint32_t tail_ = 0;  // ours; the one in the ring only tells the program
  bool damaged_ = false;
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_SHIM_RING_H_
