// Other processes: handles that cannot be mistaken for a later process of the same number, and their memory.
#ifndef GLOVEBOX_KERNEL_PROCESS_H_
#define GLOVEBOX_KERNEL_PROCESS_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace glovebox::kernel {

// pidfd_open(2), 5.3. `thread`: also for a task that is no group leader (PIDFD_THREAD, 6.9; else EINVAL).
absl::StatusOr<UniqueFd> OpenPidfd(pid_t pid, bool thread = false);
// pidfd_getfd(2), 5.6: a copy of descriptor `fd` of that process, close-on-exec. EPERM under yama > 1 or when
// not dumpable.
absl::StatusOr<UniqueFd> FetchFd(int pidfd, int fd);
// The same for who must hand on what the kernel says: 0 with *out, or the errno (EBADF: that process has no
// such descriptor).
int TakeFd(int pidfd, int fd, UniqueFd* out);
// True when the process behind the pidfd has ended (also when it is a zombie).
bool HasEnded(int pidfd);

// The memory of another task, read by process_vm_readv. Behind an interface for tests.
class MemoryReader {
 public:
  virtual ~MemoryReader() = default;
  // Copies up to `size` bytes; returns how many could be read before the first unmapped page, or -errno.
  virtual ssize_t Read(pid_t tid, uint64_t address, void* buffer, size_t size) const = 0;
  // A NUL-terminated string of up to `limit` bytes, the NUL included; false with *error (EFAULT, ESRCH,
  // ENAMETOOLONG) when it cannot be read. *out then holds what could be read before that.
  bool ReadString(pid_t tid, uint64_t address, size_t limit, std::string* out, int* error) const;
};
// process_vm_readv, or /proc/TID/mem where a container's filter refuses that. Thread-safe.
const MemoryReader& RealMemory();

// The memory of one process, kept open between its calls: pread(2) on /proc/PID/mem takes 1.1 us where
// process_vm_readv takes 1.5 to 1.8, since the right to read was checked at the open. The descriptor means
// the address space that the process had then; its next program has another one, and a child of vfork() that
// lives keeps the old one readable. So whoever keeps a HeldMemory drops it before an execve goes on.
//
// Reads what the process itself could not (PROT_NONE): there a call fails with EFAULT that is told as made.
// Owns its descriptor. Not thread-safe. Never fails: what it cannot read, the other reader is asked for.
class HeldMemory {
 public:
  // By number: the caller asks afterwards whether the process still lives (HasEnded()).
  void Open(pid_t tgid);
  void Drop() { fd_.reset(); }
  bool is_open() const { return fd_.valid(); }
  int fd() const { return fd_.get(); }  // -1 when it is not open
  // Like MemoryReader::Read, with 0 for whatever is to be read, or refused, by the ordinary way.
  ssize_t Read(uint64_t address, void* buffer, size_t size);

 private:
  UniqueFd fd_;
};

// Reads by `held` first. For one notification: neither is owned.
class HeldMemoryReader final : public MemoryReader {
 public:
  HeldMemoryReader(HeldMemory* held, const MemoryReader& otherwise) : held_(held), otherwise_(otherwise) {}
  ssize_t Read(pid_t tid, uint64_t address, void* buffer, size_t size) const override {
    const ssize_t n = held_ != nullptr ? held_->Read(address, buffer, size) : 0;
    if (n > 0) found_ = true;
    return n > 0 ? n : otherwise_.Read(tid, address, buffer, size);
  }
  // `held` has given something: its address space has not ended.
  bool found() const { return found_; }

 private:
  HeldMemory* held_;
  const MemoryReader& otherwise_;
  mutable bool found_ = false;
};

}  // namespace glovebox::kernel

#endif  // GLOVEBOX_KERNEL_PROCESS_H_
