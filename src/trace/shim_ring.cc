#include "trace/shim_ring.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace glovebox::trace {
namespace {

constexpr size_t kEntryHeader = sizeof(glovebox_shim_entry);

}  // namespace

std::unique_ptr<ShimRing> ShimRing::Make(uint64_t gate, UniqueFd* file) {
  UniqueFd fd(memfd_create("glovebox-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  constexpr off_t kSize = GLOVEBOX_SHIM_RING_AT + GLOVEBOX_SHIM_RING_BYTES;
  constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  constexpr ssize_t kCode = sizeof glovebox_shim_gate_code;
  if (!fd.valid() || ftruncate(fd.get(), kSize) != 0 ||
      pwrite(fd.get(), glovebox_shim_gate_code, kCode, 0) != kCode ||
      fcntl(fd.get(), F_ADD_SEALS, kSeals) != 0) {
    return nullptr;
  }
  void* memory = mmap(nullptr, GLOVEBOX_SHIM_RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
                      fd.get(), GLOVEBOX_SHIM_RING_AT);
  if (memory == MAP_FAILED) return nullptr;
  auto* ring = static_cast<glovebox_shim_ring*>(memory);
  ring->version = GLOVEBOX_SHIM_VERSION;
  ring->gate = gate;
  *file = std::move(fd);
  return std::unique_ptr<ShimRing>(new ShimRing(memory));
}

ShimRing::~ShimRing() {
  // A program that goes on without us is notified again.
  __atomic_store_n(&ring_->closed, 1u, __ATOMIC_RELAXED);
  munmap(ring_, GLOVEBOX_SHIM_RING_BYTES);
}

bool ShimRing::empty() const { return damaged_ || __atomic_load_n(&ring_->head, __ATOMIC_ACQUIRE) == tail_; }

bool ShimRing::Drain(absl::FunctionRef<void(absl::string_view path, int error)> take) {
  if (damaged_) return true;
  const uint32_t head = __atomic_load_n(&ring_->head, __ATOMIC_ACQUIRE);
  while (tail_ != head && Next(head, take)) {
  }
  __atomic_store_n(&ring_->tail, tail_, __ATOMIC_RELEASE);
  if (tail_ == head) return true;
  damaged_ = true;
  __atomic_store_n(&ring_->closed, 1u, __ATOMIC_RELAXED);
  return false;
}

// Each word is read once, and judged as it was read: the program can change it meanwhile.
bool ShimRing::Next(uint32_t head, absl::FunctionRef<void(absl::string_view path, int error)> take) {
  const uint32_t published = head - tail_;
  const uint32_t place = tail_ % GLOVEBOX_SHIM_DATA;
  if (published > GLOVEBOX_SHIM_DATA || published < kEntryHeader || place % 8 != 0) return false;
  auto* entry = reinterpret_cast<glovebox_shim_entry*>(ring_->data + place);
  const uint32_t size = __atomic_load_n(&entry->size, __ATOMIC_RELAXED);
  const int error = __atomic_load_n(&entry->error, __ATOMIC_RELAXED);
  const uint32_t room = GLOVEBOX_SHIM_DATA - place;
  if (size < kEntryHeader || size % 8 != 0 || size > published || size > room) return false;
  if (error != GLOVEBOX_SHIM_FILLER) {
    char path[PATH_MAX];
    const size_t bytes = std::min<size_t>(size - kEntryHeader, sizeof path);
    memcpy(path, entry->path, bytes);
    const void* end = memchr(path, '\0', bytes);
    if (end == nullptr || path[0] != '/' || error < GLOVEBOX_SHIM_PENDING) return false;
    take(absl::string_view(path, static_cast<size_t>(static_cast<const char*>(end) - path)), error);
  }
  tail_ += size;
  return true;
}

}  // namespace glovebox::trace
