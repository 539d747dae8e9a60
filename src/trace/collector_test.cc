#include "trace/collector.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include "absl/strings/str_cat.h"
#include "access/log.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "child/wire.h"
#include "gtest/gtest.h"
#include "trace/collector_fixture.h"

namespace glovebox::trace {
namespace {

using access::Access;
using access::ActionBegin;
using access::ActionEnd;
using access::Hole;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class CollectorTest : public CollectorFixture {};

TEST_F(CollectorTest, AnActionIsRecordedFromBeginToEnd) {
  const pid_t pid = Launch(absl::StrCat("cat ", Path("input"), " >/dev/null; exit 3"));
  EXPECT_EQ(WEXITSTATUS(Wait(pid)), 3);
  const CollectorSummary summary = Stop();
  EXPECT_EQ(summary.actions, 1u);
  EXPECT_EQ(summary.complete, 1u);
  EXPECT_EQ(summary.holes, 0u);
  EXPECT_EQ(summary.accesses, All<Access>().size());
  ASSERT_THAT(All<ActionBegin>(), SizeIs(1));
  EXPECT_EQ(All<ActionBegin>()[0].pid, pid);
  EXPECT_EQ(All<ActionBegin>()[0].role, access::Role::kEdge);
  EXPECT_THAT(All<ActionBegin>()[0].outputs, testing::ElementsAre("out.o"));
  ASSERT_THAT(All<ActionEnd>(), SizeIs(1));
  EXPECT_EQ(All<ActionEnd>()[0].kind, ActionEnd::Kind::kExited);
  EXPECT_EQ(All<ActionEnd>()[0].status, 3);
  EXPECT_EQ(Opens(Path("input")), 1u);
  EXPECT_THAT(All<access::RunInfo>(), SizeIs(1));
  EXPECT_THAT(All<access::RunEnd>(), SizeIs(1));
}

// The kernel ties a grant to an object: the ruleset is made anew once the object is another one.
TEST_F(CollectorTest, ALauncherIsConfinedByWhatIsThereWhenItBegins) {
  if (CollectorHost().landlock_abi < 6) GTEST_SKIP() << "Landlock ABI below 6";
  for (const char* path : {"/usr", "/lib", "/lib64", "/bin", "/etc", "/dev", "/proc"})
    paths_.push_back({policy::PathAccess::kRead, path, {}});
  paths_.push_back({policy::PathAccess::kWrite, Path("out"), {"p.toml", 1, 1}});
  StartAgain();
  const std::string write = absl::StrCat("echo x > ", Path("out/new"));
  EXPECT_NE(Wait(Launch(absl::StrCat("mkdir ", Path("out"), " && ", write))), 0);
  for (const char* role : {"edge", "test", "compile"}) {
    std::filesystem::remove_all(Path("out"));
    ASSERT_OK(MakeDirectories(Path("out")));
    EXPECT_EQ(Wait(Launch(write, role)), 0) << role;
    EXPECT_NE(Wait(Launch(absl::StrCat("cat ", Path("input")), role)), 0) << role;
  }
  Stop();
  std::vector<std::string> rules;
  for (const Access& access : All<Access>()) {
    if (!access.rule.empty()) rules.push_back(access.rule);
  }
  ASSERT_THAT(rules, SizeIs(4));
  EXPECT_THAT(rules[0], HasSubstr("out, which was not there when the action began"));
  EXPECT_EQ(rules[1], "outside-read: no path of the policy");
}

TEST_F(CollectorTest, WhoCutsTheLogsTailSpoilsTheActionsInThatSegmentAndNoLaterOne) {
  EXPECT_EQ(Wait(Launch(absl::StrCat("for f in ", Path("run"), "/actions-*.tail; do : > $f; done; cat ",
                                     Path("input"), " ", Path("input"), " >/dev/null"))),
            0);
  EXPECT_EQ(Wait(Launch(absl::StrCat("cat ", Path("input"), " >/dev/null"))), 0);
  const CollectorSummary summary = collector_->Stop(0, 5000);
  EXPECT_THAT(std::string(summary.log.message()), HasSubstr("was tampered with: its tail was cut"));
  EXPECT_EQ(summary.actions, 2u);
  EXPECT_EQ(summary.complete, 1u);
  ASSERT_OK_AND_ASSIGN(log_, access::ReadLog(Path("run")));
  EXPECT_FALSE(log_.tears.empty());
  const auto begins = All<ActionBegin>();
  ASSERT_THAT(begins, SizeIs(2));
  size_t later = 0;
  for (const Access& access : All<Access>()) {
    later += access.action == begins[1].action && access.resolved == Path("input");
  }
  EXPECT_EQ(later, 1u);
}

TEST_F(CollectorTest, WhereNoSegmentCanBeMadeTheActionRunsAndAHoleSaysSo) {
  // The first holds its thread and that one's segment, so that the second needs another.
  const pid_t first = Launch(absl::StrCat("rm -rf ", Path("run"), "; mkfifo ", Path("go"), "; read line < ",
                                          Path("go"), "; exit 5"));
  while (!FileExists(Path("go"))) usleep(1000);
  EXPECT_EQ(WEXITSTATUS(Wait(Launch(absl::StrCat("cat ", Path("input"), " >/dev/null; exit 6")))), 6);
  EXPECT_EQ(Wait(Launch(absl::StrCat("echo > ", Path("go")))), 0);
  EXPECT_EQ(WEXITSTATUS(Wait(first)), 5);
  const CollectorSummary summary = collector_->Stop(0, 5000);
  EXPECT_EQ(summary.actions, 3u);
  EXPECT_LE(summary.complete, 1u) << "only what went to the segment that was there";
  EXPECT_EQ(summary.holes, 2u);
  EXPECT_FALSE(summary.log.ok());
}

TEST_F(CollectorTest, TheListenerCanComeByMessageWhereItMayNotBeFetched) {
  host_.pidfd_getfd = false;
  StartAgain();
  for (const char* role : {"edge", "test"}) {
    EXPECT_EQ(Wait(Launch(absl::StrCat("cat ", Path("input"), " >/dev/null"), role)), 0);
  }
  EXPECT_EQ(Stop().complete, 2u);
  EXPECT_EQ(Opens(Path("input")), 2u);
}

TEST_F(CollectorTest, ManyAtOnceLoseNothingAndShareTheSegments) {
  constexpr int kRounds = 5;
  constexpr int kWide = 12;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<pid_t> pids;
    for (int i = 0; i < kWide; ++i) {
      pids.push_back(
          Launch(absl::StrCat("for i in 1 2 3; do cat ", Path("input"), " >/dev/null; done; exit 4")));
    }
    for (const pid_t pid : pids) EXPECT_EQ(WEXITSTATUS(Wait(pid)), 4);
  }
  const CollectorSummary summary = Stop();
  EXPECT_EQ(summary.actions, static_cast<uint64_t>(kRounds * kWide));
  EXPECT_EQ(summary.complete, summary.actions);
  EXPECT_EQ(Opens(Path("input")), static_cast<size_t>(kRounds * kWide * 3));
  ASSERT_THAT(All<access::RunEnd>(), SizeIs(1));
  // As many as there were threads at once (one may still write an action's end when the next begins).
  EXPECT_LE(All<access::RunEnd>()[0].segments, static_cast<uint32_t>(2 * kWide + 1));
  for (const ActionEnd& end : All<ActionEnd>()) EXPECT_EQ(end.status, 4);
}

TEST_F(CollectorTest, DeathBySignalIsTold) {
  const int status = Wait(Launch("kill -KILL $$"));
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  EXPECT_EQ(Stop().complete, 1u);
  ASSERT_THAT(All<ActionEnd>(), SizeIs(1));
  EXPECT_EQ(All<ActionEnd>()[0].kind, ActionEnd::Kind::kSignaled);
  EXPECT_EQ(All<ActionEnd>()[0].status, SIGKILL);
}

TEST_F(CollectorTest, AnInnerLauncherIsFiledUnderItsOwnAction) {
  EXPECT_EQ(Wait(Launch(absl::StrCat(GLOVEBOX_LAUNCH, " --role=compile --target=t --out=in.o -- cat ",
                                     Path("input"), " >/dev/null"))),
            0);
  const CollectorSummary summary = Stop();
  EXPECT_EQ(summary.actions, 2u);
  EXPECT_EQ(summary.complete, 2u);
  const auto begins = All<ActionBegin>();
  ASSERT_THAT(begins, SizeIs(2));
  EXPECT_EQ(begins[1].parent, begins[0].action);
  EXPECT_NE(begins[1].action, begins[0].action);
  for (const Access& access : All<Access>()) {
    if (access.resolved == Path("input")) {
      EXPECT_EQ(access.action, begins[1].action);
    }
  }
  EXPECT_THAT(All<ActionEnd>(), SizeIs(2));
}

TEST_F(CollectorTest, ATestInsideAnActionEndsAsItsProgramDidAndIsWatchedToItsLastOrphan) {
  const std::string test = absl::StrCat(GLOVEBOX_LAUNCH, " --role=test --target=t -- ");
  EXPECT_EQ(WEXITSTATUS(Wait(Launch(absl::StrCat(test, GLOVEBOX_TRACE_PROBE, " orphan ", Path("input"), "; ",
                                                 test, "sh -c 'exit 7'")))),
            7);
  EXPECT_EQ(Stop().complete, 3u);
  EXPECT_THAT(All<Hole>(), IsEmpty());
  const auto begins = All<ActionBegin>();
  ASSERT_THAT(begins, SizeIs(3));
  for (size_t i = 1; i < begins.size(); ++i) {
    EXPECT_EQ(begins[i].role, access::Role::kTest);
    EXPECT_EQ(begins[i].parent, begins[0].action);
  }
  for (const Access& access : All<Access>()) {
    if (access.resolved == Path("input")) {
      EXPECT_EQ(access.action, begins[1].action) << "a grandchild that the launcher inherited";
    }
  }
  EXPECT_EQ(Opens(Path("input")), 1u);
  for (const ActionEnd& end : All<ActionEnd>()) {
    EXPECT_EQ(end.kind, ActionEnd::Kind::kExited);
    EXPECT_EQ(end.status, end.action == begins[1].action ? 0 : 7);
  }
}

TEST_F(CollectorTest, WhatATestInsideAnActionLeavesBehindIsEndedAndNamed) {
  EXPECT_EQ(Wait(Launch(absl::StrCat(GLOVEBOX_LAUNCH,
                                     " --role=test -- sh -c 'setsid sleep 1000 >/dev/null "
                                     "2>&1 & kill -USR1 $$'; test $? -gt 128"))),
            0);
  Stop(200);
  const auto begins = All<ActionBegin>();
  ASSERT_THAT(begins, SizeIs(2));
  for (const ActionEnd& end : All<ActionEnd>()) {
    if (end.action != begins[1].action) continue;
    // Before its exec, or after it.
    EXPECT_THAT(end.left_over, testing::ElementsAre(testing::AnyOf(HasSubstr("sleep"), HasSubstr("setsid"))));
    EXPECT_EQ(end.kind, ActionEnd::Kind::kSignaled);
    EXPECT_EQ(end.status, SIGUSR1);
  }
}

TEST_F(CollectorTest, AProgramThatCannotBeRunIsASandboxFailure) {
  const std::string script = Path("not-executable");
  ASSERT_OK(WriteFile(script, ""));
  const std::string variable = absl::StrCat("GLOVEBOX_COLLECTOR=", collector_->socket_path());
  const char* argv[] = {GLOVEBOX_LAUNCH, "--role=edge", "--", script.c_str(), nullptr};
  char* environment[] = {const_cast<char*>(variable.c_str()), nullptr};
  pid_t pid = -1;
  ASSERT_EQ(posix_spawn(&pid, GLOVEBOX_LAUNCH, nullptr, nullptr, const_cast<char**>(argv), environment), 0);
  EXPECT_EQ(WEXITSTATUS(Wait(pid)), EACCES);
  EXPECT_EQ(Stop().complete, 0u);
  ASSERT_THAT(All<ActionEnd>(), SizeIs(1));
  EXPECT_EQ(All<ActionEnd>()[0].kind, ActionEnd::Kind::kSandboxFailed);
  EXPECT_EQ(All<ActionEnd>()[0].step, absl::StrCat("Exec: cannot run ", script, ": EACCES"));
}

TEST_F(CollectorTest, ALauncherKilledAtAnyMomentIsNeverClean) {
  for (int i = 0; i < 60; ++i) {
    const pid_t pid = Launch("exit 0");
    usleep(static_cast<useconds_t>(i * 50));
    kill(pid, SIGKILL);
    Wait(pid);
  }
  const CollectorSummary summary = Stop();
  const auto ends = All<ActionEnd>();
  EXPECT_EQ(ends.size(), All<ActionBegin>().size());
  for (const ActionEnd& end : ends) {
    // Either its set-up failed, or it is told how it ended.
    EXPECT_NE(end.kind, ActionEnd::Kind::kUnknown);
    if (end.kind == ActionEnd::Kind::kExited) {
      EXPECT_EQ(end.status, 0);
    }
  }
  EXPECT_LE(summary.complete, summary.actions);
}

TEST_F(CollectorTest, WhoeverIsNoLauncherIsRefusedAndHoldsNobodyUp) {
  const UniqueFd silent(Connect());  // says nothing
  const UniqueFd nonsense(Connect());
  ASSERT_OK(WriteAll(nonsense.get(), std::string(64, 'x'), "peer"));
  child::Reply reply;
  ASSERT_EQ(read(nonsense.get(), &reply, sizeof reply), static_cast<ssize_t>(sizeof reply));
  EXPECT_EQ(reply.error, EPROTO);
  EXPECT_EQ(Wait(Launch("exit 0")), 0);
  const auto start = std::chrono::steady_clock::now();
  const CollectorSummary summary = Stop(100);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(8));
  EXPECT_EQ(summary.complete, 1u);
  EXPECT_THAT(All<Hole>(), Contains(testing::Field(&Hole::detail, HasSubstr("not a launcher"))));
}

TEST_F(CollectorTest, ALauncherThatStopsHalfwayDoesNotHoldTheEndUp) {
  const UniqueFd halfway(Connect());
  SayHello(halfway.get());  // one of ours, as far as can be told, and now it should hand over a listener
  const CollectorSummary summary = Stop(50);
  EXPECT_EQ(summary.actions, 1u);
  EXPECT_EQ(summary.complete, 0u);
  ASSERT_THAT(All<ActionEnd>(), SizeIs(1));
  EXPECT_EQ(All<ActionEnd>()[0].kind, ActionEnd::Kind::kSandboxFailed);
}

TEST_F(CollectorTest, ADescriptorThatIsNoListenerIsAHole) {
  const UniqueFd fd(Connect());
  SayHello(fd.get());
  ASSERT_OK(WriteAll(fd.get(), std::string("\0\0\0\0", 4), "number"));  // our standard input
  const CollectorSummary summary = Stop(5000);
  EXPECT_EQ(summary.complete, 0u);
  EXPECT_GE(summary.holes, 1u);
}

TEST_F(CollectorTest, WhatAnActionLeavesBehindIsEndedAndNamed) {
  EXPECT_EQ(Wait(Launch("setsid sleep 1000 >/dev/null 2>&1 & exit 0")), 0);
  const auto start = std::chrono::steady_clock::now();
  const CollectorSummary summary = Stop(200);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  EXPECT_THAT(summary.left_over, SizeIs(1));
  EXPECT_THAT(summary.left_over, Contains(HasSubstr("sleep")));
  ASSERT_THAT(All<ActionEnd>(), SizeIs(1));
  EXPECT_THAT(All<ActionEnd>()[0].left_over, SizeIs(1));
  EXPECT_EQ(All<ActionEnd>()[0].status, 0);
}

TEST_F(CollectorTest, WhereTheKernelCountsZombiesOrphansAreReaped) {
  host_.receive_ends = false;
  StartAgain();
  EXPECT_EQ(Wait(Launch(absl::StrCat("(sh -c 'sleep 0.3; echo > ", Path("ended"),
                                     "; exit 0' &) ; (setsid sleep 1000 >/dev/null 2>&1 &)"))),
            0);
  for (int i = 0; i < 500 && !FileExists(Path("ended")); ++i) usleep(10000);
  int zombies = 1;
  for (int i = 0; i < 500 && zombies > 0; ++i) {
    usleep(10000);
    siginfo_t info = {};
    zombies = waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0 ? 1 : 0;
  }
  EXPECT_EQ(zombies, 0);
  EXPECT_EQ(Stop(100).complete, 1u);
}

TEST_F(CollectorTest, AnotherChildOfTheEmbeddingProgramIsLeftAlone) {
  const char* argv[] = {"/bin/sleep", "1000", nullptr};
  pid_t helper = -1;
  ASSERT_EQ(posix_spawn(&helper, argv[0], nullptr, nullptr, const_cast<char**>(argv), environ), 0);
  EXPECT_EQ(Wait(Launch("sleep 1000 >/dev/null 2>&1 & exit 0")), 0);
  Stop(100);
  EXPECT_EQ(kill(helper, 0), 0);
  kill(helper, SIGKILL);
  EXPECT_EQ(WTERMSIG(Wait(helper)), SIGKILL);
}

TEST_F(CollectorTest, APolicyThatStopsForAParentDoesNotHangALauncher) {
  stop_ = true;
  StartAgain();
  EXPECT_EQ(Wait(Launch("exit 0")), 0);
  EXPECT_EQ(Stop().complete, 1u);
}

TEST_F(CollectorTest, ItsThreadsTakeNoSignalAndItsSocketIsPrivate) {
  struct stat info;
  const std::string directory = collector_->socket_path().substr(0, collector_->socket_path().rfind('/'));
  ASSERT_EQ(stat(directory.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0700u);
  Wait(Launch("exit 0"));
  size_t threads = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    if (task.path().filename() == std::to_string(getpid())) continue;
    const auto status = ReadFile(task.path().string() + "/status");
    ASSERT_OK(status);
    ++threads;
    const size_t at = status->find("SigBlk:\t");
    ASSERT_NE(at, std::string::npos);
    const uint64_t blocked = std::stoull(status->substr(at + 8, 16), nullptr, 16);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGQUIT}) {
      EXPECT_NE(blocked >> (signal - 1) & 1u, 0u) << signal;
    }
  }
  EXPECT_GE(threads, 2u);
  Stop();
  EXPECT_NE(stat(directory.c_str(), &info), 0);
}

TEST_F(CollectorTest, WhatIsStartedLaterKeepsTheDescriptorLimitItHad) {
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  Wait(Launch("exit 0"));
  Stop();
  rlimit after;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(before.rlim_cur, after.rlim_cur);
}

TEST_F(CollectorTest, AHoleThatTheCallerKnowsOfIsInTheLog) {
  collector_->AddHole({0, 1, 0, "unwrapped-edge", "a.o"});
  EXPECT_EQ(Stop().holes, 1u);
  ASSERT_THAT(All<Hole>(), SizeIs(1));
  EXPECT_EQ(All<Hole>()[0].detail, "a.o");
}

}  // namespace
}  // namespace glovebox::trace
