#include "access/tail_guard.h"

#include <signal.h>
#include <sys/mman.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <utility>

namespace glovebox::access {
namespace {

constexpr size_t kNone = TailGuard::kGuards;

struct Guarded {
  std::atomic<bool> taken = false;
  std::atomic<char*> memory = nullptr;
  std::atomic<size_t> size = 0;
  std::atomic<bool> lost = false;
};
std::array<Guarded, TailGuard::kGuards> guarded;
struct sigaction before;  // written once, before the handler can run
std::once_flag installed;

static_assert(std::atomic<char*>::is_always_lock_free && std::atomic<size_t>::is_always_lock_free);

// Async-signal-safe: lock-free atomics and system calls.
void OnBusError(int, siginfo_t* info, void*) {
  const int error = errno;
  const char* at = static_cast<const char*>(info->si_addr);
  for (Guarded& slot : guarded) {
    char* memory = slot.memory.load(std::memory_order_acquire);
    const size_t size = slot.size.load(std::memory_order_relaxed);
    if (memory == nullptr || at < memory || at >= memory + size) continue;
    if (mmap(memory, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
        MAP_FAILED)
      break;
    slot.lost.store(true, std::memory_order_release);
    errno = error;
    return;  // the store is made again
  }
  sigaction(SIGBUS, &before, nullptr);  // not ours: it faults again, and gets what it would have got
  errno = error;
}

void Install() {
  struct sigaction action = {};
  action.sa_sigaction = OnBusError;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, nullptr, &before);
  sigaction(SIGBUS, &action, nullptr);
}

}  // namespace

TailGuard::TailGuard(char* memory, size_t size) : slot_(kNone) {
  std::call_once(installed, Install);
  for (size_t i = 0; i < guarded.size(); ++i) {
    bool free = false;
    if (!guarded[i].taken.compare_exchange_strong(free, true)) continue;
    guarded[i].lost.store(false, std::memory_order_relaxed);
    guarded[i].size.store(size, std::memory_order_relaxed);
    guarded[i].memory.store(memory, std::memory_order_release);
    slot_ = i;
    return;
  }
}

TailGuard::TailGuard(TailGuard&& other) noexcept : slot_(std::exchange(other.slot_, kNone)) {}

TailGuard::~TailGuard() {
  if (slot_ == kNone) return;
  guarded[slot_].memory.store(nullptr, std::memory_order_release);
  guarded[slot_].taken.store(false, std::memory_order_release);
}

bool TailGuard::Lost() const { return slot_ != kNone && guarded[slot_].lost.load(std::memory_order_acquire); }

}  // namespace glovebox::access
