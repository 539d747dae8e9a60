// Kernel constants that Debian 12's headers (Linux 6.1) lack, each with the kernel that brought it. Nothing
// but the C library is needed here: child/ includes this header too.
#ifndef GLOVEBOX_KERNEL_ABI_H_
#define GLOVEBOX_KERNEL_ABI_H_

#include <linux/landlock.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <cstdint>

namespace glovebox::kernel {

// seccomp(2)
// --------------------------------------------------------------------------------------------------------
// 6.6: wakes the other side on the same core. The ioctl takes its argument by value (a pointer gives EINVAL).
inline constexpr unsigned long kNotifSetFlags = _IOW('!', 4, uint64_t);
inline constexpr uint64_t kNotifSyncWakeUp = 1;

// Landlock
// ------------------------------------------------------------------------------------------------------------
// ABI 3 (6.2), ABI 5 (6.10), ABI 4 (6.7), ABI 6 (6.12).
inline constexpr uint64_t kLandlockFsRefer = 1u << 13;     // ABI 2 (5.19)
inline constexpr uint64_t kLandlockFsTruncate = 1u << 14;  // ABI 3 (6.2)
inline constexpr uint64_t kLandlockFsIoctlDev = 1u << 15;  // ABI 5 (6.10)
inline constexpr uint64_t kLandlockNetBindTcp = 1u << 0;   // ABI 4 (6.7)
inline constexpr uint64_t kLandlockNetConnectTcp = 1u << 1;
inline constexpr uint64_t kLandlockScopeAbstractUnix = 1u << 0;  // ABI 6 (6.12)
inline constexpr uint64_t kLandlockScopeSignal = 1u << 1;

// struct landlock_ruleset_attr as of ABI 6; older kernels take its prefix (they check that the rest is zero).
struct LandlockRulesetAttr {
  uint64_t handled_access_fs = 0;
  uint64_t handled_access_net = 0;
  uint64_t scoped = 0;
};

// preadv2/pwritev2
// ------------------------------------------------------------------------------------------------------
inline constexpr uint32_t kRwfNoAppend = 0x20;  // 6.9

// pidfd
// -----------------------------------------------------------------------------------------------------------------
inline constexpr unsigned kPidfdThread = 02000;  // PIDFD_THREAD = O_EXCL, 6.9

}  // namespace glovebox::kernel

#endif  // GLOVEBOX_KERNEL_ABI_H_
