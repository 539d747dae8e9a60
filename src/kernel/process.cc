#include "kernel/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "kernel/abi.h"

namespace glovebox::kernel {
namespace {

// The smallest page of the machines we know; a larger one only means more pieces.
constexpr uint64_t kPage = 4096;

// Where process_vm_readv is not there (a container's filter): the same rights, the same bytes, two calls
// more.
ssize_t ReadProcMem(pid_t tid, uint64_t address, char* buffer, size_t size) {
  char path[40];
  std::snprintf(path, sizeof(path), "/proc/%d/mem", tid);
  const UniqueFd fd(open(path, O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return errno == ENOENT ? -ESRCH : -errno;
  size_t done = 0;
  while (done < size) {
    const size_t piece = std::min<size_t>(size - done, kPage - (address + done) % kPage);
    const ssize_t n = pread(fd.get(), buffer + done, piece, static_cast<off_t>(address + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return done > 0 ? static_cast<ssize_t>(done) : (n < 0 && errno != EIO ? -errno : -EFAULT);
    done += static_cast<size_t>(n);
  }
  return static_cast<ssize_t>(done);
}

class VmMemory final : public MemoryReader {
 public:
  ssize_t Read(pid_t tid, uint64_t address, void* buffer, size_t size) const override {
    auto* out = static_cast<char*>(buffer);
    size_t done = 0;
    while (done < size) {
      if (address + done < address) break;  // wraps around: no such memory
      // One remote piece a page: a read that meets an unmapped page keeps what was before it.
      iovec remote[16];
      size_t pieces = 0;
      size_t batch = 0;
      while (pieces < 16 && done + batch < size) {
        const uint64_t at = address + done + batch;
        const size_t piece = std::min<size_t>(size - done - batch, kPage - at % kPage);
        remote[pieces++] = {reinterpret_cast<void*>(at), piece};
        batch += piece;
      }
      iovec local = {out + done, batch};
      const ssize_t n = process_vm_readv(tid, &local, 1, remote, pieces, 0);
      if (n < 0) {
        if (errno == EINTR) continue;
        if (done == 0 && (errno == ENOSYS || errno == EPERM)) return ReadProcMem(tid, address, out, size);
        return done > 0 ? static_cast<ssize_t>(done) : -errno;
      }
      done += static_cast<size_t>(n);
      if (static_cast<size_t>(n) < batch) break;
    }
    return done > 0 || size == 0 ? static_cast<ssize_t>(done) : -EFAULT;
  }
};

}  // namespace

absl::StatusOr<UniqueFd> OpenPidfd(pid_t pid, bool thread) {
  const long fd = syscall(SYS_pidfd_open, pid, thread ? kPidfdThread : 0u);
  if (fd < 0) return ErrnoStatus("pidfd_open", absl::StrCat(pid), errno);
  return UniqueFd(static_cast<int>(fd));
}

absl::StatusOr<UniqueFd> FetchFd(int pidfd, int fd) {
  UniqueFd copy;
  if (const int error = TakeFd(pidfd, fd, &copy); error != 0)
    return ErrnoStatus("pidfd_getfd", absl::StrCat(fd), error);
  return copy;
}

int TakeFd(int pidfd, int fd, UniqueFd* out) {
  const long copy = syscall(SYS_pidfd_getfd, pidfd, fd, 0u);
  if (copy < 0) return errno;
  out->reset(static_cast<int>(copy));
  return 0;
}

bool HasEnded(int pidfd) {
  pollfd entry = {pidfd, POLLIN, 0};
  int n;
  do {
    n = poll(&entry, 1, 0);
  } while (n < 0 && errno == EINTR);
  return n > 0 && (entry.revents & (POLLIN | POLLHUP)) != 0;
}

bool MemoryReader::ReadString(pid_t tid, uint64_t address, size_t limit, std::string* out, int* error) const {
  out->clear();
  char buffer[512];
  while (out->size() < limit) {
    const uint64_t at = address + out->size();
    // Never past the page's end: the next page may be unmapped, and most strings end before it.
    const size_t piece =
        std::min({sizeof(buffer), limit - out->size(), static_cast<size_t>(kPage - at % kPage)});
    const ssize_t n = Read(tid, at, buffer, piece);
    if (n <= 0) {
      *error = n < 0 ? static_cast<int>(-n) : EFAULT;
      return false;
    }
    const auto got = static_cast<size_t>(n);
    if (const void* end = memchr(buffer, 0, got)) {
      out->append(buffer, static_cast<size_t>(static_cast<const char*>(end) - buffer));
      return true;
    }
    out->append(buffer, got);
  }
  *error = ENAMETOOLONG;
  return false;
}

void HeldMemory::Open(pid_t tgid) {
  char path[32];
  std::snprintf(path, sizeof(path), "/proc/%d/mem", tgid);
  fd_.reset(open(path, O_RDONLY | O_CLOEXEC));
}

ssize_t HeldMemory::Read(uint64_t address, void* buffer, size_t size) {
  if (!fd_.valid()) return 0;
  const ssize_t n = pread(fd_.get(), buffer, size, static_cast<off_t>(address));
  // 0: nobody has this address space any more.
  if (n == 0) Drop();
  return n > 0 ? n : 0;
}

const MemoryReader& RealMemory() {
  static const VmMemory memory;
  return memory;
}

}  // namespace glovebox::kernel
