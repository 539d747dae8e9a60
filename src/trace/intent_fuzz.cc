// The decoder of system calls against every number, register and memory: it must come back, with an Intent
// that fits its own bounds, for each ABI that a process can call with.
#include <linux/audit.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "absl/strings/string_view.h"
#include "kernel/process.h"
#include "policy/policy.h"
#include "trace/intent.h"
#include "trace/judge.h"

namespace glovebox::trace {
namespace {

// The fuzzer's bytes at one address, again and again: whatever the registers point to in it is there.
class FuzzMemory final : public kernel::MemoryReader {
 public:
  explicit FuzzMemory(absl::string_view bytes) : bytes_(bytes) {}
  ssize_t Read(pid_t, uint64_t address, void* buffer, size_t size) const override {
    if (bytes_.empty() || address < kBase || address >= kBase + kSize) return -EFAULT;
    const size_t n = std::min<size_t>(size, kBase + kSize - address);
    for (size_t i = 0; i < n; ++i)
      static_cast<char*>(buffer)[i] = bytes_[(address - kBase + i) % bytes_.size()];
    return static_cast<ssize_t>(n);
  }
  static constexpr uint64_t kBase = 0x10000;
  static constexpr uint64_t kSize = 0x10000;

 private:
  absl::string_view bytes_;
};

constexpr uint32_t kArchs[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, AUDIT_ARCH_ARM};

}  // namespace
}  // namespace glovebox::trace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace glovebox;
  constexpr size_t kHead = 4 + 6 * 8;
  if (size < kHead) return 0;
  seccomp_notif call = {};
  call.data.arch = trace::kArchs[data[0] % 4];
  call.data.nr = data[1] | (data[2] & 3) << 8 | (data[2] & 0x80) << 23;  // bit 30: x32
  for (int i = 0; i < 6; ++i) {
    uint64_t value;
    memcpy(&value, data + 4 + i * 8, 8);
    // Mostly into the memory that there is: a register that points nowhere ends the story.
    const bool points = (data[3] >> i & 1) != 0;
    call.data.args[i] = points ? trace::FuzzMemory::kBase + value % trace::FuzzMemory::kSize : value;
  }
  const trace::FuzzMemory memory(
      absl::string_view(reinterpret_cast<const char*>(data) + kHead, size - kHead));
  trace::Intent intent = trace::Decode(call, memory);
  for (const trace::PathRef& path : intent.paths) {
    if (path.spelled.size() > 4096 || path.spelled.find('\0') != std::string::npos) abort();
  }
  static const policy::Policy policy = policy::DefaultPolicy(policy::Role::kRun);
  (void)trace::Judge(policy, call, &intent);
  return 0;
}
