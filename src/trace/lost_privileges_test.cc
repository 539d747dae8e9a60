#include "trace/lost_privileges.h"

#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "trace/another_user.h"

namespace glovebox::trace {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr uint64_t kNetRaw = uint64_t{1} << CAP_NET_RAW;

TEST(FileCapabilities, AreThePermittedOnesOfAnAttributeThatTheKernelTakes) {
  using namespace std::string_literals;
  const std::string zero(4, '\0');
  const std::string net_raw = "\0\x20\0\0"s, first_high = "\1\0\0\0"s;
  const std::string one = "\1\0\0\1"s, two = "\1\0\0\2"s, three = "\0\0\0\3"s, four = "\0\0\0\4"s;
  const struct {
    std::string attribute;
    uint64_t expected;
  } kCases[] = {
      {one + net_raw + zero, kNetRaw},
      {two + net_raw + zero + first_high + zero, kNetRaw | uint64_t{1} << 32},
      {two + net_raw + zero + zero, 0},                        // cut
      {one + net_raw + zero + zero + zero, 0},                 // longer than its version
      {three + net_raw + zero + zero + zero + "\1\0\0\0", 0},  // of another user namespace
      {four + net_raw + zero + zero + zero, 0},
      {"", 0},
      {"\2", 0},
  };
  for (const auto& c : kCases)
    EXPECT_EQ(FileCapabilities(c.attribute), c.expected) << testing::PrintToString(c.attribute);
}

TEST(LossOf, IsWhatTheFileGivesAndTheCallerLacks) {
  const TaskRights user = {1000, 1000, {100, 1000}, 0, ~uint64_t{0}, true};
  const TaskRights root = {0, 0, {}, ~uint64_t{0}, ~uint64_t{0}, true};
  TaskRights unbound = user, capable = user, free = user;
  unbound.bounding = 0;
  capable.permitted = kNetRaw;
  free.no_new_privileges = false;
  const struct {
    mode_t mode;
    uid_t uid;
    gid_t gid;
    uint64_t capabilities;
    TaskRights caller;
    const char* expected;
  } kCases[] = {
      {0755, 0, 0, 0, user, ""},
      {04755, 0, 0, 0, user, "is setuid root"},
      {04755, 0, 0, 0, free, ""},
      {04755, 33, 0, 0, user, "is setuid to user 33"},
      {04755, 1000, 0, 0, user, ""},
      {04755, 0, 0, 0, root, ""},
      {04755, 33, 0, 0, root, "is setuid to user 33"},
      {02755, 0, 42, 0, user, "is setgid to group 42"},
      {02755, 0, 0, 0, user, "is setgid root"},
      {02745, 0, 42, 0, user, ""},   // the mark of mandatory locks
      {02755, 0, 100, 0, user, ""},  // a member
      {02755, 0, 1000, 0, user, ""},
      {06755, 0, 42, 0, user, "is setuid root and is setgid to group 42"},
      {0755, 0, 0, kNetRaw, user, "has the file capability cap_net_raw"},
      {0755, 0, 0, kNetRaw | 1, user, "has the file capabilities cap_chown, cap_net_raw"},
      {0755, 0, 0, kNetRaw, capable, ""},
      {0755, 0, 0, kNetRaw, unbound, ""},  // not without Glovebox either
      {0755, 0, 0, kNetRaw, root, ""},
  };
  for (const auto& c : kCases) {
    Resolved program;
    program.mode = S_IFREG | c.mode;
    program.uid = c.uid;
    program.gid = c.gid;
    EXPECT_EQ(LossOf(program, c.capabilities, c.caller), c.expected) << std::oct << c.mode << " " << c.uid;
  }
}

// A process of an ordinary user that can gain nothing, as one that waits in its exec.
class LostPrivilegesTest : public testing::Test {
 protected:
  LostPrivilegesTest() {
    int ready[2];
    if (pipe(ready) != 0) return;
    caller_ = fork();
    if (caller_ == 0) {
      if (!BecomeUser(OrdinaryUser()) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) _exit(1);
      (void)!write(ready[1], "x", 1);
      for (;;) pause();
    }
    close(ready[1]);
    char byte;
    EXPECT_EQ(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    access_.action = 1;
    access_.op = Op::kExec;
    access_.tid = caller_;
    access_.result = access::Result::kThere;
  }
  ~LostPrivilegesTest() override {
    kill(caller_, SIGKILL);
    waitpid(caller_, nullptr, 0);
  }
  // A file that everybody has, as if it were setuid root.
  static Resolved SetuidRoot(const std::string& name = "/usr/bin/sudo") {
    Resolved program;
    program.path = name;
    program.reach = "/proc/self/exe";
    program.mode = S_IFREG | 04755;
    return program;
  }

  pid_t caller_ = -1;
  access::Access access_;
  LostPrivileges lost_;
};

TEST_F(LostPrivilegesTest, EachProgramOfAnActionIsSaidOnce) {
  const std::string line = "/usr/bin/sudo is setuid root and runs without it here (no_new_privs)";
  EXPECT_EQ(lost_.See(access_, SetuidRoot()), line);
  EXPECT_EQ(lost_.See(access_, SetuidRoot()), "");
  EXPECT_THAT(lost_.See(access_, SetuidRoot("/bin/su")), testing::StartsWith("/bin/su is"));
  access_.action = 2;
  EXPECT_EQ(lost_.See(access_, SetuidRoot()), line);
  EXPECT_THAT(lost_.Take(1),
              ElementsAre(absl::StrCat("no new privileges: ", line), testing::HasSubstr("/bin/su")));
  EXPECT_THAT(lost_.Take(1), IsEmpty());
  EXPECT_THAT(lost_.Take(2), ElementsAre(absl::StrCat("no new privileges: ", line)));
}

TEST_F(LostPrivilegesTest, WhatDoesNotRunLosesNothing) {
  access_.result = access::Result::kRefused;
  EXPECT_EQ(lost_.See(access_, SetuidRoot()), "");
  access_.result = access::Result::kThere;
  access_.decision = access::Decision::kDenied;
  EXPECT_EQ(lost_.See(access_, SetuidRoot()), "");
  access_.decision = access::Decision::kContinued;
  access_.flags = 0x10000;  // AT_EXECVE_CHECK
  EXPECT_EQ(lost_.See(access_, SetuidRoot()), "");
  access_.flags = 0;
  // What hosts mount with nosuid; the object itself does not matter.
  for (const char* place : {"/proc", "/sys", "/run", "/dev/shm", "/dev/pts"}) {
    struct statvfs mount;
    if (statvfs(place, &mount) != 0 || (mount.f_flag & ST_NOSUID) == 0) continue;
    Resolved nosuid = SetuidRoot();
    nosuid.reach = place;
    EXPECT_EQ(lost_.See(access_, nosuid), "") << place;
  }
  access_.tid = -1;
  EXPECT_EQ(lost_.See(access_, SetuidRoot()), "") << "nobody to lose it";
  EXPECT_THAT(lost_.Take(1), IsEmpty());
}

TEST_F(LostPrivilegesTest, NoNameMakesMoreOfTheRecordThanOneLineAndNoNumberOfThemFillsIt) {
  EXPECT_EQ(lost_.See(access_, SetuidRoot("/x; skipped Landlock: it is off")),
            "a program is setuid root and runs without it here (no_new_privs)");
  for (size_t i = 0; i < 2 * LostPrivileges::kMaxPrograms; ++i)
    lost_.See(access_, SetuidRoot(absl::StrCat("/x", i)));
  EXPECT_THAT(lost_.Take(1), testing::SizeIs(LostPrivileges::kMaxPrograms));
}

}  // namespace
}  // namespace glovebox::trace
