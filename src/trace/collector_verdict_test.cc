// The launcher that stays beside a command, and what the collector tells it at the end.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "trace/collector_fixture.h"

namespace glovebox::trace {
namespace {

using access::ActionBegin;
using access::ActionEnd;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class CollectorVerdictTest : public CollectorFixture {};

TEST_F(CollectorVerdictTest, ATestEndsAsItsProgramDid) {
  EXPECT_EQ(WEXITSTATUS(Wait(Launch("exit 0", "test"))), 0);
  EXPECT_EQ(WEXITSTATUS(Wait(Launch("exit 7", "test"))), 7);
  EXPECT_EQ(WTERMSIG(Wait(Launch("kill -SEGV $$", "test"))), SIGSEGV);
  EXPECT_EQ(Stop().complete, 3u);
  ASSERT_THAT(All<ActionEnd>(), SizeIs(3));
  EXPECT_EQ(All<ActionEnd>()[2].kind, ActionEnd::Kind::kSignaled);
}

TEST_F(CollectorVerdictTest, ASetUpThatFailsEndsATestByASignal) {
  const std::string variable = absl::StrCat("GLOVEBOX_COLLECTOR=", collector_->socket_path());
  const char* argv[] = {GLOVEBOX_LAUNCH, "--role=test", "--", "/nonexistent/x", nullptr};
  char* environment[] = {const_cast<char*>(variable.c_str()), nullptr};
  pid_t pid = -1;
  ASSERT_EQ(posix_spawn(&pid, GLOVEBOX_LAUNCH, nullptr, nullptr, const_cast<char**>(argv), environment), 0);
  EXPECT_EQ(WTERMSIG(Wait(pid)), SIGABRT);
  EXPECT_EQ(Stop().complete, 0u);
  ASSERT_THAT(All<ActionEnd>(), SizeIs(1));
  EXPECT_EQ(All<ActionEnd>()[0].kind, ActionEnd::Kind::kSandboxFailed);
}

TEST_F(CollectorVerdictTest, WhyAnActionIsRefusedIsInItsLaunchersMessage) {
  const std::string variable = absl::StrCat("GLOVEBOX_COLLECTOR=", collector_->socket_path());
  const char* argv[] = {GLOVEBOX_LAUNCH, "--role=compile", "--policy=slow", "--", "/bin/true", nullptr};
  char* environment[] = {const_cast<char*>(variable.c_str()), nullptr};
  testing::internal::CaptureStderr();
  pid_t pid = -1;
  ASSERT_EQ(posix_spawn(&pid, GLOVEBOX_LAUNCH, nullptr, nullptr, const_cast<char**>(argv), environment), 0);
  EXPECT_EQ(WEXITSTATUS(Wait(pid)), ENOSYS);
  const std::string inner = absl::StrCat(GLOVEBOX_LAUNCH, " --role=test --policy=fast -- true");
  EXPECT_EQ(WEXITSTATUS(Wait(Launch(inner))), 128 + SIGABRT);
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, HasSubstr("glovebox: the collector refuses this action: no [policy.slow]\n"));
  EXPECT_THAT(said, HasSubstr("glovebox: the collector refuses this action: no [policy.fast]\n"));
  Stop();
  const std::vector<access::Hole> holes = All<access::Hole>();
  ASSERT_THAT(holes, SizeIs(1));
  EXPECT_THAT(holes[0].detail, HasSubstr("no [policy.fast]"));
}

TEST_F(CollectorVerdictTest, InModeEnforceALauncherStaysBesideEachCommandAndIsOneAction) {
  mode_ = policy::Mode::kEnforce;
  StartAgain();
  EXPECT_EQ(WEXITSTATUS(Wait(Launch(absl::StrCat("cat ", Path("input"), "; exit 0"), "compile"))), 0);
  EXPECT_EQ(WEXITSTATUS(Wait(Launch("exit 7", "edge"))), 7);
  Stop();
  ASSERT_THAT(All<ActionBegin>(), SizeIs(2));
  EXPECT_EQ(All<ActionBegin>()[0].mode, "enforce");
  ASSERT_THAT(All<ActionEnd>(), SizeIs(2));
  EXPECT_EQ(All<ActionEnd>()[1].status, 7);
}

// Of what Ninja's own starter left open the commands have make's jobserver.
TEST_F(CollectorVerdictTest, InModeEnforceACommandInheritsNothingThatNobodyNamed) {
  const UniqueFd file(open(Path("input").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(dup2(file.get(), 77), 77);
  const auto status_of = [this] { return WEXITSTATUS(Wait(Launch("test -e /proc/self/fd/77", "compile"))); };
  EXPECT_EQ(status_of(), 0) << "in mode report";
  Stop();  // its threads read what comes next
  mode_ = policy::Mode::kEnforce;
  StartAgain();
  EXPECT_EQ(status_of(), 1);
  setenv("MAKEFLAGS", "-j2 --jobserver-auth=77,78", 1);
  EXPECT_EQ(status_of(), 0);
  unsetenv("MAKEFLAGS");
  close(77);
}

TEST_F(CollectorVerdictTest, WhatATestLeavesBehindIsNamedAndDoesNotKeepItWaiting) {
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(Wait(Launch("setsid sleep 1000 > /dev/null 2>&1 & exit 0", "test")), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(20));
  EXPECT_THAT(Stop().left_over, ElementsAre(HasSubstr("sleep")));
}

TEST_F(CollectorVerdictTest, PrivateDirectoriesLastAsLongAsTheTest) {
  private_ = true;
  StartAgain();
  EXPECT_EQ(Wait(Launch(absl::StrCat("echo $TMPDIR > ", Path("out"),
                                     " && touch $TMPDIR/x $HOME/x && test $TMPDIR = $TEMP && "
                                     "mkdir -m 0 $HOME/closed"),
                        "test")),
            0);
  Stop();
  ASSERT_OK_AND_ASSIGN(std::string path, ReadFile(Path("out")));
  path.pop_back();
  EXPECT_THAT(path, testing::StartsWith("/tmp/gb-"));
  EXPECT_FALSE(FileExists(path));
}

TEST_F(CollectorVerdictTest, InsideAnotherActionATestIsJudgedAsSoonAsItHasEnded) {
  const std::string test = absl::StrCat(GLOVEBOX_LAUNCH, " --role=test -- ");
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(WEXITSTATUS(Wait(Launch(absl::StrCat(test, "true && ", test, "sh -c 'exit 5'")))), 5);
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(20));
  EXPECT_EQ(Stop().complete, 3u);
}

}  // namespace
}  // namespace glovebox::trace
