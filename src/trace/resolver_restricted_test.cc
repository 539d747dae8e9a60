// openat2 with RESOLVE_*, and callers whose threads do not stand in the same place.
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "base/unique_fd.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "trace/predict.h"
#include "trace/resolver.h"
#include "trace/resolver_fixture.h"

namespace glovebox::trace {
namespace {

PathRef Ref(int dirfd, const std::string& spelled, uint64_t resolve, bool follow = true) {
  PathRef ref{dirfd, spelled, follow, false};
  ref.resolve = resolve;
  return ref;
}

const std::vector<uint64_t>& EachRestriction() {
  static const auto* const kAll = new std::vector<uint64_t>{
      RESOLVE_NO_XDEV,
      RESOLVE_NO_MAGICLINKS,
      RESOLVE_NO_SYMLINKS,
      RESOLVE_BENEATH,
      RESOLVE_IN_ROOT,
      RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
      RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
      RESOLVE_IN_ROOT | RESOLVE_NO_XDEV,
      RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS,
      RESOLVE_BENEATH | RESOLVE_IN_ROOT,
  };
  return *kAll;
}

bool HasOpenat2() {
  open_how how = {O_PATH | O_CLOEXEC, 0, 0};
  return UniqueFd(static_cast<int>(syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how)))).valid();
}

class RestrictedTest : public ResolverTest {
 protected:
  void SetUp() override {
    if (!HasOpenat2()) GTEST_SKIP() << "a kernel before 5.6";
    ResolverTest::SetUp();
  }
};

TEST_F(RestrictedTest, InRootTheDirectoryIsTheRoot) {
  ASSERT_EQ(mkdir((top_ + "/jail").c_str(), 0755), 0);
  ASSERT_OK(WriteFile(top_ + "/jail/only-inside", ""));
  ASSERT_EQ(symlink("/only-inside", (top_ + "/jail/link").c_str()), 0);
  const UniqueFd jail(open((top_ + "/jail").c_str(), O_PATH | O_CLOEXEC));
  const auto in_root = [&](const std::string& path) {
    return resolver_->Resolve(getpid(), getpid(), Ref(jail.get(), path, RESOLVE_IN_ROOT));
  };
  EXPECT_EQ(in_root("/etc/hosts").error, ENOENT);
  for (const char* path : {"/only-inside", "../only-inside", "/../../only-inside", "/link", "link"}) {
    EXPECT_TRUE(in_root(path).there) << path;
    EXPECT_EQ(in_root(path).path, top_ + "/jail/only-inside") << path;
  }
  EXPECT_EQ(in_root("/").path, top_ + "/jail");
  EXPECT_TRUE(in_root("/new").parent_there) << "a creating call makes it";
  EXPECT_EQ(in_root("/new").path, top_ + "/jail/new");
}

TEST_F(RestrictedTest, AgreesWithTheKernelOnRandomTrees) {
  for (unsigned seed = 1; seed <= 8; ++seed) {
    const std::string top = absl::StrCat(top_, "/t", seed);
    ASSERT_EQ(mkdir(top.c_str(), 0755), 0);
    Tree tree(top, seed);
    tree.Grow(60);
    std::vector<std::string> fds;
    for (int i = 0; i < 3; ++i) fds.push_back(top + tree.dirs()[tree.Upto(tree.dirs().size())]);
    const Oracle oracle(top + tree.dirs()[tree.Upto(tree.dirs().size())], GoThere, fds);
    ASSERT_TRUE(oracle.ok());
    for (int i = 0; i < 600; ++i) {
      if (i % 10 == 9) tree.Mutate();  // nobody tells: what is restricted is never cached
      PathRef ref = tree.Random(fds.size());
      ref.resolve = EachRestriction()[tree.Upto(EachRestriction().size())];
      // Names from the top of the tree, as a jail's links have them.
      if (tree.Upto(3) == 0 && absl::StartsWith(ref.spelled, top)) ref.spelled.erase(0, top.size());
      ExpectSame(oracle, resolver_.get(), ref, absl::StrCat("seed ", seed, " case ", i));
      if (HasFatalFailure()) return;
    }
  }
}

TEST_F(RestrictedTest, AgreesWithTheKernelInAnotherRoot) {
  if (geteuid() != 0) GTEST_SKIP() << "chroot is root's";
  ASSERT_EQ(mkdir((top_ + "/a").c_str(), 0755), 0);
  Tree tree(top_, 77);
  tree.Grow(80);
  ASSERT_EQ(symlink("/a", (top_ + "/abs").c_str()), 0);
  const Oracle oracle(top_, EnterRoot, {top_ + "/a"});
  ASSERT_TRUE(oracle.ok());
  for (int i = 0; i < 1000; ++i) {
    PathRef ref = tree.Random(1);
    ref.resolve = EachRestriction()[tree.Upto(EachRestriction().size())];
    if (absl::StartsWith(ref.spelled, top_)) ref.spelled = ref.spelled.substr(top_.size());
    ExpectSame(oracle, resolver_.get(), ref, absl::StrCat("case ", i), false);
    if (HasFatalFailure()) return;
  }
}

bool StandInDeleted(const std::string& where) {
  const std::string gone = where + "/gone";
  if (mkdir(gone.c_str(), 0755) != 0 || chdir(gone.c_str()) != 0 || rmdir(gone.c_str()) != 0) return false;
  const int null = open("/dev/null", O_RDONLY);
  return null >= 0 && dup2(null, 20) == 20;
}

TEST_F(RestrictedTest, AgreesWithTheKernelOnMagicLinksMountsAndRemovedDirectories) {
  const Oracle oracle(top_, StandInDeleted, {"/proc", "/", "/dev/null"});
  for (const char* path : {"self/status",
                           "self/fd/20",
                           "self/cwd",
                           "self/exe",
                           "self/fd/77",
                           "thread-self/status",
                           "mounts",
                           "/proc/self/fd/20",
                           "/proc/self/cwd/x",
                           "/proc/cpuinfo",
                           "/dev/fd/20",
                           "/dev/null",
                           "proc",
                           "proc/..",
                           "proc/self/..",
                           "..",
                           "../..",
                           ".",
                           "x",
                           "../x",
                           "/",
                           "//",
                           "/..",
                           "self/root",
                           "self/root/etc",
                           "/proc/self/root/proc/self/status",
                           "/proc/nothing",
                           "sys/kernel/ostype",
                           "dev/null",
                           "null"}) {
    for (const int dirfd : {AT_FDCWD, 10, 11, 12, -7, 9999}) {
      for (const uint64_t resolve : EachRestriction()) {
        for (const bool follow : {false, true}) {
          ExpectSame(oracle, resolver_.get(), Ref(dirfd, path, resolve, follow), "");
        }
      }
    }
  }
}

bool EnterMounts(const std::string& where) {
  if (unshare(geteuid() != 0 ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS) != 0) return false;
  (void)!mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  const std::string m = where + "/m";
  const int before = open(m.c_str(), O_PATH);
  if (before < 0 || dup2(before, 20) != 20) return false;
  // Once a copy of itself on itself, once another file system.
  if (mount(m.c_str(), m.c_str(), nullptr, MS_BIND, nullptr) != 0) return false;
  if (mount("tmpfs", (m + "/t").c_str(), "tmpfs", 0, nullptr) != 0) return false;
  const int within = open((m + "/t").c_str(), O_PATH);
  return within >= 0 && dup2(within, 21) == 21 && mkdir((m + "/t/inner").c_str(), 0755) == 0 &&
         symlink("inner", (m + "/t/link").c_str()) == 0 && symlink("/etc", (m + "/t/root").c_str()) == 0 &&
         chdir(where.c_str()) == 0;
}

TEST_F(RestrictedTest, AgreesWithTheKernelAcrossMountsOfAnotherNamespace) {
  for (const char* name : {"/m", "/m/t", "/m/d"}) ASSERT_EQ(mkdir((top_ + name).c_str(), 0755), 0);
  const Oracle oracle(top_, EnterMounts);
  if (!oracle.ok()) GTEST_SKIP() << "no mount namespaces here";
  for (const char* path : {"m", "m/t", "m/t/inner", "m/t/link", "t", "t/link", "link", "inner/..", "..",
                           "../..", "d", "d/..", "../m", "root", "t/root", "nothing", "t/nothing"}) {
    for (const int dirfd : {AT_FDCWD, 20, 21}) {
      for (const uint64_t resolve : EachRestriction()) {
        const PathRef ref = Ref(dirfd, path, resolve);
        // From the hidden directory up to what hides it: unknown, if not right.
        if (dirfd == 20 && resolver_->Resolve(oracle.pid(), oracle.pid(), ref).error == ESRCH) {
          EXPECT_THAT(std::string(path), testing::HasSubstr(".."));
          continue;
        }
        ExpectSame(oracle, resolver_.get(), ref, "relative", false);
        ExpectSame(oracle, resolver_.get(), Ref(dirfd, absl::StrCat(top_, "/", path), resolve), "absolute");
      }
    }
  }
}

TEST_F(RestrictedTest, WhatDependsOnMoreThanNamesIsUnknown) {
  Intent intent;
  intent.op = Op::kOpen;
  constexpr uint64_t kLater = uint64_t{1} << 40;
  for (const uint64_t resolve :
       {uint64_t{RESOLVE_CACHED}, kLater, uint64_t{RESOLVE_CACHED | RESOLVE_BENEATH}}) {
    for (const char* path : {".", "nothing"}) {
      intent.paths = {Ref(AT_FDCWD, path, resolve)};
      const Resolved found = resolver_->Resolve(getpid(), getpid(), intent.paths[0]);
      EXPECT_EQ(found.error, ESRCH) << "what leaves the hole path-unresolved";
      EXPECT_EQ(Predict(intent, &found, nullptr), (Prediction{access::Result::kUnknown, ESRCH}));
    }
  }
}

// A process whose second thread goes into a root of its own when it is told to.
class Divided {
 public:
  explicit Divided(const std::string& jail) {
    int pair[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    pid_ = fork();
    if (pid_ == 0) {
      close(pair[0]);
      if (geteuid() != 0 && unshare(CLONE_NEWUSER) != 0) _exit(1);
      std::thread second([&] {
        const pid_t tid = static_cast<pid_t>(syscall(SYS_gettid));
        char word = 0;
        if (send(pair[1], &tid, sizeof(tid), 0) < 0 || recv(pair[1], &word, 1, 0) != 1) _exit(1);
        word = unshare(CLONE_FS) == 0 && chroot(jail.c_str()) == 0 && chdir("/") == 0 ? 'y' : 'n';
        (void)!send(pair[1], &word, 1, 0);
        (void)!recv(pair[1], &word, 1, 0);
        _exit(0);
      });
      second.join();
    }
    close(pair[1]);
    socket_.reset(pair[0]);
    if (recv(socket_.get(), &tid_, sizeof(tid_), 0) != sizeof(tid_)) tid_ = 0;
  }
  ~Divided() {
    socket_.reset();
    waitpid(pid_, nullptr, 0);
  }
  bool Divide() const {
    char word = 'g';
    return tid_ > 0 && send(socket_.get(), &word, 1, MSG_NOSIGNAL) == 1 &&
           recv(socket_.get(), &word, 1, 0) == 1 && word == 'y';
  }
  pid_t pid() const { return pid_; }
  pid_t tid() const { return tid_; }

 private:
  pid_t pid_ = -1;
  pid_t tid_ = 0;
  UniqueFd socket_;
};

class DividedTest : public ResolverTest {
 protected:
  void SetUp() override {
    ResolverTest::SetUp();
    ASSERT_EQ(mkdir((top_ + "/jail").c_str(), 0755), 0);
    ASSERT_OK(WriteFile(top_ + "/jail/only-inside", ""));
    ASSERT_OK(WriteFile(top_ + "/only-outside", ""));
    process_ = std::make_unique<Divided>(top_ + "/jail");
  }
  bool Finds(pid_t tid, const std::string& path) {
    return resolver_->Resolve(tid, process_->pid(), {AT_FDCWD, path, true, false}).there;
  }
  std::unique_ptr<Divided> process_;
};

TEST_F(DividedTest, AThreadInARootOfItsOwnIsSeenThere) {
  if (!process_->Divide()) GTEST_SKIP() << "chroot is not allowed here";
  const std::string outside = top_ + "/only-outside";
  // Whoever is asked first must not answer for the other.
  for (const bool thread_first : {true, false}) {
    resolver_->ForgetProcess(process_->pid());
    if (thread_first) {
      EXPECT_TRUE(Finds(process_->tid(), "/only-inside"));
    }
    EXPECT_FALSE(Finds(process_->pid(), "/only-inside"));
    EXPECT_TRUE(Finds(process_->pid(), outside));
    EXPECT_TRUE(Finds(process_->tid(), "/only-inside"));
    EXPECT_TRUE(Finds(process_->tid(), "only-inside"));
    EXPECT_FALSE(Finds(process_->tid(), outside));
    EXPECT_EQ(resolver_->Resolve(process_->tid(), process_->pid(), {AT_FDCWD, "/..", true, false}).path, "/");
  }
}

TEST_F(DividedTest, ForgettingAProcessForgetsItsThreads) {
  EXPECT_FALSE(Finds(process_->tid(), "/only-inside"));
  if (!process_->Divide()) GTEST_SKIP() << "chroot is not allowed here";
  resolver_->ForgetProcess(process_->pid());
  EXPECT_TRUE(Finds(process_->tid(), "/only-inside"));
}

}  // namespace
}  // namespace glovebox::trace
