#include "policy/pointer_calls.h"

#include <linux/audit.h>

#include <cerrno>
#include <map>
#include <set>
#include <string>

#include "base/status_matchers.h"
#include "gtest/gtest.h"
#include "kernel/abi.h"
#include "kernel/syscall_table.h"
#include "policy/evaluate.h"
#include "policy/filters.h"
#include "policy/test_call.h"

namespace glovebox::policy {
namespace {

constexpr uint32_t kArch = kernel::kNativeArch;

// Calls of which no register is a pointer for certain. A new call stands in neither list: look at its
// signature.
const char* const kWithoutPointers[] = {
    // numbers alone
    "close", "close_range", "dup", "dup2", "dup3", "fadvise64", "fallocate", "fchmod", "fchown", "fdatasync",
    "flock", "fsmount", "fsync", "ftruncate", "lseek", "readahead", "sync_file_range", "syncfs", "tee",
    "io_destroy", "shutdown", "membarrier", "memfd_secret", "mlockall", "munlockall", "pkey_alloc",
    "pkey_free", "process_mrelease", "userfaultfd", "exit", "exit_group", "fork", "kill", "pidfd_open",
    "tgkill", "tkill", "vfork", "pidfd_getfd", "alarm", "pause", "restart_syscall", "rt_sigreturn",
    "timer_delete", "timer_getoverrun", "timerfd_create", "epoll_create", "epoll_create1", "eventfd",
    "eventfd2", "fanotify_init", "inotify_init", "inotify_init1", "inotify_rm_watch", "getpriority",
    "ioprio_get", "ioprio_set", "sched_get_priority_max", "sched_get_priority_min", "sched_getscheduler",
    "sched_yield", "setpriority", "getegid", "geteuid", "getgid", "getpgid", "getpgrp", "getpid", "getppid",
    "getsid", "gettid", "getuid", "personality", "setfsgid", "setfsuid", "setgid", "setpgid", "setregid",
    "setresgid", "setresuid", "setreuid", "setsid", "setuid", "umask", "msgget", "semget", "shmget",
    "landlock_restrict_self", "ioperm", "iopl", "sync", "vhangup",
    // another register says whether it is one
    "fcntl", "ioctl", "clone", "kcmp", "ptrace", "arch_prctl", "prctl", "sysfs", "semctl", "keyctl", "reboot",
    // the end of the heap: programs ask for it with a number that cannot be one
    "brk",
    // for the kernel's own probes
    "uprobe", "uretprobe",
    // ENOSYS
    "_sysctl", "afs_syscall", "create_module", "epoll_ctl_old", "epoll_wait_old", "get_kernel_syms",
    "getpmsg", "nfsservctl", "putpmsg", "query_module", "security", "tuxcall", "vserver"};

bool IsNative(const char* name) {
  return kernel::SyscallNumber(AUDIT_ARCH_X86_64, name) >= 0 ||
         kernel::SyscallNumber(AUDIT_ARCH_AARCH64, name) >= 0;
}

TEST(PointerCalls, EachCallOutsideOfTheTableHasBeenLookedAt) {
  std::map<std::string, int> listed;
  for (const PointerCall& call : PointerCalls()) {
    ++listed[call.name];
    EXPECT_NE(call.registers, 0u) << call.name;
  }
  for (const char* name : kWithoutPointers) ++listed[name];
  std::set<std::string> known;
  for (const kernel::IgnoredSyscall& call : kernel::IgnoredSyscalls()) {
    if (!IsNative(call.name)) continue;
    known.insert(call.name);
    EXPECT_EQ(listed[call.name], 1) << call.name << ": which of its registers are pointers?";
  }
  for (const auto& [name, times] : listed) {
    EXPECT_TRUE(known.contains(name) || !IsNative(name.c_str()))
        << name << " is no call outside of the table";
  }
}

TEST(PointerCalls, EachPointerIsTestedAndNothingElse) {
  ASSERT_OK_AND_ASSIGN(const FilterBuilder builder, KptrFilter(kernel::SyscallTable()));
  ASSERT_OK_AND_ASSIGN(const std::string filter, builder.Bpf());
  std::map<std::string, unsigned> pointers;
  for (const char* name : kWithoutPointers) pointers[name] = 0;
  for (const PointerCall& call : PointerCalls()) pointers[call.name] = call.registers;
  for (const auto& [name, registers] : pointers) {
    const int number = kernel::SyscallNumber(kArch, name);
    for (unsigned i = 0; number >= 0 && i < 6; ++i) {
      seccomp_data call = Call(number, kArch);
      call.args[i] = 0xffff888000001000;
      ASSERT_OK_AND_ASSIGN(const Verdict verdict, Evaluate(filter, call));
      const bool pointer = (registers & 1u << i) != 0;
      EXPECT_EQ(verdict.action, pointer ? (SECCOMP_RET_ERRNO | EFAULT) : SECCOMP_RET_ALLOW)
          << name << " register " << i;
    }
  }
}

}  // namespace
}  // namespace glovebox::policy
