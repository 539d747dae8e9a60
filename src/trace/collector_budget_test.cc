// Bounds of a build's actions, what tests leave behind, and what is measured of an action.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

#include "absl/strings/str_cat.h"
#include "base/unique_fd.h"
#include "gtest/gtest.h"
#include "trace/collector_fixture.h"
#include "trace/left_over.h"

namespace glovebox::trace {
namespace {

using access::ActionBegin;
using access::ActionEnd;
using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

constexpr uint64_t kMs = 1'000'000;
constexpr char kProbe[] = GLOVEBOX_BUDGET_PROBE;

class CollectorBudgetTest : public CollectorFixture {
 protected:
  // The end of the n-th action that began.
  ActionEnd EndOfNth(size_t n) {
    const auto begins = All<ActionBegin>();
    for (const ActionEnd& end : All<ActionEnd>()) {
      if (n < begins.size() && end.action == begins[n].action) return end;
    }
    ADD_FAILURE() << "no end of action " << n;
    return {};
  }
  void Bound(const policy::Budget& budget, bool groups) {
    budget_ = budget;
    cgroups_ = groups;
    StartAgain();
  }
  void BombIsEnded(bool groups) {
    policy::Budget budget;
    budget.processes = 40;
    Bound(budget, groups);
    Wait(Launch(absl::StrCat(kProbe, " bomb ", Path("forks"), " 400")));
    Stop(60'000);  // less than a second, but where others have the processors
    EXPECT_THAT(EndOfNth(0).limit, StartsWith("total processes 40: "));
    EXPECT_GE(EndOfNth(0).peak_processes, 40u);
    EXPECT_THAT(FindDescendants(), IsEmpty());
  }
};

// Its daemon makes no recorded call and was never sampled while its parents lived: it is ended with the
// build.
TEST_F(CollectorBudgetTest, AnActionThatTakesTooLongIsEndedAndItsDaemonsAreAtTheLatestWithTheBuild) {
  policy::Budget budget;
  budget.wall_ns = 400 * kMs;
  Bound(budget, false);
  const int status = Wait(Launch(absl::StrCat(kProbe, " daemon; exec ", kProbe, " deaf")));
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  Stop(2000);
  EXPECT_EQ(EndOfNth(0).limit, "wall clock 400 ms");
  EXPECT_EQ(EndOfNth(0).kind, ActionEnd::Kind::kSignaled);
  EXPECT_THAT(FindDescendants(), IsEmpty());
}

TEST_F(CollectorBudgetTest, ATestThatTakesTooLongIsEndedBelowItsLauncher) {
  policy::Budget budget;
  budget.wall_ns = 400 * kMs;
  Bound(budget, false);
  const int status = Wait(Launch(absl::StrCat("exec ", kProbe, " deaf"), "test"));
  EXPECT_TRUE(WIFSIGNALED(status));
  Stop(2000);
  EXPECT_EQ(EndOfNth(0).limit, "wall clock 400 ms");
}

TEST_F(CollectorBudgetTest, ProcessesAreBoundedBySampling) {
  BombIsEnded(false);
  EXPECT_EQ(EndOfNth(0).measured, "sampled");
}

TEST_F(CollectorBudgetTest, ProcessesAreBoundedByAGroupWhereOneCanBeMade) {
  BombIsEnded(true);
  EXPECT_THAT(EndOfNth(0).measured, AnyOf("sampled", StartsWith("cgroup v")));
}

TEST_F(CollectorBudgetTest, MemoryIsBoundedOverAllProcesses) {
  policy::Budget budget;
  budget.memory_bytes = 100u << 20;
  Bound(budget, false);
  Wait(Launch(absl::StrCat("exec ", kProbe, " hog 8 40")));
  Stop(2000);
  EXPECT_THAT(EndOfNth(0).limit, StartsWith("total memory 100 MiB: "));
  EXPECT_GT(EndOfNth(0).peak_bytes, 100u << 20);
}

TEST_F(CollectorBudgetTest, AnInnerActionHasABoundOfItsOwn) {
  policy::Budget budget;
  budget.wall_ns = 300 * kMs;
  test_budget_only_ = true;
  Bound(budget, true);
  const int status = Wait(Launch(absl::StrCat(GLOVEBOX_LAUNCH, " --role=test -- ", kProbe, " deaf; exit 5")));
  EXPECT_EQ(WEXITSTATUS(status), 5) << "the outer one goes on";
  Stop(2000);
  EXPECT_EQ(EndOfNth(0).limit, "");
  EXPECT_EQ(EndOfNth(1).limit, "wall clock 300 ms");
}

// Its own limits, which the outer one does not have; the outer one's, where it has none; and a shell's word.
TEST_F(CollectorBudgetTest, TheLimitThatEndedAnInnerActionIsNamedWithItsValue) {
  test_limits_[static_cast<size_t>(child::Limit::kFsize)] = 1u << 20;
  test_limits_[static_cast<size_t>(child::Limit::kCpu)] = 1;
  edge_limits_[static_cast<size_t>(child::Limit::kFsize)] = 2u << 20;
  StartAgain();
  const auto inner = [](const std::string& role, const std::string& command) {
    return absl::StrCat(GLOVEBOX_LAUNCH, " --role=", role, " -- ", kProbe, " ", command, "; ");
  };
  Wait(Launch(absl::StrCat(inner("test", "fill " + Path("big")), inner("test", "spin"),
                           inner("custom", "fill " + Path("bigger")), GLOVEBOX_LAUNCH,
                           " --role=test -- /bin/sh -c 'kill -9 $$'; exit 5")));
  Stop(2000);
  EXPECT_EQ(EndOfNth(0).status, 5) << "the outer one went on";
  EXPECT_EQ(EndOfNth(0).limit, "");
  EXPECT_EQ(EndOfNth(1).status, SIGXFSZ);
  EXPECT_EQ(EndOfNth(1).limit, "file size 1 MiB");
  EXPECT_EQ(EndOfNth(2).kind, ActionEnd::Kind::kSignaled);
  EXPECT_THAT(EndOfNth(2).limit, StartsWith("CPU time 1 s: ")) << EndOfNth(2).status;
  EXPECT_GE(EndOfNth(2).cpu_ns, 500 * kMs);
  EXPECT_EQ(EndOfNth(3).limit, "file size 2 MiB");
  EXPECT_EQ(EndOfNth(4).status, SIGKILL);
  EXPECT_EQ(EndOfNth(4).limit, "") << "somebody else's SIGKILL";
}

// As a build with launchers runs: the shell becomes the launcher, and is mostly reaped before it can be asked
// what it used. Then the length of its run speaks for the limit.
TEST_F(CollectorBudgetTest, TheLimitOfALauncherThatReplacedItsShellIsNamed) {
  test_limits_[static_cast<size_t>(child::Limit::kCpu)] = 1;
  limited_role_ = access::Role::kCustom;
  StartAgain();
  const std::string launcher = absl::StrCat("exec ", GLOVEBOX_LAUNCH, " --role=custom -- ");
  Wait(Launch(absl::StrCat(launcher, kProbe, " spin")));
  Wait(Launch(absl::StrCat(launcher, "/bin/sh -c 'kill -9 $$'")));
  Stop(2000);
  const std::string name = "CPU time 1 s";
  const ActionEnd spun = EndOfNth(1);
  EXPECT_EQ(spun.kind, ActionEnd::Kind::kSignaled);
  EXPECT_EQ(spun.status, SIGKILL);
  EXPECT_THAT(spun.limit, StartsWith(spun.cpu_ns != 0 ? name : absl::StrCat("probably ", name)));
  EXPECT_EQ(EndOfNth(3).limit, "") << "somebody else's SIGKILL came too soon for it";
}

TEST_F(CollectorBudgetTest, WhatATestLeavesIsEndedAtItsEndAndHoldsNobodyUp) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  // A daemon that keeps the test's output open, and one that keeps nothing and makes no call any more.
  const int saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
  dup2(writer.get(), STDOUT_FILENO);
  const auto begun = std::chrono::steady_clock::now();
  const pid_t test = Launch(absl::StrCat(kProbe, " daemon-stdout; ", kProbe, " daemon; exit 3"), "test");
  dup2(saved, STDOUT_FILENO);
  close(saved);
  writer.reset();
  pollfd closed = {reader.get(), POLLIN, 0};
  EXPECT_EQ(poll(&closed, 1, 5000), 1) << "ctest would wait";
  EXPECT_EQ(WEXITSTATUS(Wait(test)), 3);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(4));
  EXPECT_THAT(FindDescendants(), IsEmpty());
  Stop();
  EXPECT_THAT(EndOfNth(0).left_over, SizeIs(2));
  for (const std::string& process : EndOfNth(0).left_over) EXPECT_THAT(process, HasSubstr("budget_probe"));
}

// /proc calls such a process a zombie, without memory and without a program.
TEST_F(CollectorBudgetTest, ADaemonWhoseFirstThreadHasEndedIsFoundAndEnded) {
  EXPECT_EQ(WEXITSTATUS(Wait(Launch(absl::StrCat(kProbe, " headless 1; sleep 0.2; exit 3"), "test"))), 3);
  EXPECT_THAT(FindDescendants(), IsEmpty());
  Stop();
  EXPECT_THAT(EndOfNth(0).left_over, ElementsAre(HasSubstr("budget_probe")));
}

TEST_F(CollectorBudgetTest, TheMemoryOfSuchAProcessCounts) {
  policy::Budget budget;
  budget.memory_bytes = 100u << 20;
  Bound(budget, false);
  Wait(Launch(absl::StrCat(kProbe, " headless 200; sleep 5")));
  Stop(2000);
  EXPECT_THAT(EndOfNth(0).limit, StartsWith("total memory 100 MiB: "));
}

TEST_F(CollectorBudgetTest, WhatAnEdgeLeavesMayGoOnToTheEndOfTheBuild) {
  EXPECT_EQ(Wait(Launch("sleep 1000 >/dev/null 2>&1 &")), 0);
  usleep(400'000);
  EXPECT_THAT(FindDescendants(), SizeIs(1));
  Stop(0);
  EXPECT_THAT(EndOfNth(0).left_over, ElementsAre(HasSubstr("sleep")));
}

// Asked between the hang-up of its listener and its reaping: on a busy host its parent can be faster. Then it
// is not known, and never wrong.
TEST_F(CollectorBudgetTest, TheTimeOfAnActionAndItsChildrenIsKnownOrSaidToBeUnknown) {
  constexpr size_t kTries = 8;
  for (size_t i = 0; i < kTries; ++i)
    EXPECT_EQ(Wait(Launch("sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done'; exit 0")), 0);
  Stop();
  size_t known = 0;
  for (size_t i = 0; i < kTries; ++i) {
    const ActionEnd end = EndOfNth(i);
    EXPECT_EQ(end.measured, "");
    if (end.cpu_ns == 0) continue;
    ++known;
    EXPECT_GT(end.cpu_ns, 10 * kMs);
  }
  if (CollectorHost().receive_ends) {
    EXPECT_GT(known, 0u);
  }
}

}  // namespace
}  // namespace glovebox::trace
