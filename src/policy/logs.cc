#include "policy/logs.h"

#include <algorithm>

namespace glovebox::policy {

bool HasLogs(const Policy& policy) {
  return policy.mode != Mode::kObserve &&
         std::any_of(policy.paths.begin(), policy.paths.end(),
                     [](const PathRule& rule) { return rule.access == PathAccess::kAppend; });
}

bool HoldsLogs(const Policy& policy) { return policy.mode == Mode::kEnforce && HasLogs(policy); }

absl::Span<const uint32_t> LogIoctls() {
  static constexpr uint32_t kRequests[] = {
      0x40305828,  // FS_IOC_RESVSP, and of i386 (file_ioctl(), fs/ioctl.c: fallocate by another name)
      0x402c5828,
      0x40305829,  // FS_IOC_UNRESVSP
      0x402c5829,
      0x4030582a,  // FS_IOC_RESVSP64
      0x402c582a,
      0x4030582b,  // FS_IOC_UNRESVSP64
      0x402c582b,
      0x40305839,  // FS_IOC_ZERO_RANGE
      0x402c5839,
      0xc028660f,  // EXT4_IOC_MOVE_EXT: the donor needs to be open for writing only
      0xc0c0586d,  // XFS_IOC_SWAPEXT
      0xc020f509,  // F2FS_IOC_MOVE_RANGE
      0x4c00,      // LOOP_SET_FD
      0x4c06,      // LOOP_CHANGE_FD
      0x4c0a,      // LOOP_CONFIGURE
  };
  return kRequests;
}

absl::Span<const char* const> DescriptorCalls() {
  static constexpr const char* kCalls[] = {"fcntl",  "ftruncate", "fallocate",   "fchmod",
                                           "fchown", "fsetxattr", "fremovexattr"};
  return kCalls;
}

}  // namespace glovebox::policy
