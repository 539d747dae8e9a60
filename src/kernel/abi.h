// Kernel constants that Debian 12's headers (Linux 6.1) lack, each with the kernel that brought it. Nothing
// but the C library is needed here: child/ includes this header too.
#ifndef GLOVEBOX_KERNEL_ABI_H_
#define GLOVEBOX_KERNEL_ABI_H_

#include <fcntl.h>
#include <linux/audit.h>
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

// struct landlock_net_port_attr and its rule type, ABI 4 (6.7).
struct LandlockNetPortAttr {
  uint64_t allowed_access = 0;
  uint64_t port = 0;  // host byte order
};
inline constexpr int kLandlockRuleNetPort = 2;
inline constexpr int kLandlockMaxLayers = 16;  // one more domain gives E2BIG

// The announcement of an inner launcher
// -----------------------------------------------------------------------------------------------------------
// An openat of this path asks an outer supervisor of ours for a socket. It can only succeed under one:
// /dev/null is no directory. child/wire.h builds its protocol on it; ProbeHost() tries it.
inline constexpr char kOuterAnnouncePath[] = "/dev/null/glovebox/announce/1";

// preadv2/pwritev2
// ------------------------------------------------------------------------------------------------------
inline constexpr uint32_t kRwfNoAppend = 0x20;  // 6.9
// The register of pwritev2's flags. The position takes two registers, also where one would hold it; in x32
// (compat_sys_pwritev64v2, fs/read_write.c) it takes one.
inline constexpr unsigned kPwritev2Flags = 5;
inline constexpr unsigned kPwritev2FlagsX32 = 4;

// pidfd
// -----------------------------------------------------------------------------------------------------------------
inline constexpr unsigned kPidfdThread = O_EXCL;  // PIDFD_THREAD, 6.9
// getsockopt: a pidfd of the peer, 6.5. The number is asm-generic's (x86-64 and aarch64).
inline constexpr int kSoPeerPidfd = 77;

// PIDFD_GET_INFO, 6.13 (include/uapi/linux/pidfd.h): what is behind a pidfd, without /proc. `mask` says what
// is asked for and comes back as what was given.
inline constexpr uint64_t kPidfdInfoPid = 1u << 0;   // pid, tgid, ppid
inline constexpr uint64_t kPidfdInfoExit = 1u << 3;  // exit_code, as wait(2) gives it; after reaping, 6.15
struct PidfdInfo {
  uint64_t mask = 0;
  uint64_t cgroupid = 0;
  uint32_t pid = 0;
  uint32_t tgid = 0;
  uint32_t ppid = 0;
  uint32_t ids[8] = {};  // real, effective, saved, file-system; uid and gid in turn
  int32_t exit_code = 0;
};
static_assert(sizeof(PidfdInfo) == 64);  // PIDFD_INFO_SIZE_VER0
inline constexpr unsigned long kPidfdGetInfo = _IOWR(0xFF, 11, PidfdInfo);

// ABIs
// ---------------------------------------------------------------------------------------------------------
// x32 calls come with AUDIT_ARCH_X86_64 and this bit in the number.
inline constexpr uint32_t kX32Bit = 0x40000000;

// The ABI that this program was built for, as seccomp names it.
#if defined(__x86_64__)
inline constexpr uint32_t kNativeArch = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
inline constexpr uint32_t kNativeArch = AUDIT_ARCH_AARCH64;
#else
#error "Glovebox knows the system calls of x86-64 and aarch64"
#endif

// Flags
// ----------------------------------------------------------------------------------------------------------------
// The numbers are the kernel's own and the same on every architecture that we know; libc hides some of them.
inline constexpr uint64_t kAtSymlinkNoFollow = 0x100;
inline constexpr uint64_t kAtRemoveDir = 0x200;
inline constexpr uint64_t kAtSymlinkFollow = 0x400;
inline constexpr uint64_t kAtEmptyPath = 0x1000;
inline constexpr uint64_t kRenameNoReplace = 1;
inline constexpr uint64_t kRenameExchange = 2;
inline constexpr uint64_t kUmountNoFollow = 8;
inline constexpr uint64_t kInDontFollow = 0x02000000;
inline constexpr uint64_t kFanMarkDontFollow = 4;
inline constexpr uint64_t kMoveMountFromSymlinks = 0x1;  // 5.2, as the next ones
inline constexpr uint64_t kMoveMountFromEmptyPath = 0x4;
inline constexpr uint64_t kMoveMountToSymlinks = 0x10;
inline constexpr uint64_t kMoveMountToEmptyPath = 0x40;
inline constexpr uint64_t kFspickSymlinkNoFollow = 0x2;
inline constexpr uint64_t kFspickEmptyPath = 0x8;
inline constexpr uint32_t kFsconfigSetPath = 3;
inline constexpr uint32_t kFsconfigSetPathEmpty = 4;
inline constexpr uint64_t kMsRemount = 0x20;
inline constexpr uint64_t kMsBind = 0x1000;
inline constexpr uint64_t kMsMove = 0x2000;
inline constexpr uint32_t kBpfObjPin = 6;
inline constexpr uint32_t kBpfObjGet = 7;

// Calls that libseccomp 2.5.4 does not know. From 424 on a call has the same number on x86-64, i386, aarch64
// and (with its bit) x32. Source: the kernel's scripts/syscall.tbl.
// ----------------------------------------------------------------------------------------------------------------
struct NewSyscall {
  const char* name;
  int number;
  const char* since;
};
inline constexpr NewSyscall kNewSyscalls[] = {
    {"cachestat", 451, "6.5"},         {"fchmodat2", 452, "6.6"},        {"map_shadow_stack", 453, "6.6"},
    {"futex_wake", 454, "6.7"},        {"futex_wait", 455, "6.7"},       {"futex_requeue", 456, "6.7"},
    {"statmount", 457, "6.8"},         {"listmount", 458, "6.8"},        {"lsm_get_self_attr", 459, "6.8"},
    {"lsm_set_self_attr", 460, "6.8"}, {"lsm_list_modules", 461, "6.8"}, {"mseal", 462, "6.10"},
    {"setxattrat", 463, "6.13"},       {"getxattrat", 464, "6.13"},      {"listxattrat", 465, "6.13"},
    {"removexattrat", 466, "6.13"},    {"open_tree_attr", 467, "6.15"},  {"file_getattr", 468, "6.17"},
    {"file_setattr", 469, "6.17"},     {"listns", 470, "6.19"},
};

}  // namespace glovebox::kernel

#endif  // GLOVEBOX_KERNEL_ABI_H_
