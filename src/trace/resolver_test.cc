#include "trace/resolver.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "base/unique_fd.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "trace/resolver_fixture.h"

namespace glovebox::trace {
namespace {

TEST_F(ResolverTest, AgreesWithTheKernelOnRandomTreesWarmAndAfterChanges) {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    const std::string top = absl::StrCat(top_, "/t", seed);
    ASSERT_EQ(mkdir(top.c_str(), 0755), 0);
    Tree tree(top, seed);
    tree.Grow(60);
    std::vector<std::string> fds;
    for (int i = 0; i < 3; ++i) fds.push_back(top + tree.dirs()[tree.Upto(tree.dirs().size())]);
    const Oracle oracle(top + tree.dirs()[tree.Upto(tree.dirs().size())], GoThere, fds);
    ASSERT_TRUE(oracle.ok());
    std::vector<PathRef> often;  // asked again and again, so that the cache is warm when the tree changes
    for (int i = 0; i < 600; ++i) {
      if (i % 10 == 9) {
        tree.Mutate();
        resolver_->Forget();
      }
      if (i % 100 == 0) {
        often.clear();
        for (int n = 0; n < 40; ++n) often.push_back(tree.Random(fds.size()));
      }
      const PathRef ref = tree.Upto(3) == 0 ? tree.Random(fds.size()) : often[tree.Upto(often.size())];
      ExpectSame(oracle, resolver_.get(), ref, absl::StrCat("seed ", seed, " case ", i));
      if (HasFatalFailure()) return;
    }
  }
}

TEST_F(ResolverTest, AgreesWithTheKernelInAnotherRoot) {
  if (geteuid() != 0) GTEST_SKIP() << "chroot is root's";
  ASSERT_EQ(mkdir((top_ + "/a").c_str(), 0755), 0);
  Tree tree(top_, 77);
  tree.Grow(80);
  // In there absolute links mean the new root: some that lead somewhere.
  ASSERT_EQ(symlink("/a", (top_ + "/abs").c_str()), 0);
  const Oracle oracle(top_, EnterRoot);
  ASSERT_TRUE(oracle.ok());
  // The child has no /proc: only there and error can be compared; the names are checked below.
  for (int i = 0; i < 600; ++i) {
    PathRef ref = tree.Random(0);
    if (absl::StartsWith(ref.spelled, top_)) ref.spelled = ref.spelled.substr(top_.size());
    ExpectSame(oracle, resolver_.get(), ref, absl::StrCat("case ", i), false);
    if (HasFatalFailure()) return;
  }
  EXPECT_EQ(resolver_->Resolve(oracle.pid(), oracle.pid(), {AT_FDCWD, "/abs", true, false}).path, "/a");
  EXPECT_EQ(resolver_->Resolve(oracle.pid(), oracle.pid(), {AT_FDCWD, ".", true, false}).path, "/a");
  EXPECT_EQ(resolver_->Resolve(oracle.pid(), oracle.pid(), {AT_FDCWD, "../../..", true, false}).path, "/");
}

bool EnterMounts(const std::string& where) {
  if (geteuid() != 0) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  } else if (unshare(CLONE_NEWNS) != 0) {
    return false;
  }
  (void)!mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  if (mount("tmpfs", (where + "/m").c_str(), "tmpfs", 0, nullptr) != 0) return false;
  return mkdir((where + "/m/inner").c_str(), 0755) == 0 &&
         symlink("inner", (where + "/m/link").c_str()) == 0 && chdir((where + "/m").c_str()) == 0;
}

TEST_F(ResolverTest, SeesWhatIsMountedInAnotherNamespace) {
  ASSERT_EQ(mkdir((top_ + "/m").c_str(), 0755), 0);
  const Oracle oracle(top_, EnterMounts);
  if (!oracle.ok()) GTEST_SKIP() << "no mount namespaces here";
  for (const char* path :
       {"inner", "link", "link/", "link/..", "../m/link", "nothing", "link/nothing", "."}) {
    for (const bool follow : {false, true}) {
      ExpectSame(oracle, resolver_.get(), {AT_FDCWD, path, follow, false}, "relative");
      ExpectSame(oracle, resolver_.get(), {AT_FDCWD, absl::StrCat(top_, "/m/", path), follow, false},
                 "absolute");
    }
  }
  EXPECT_FALSE(Own(top_ + "/m/inner").there);
}

bool StandInDeleted(const std::string& where) {
  const std::string gone = where + "/gone";
  if (mkdir(gone.c_str(), 0755) != 0 || chdir(gone.c_str()) != 0 || rmdir(gone.c_str()) != 0) return false;
  const int null = open("/dev/null", O_RDONLY);
  return null >= 0 && dup2(null, 20) == 20;
}

TEST_F(ResolverTest, ADeletedWorkingDirectoryKeepsTheKernelsName) {
  const Oracle oracle(top_, StandInDeleted);
  ASSERT_TRUE(oracle.ok());
  for (const char* path :
       {".", "..", "x", "../x", "./", "x/y", "/", "//", "/..", "/proc/self/cwd", "/proc/self/cwd/."}) {
    ExpectSame(oracle, resolver_.get(), {AT_FDCWD, path, true, false}, "deleted cwd");
  }
  EXPECT_EQ(resolver_->Resolve(oracle.pid(), oracle.pid(), {AT_FDCWD, "", true, true}).path,
            top_ + "/gone (deleted)");
}

TEST_F(ResolverTest, ARemovedDirectoryIsKnownForOne) {
  for (const char* name : {"/kept (deleted)", "/gone", "/gone/in"}) {
    ASSERT_EQ(mkdir((top_ + name).c_str(), 0755), 0);
  }
  const UniqueFd kept(open((top_ + "/kept (deleted)").c_str(), O_PATH | O_CLOEXEC));
  const UniqueFd outer(open((top_ + "/gone").c_str(), O_PATH | O_CLOEXEC));
  const UniqueFd inner(open((top_ + "/gone/in").c_str(), O_PATH | O_CLOEXEC));
  const auto at = [&](const UniqueFd& fd, const std::string& path) {
    return resolver_->Resolve(getpid(), getpid(), {fd.get(), path, true, path.empty()});
  };
  for (const char* path : {"", ".", "./", "missing", "./missing"})
    EXPECT_FALSE(at(inner, path).removed) << path;
  ASSERT_EQ(rmdir((top_ + "/gone/in").c_str()), 0);
  ASSERT_EQ(rmdir((top_ + "/gone").c_str()), 0);
  const std::string link = absl::StrCat("/proc/self/fd/", outer.get());
  const struct {
    const UniqueFd& fd;
    std::string path;
    bool there;
    bool removed;
  } cases[] = {
      {inner, "", true, true},
      {inner, ".", true, true},
      {inner, "./", true, true},
      {inner, "missing", false, true},
      {inner, "./missing", false, true},
      {inner, "missing/", false, true},
      {inner, "missing/in", false, false},
      {outer, "missing", false, true},
      {inner, link, true, true},
      {inner, link + "/missing", false, true},
      {outer, "../missing", false, false},
      {kept, "", true, false},
      {kept, "missing", false, false},
      {kept, ".", true, false},
      {inner, top_ + "/gone/missing", false, false},
  };
  for (const auto& c : cases) {
    const Resolved got = at(c.fd, c.path);
    EXPECT_EQ(got.there, c.there) << c.path;
    EXPECT_EQ(got.removed, c.removed) << c.path;
  }
}

TEST_F(ResolverTest, ProcIsWhatTheCallerSees) {
  const Oracle oracle(top_, StandInDeleted);
  ASSERT_TRUE(oracle.ok());
  for (const char* path : {"/proc/self",
                           "/proc/self/",
                           "/proc/self/exe",
                           "/proc/self/fd/20",
                           "/dev/fd/20",
                           "/dev/fd",
                           "/proc/thread-self",
                           "/proc/thread-self/status",
                           "/proc/mounts",
                           "/proc/self/root",
                           "/proc/self/root/usr",
                           "/proc/self/cwd",
                           "/proc/self/fd/20/x",
                           "/proc/self/fd/77",
                           "/proc/self/../self/maps",
                           "/proc/cpuinfo",
                           "/proc/nothing",
                           "/proc/self/nothing/x",
                           "/proc/self/../../usr/lib",
                           "/dev/fd/../fd/20"}) {
    for (const bool follow : {false, true}) {
      ExpectSame(oracle, resolver_.get(), {AT_FDCWD, path, follow, false}, "first");
      ExpectSame(oracle, resolver_.get(), {AT_FDCWD, path, follow, false}, "again");
    }
  }
}

TEST_F(ResolverTest, DescriptorsAreNamedAsReadlinkNamesThem) {
  int pipes[2];
  ASSERT_EQ(pipe2(pipes, O_CLOEXEC), 0);
  const UniqueFd read_end(pipes[0]);
  const UniqueFd write_end(pipes[1]);
  const UniqueFd file(open((top_ + "/file").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  ASSERT_EQ(unlink((top_ + "/file").c_str()), 0);
  const auto at = [&](int fd, const char* path, bool empty) {
    return resolver_->Resolve(getpid(), getpid(), {fd, path, true, empty});
  };
  EXPECT_THAT(at(pipes[0], "", true).path, testing::StartsWith("pipe:["));
  EXPECT_TRUE(at(pipes[0], "", true).there);
  EXPECT_EQ(at(pipes[0], "x", false).error, ENOTDIR);
  EXPECT_EQ(at(file.get(), "", true).path, top_ + "/file (deleted)");
  EXPECT_TRUE(S_ISREG(at(file.get(), "", true).mode));
  EXPECT_EQ(at(file.get(), "", false).error, ENOENT);
  EXPECT_EQ(at(9999, "x", false).error, EBADF);
  EXPECT_EQ(at(-7, "x", false).error, EBADF);
  for (const int fd : {pipes[0], file.get(), 9999}) {
    const Resolved looked = at(fd, "", true);
    const Resolved named = resolver_->Resolve(getpid(), getpid(), {fd, "", true, true, 0, true});
    EXPECT_EQ(named.path, looked.path);
    EXPECT_EQ(named.there, looked.there) << fd;
    EXPECT_EQ(named.error, looked.error) << fd;
  }
  EXPECT_EQ(at(9999, "/", false).error, 0) << "an absolute path does not need its descriptor";
}

TEST_F(ResolverTest, ErrorsAreTheKernels) {
  ASSERT_EQ(chdir(top_.c_str()), 0);
  ASSERT_OK(WriteFile("file", "x"));
  ASSERT_EQ(symlink("loop", "loop"), 0);
  ASSERT_EQ(symlink("file/", "slashed"), 0);
  ASSERT_EQ(symlink("nowhere/in", "dangling"), 0);
  ASSERT_EQ(mkdir("d0", 0755), 0);
  for (int i = 1; i <= 45; ++i)
    ASSERT_EQ(symlink(absl::StrCat("d", i - 1).c_str(), absl::StrCat("d", i).c_str()), 0);
  const Oracle oracle(top_, GoThere);
  const std::string long_name(255, 'n');
  std::vector<std::string> paths = {"file/",
                                    "file/x",
                                    "file/.",
                                    "file/..",
                                    "loop",
                                    "loop/",
                                    "loop/x",
                                    "slashed",
                                    "dangling",
                                    "dangling/x",
                                    "d40",
                                    "d41",
                                    "d40/",
                                    "d41/",
                                    "d41/x",
                                    "d40/x",
                                    "d39/../d2",
                                    "d39/../d1",
                                    "d20/../d20",
                                    "d20/../d21",
                                    long_name,
                                    long_name + "n",
                                    "d0/" + long_name + "n/x",
                                    "d45"};
  std::string deep;
  while (deep.size() < 4000) deep += "d0/../";
  for (size_t size : {4094u, 4095u, 4096u, 5000u})
    paths.push_back(deep + std::string(size - deep.size(), '/'));
  for (const std::string& path : paths) {
    for (const bool follow : {false, true}) {
      ExpectSame(oracle, resolver_.get(), {AT_FDCWD, path, follow, false}, "cold");
      ExpectSame(oracle, resolver_.get(), {AT_FDCWD, path, follow, false}, "warm");
      if (path.size() < 1000) {
        ExpectSame(oracle, resolver_.get(), {AT_FDCWD, absl::StrCat(top_, "/", path), follow, false},
                   "absolute");
      }
    }
  }
  EXPECT_EQ(Own("").error, ENOENT);
  ASSERT_EQ(chdir("/"), 0);
}

TEST_F(ResolverTest, WhatIsMissingIsNamedByItsDeepestPartAndTheRest) {
  ASSERT_EQ(mkdir((top_ + "/d").c_str(), 0755), 0);
  ASSERT_EQ(symlink("d", (top_ + "/l").c_str()), 0);
  ASSERT_EQ(symlink("d/new", (top_ + "/dangling").c_str()), 0);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(Own(top_ + "/l/x").path, top_ + "/d/x");
    EXPECT_TRUE(Own(top_ + "/l/x").parent_there);
    EXPECT_TRUE(Own(top_ + "/l/x/").parent_there);
    EXPECT_EQ(Own(top_ + "/l/x/y/../z").path, top_ + "/d/x/y/../z");
    EXPECT_FALSE(Own(top_ + "/l/x/y").parent_there);
    EXPECT_EQ(Own(top_ + "/l/x/y/z").path, top_ + "/d/x/y/z");
    EXPECT_EQ(Own(top_ + "//l/.//x//y").path, top_ + "/d/x/y");
    EXPECT_EQ(Own(top_ + "/l/../l/x/y").path, top_ + "/d/x/y");
    EXPECT_EQ(Own(top_ + "/dangling").path, top_ + "/d/new");
    EXPECT_TRUE(Own(top_ + "/dangling").parent_there);
    EXPECT_EQ(Own(top_ + "/dangling/x").path, top_ + "/d/new/x");
    EXPECT_EQ(Own(top_ + "/dangling", false).path, top_ + "/dangling");
  }
}

TEST_F(ResolverTest, WhatComesAndGoesOutsideIsSeenAtOnce) {
  const std::string file = top_ + "/d/e/f";
  EXPECT_EQ(Own(file).error, ENOENT);
  ASSERT_EQ(mkdir((top_ + "/d").c_str(), 0755), 0);
  ASSERT_EQ(mkdir((top_ + "/d/e").c_str(), 0755), 0);
  ASSERT_OK(WriteFile(file, ""));
  EXPECT_TRUE(Own(file).there) << "nothing told the resolver";
  EXPECT_TRUE(Own(top_ + "/d/e/").there);
  ASSERT_EQ(unlink(file.c_str()), 0);
  EXPECT_EQ(Own(file).error, ENOENT);
  ASSERT_EQ(rmdir((top_ + "/d/e").c_str()), 0);
  EXPECT_EQ(Own(file).error, ENOENT);
  EXPECT_FALSE(Own(top_ + "/d/e/").there);
  ASSERT_OK(WriteFile(top_ + "/d/e", ""));
  EXPECT_EQ(Own(file).error, ENOTDIR);
}

TEST_F(ResolverTest, ForgetMakesARedirectedDirectoryKnown) {
  for (const char* name : {"/one", "/two"}) ASSERT_EQ(mkdir((top_ + name).c_str(), 0755), 0);
  ASSERT_EQ(symlink("one", (top_ + "/cur").c_str()), 0);
  EXPECT_EQ(Own(top_ + "/cur/x").path, top_ + "/one/x");
  ASSERT_EQ(unlink((top_ + "/cur").c_str()), 0);
  ASSERT_EQ(symlink("two", (top_ + "/cur").c_str()), 0);
  resolver_->Forget();
  EXPECT_EQ(Own(top_ + "/cur/x").path, top_ + "/two/x");
}

TEST_F(ResolverTest, ManyDirectoriesDoNotMakeItGrowForEver) {
  // More names than the cache holds, each 200 bytes long; the answers stay right.
  const std::string base = top_ + "/" + std::string(150, 'x');
  for (int i = 0; i < 6000; ++i) ASSERT_EQ(Own(absl::StrCat(base, i, "/f")).error, ENOENT);
  ASSERT_OK(WriteFile(top_ + "/f", ""));
  EXPECT_EQ(Own(top_ + "/./f").path, top_ + "/f");
}

TEST_F(ResolverTest, ADirectoryWithoutSearchPermissionRefuses) {
  if (geteuid() == 0) GTEST_SKIP() << "root may search everything";
  ASSERT_EQ(mkdir((top_ + "/shut").c_str(), 0755), 0);
  ASSERT_EQ(mkdir((top_ + "/shut/d").c_str(), 0755), 0);
  const Oracle oracle(top_, GoThere);
  ASSERT_EQ(chmod((top_ + "/shut").c_str(), 0600), 0);
  for (const char* path : {"shut", "shut/", "shut/d", "shut/d/x", "shut/.", "shut/..", "shut/none"}) {
    ExpectSame(oracle, resolver_.get(), {AT_FDCWD, path, true, false}, "");
  }
  chmod((top_ + "/shut").c_str(), 0700);
}

}  // namespace
}  // namespace glovebox::trace
