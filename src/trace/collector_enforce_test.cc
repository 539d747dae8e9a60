// What a launcher's action is held to in mode enforce, by kernel and supervisor together.
#include <fcntl.h>
#include <linux/kcmp.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/status_matchers.h"
#include "base/unique_fd.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "trace/collector_fixture.h"

namespace glovebox::trace {
namespace {

using access::ActionEnd;
using testing::HasSubstr;
using testing::SizeIs;

class CollectorEnforceTest : public CollectorFixture {
 protected:
  void SetUp() override {
    CollectorFixture::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    ASSERT_OK(MakeDirectories(Path("in")));
    ASSERT_OK(MakeDirectories(Path("w")));
    for (const char* path : {"/bin", "/usr", "/lib", "/lib64", "/etc", "/proc"})
      Grant(policy::PathAccess::kRead, path);
    Grant(policy::PathAccess::kRead, Path("in"));
    Grant(policy::PathAccess::kWrite, Path("w"));
    Grant(policy::PathAccess::kWrite, "/dev/null");
  }
  // The line that a test writes to w/place.
  std::string WaitForPlace() const {
    std::string place;
    for (int i = 0; i < 1000 && place.empty(); ++i) {
      place = ReadFile(Path("w/place")).value_or("");
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return place.substr(0, place.find('\n'));
  }
  void Grant(policy::PathAccess access, const std::string& path) { paths_.push_back({access, path, {}}); }
  static void WaitFor(const std::string& path) {
    for (int i = 0; i < 1000 && !FileExists(path); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ASSERT_TRUE(FileExists(path));
  }
};

// Another directory has the name of one that was granted: by its name the supervisor knows no better,
// Landlock does. What the supervisor makes itself must be held to that as well.
TEST_F(CollectorEnforceTest, WhatTheSupervisorMakesIsHeldToTheActionsLandlockRuleset) {
  for (const policy::PathAccess kind : {policy::PathAccess::kHidden, policy::PathAccess::kAppend}) {
    Grant(kind, Path("w/special"));
    StartAgain();
    const pid_t pid = Launch(absl::StrCat("echo > ", Path("w/ready"), "; while ! [ -e ", Path("in/go"),
                                          " ]; do sleep 0.02; done; echo x > ", Path("w/x"), "; mkdir ",
                                          Path("w/d"), "; exit 0"));
    WaitFor(Path("w/ready"));
    ASSERT_EQ(rename(Path("w").c_str(), Path("granted").c_str()), 0);
    ASSERT_OK(MakeDirectories(Path("w")));
    ASSERT_OK(WriteFile(Path("in/go"), ""));
    Wait(pid);
    EXPECT_FALSE(FileExists(Path("w/x")));
    EXPECT_FALSE(FileExists(Path("w/d")));
    paths_.pop_back();
    ASSERT_EQ(system(absl::StrCat("rm -rf ", Path("w "), Path("granted "), Path("in/go "), Path("old"),
                                  " && mkdir ", Path("w"))
                         .c_str()),
              0);
  }
}

// Both have as many filters, and the second is the younger one: only the collector knows it for another.
// Signals to the younger are refused without a record.
TEST_F(CollectorEnforceTest, ACallOnAnActionBesideItIsForetoldAndOneOnItsOwnIsNot) {
  if (host_.landlock_abi < 6) GTEST_SKIP() << "Landlock ABI below 6";
  Grant(policy::PathAccess::kRead, GLOVEBOX_CHILD_PROBE);
  StartAgain();
  const std::string compare = absl::StrCat(GLOVEBOX_CHILD_PROBE, " errno ", SYS_kcmp);
  const pid_t first = Launch(absl::StrCat(
      "echo > ", Path("w/ready"), "; while ! [ -s ", Path("w/place"),
      " ]; do sleep 0.02; done; read other < ", Path("w/place"), "; sleep 9 & ", compare, " $! $! ", KCMP_VM,
      " 0 0; kill $!; kill $other; ", compare, " $other $other ", KCMP_VM, " 0 0; exit 0"));
  WaitFor(Path("w/ready"));
  const pid_t second =
      Launch(absl::StrCat("sleep 9 & echo $! > ", Path("w/place"), "; wait $!; echo > ", Path("w/killed")));
  Wait(first);
  const std::string target = WaitForPlace();
  EXPECT_FALSE(FileExists(Path("w/killed")));
  std::vector<access::Access> found;
  kill(std::stoi(target), SIGKILL);
  Wait(second);
  Stop();
  for (const access::Access& access : All<access::Access>()) {
    if (access.op == Op::kForbidden) found.push_back(access);
  }
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].syscall, "kcmp");
  EXPECT_THAT(found[0].path2, HasSubstr(absl::StrCat("process ", target, " (")));
  EXPECT_EQ(found[0].decision, access::Decision::kKernelDenied);
}

// The shell of an edge starts the launcher within the action. It stands in no path of this policy, and its
// directory stays closed.
TEST_F(CollectorEnforceTest, GloveboxsOwnFilesNeedNoPathOfAPolicyAndGrantNothingBesideThem) {
  StartAgain();
  const std::string own = GLOVEBOX_LAUNCH, directory(Dirname(GLOVEBOX_LAUNCH));
  EXPECT_EQ(WEXITSTATUS(Wait(Launch(absl::StrCat(own, " --role=compile -- true")))), 0);
  EXPECT_NE(WEXITSTATUS(Wait(Launch(absl::StrCat("echo >> ", own)))), 0);
  EXPECT_NE(WEXITSTATUS(Wait(Launch(absl::StrCat("ls ", directory)))), 0);
  Stop();
  for (const access::Access& access : All<access::Access>()) {
    if (access.rule.empty()) continue;
    EXPECT_TRUE(access.path == directory || access.path == own) << access.path;
    if (access.path == own) {
      EXPECT_EQ(access.rule, absl::StrCat("outside-write: built in: glovebox's own read ", own));
    }
  }
  EXPECT_THAT(All<access::ActionBegin>(), SizeIs(4));
}

// The kernel holds what is granted; what needs somebody who answers calls is nobody's there.
TEST_F(CollectorEnforceTest, BelowAForeignListenerWhatCannotBeHeldIsTold) {
  host_.listener_above = true;
  Grant(policy::PathAccess::kHidden, Path("w/secret"));
  StartAgain();
  EXPECT_EQ(WEXITSTATUS(Wait(Launch(absl::StrCat("! echo > ", Path("x"))))), 0);
  Stop();
  ASSERT_THAT(All<ActionEnd>(), SizeIs(1));
  EXPECT_THAT(All<ActionEnd>()[0].step, HasSubstr(absl::StrCat("hidden path ", Path("w/secret"))));
}

TEST_F(CollectorEnforceTest, BelowAForeignListenerItIsAnErrorWithoutBestEffort) {
  Grant(policy::PathAccess::kHidden, Path("w/secret"));
  collector_->Stop(0, 0);
  CollectorOptions options;
  options.run_dir = Path("run");
  options.host = host_;
  options.host.listener_above = true;
  options.policy_for = [this](const access::ActionBegin& begin) {
    policy::Policy policy = policy::DefaultPolicy(static_cast<policy::Role>(begin.role));
    policy.mode = policy::Mode::kEnforce;
    policy.paths = paths_;
    return policy;
  };
  EXPECT_THAT(Collector::Start(std::move(options)).status().message(), HasSubstr("hidden path"));
}

// Ninja and ctest give pipes; its console pool and a shell's redirection give files.
TEST_F(CollectorEnforceTest, AnInheritedDescriptorOfALogCanOnlyAdd) {
  Grant(policy::PathAccess::kAppend, Path("w/*.log"));
  Grant(policy::PathAccess::kRead, GLOVEBOX_APPEND_PROBE);
  StartAgain();
  const std::string log = Path("w/build.log");
  // A test's launcher closes what stands above stderr.
  const auto launch_with = [&](int flags, const std::string& script, const std::string& role) {
    const UniqueFd before(dup(STDIN_FILENO));
    const UniqueFd fd(open(log.c_str(), flags));
    EXPECT_EQ(dup2(fd.get(), STDIN_FILENO), STDIN_FILENO);
    const pid_t pid = Launch(script, role);
    dup2(before.get(), STDIN_FILENO);
    return Wait(pid);
  };
  for (const std::string role : {"edge", "compile", "test"}) {
    for (const int flags : {O_RDWR, O_WRONLY, O_RDWR | O_APPEND}) {
      for (const char* action : {"pwrite", "setfl", "ftruncate", "mmap"}) {
        ASSERT_OK(WriteFile(log, "honest\n"));
        launch_with(flags,
                    absl::StrCat("exec ", GLOVEBOX_APPEND_PROBE, " ", log, " inherited ", action, " 9<&0"),
                    role);
        ASSERT_OK_AND_ASSIGN(const std::string text, ReadFile(log));
        EXPECT_THAT(text, testing::StartsWith("honest\n")) << role << " " << flags << " " << action;
      }
    }
  }
  // It is what it was but for that: what an honest command prints is there.
  ASSERT_OK(WriteFile(log, "honest\n"));
  EXPECT_EQ(WEXITSTATUS(launch_with(O_WRONLY, "echo more >&0", "edge")), 0);
  EXPECT_THAT(ReadFile(log).value_or(""), "honest\nmore\n");
}

TEST_F(CollectorEnforceTest, APrivateDirectoryIsGrantedToItsTestAndToNobodyElse) {
  private_ = true;
  for (const bool made_here : {false, true}) {  // whether the supervisor makes the calls on files
    if (made_here) Grant(policy::PathAccess::kHidden, Path("w/secret"));
    StartAgain();
    const pid_t first = Launch(
        absl::StrCat(
            "echo x > $TMPDIR/f && cat $TMPDIR/f > /dev/null && mkdir $HOME/d && ls $HOME > /dev/null && "
            "mv $TMPDIR/f $HOME/d/f && test $TMPDIR = $TEMP && echo ${TMPDIR%/t} > ",
            Path("w/place"), " && while ! [ -e ", Path("in/go"), " ]; do sleep 0.02; done"),
        "test");
    const std::string place = WaitForPlace();
    ASSERT_THAT(place, testing::StartsWith("/tmp/gb-"));
    EXPECT_TRUE(FileExists(place + "/h/d/f"));
    EXPECT_EQ(WTERMSIG(Wait(Launch(absl::StrCat("! cat ", place, "/h/d/f 2> /dev/null && ! echo > ", place,
                                                "/t/x 2> /dev/null; exit 0"),
                                   "test"))),
              SIGABRT)
        << "refused, whose it is not";
    EXPECT_FALSE(FileExists(place + "/t/x"));
    ASSERT_OK(WriteFile(Path("in/go"), ""));
    EXPECT_EQ(Wait(first), 0);
    EXPECT_FALSE(FileExists(place));
    ASSERT_EQ(system(absl::StrCat("rm -rf ", Path("w/place "), Path("old "), Path("in/go")).c_str()), 0);
  }
}

TEST_F(CollectorEnforceTest, APrivateDirectoryGoesAlsoWhereItsLauncherIsKilled) {
  private_ = true;
  StartAgain();
  const pid_t pid = Launch(absl::StrCat("echo ${TMPDIR%/t} > ", Path("w/place"), "; sleep 1000"), "test");
  const std::string place = WaitForPlace();
  ASSERT_THAT(place, testing::StartsWith("/tmp/gb-"));
  kill(pid, SIGKILL);
  Wait(pid);
  Stop();
  EXPECT_FALSE(FileExists(place));
}

// What the policy around it refuses, no inner one can grant.
TEST_F(CollectorEnforceTest, APrivateDirectoryInsideAnotherActionNeedsThatOnesLeave) {
  private_ = true;
  Grant(policy::PathAccess::kRead, GLOVEBOX_LAUNCH);
  const std::string test =
      absl::StrCat(GLOVEBOX_LAUNCH, " --role=test -- sh -c 'echo x > $TMPDIR/f && echo ${TMPDIR%/t} > ",
                   Path("w/place"), "'");
  StartAgain();
  testing::internal::CaptureStderr();
  EXPECT_NE(Wait(Launch(test)), 0);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("add /tmp to the write paths"));
  ASSERT_EQ(system(absl::StrCat("rm -rf ", Path("old")).c_str()), 0);
  Grant(policy::PathAccess::kWrite, "/tmp");
  StartAgain();
  EXPECT_EQ(WEXITSTATUS(Wait(Launch(test))), 0);
  const std::string place = ReadFile(Path("w/place")).value_or("\n");
  EXPECT_THAT(place, testing::StartsWith("/tmp/gb-"));
  EXPECT_FALSE(FileExists(place.substr(0, place.size() - 1)));
}

// Beside a compile within an edge nobody stays who could remove it: an error, and no silence.
TEST_F(CollectorEnforceTest, APrivateDirectoryIsForAnEdgeAndNotForACommandInIt) {
  Grant(policy::PathAccess::kRead, GLOVEBOX_LAUNCH);
  Grant(policy::PathAccess::kWrite, "/tmp");
  private_in_compile_ = true;
  best_effort_ = false;
  StartAgain();
  testing::internal::CaptureStderr();
  EXPECT_NE(Wait(Launch(absl::StrCat(GLOVEBOX_LAUNCH, " --role=compile -- true"))), 0);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("private-tmp: a command within an edge"));
  ASSERT_EQ(system(absl::StrCat("rm -rf ", Path("old")).c_str()), 0);
  private_ = true;  // the edge has one
  StartAgain();
  EXPECT_EQ(Wait(Launch(absl::StrCat(GLOVEBOX_LAUNCH, " --role=compile -- sh -c 'echo x > $TMPDIR/f'"))), 0);
}

}  // namespace
}  // namespace glovebox::trace
