// Children that this process had before a run are not the run's.
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"
#include "trace/left_over.h"
#include "trace/runner_fixture.h"

namespace glovebox::trace {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class StrangersTest : public RunnerFixture {
 protected:
  // A child that the run is not told of, with nothing of ours open.
  static pid_t Start(const std::string& script) {
    const pid_t pid = fork();
    if (pid == 0) {
      execl("/bin/sh", "sh", "-c", script.c_str(), nullptr);
      _exit(127);
    }
    return pid;
  }
  RunRequest At(kernel::Level level, const std::string& script) {
    RunRequest request = Shell(script);
    request.policy.level = level;
    return request;
  }
  static int EndOf(pid_t pid) {
    int status = -1;
    EXPECT_EQ(waitpid(pid, &status, 0), pid) << "somebody else has reaped it";
    return status;
  }
};

TEST_F(StrangersTest, AreNeitherEndedNorNamedNorWaitedFor) {
  for (const kernel::Level level : {kernel::Level::kOpen, kernel::Level::kOff}) {
    const pid_t stranger = Start("sleep 1000 & wait");
    while (FindDescendants().size() < 2) usleep(1000);
    const auto before = std::chrono::steady_clock::now();
    const auto outcome = RunSupervised(At(level, "(true &); exit 3"));
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(2));
    const std::vector<LeftOverProcess> left = FindDescendants();
    EXPECT_THAT(left, SizeIs(2)) << "the shell and its sleep";
    Kill(left);
    EXPECT_EQ(EndOf(stranger), SIGKILL);
    while (waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
    }
    ASSERT_OK(outcome);
    EXPECT_EQ(outcome->end.status, 3);
    EXPECT_THAT(outcome->end.left_over, IsEmpty());
  }
}

TEST_F(StrangersTest, WhatTheCommandLeavesBesideThemIsEndedAllTheSame) {
  for (const kernel::Level level : {kernel::Level::kOpen, kernel::Level::kOff}) {
    const pid_t stranger = Start("exec sleep 1000");
    const auto outcome = RunSupervised(At(level, "setsid sleep 999 >/dev/null 2>&1 & exit 3"));
    const std::vector<LeftOverProcess> left = FindDescendants();
    EXPECT_THAT(left, SizeIs(1));
    Kill(left);
    EXPECT_EQ(EndOf(stranger), SIGKILL);
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "what was left over is not reaped";
    ASSERT_OK(outcome);
    EXPECT_THAT(outcome->end.left_over, SizeIs(1));
    EXPECT_THAT(outcome->end.left_over, Contains(HasSubstr("sleep")));
  }
}

// The kernel shows the same zombie at each look that takes nothing.
TEST_F(StrangersTest, OneThatHasEndedKeepsItsStatusAndHidesNoOtherEnd) {
  for (const bool receive_ends : {true, false}) {
    const pid_t ended = Start("exit 7");
    const pid_t ends = Start("sleep 0.1; exit 8");
    siginfo_t info = {};
    ASSERT_EQ(waitid(P_PID, static_cast<id_t>(ended), &info, WEXITED | WNOWAIT), 0);
    rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    RunRequest request = At(kernel::Level::kOpen, "for i in 1 2 3; do (true &); done; sleep 0.5; exit 3");
    request.host.receive_ends = request.host.receive_ends && receive_ends;
    const auto outcome = RunSupervised(request);
    getrusage(RUSAGE_SELF, &after);
    EXPECT_EQ(WEXITSTATUS(EndOf(ended)), 7);
    EXPECT_EQ(WEXITSTATUS(EndOf(ends)), 8);
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "an orphan of the command is not reaped";
    ASSERT_OK(outcome);
    EXPECT_EQ(outcome->end.status, 3);
    EXPECT_THAT(outcome->end.left_over, IsEmpty());
    EXPECT_LT(after.ru_utime.tv_sec + after.ru_stime.tv_sec - before.ru_utime.tv_sec - before.ru_stime.tv_sec,
              2);
  }
}

// At level off as well, as long as anything is refused: then the command has a filter.
TEST_F(StrangersTest, WhatTheyOrphanDuringTheRunIsNoneOfItsBusiness) {
  for (const kernel::Level level : {kernel::Level::kOpen, kernel::Level::kOff}) {
    unlink(Path("started").c_str());
    const pid_t stranger =
        Start(absl::StrCat("while [ ! -e ", Path("started"), " ]; do sleep 0.01; done; sleep 1000 & exit 7"));
    const auto outcome = RunSupervised(At(
        level, absl::StrCat("echo > ", Path("started"), "; while [ \"$(sed -n 's/^State:.\\(.\\).*/\\1/p' ",
                            "/proc/", stranger, "/status)\" != Z ]; do sleep 0.01; done; exit 3")));
    EXPECT_EQ(WEXITSTATUS(EndOf(stranger)), 7);
    const std::vector<LeftOverProcess> left = FindDescendants();
    EXPECT_THAT(left, SizeIs(1)) << "its sleep";
    Kill(left);
    while (waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
    }
    ASSERT_OK(outcome);
    EXPECT_EQ(outcome->end.status, 3);
    EXPECT_THAT(outcome->end.left_over, IsEmpty());
  }
}

}  // namespace
}  // namespace glovebox::trace
