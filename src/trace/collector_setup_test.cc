// What the log says of actions whose set-up did less than was asked, and of actions that nobody sees.
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"
#include "trace/collector_fixture.h"

namespace glovebox::trace {
namespace {

using access::Access;
using access::ActionBegin;
using access::ActionEnd;
using access::Hole;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class CollectorSetupTest : public CollectorFixture {};

TEST_F(CollectorSetupTest, ASkippedStepOfTheSetUpIsRecordedWithItsReasonAndIsNoHole) {
  const std::string variable = absl::StrCat("GLOVEBOX_COLLECTOR=", collector_->socket_path());
  const char* argv[] = {GLOVEBOX_TRACE_PROBE,
                        "layers",
                        GLOVEBOX_LAUNCH,
                        "--role=edge",
                        "--",
                        "/bin/sh",
                        "-c",
                        "exit 3",
                        nullptr};
  char* environment[] = {const_cast<char*>(variable.c_str()), nullptr};
  pid_t pid = -1;
  ASSERT_EQ(posix_spawn(&pid, argv[0], nullptr, nullptr, const_cast<char**>(argv), environment), 0);
  const int status = WEXITSTATUS(Wait(pid));
  if (status == 99) GTEST_SKIP() << "this kernel has no Landlock scopes";
  EXPECT_EQ(status, 3);
  EXPECT_EQ(Stop().complete, 1u);
  ASSERT_THAT(All<ActionEnd>(), SizeIs(1));
  EXPECT_EQ(All<ActionEnd>()[0].kind, ActionEnd::Kind::kExited);
  EXPECT_THAT(
      All<ActionEnd>()[0].step,
      HasSubstr("; skipped LandlockScope: cannot enter the Landlock domain: E2BIG, 16 Landlock layers"));
}

TEST_F(CollectorSetupTest, WhatTheProbeForecastsIsNotRecordedAsSkipped) {
  const bool scopes = host_.landlock_abi >= 6;
  host_.landlock_abi = 5;
  StartAgain();
  EXPECT_EQ(WEXITSTATUS(Wait(Launch("exit 3"))), 3);
  EXPECT_EQ(Stop().complete, 1u);
  ASSERT_THAT(All<ActionBegin>(), SizeIs(1));
  EXPECT_EQ(All<ActionBegin>()[0].shape, "notify");
  ASSERT_THAT(All<ActionEnd>(), SizeIs(1));
  EXPECT_EQ(All<ActionEnd>()[0].step.find("; skipped LandlockScope: ") == std::string::npos, scopes);
}

TEST_F(CollectorSetupTest, ASkippedStepOfAnInnerActionIsInItsEnd) {
  edge_scope_ = false;  // so that there is something to add
  StartAgain();
  const int status = WEXITSTATUS(Wait(Launch(
      absl::StrCat(GLOVEBOX_TRACE_PROBE, " layers ", GLOVEBOX_LAUNCH, " --role=compile -- /bin/true"))));
  if (status == 99) GTEST_SKIP() << "this kernel has no Landlock scopes";
  EXPECT_EQ(status, 0);
  EXPECT_EQ(Stop().complete, 2u);
  ASSERT_THAT(All<ActionBegin>(), SizeIs(2));
  for (const ActionEnd& end : All<ActionEnd>()) {
    const bool inner = end.action == All<ActionBegin>()[1].action;
    EXPECT_EQ(end.step.find("; skipped LandlockScope") == 0, inner) << end.step;
  }
}

TEST_F(CollectorSetupTest, WhatThePlanOfAnInnerActionGoesWithoutIsInItsEnd) {
  compile_denies_tsc_ = true;
  host_.denies_tsc = false;
  StartAgain();
  EXPECT_EQ(WEXITSTATUS(Wait(Launch(absl::StrCat(GLOVEBOX_LAUNCH, " --role=compile -- /bin/true")))), 0);
  EXPECT_EQ(Stop().complete, 2u) << "it makes nothing incomplete";
  ASSERT_THAT(All<ActionBegin>(), SizeIs(2));
  for (const ActionEnd& end : All<ActionEnd>()) {
    const bool inner = end.action == All<ActionBegin>()[1].action;
    EXPECT_EQ(end.step.find("; skipped deny-tsc: ") != std::string::npos, inner) << end.step;
  }
}

TEST_F(CollectorSetupTest, AnInnerActionsOwnRefusalsHoldAndWhatItsEdgeRefusesIsRecorded) {
  compile_refuses_ = true;
  StartAgain();
  const auto ended = [this](const std::string& call, const std::string& before = "") {
    return WEXITSTATUS(Wait(Launch(absl::StrCat(before, GLOVEBOX_CHILD_PROBE, " errno ", call))));
  };
  const std::string compile = absl::StrCat(GLOVEBOX_LAUNCH, " --role=compile -- ");
  const std::string change = absl::StrCat(SYS_prlimit64, " 0 4 1 0");
  EXPECT_EQ(ended(change), EFAULT) << "the kernel looks at the new limit";
  EXPECT_EQ(ended(change, compile), EPERM);
  const std::string no_append = absl::StrCat(SYS_pwritev2, " 63 0 0 0 0 0x20");
  EXPECT_EQ(ended(no_append), EBADF);
  EXPECT_EQ(ended(no_append, compile), EOPNOTSUPP);
  EXPECT_EQ(ended(absl::StrCat(SYS_ioctl, " 63 0x5412"), compile), EPERM);
  EXPECT_EQ(Stop().holes, 0u);
  std::vector<std::string> refused;
  for (const Access& access : All<Access>()) {
    if (access.op == Op::kForbidden) refused.push_back(access.path2);
  }
  EXPECT_THAT(refused, testing::ElementsAre("ioctl 0x5412"));
}

// As without Glovebox, where exec does not ask for a name.
TEST_F(CollectorSetupTest, ACommandRunsFromADirectoryThatHasNoName) {
  const std::string launcher = absl::StrCat(GLOVEBOX_LAUNCH, " --role=compile -- /bin/true");
  const std::string variable = absl::StrCat("GLOVEBOX_COLLECTOR=", collector_->socket_path(), " ");
  const std::string removed =
      absl::StrCat("mkdir ", Path("d"), " && cd ", Path("d"), " && rmdir ", Path("d"), " && ");
  EXPECT_EQ(WEXITSTATUS(Wait(Launch(absl::StrCat(removed, launcher)))), 0);
  EXPECT_EQ(system(absl::StrCat(removed, variable, launcher).c_str()), 0);
  const std::string name(200, 'n');
  const std::string deep = absl::StrCat("mkdir ", Path("deep"), " && cd ", Path("deep"),
                                        " && i=0 && while [ $i -lt 25 ]; do mkdir ", name, " && cd -P ", name,
                                        " && i=$((i+1)) || exit 90; done && ");
  EXPECT_EQ(WEXITSTATUS(Wait(Launch(absl::StrCat(deep, launcher)))), 0);
  EXPECT_EQ(system(absl::StrCat("rm -r ", Path("deep"), " && ", deep, variable, launcher).c_str()), 0);
  EXPECT_EQ(system(absl::StrCat("rm -r ", Path("deep")).c_str()), 0);
  EXPECT_EQ(Stop().holes, 0u);
  size_t removed_seen = 0, deep_seen = 0;
  for (const ActionBegin& begin : All<ActionBegin>()) {
    if (begin.role != access::Role::kCompile) continue;
    removed_seen += begin.cwd == Path("d") + " (deleted)";
    deep_seen += begin.cwd.empty();
  }
  EXPECT_EQ(removed_seen, 2u);
  EXPECT_EQ(deep_seen, 2u);
}

TEST_F(CollectorSetupTest, BelowAForeignListenerEdgesRunAndTheLogSaysThatNobodySawThem) {
  host_.listener_above = true;
  StartAgain();
  EXPECT_EQ(WEXITSTATUS(Wait(Launch("exit 5"))), 5);
  EXPECT_EQ(WEXITSTATUS(Wait(Launch("test -x /bin/sh", "test"))), 0);
  const CollectorSummary summary = Stop();
  EXPECT_EQ(summary.actions, 2u);
  EXPECT_EQ(summary.complete, 0u);
  EXPECT_EQ(summary.holes, 2u);
  ASSERT_THAT(All<Hole>(), SizeIs(2));
  for (const Hole& hole : All<Hole>()) EXPECT_EQ(hole.kind, "no-listener");
  ASSERT_THAT(All<ActionBegin>(), SizeIs(2));
  EXPECT_EQ(All<ActionBegin>()[0].shape, "none");
  ASSERT_THAT(All<ActionEnd>(), SizeIs(2));
  for (const ActionEnd& end : All<ActionEnd>()) {  // each can be in a segment of its own
    EXPECT_EQ(end.kind, ActionEnd::Kind::kExited);
    EXPECT_EQ(end.status, end.action == 1 ? 5 : 0);
  }
  EXPECT_THAT(All<Access>(), IsEmpty());
}

TEST_F(CollectorSetupTest, AnUnseenActionIsEndedWithTheBuild) {
  host_.listener_above = true;
  StartAgain();
  const pid_t pid = Launch("exec sleep 1000");
  while (collector_->EdgeCommands().empty()) usleep(1000);
  EXPECT_EQ(Stop(1).actions, 1u);
  EXPECT_NE(waitpid(pid, nullptr, WNOHANG), 0) << "it still runs";
  ASSERT_THAT(All<ActionEnd>(), SizeIs(1));
  EXPECT_EQ(All<ActionEnd>()[0].kind, ActionEnd::Kind::kSignaled);
}

}  // namespace
}  // namespace glovebox::trace
