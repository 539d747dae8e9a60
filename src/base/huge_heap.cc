#include "base/huge_heap.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <limits>

namespace glovebox {
namespace {

constexpr int kReserve = 1 << 30;
constexpr int kMore = 1 << 20;  // what the heap grows by behind that
constexpr int kLargeBlock =
    1 << 25;  // as large as glibc takes it: only larger blocks get a mapping of their own

// The program break moves by all of kReserve, at the next block that no free memory is left for.
void GrowHeap() {
  void* volatile block = malloc(kMore);  // volatile: or else the compiler knows that nobody needs it
  free(block);
}

bool Reserve() {
  mallopt(M_MMAP_THRESHOLD, kLargeBlock);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());  // or else free() gives it back
  mallopt(M_ARENA_MAX, 1);                                     // other arenas are mappings of their own
  mallopt(M_TOP_PAD, kReserve);
  const auto begin = reinterpret_cast<uintptr_t>(sbrk(0));
  GrowHeap();
  const auto end = reinterpret_cast<uintptr_t>(sbrk(0));
  mallopt(M_TOP_PAD, kMore);
  const uintptr_t page = sysconf(_SC_PAGESIZE);
  const uintptr_t first = (begin + page - 1) / page * page;
  return first < end && madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE) == 0;
}

}  // namespace

void PutHeapOnHugePages() {
  static const bool reserved = Reserve();
  static_cast<void>(reserved);
}

}  // namespace glovebox
