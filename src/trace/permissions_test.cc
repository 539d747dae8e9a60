#include "trace/permissions.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"
#include "trace/another_user.h"
#include "trace/predict.h"
#include "trace/scratch_fixture.h"

namespace glovebox::trace {
namespace {

using access::Result;

constexpr uid_t kOther = kNobody;
constexpr uint64_t Bit(int capability) { return uint64_t{1} << capability; }

Resolved Is(mode_t mode, uid_t uid, gid_t gid) {
  Resolved out;
  out.path = "/d/x";
  out.there = out.parent_there = true;
  out.mode = mode;
  out.is_dir = S_ISDIR(mode);
  out.uid = uid;
  out.gid = gid;
  return out;
}

TEST(ModePermissions, FollowTheBitsOfOwnerGroupAndOthers) {
  Credentials user;
  user.uid = user.gid = 1000;
  user.groups = {7};
  Credentials root;
  root.capabilities = Bit(CAP_DAC_OVERRIDE);
  Credentials reader = user;
  reader.capabilities = Bit(CAP_DAC_READ_SEARCH);
  Credentials elsewhere = root;
  elsewhere.uid = 1000;
  elsewhere.elsewhere = true;
  elsewhere.uids = {{0, 1000, 1}};
  elsewhere.gids = {{0, 1000, 1}};
  const struct {
    const char* name;
    const Credentials& who;
    Resolved what;
    int how;
    int want;
  } kCases[] = {
      {"owner reads and writes", user, Is(S_IFREG | 0640, 1000, 0), R_OK | W_OK, 0},
      {"owner has no x", user, Is(S_IFREG | 0640, 1000, 0), X_OK, EACCES},
      {"owner has less than others", user, Is(S_IFREG | 0077, 1000, 0), R_OK, EACCES},
      {"group reads", user, Is(S_IFREG | 0640, 1, 7), R_OK, 0},
      {"group does not write", user, Is(S_IFREG | 0640, 1, 7), W_OK, EACCES},
      {"another group", user, Is(S_IFREG | 0640, 1, 8), R_OK, EACCES},
      {"override", root, Is(S_IFREG | 0640, 1, 8), R_OK | W_OK, 0},
      {"override needs one x", root, Is(S_IFREG | 0640, 1, 8), X_OK, EACCES},
      {"override enters", root, Is(S_IFDIR | 0600, 1, 8), X_OK | W_OK, 0},
      {"reader reads", reader, Is(S_IFREG | 0, 1, 8), R_OK, 0},
      {"reader does not write", reader, Is(S_IFREG | 0, 1, 8), R_OK | W_OK, EACCES},
      {"reader enters", reader, Is(S_IFDIR | 0, 1, 8), R_OK | X_OK, 0},
      {"reader does not execute", reader, Is(S_IFREG | 0111, 1, 8), R_OK | X_OK, EACCES},
      {"a namespace's root, over its own", elsewhere, Is(S_IFREG | 0, 1000, 1000), R_OK, 0},
      {"a namespace's root, over another's", elsewhere, Is(S_IFREG | 0, 0, 0), R_OK, EACCES},
      {"a namespace's root, of a foreign group", elsewhere, Is(S_IFREG | 0, 1000, 0), R_OK, EACCES},
  };
  for (const auto& c : kCases) EXPECT_EQ(ModePermissions(c.who).Check("", &c.what, c.how), c.want) << c.name;
}

// What was found before the call, and what the call then met, in a process with other credentials.
class CallerPermissionsTest : public ScratchTest {
 protected:
  struct Try {
    const char* name;
    Intent intent;
    std::function<long()> call;
  };
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(ScratchTest::SetUp());
    ASSERT_EQ(chmod(".", 0777), 0);
    ASSERT_TRUE(ReadCredentials(0, false, &own_) && ReadCredentials(0, true, &own_real_));
    const uid_t owner = geteuid() == 0 ? kOther : geteuid();
    for (const char* name : {"theirs", "open", "shut", "mine"}) ASSERT_OK(WriteFile(name, "x"));
    for (const char* name : {"theird", "opend"}) ASSERT_EQ(mkdir(name, 0755), 0);
    ASSERT_OK(WriteFile("theird/in", "x"));
    sockaddr_un address = {AF_UNIX, "theirsock"};
    const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    listener_ = fd;
    const struct {
      const char* name;
      mode_t mode;
    } kModes[] = {{"theirs", 0600}, {"open", 0644},  {"shut", 0},
                  {"theird", 0700}, {"opend", 0755}, {"theirsock", 0600}};
    for (const auto& m : kModes) {
      ASSERT_EQ(chown(m.name, owner, static_cast<gid_t>(-1)), 0);
      ASSERT_EQ(chmod(m.name, m.mode), 0);
    }
  }
  void TearDown() override {
    close(listener_);
    ScratchTest::TearDown();
  }

  static Intent Do(Op op, const char* path, uint64_t flags = 0) {
    Intent intent;
    intent.op = op;
    intent.flags = flags;
    intent.creates = op == Op::kOpen && (flags & O_CREAT) != 0;
    intent.paths.push_back({AT_FDCWD, path, true, false});
    return intent;
  }

  static std::vector<Try> Tries() {
    std::vector<Try> out;
    for (const char* path : {"theirs", "open", "shut", "mine", "theird/in", "theird/new", "opend/new"}) {
      for (const int flags : {O_RDONLY, O_WRONLY, O_RDONLY | O_NOATIME, O_WRONLY | O_CREAT}) {
        out.push_back({path, Do(Op::kOpen, path, static_cast<uint64_t>(flags)),
                       [=] { return open(path, flags, 0600); }});
      }
      Intent look = Do(Op::kAccess, path);
      look.mode = R_OK | W_OK;
      out.push_back({path, look, [=] { return ::access(path, R_OK | W_OK); }});
      out.push_back({path, Do(Op::kStat, path), [=] {
                       struct stat st;
                       return stat(path, &st);
                     }});
    }
    for (const char* path : {"theirs", "open", "mine"}) {
      Intent give = Do(Op::kChown, path);
      give.uid = 12345;
      out.push_back({path, give, [=] { return chown(path, 12345, static_cast<gid_t>(-1)); }});
      out.push_back({path, Do(Op::kChown, path),
                     [=] { return chown(path, static_cast<uid_t>(-1), static_cast<gid_t>(-1)); }});
      Intent set = Do(Op::kUtimes, path);
      set.times = Intent::Times::kGiven;
      out.push_back({path, set, [=] {
                       const timespec given[2] = {{1, 1}, {1, 1}};
                       return utimensat(AT_FDCWD, path, given, 0);
                     }});
      out.push_back({path, Do(Op::kUtimes, path), [=] { return utimensat(AT_FDCWD, path, nullptr, 0); }});
      Intent link = Do(Op::kLink, path);
      link.paths.push_back({AT_FDCWD, "name", false, false});
      out.push_back({path, link, [=] {
                       const int made = ::link(path, "name");
                       const int error = errno;
                       if (made == 0) unlink("name");
                       errno = error;
                       return made;
                     }});
    }
    Intent node = Do(Op::kMknod, "node");
    node.mode = S_IFBLK | 0600;
    node.device = 0x707;
    out.push_back({"block device", node, [] { return mknod("node", S_IFBLK | 0600, makedev(7, 7)); }});
    Intent root = Do(Op::kChroot, ".");
    root.syscall = "chroot";
    // Last: chmod changes what the others meet.
    for (const char* path : {"theirs", "open", "mine"}) {
      out.push_back({path, Do(Op::kChmod, path), [=] { return chmod(path, 0600); }});
    }
    out.push_back({"chroot", root, [] { return chroot("."); }});
    return out;
  }

  // `become`: false where this host does not allow it.
  void Compare(const std::function<bool()>& become) {
    const std::vector<Try> tries = Tries();
    auto* const got =
        static_cast<int*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    ASSERT_NE(got, MAP_FAILED);
    ASSERT_LT(tries.size(), 1024u);
    int there[2];
    int back[2];
    ASSERT_EQ(pipe(there), 0);
    ASSERT_EQ(pipe(back), 0);
    const pid_t pid = fork();
    if (pid == 0) {
      close(there[1]);
      close(back[0]);
      char turn = become() ? 'y' : 'n';
      static_cast<void>(!write(back[1], &turn, 1));
      for (size_t i = 0; i < tries.size(); ++i) {
        if (read(there[0], &turn, 1) != 1) _exit(0);
        got[i] = tries[i].call() < 0 ? errno : 0;
        static_cast<void>(!write(back[1], &turn, 1));
      }
      _exit(0);
    }
    close(there[0]);
    close(back[1]);
    char turn = 0;
    ASSERT_EQ(read(back[0], &turn, 1), 1);
    const bool allowed = turn == 'y';
    for (size_t i = 0; allowed && i < tries.size(); ++i) {
      const Prediction p = Foresee(pid, tries[i].intent);
      ASSERT_EQ(write(there[1], "g", 1), 1);
      ASSERT_EQ(read(back[0], &turn, 1), 1);
      EXPECT_EQ(p.error, got[i]) << OpName(tries[i].intent.op) << " " << tries[i].name << " "
                                 << tries[i].intent.flags << ": predicted " << ErrnoName(p.error) << ", got "
                                 << ErrnoName(got[i]);
    }
    close(there[1]);
    close(back[0]);
    waitpid(pid, nullptr, 0);
    munmap(got, 4096);
    if (!allowed) GTEST_SKIP() << "not allowed here";
  }

  Prediction Foresee(pid_t pid, const Intent& intent) {
    const bool real = intent.op == Op::kAccess;
    const CallerPermissions permissions(pid, real, real ? own_real_ : own_);
    const auto resolver = MakeResolver();
    std::vector<Resolved> found;
    for (const PathRef& ref : intent.paths) {
      found.push_back(resolver->Resolve(pid, pid, ref));
      permissions.JudgeWay(ref.spelled, &found.back());
    }
    return Predict(intent, &found[0], found.size() > 1 ? &found[1] : nullptr, permissions);
  }

  Credentials own_;
  Credentials own_real_;
  int listener_ = -1;
};

bool SetCapabilities(uint64_t set) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  for (int i = 0; i < 2; ++i) data[i].effective = data[i].permitted = static_cast<uint32_t>(set >> (32 * i));
  return syscall(SYS_capset, &header, data) == 0;
}

TEST_F(CallerPermissionsTest, TheSupervisorsOwnCredentials) {
  Compare([] { return true; });
}

TEST_F(CallerPermissionsTest, RootWithoutCapabilities) {
  Compare([] { return geteuid() == 0 && SetCapabilities(0); });
}

TEST_F(CallerPermissionsTest, RootThatMayOnlyRead) {
  Compare([] { return geteuid() == 0 && SetCapabilities(Bit(CAP_DAC_READ_SEARCH)); });
}

TEST_F(CallerPermissionsTest, RootThatMayOnlyActAsOwner) {
  Compare([] { return geteuid() == 0 && SetCapabilities(Bit(CAP_FOWNER) | Bit(CAP_CHOWN)); });
}

TEST_F(CallerPermissionsTest, AnotherUser) {
  Compare([] { return geteuid() == 0 && BecomeUser(kOther); });
}

TEST_F(CallerPermissionsTest, AnotherUserByTheEffectiveIdAlone) {
  Compare([] { return geteuid() == 0 && seteuid(kOther) == 0; });
}

TEST_F(CallerPermissionsTest, TheFullCapabilitiesOfAnotherUserNamespace) {
  Compare([] { return unshare(CLONE_NEWUSER) == 0; });
}

TEST_F(CallerPermissionsTest, RootOfAnotherUserNamespace) {
  Compare([] {
    const std::string uid = absl::StrCat("0 ", geteuid(), " 1");
    const std::string gid = absl::StrCat("0 ", getegid(), " 1");
    if (unshare(CLONE_NEWUSER) != 0) return false;
    const int deny = open("/proc/self/setgroups", O_WRONLY);
    const int uids = open("/proc/self/uid_map", O_WRONLY);
    const int gids = open("/proc/self/gid_map", O_WRONLY);
    return write(deny, "deny", 4) == 4 && write(uids, uid.data(), uid.size()) > 0 &&
           write(gids, gid.data(), gid.size()) > 0;
  });
}

TEST_F(CallerPermissionsTest, WhatEverybodyMayCostsNoLookAtTheCaller) {
  // No task has this number: a look would find nothing, and the supervisor's own would decide.
  Credentials nobody;
  nobody.uid = nobody.gid = kOther;
  const CallerPermissions permissions(INT32_MAX, false, nobody);
  const Resolved open = Is(S_IFREG | 0444, 1, 1);
  EXPECT_EQ(permissions.Check("/none", &open, R_OK), 0);
  const Resolved closed = Is(S_IFREG | 0440, 1, 1);
  EXPECT_EQ(permissions.Check("/none", &closed, R_OK), ENOENT) << "asked with our own";
}

}  // namespace
}  // namespace glovebox::trace
