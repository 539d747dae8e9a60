// A caller's memory made up by a test: regions of bytes, nothing between them.
#ifndef GLOVEBOX_KERNEL_FAKE_MEMORY_H_
#define GLOVEBOX_KERNEL_FAKE_MEMORY_H_

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <string>

#include "kernel/process.h"

namespace glovebox::kernel {

// FakeMemory memory;
// notification.data.args[1] = memory.Put(std::string("/etc/passwd", 12));
class FakeMemory final : public MemoryReader {
 public:
  // Maps `bytes` at `address`; regions must not overlap.
  void Map(uint64_t address, std::string bytes) { regions_[address] = std::move(bytes); }
  // Maps the bytes somewhere in the lowest 4 GiB (i386 can reach it), on a page of their own.
  uint64_t Put(std::string bytes) {
    const uint64_t address = next_;
    next_ += (bytes.size() / 4096 + 2) * 4096;
    Map(address, std::move(bytes));
    return address;
  }
  // The same with the final NUL.
  uint64_t PutString(const std::string& text) { return Put(text + std::string(1, '\0')); }
  // Every read fails with this errno from now on (ESRCH: the caller died).
  void Fail(int error) { error_ = error; }

  ssize_t Read(pid_t, uint64_t address, void* buffer, size_t size) const override {
    if (error_ != 0) return -error_;
    auto region = regions_.upper_bound(address);
    if (region == regions_.begin()) return -EFAULT;
    --region;
    const uint64_t offset = address - region->first;
    if (offset >= region->second.size()) return -EFAULT;
    const size_t n = std::min<size_t>(size, region->second.size() - offset);
    memcpy(buffer, region->second.data() + offset, n);
    return static_cast<ssize_t>(n);
  }

 private:
  std::map<uint64_t, std::string> regions_;
  uint64_t next_ = 0x10000;
  int error_ = 0;
};

}  // namespace glovebox::kernel

#endif  // GLOVEBOX_KERNEL_FAKE_MEMORY_H_
