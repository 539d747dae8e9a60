// Shared memory that somebody else may cut short under our hands.
#ifndef GLOVEBOX_ACCESS_TAIL_GUARD_H_
#define GLOVEBOX_ACCESS_TAIL_GUARD_H_

#include <cstddef>

namespace glovebox::access {

// A store into a mapping whose file was truncated raises SIGBUS (mmap(2)), whose default ends the process:
// any program of the build that may write to the state directory could end the collector, and with it the
// record of the whole build. While a guard lives, such a store lands in anonymous memory instead, and Lost()
// says so.
//
// A signal's action is the process's own, so this is the one place that keeps something for all of it: the
// first guard installs a handler for SIGBUS, and a fault anywhere else gets the action that stood before. The
// signal must not be blocked in the thread that stores. Of more than kGuards mappings at a time the later
// ones are not guarded. Thread-safe; one guard is one thread's.
//
//   TailGuard guard(memory, size);
//   std::memcpy(memory, ...);
//   if (guard.Lost()) ...  // nobody will read that in the file
class TailGuard {
 public:
  static constexpr size_t kGuards = 256;

  TailGuard(char* memory, size_t size);
  TailGuard(TailGuard&& other) noexcept;
  TailGuard& operator=(TailGuard&&) = delete;
  ~TailGuard();  // before the memory is unmapped

  bool Lost() const;

 private:
  size_t slot_;
};

}  // namespace glovebox::access

#endif  // GLOVEBOX_ACCESS_TAIL_GUARD_H_
