// A mount namespace of the action's own in which hidden paths are covered, and that its supervisor names what
// is in it as before.
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kernel/test_namespace.h"
#include "trace/runner_fixture.h"

namespace glovebox::trace {
namespace {

using policy::Mode;
using policy::PathAccess;
using testing::HasSubstr;

class HiddenNamespaceTest : public RunnerFixture {
 protected:
  void SetUp() override {
    if (!kernel::CanHaveNamespace(CLONE_NEWNS)) GTEST_SKIP() << "no mount namespace can be had";
    RunnerFixture::SetUp();
    top_ = RealPath(dir_->path());
    for (const char* name : {"hidden/below", "open"}) ASSERT_OK(MakeDirectories(Path(name)));
    for (const char* name : {"hidden/key", "file", "open/fine"}) ASSERT_OK(WriteFile(Path(name), "secret\n"));
    policy_ = policy::DefaultPolicy(policy::Role::kRun);
    policy_.mode = Mode::kEnforce;
    policy_.hide_by_namespace = true;
    Hide({top_ + "/hidden", top_ + "/file"});
  }
  void Hide(const std::vector<std::string>& patterns) {
    policy_.paths.clear();
    for (const std::string& pattern : patterns)
      policy_.paths.push_back({PathAccess::kHidden, pattern, {"glovebox.toml", 2, 1}});
  }
  // What the script says on stdout; it runs in top_.
  std::string Say(const std::string& script) {
    RunRequest request = Shell(absl::StrCat("exec > ", top_, "/said 2>&1; cd ", top_, "; ", script));
    request.policy = policy_;
    const auto outcome = RunSupervised(request);
    EXPECT_OK(outcome);
    if (!outcome.ok()) return "";
    end_ = outcome->end;
    const auto said = ReadFile(top_ + "/said");
    return said.ok() ? *said : "";
  }
  // The accesses that were refused by a rule that begins like this.
  size_t Ruled(const std::string& id) const {
    size_t count = 0;
    for (const access::Access& access : sink_.All<access::Access>())
      count += absl::StartsWith(access.rule, id) ? 1 : 0;
    return count;
  }

  std::string top_;
  policy::Policy policy_;
  access::ActionEnd end_;
  int looks_ = 0;
};

TEST_F(HiddenNamespaceTest, WhatIsHiddenIsNotThereAndOnRecord) {
  EXPECT_EQ(Say("cat hidden/key file hidden /proc/self/root$PWD/hidden/key 2>/dev/null; cat open/fine"),
            "secret\n");
  EXPECT_GE(Ruled("hidden: glovebox.toml:2:1 hidden"), 2u);
}

TEST_F(HiddenNamespaceTest, TheNamespaceHoldsItWithoutASupervisor) {
  policy_.level = kernel::Level::kOff;
  policy_.network.mode = policy::NetworkMode::kUnix;
  EXPECT_EQ(
      Say("cat hidden/key 2>/dev/null; cat file; ls hidden; ls hidden/below 2>/dev/null; cat "
          "/proc/self/root$PWD/hidden/key /proc/1/root$PWD/hidden/key /proc/$PPID/root$PWD/hidden/key "
          "2>/dev/null; cat open/../hidden/key 2>/dev/null; test -c file && echo covered; stat -c %F hidden"),
      "covered\ndirectory\n");
  EXPECT_EQ(Say("echo x > hidden/new; ls hidden"),
            absl::StrCat("/bin/sh: 1: cannot create hidden/new: Read-only file system\n"));
  struct stat is;
  EXPECT_NE(stat((top_ + "/hidden/new").c_str(), &is), 0);
  EXPECT_EQ(stat((top_ + "/hidden/key").c_str(), &is), 0) << "outside all is as it was";
}

TEST_F(HiddenNamespaceTest, NobodyInsideTakesTheCoverOff) {
  const std::string said = Say(
      "umount hidden; umount -l hidden; mount --bind hidden open; mount -t tmpfs x open; unshare -m true; "
      "unshare -rm umount $PWD/hidden; cat hidden/key; mv hidden other; rmdir hidden; cat other/key");
  EXPECT_THAT(said, testing::Not(HasSubstr("secret")));
  struct stat is;
  EXPECT_EQ(stat((top_ + "/hidden/key").c_str(), &is), 0);
  EXPECT_EQ(end_.kind, access::ActionEnd::Kind::kExited) << end_.step;
}

TEST_F(HiddenNamespaceTest, TheCommandIsWhoItWasAndGainsNothing) {
  EXPECT_EQ(Say("id -u; id -g; grep -c 'Cap.*0000000000000000' /proc/self/status"),
            absl::StrCat(geteuid(), "\n", getegid(), "\n5\n"));
}

TEST_F(HiddenNamespaceTest, NamesAreToldAsWithout) {
  Say("cp open/fine open/copy; mkdir made; mv open/copy made/moved; ln -s made link; cat link/moved; rm -r "
      "made");
  std::vector<std::string> missing = {"open/fine", "open/copy", "made", "made/moved"};
  for (const access::Access& access : sink_.All<access::Access>()) {
    missing.erase(std::remove_if(missing.begin(), missing.end(),
                                 [&](const std::string& name) {
                                   const std::string path = absl::StrCat(top_, "/", name);
                                   return (access.resolved == path || access.resolved2 == path) &&
                                          access.result != access::Result::kRefused;
                                 }),
                  missing.end());
  }
  EXPECT_THAT(missing, testing::IsEmpty());
}

// Without a namespace the supervisor answers whoever looks, and puts on record what it refuses alone.
TEST_F(HiddenNamespaceTest, TheSupervisorAnswersLooksAtEveryLevel) {
  for (const kernel::Level level : {kernel::Level::kOpen, kernel::Level::kFull}) {
    for (const bool pattern : {false, true}) {
      policy_.level = level;
      policy_.hide_by_namespace = pattern;
      Hide({top_ + (pattern ? "/hidde?" : "/hidden"), top_ + "/file"});
      EXPECT_EQ(
          Say("stat -c %n hidden hidden/key file open/../file open/fine 2>/dev/null; test -e file || echo "
              "gone; test -d hidden || echo gone; readlink -e hidden; cd hidden 2>/dev/null || echo gone"),
          "open/fine\ngone\ngone\ngone\n");
    }
  }
  for (const access::Access& access : sink_.All<access::Access>()) {
    if (access.op == Op::kStat && access.resolved == top_ + "/open/fine") {
      EXPECT_GE(++looks_, 1);
    }
  }
  EXPECT_EQ(looks_, 2) << "level full records them, once each";
}

// Whatever is not one place is made by the supervisor, in the caller's own view.
TEST_F(HiddenNamespaceTest, PatternsHideWhatComesLaterToo) {
  Hide({top_ + "/*.key", top_ + "/hidden/*"});
  ASSERT_OK(WriteFile(top_ + "/x.key", "secret\n"));
  EXPECT_EQ(
      Say("cat x.key hidden/key 2>/dev/null; echo y > y.key; mv open/fine z.key; cat y.key z.key; cat "
          "open/fine; mkdir -p a/b; echo 3 > a/b/c; mv a d; cat d/b/c; ls hidden | wc -l"),
      absl::StrCat("/bin/sh: 1: cannot create y.key: Permission denied\nmv: cannot move 'open/fine' to "
                   "'z.key': Permission denied\ncat: y.key: No such file or directory\ncat: z.key: No such "
                   "file or directory\nsecret\n3\n2\n"));
}

TEST_F(HiddenNamespaceTest, UnixSocketsAreMadeAndReachedWhereverTheyAre) {
  policy_.network.mode = policy::NetworkMode::kUnix;
  EXPECT_EQ(Say(absl::StrCat(GLOVEBOX_NETWORK_PROBE, " unix ", top_, "/open/a; echo $?; cd open; ",
                             GLOVEBOX_NETWORK_PROBE, " unix b; echo $?; ", GLOVEBOX_NETWORK_PROBE, " unix ",
                             top_, "/hidden/c; echo $?; stat -c %F a b")),
            "0\n0\n13\nsocket\nsocket\n");
}

TEST_F(HiddenNamespaceTest, AHiddenWorkingDirectoryIsAnError) {
  const std::string before = RealPath(".");
  for (const char* place : {"/hidden", "/hidden/below", "/open"}) {
    ASSERT_EQ(chdir((top_ + place).c_str()), 0);
    Say("true");
    const bool inside = absl::StartsWith(place, "/hidden");
    EXPECT_EQ(end_.kind == access::ActionEnd::Kind::kSandboxFailed, inside) << place << end_.step;
    if (inside) {
      EXPECT_THAT(end_.step, HasSubstr("(the working directory is hidden)"));
    }
  }
  // One that has no name any more leads up into it all the same.
  ASSERT_EQ(chdir((top_ + "/hidden/below").c_str()), 0);
  ASSERT_EQ(rmdir((top_ + "/hidden/below").c_str()), 0);
  Say("true");
  EXPECT_EQ(end_.kind, access::ActionEnd::Kind::kSandboxFailed);
  ASSERT_EQ(chdir(before.c_str()), 0);
}

TEST_F(HiddenNamespaceTest, BothNamespacesCanBeHad) {
  policy_.network.mode = policy::NetworkMode::kLoopback;
  policy_.network.own_namespace = true;
  EXPECT_EQ(Say("cat hidden/key 2>/dev/null; grep -c : /proc/self/net/dev; cat open/fine"), "1\nsecret\n");
}

TEST_F(HiddenNamespaceTest, ModeReportCoversNothing) {
  policy_.mode = Mode::kReport;
  EXPECT_EQ(Say("cat hidden/key"), "secret\n");
  EXPECT_EQ(Ruled("hidden: glovebox.toml:2:1 hidden"), 1u);
}

}  // namespace
}  // namespace glovebox::trace
