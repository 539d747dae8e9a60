#include "kernel/syscall_table.h"

#include <linux/audit.h>
#include <seccomp.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kernel/abi.h"

namespace glovebox::kernel {
namespace {

using testing::IsEmpty;

std::set<std::string> Decided() {
  std::set<std::string> names;
  for (const SyscallRow& row : SyscallTable()) names.insert(row.name);
  for (const IgnoredSyscall& call : IgnoredSyscalls()) names.insert(call.name);
  return names;
}

TEST(SyscallTable, EveryCallThatLibseccompKnowsIsDecided) {
  const std::set<std::string> decided = Decided();
  std::set<std::string> undecided;
  int seen = 0;
  for (uint32_t arch :
       std::initializer_list<uint32_t>{SCMP_ARCH_X86_64, SCMP_ARCH_AARCH64, SCMP_ARCH_X86, SCMP_ARCH_X32}) {
    for (int number = 0; number < 2000; ++number) {
      const int bit = arch == SCMP_ARCH_X32 ? static_cast<int>(kX32Bit) : 0;
      char* name = seccomp_syscall_resolve_num_arch(arch, number | bit);
      if (name == nullptr) continue;
      ++seen;
      if (decided.count(name) == 0) undecided.insert(name);
      free(name);
    }
  }
  EXPECT_GT(seen, 1200);
  EXPECT_THAT(undecided, IsEmpty()) << "decide: a row in syscall_rows.cc or a reason in ignored_syscalls.cc";
}

TEST(SyscallTable, EveryCallOfTheInstalledHeadersIsDecided) {
  const std::set<std::string> decided = Decided();
  std::set<std::string> undecided;
  int seen = 0;
  for (const char* header :
       {"/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm-generic/unistd.h",
        "/usr/include/aarch64-linux-gnu/asm/unistd_64.h"}) {
    std::ifstream in(header);
    std::string define;
    std::string name;
    while (in >> define) {
      if (define != "#define" || !(in >> name)) continue;
      // __NR3264_x are the generic header's own helpers; the call's real name is defined by them later.
      if (name.rfind("__NR_", 0) != 0) continue;
      name = name.substr(5);
      if (name == "syscalls" || name == "arch_specific_syscall") continue;
      if (decided.count(name) == 0) undecided.insert(name);
      ++seen;
    }
  }
  EXPECT_GT(seen, 300);
  EXPECT_THAT(undecided, IsEmpty());
}

TEST(SyscallTable, EveryNewCallIsDecidedAndItsNumberAgreesWithWhatLibseccompMayKnow) {
  const std::set<std::string> decided = Decided();
  for (const NewSyscall& call : kNewSyscalls) {
    EXPECT_EQ(decided.count(call.name), 1u) << call.name;
    for (uint32_t arch :
         std::initializer_list<uint32_t>{SCMP_ARCH_X86_64, SCMP_ARCH_AARCH64, SCMP_ARCH_X86}) {
      char* name = seccomp_syscall_resolve_num_arch(arch, call.number);
      if (name != nullptr) {
        EXPECT_STREQ(name, call.name);
      }
      free(name);
    }
  }
}

TEST(SyscallTable, NoCallIsDecidedTwice) {
  std::map<std::string, int> count;
  for (const SyscallRow& row : SyscallTable()) ++count[row.name];
  for (const IgnoredSyscall& call : IgnoredSyscalls()) {
    ++count[call.name];
    EXPECT_STRNE(call.reason, "") << call.name;
  }
  for (const auto& [name, n] : count) EXPECT_EQ(n, 1) << name;
}

TEST(SyscallTable, EveryRowIsReachedByItsNumberOnSomeAbi) {
  for (const SyscallRow& row : SyscallTable()) {
    int found = 0;
    for (uint32_t arch :
         std::initializer_list<uint32_t>{AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64, AUDIT_ARCH_I386}) {
      const int number = SyscallNumber(arch, row.name);
      if (number < 0) continue;
      ++found;
      EXPECT_EQ(FindSyscall(arch, number), &row) << row.name;
    }
    EXPECT_GT(found, 0) << row.name;
  }
}

TEST(SyscallTable, KnownNumbersAreWhatTheKernelUses) {
  struct Case {
    uint32_t arch;
    uint32_t number;
    const char* name;
  };
  for (const Case& c :
       {Case{AUDIT_ARCH_X86_64, 257, "openat"}, Case{AUDIT_ARCH_X86_64, 59, "execve"},
        Case{AUDIT_ARCH_X86_64, 452, "fchmodat2"}, Case{AUDIT_ARCH_X86_64, 467, "open_tree_attr"},
        Case{AUDIT_ARCH_AARCH64, 56, "openat"}, Case{AUDIT_ARCH_AARCH64, 463, "setxattrat"},
        Case{AUDIT_ARCH_I386, 5, "i386:open"}, Case{AUDIT_ARCH_I386, 362, "i386:connect"},
        Case{AUDIT_ARCH_I386, 102, "i386:socketcall"}, Case{AUDIT_ARCH_X86_64, kX32Bit | 520, "x32:execve"},
        Case{AUDIT_ARCH_X86_64, kX32Bit | 257, "x32:openat"}}) {
    EXPECT_EQ(SyscallName(c.arch, static_cast<int>(c.number)), c.name);
    EXPECT_NE(FindSyscall(c.arch, static_cast<int>(c.number)), nullptr) << c.name;
  }
}

TEST(SyscallTable, WhatIsNotThereIsNull) {
  for (uint32_t number :
       std::initializer_list<uint32_t>{0xffffffffu, 0x7fffffffu, 100000u, kX32Bit | 100000u, 9999u}) {
    for (uint32_t arch : std::initializer_list<uint32_t>{AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64,
                                                         AUDIT_ARCH_I386, AUDIT_ARCH_ARM, 0}) {
      EXPECT_EQ(FindSyscall(arch, static_cast<int>(number)), nullptr) << arch << " " << number;
    }
  }
  EXPECT_EQ(FindSyscall(AUDIT_ARCH_X86_64, 0), nullptr);
  EXPECT_EQ(SyscallName(AUDIT_ARCH_X86_64, 9999), "syscall 9999");
  EXPECT_EQ(SyscallName(AUDIT_ARCH_I386, 9999), "i386:syscall 9999");
  EXPECT_EQ(SyscallNumber(AUDIT_ARCH_AARCH64, "open"), -1);
  EXPECT_EQ(SyscallNumber(AUDIT_ARCH_ARM, "open"), -1);
}

TEST(SyscallTable, HandshakeCallsAreNeverNotified) {
  for (const char* name :
       {"read", "write", "close", "dup", "dup2", "dup3", "fork", "vfork", "clone", "clone3", "wait4",
        "waitid", "futex", "exit", "exit_group", "pidfd_getfd", "poll", "seccomp"}) {
    EXPECT_EQ(FindSyscall(AUDIT_ARCH_X86_64, SyscallNumber(AUDIT_ARCH_X86_64, name)), nullptr) << name;
  }
}

TEST(SyscallTable, OnlySendtoNeedsARegister) {
  for (const SyscallRow& row : SyscallTable()) {
    EXPECT_EQ(RequiredRegister(row), std::string(row.name) == "sendto" ? 4 : -1) << row.name;
  }
}

TEST(SyscallTable, LevelsHoldWhatTheyPromise) {
  const auto level = [](const char* name) {
    return FindSyscall(AUDIT_ARCH_X86_64, SyscallNumber(AUDIT_ARCH_X86_64, name))->level;
  };
  for (const char* name : {"open", "execve", "rename", "connect", "setxattr", "chdir", "fchdir", "mount"}) {
    EXPECT_EQ(level(name), Level::kOpen) << name;
  }
  for (const char* name : {"stat", "newfstatat", "access", "readlink", "getdents64", "getxattr", "statfs"}) {
    EXPECT_EQ(level(name), Level::kFull) << name;
  }
  EXPECT_EQ(LevelName(Level::kOff), "off");
  EXPECT_EQ(LevelName(Level::kOpen), "open");
  EXPECT_EQ(LevelName(Level::kFull), "full");
}

TEST(SyscallTable, ManyThreadsMayAskFirst) {
  std::vector<std::thread> threads;
  std::vector<const SyscallRow*> rows(4);
  for (size_t i = 0; i < rows.size(); ++i) {
    threads.emplace_back([&rows, i] { rows[i] = FindSyscall(AUDIT_ARCH_I386, 5); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const SyscallRow* row : rows) EXPECT_STREQ(row->name, "open");
}

}  // namespace
}  // namespace glovebox::kernel
