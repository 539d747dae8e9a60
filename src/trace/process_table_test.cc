#include "trace/process_table.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/unique_fd.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "trace/process_table_fixture.h"

namespace glovebox::trace {
namespace {

using access::ActionEnd;
using testing::ElementsAre;
using testing::IsEmpty;

class ProcessTableTest : public ProcessTableFixture {};

// Action 1, and below its first process a launcher that has announced action 2.
class InnerActionTest : public ProcessTableTest {
 protected:
  void SetUp() override { table_.RegisterAction(launcher_.pid(), 2); }
  Puppet root_;
  Puppet launcher_{&root_};
  ProcessTable table_{root_.pid(), 1};
};

TEST_F(ProcessTableTest, AChildHasItsParentsAction) {
  Puppet root;
  Puppet child(&root);
  Puppet grandchild(&child);
  ProcessTable table(root.pid(), 7);
  const Process first = table.Find(grandchild.pid());
  EXPECT_EQ(first.tgid, grandchild.pid());
  EXPECT_EQ(first.exe, OwnExe());
  EXPECT_EQ(first.action, 7u);
  EXPECT_TRUE(first.fresh);
  EXPECT_FALSE(first.orphan);
  EXPECT_FALSE(table.Find(grandchild.pid()).fresh);
  EXPECT_TRUE(table.Find(root.pid()).fresh);
}

TEST_F(ProcessTableTest, AProcessIsMadeByTheNearestAncestorThatWasSeen) {
  Puppet root;
  Puppet child(&root);
  Puppet grandchild(&child);
  ProcessTable table(root.pid(), 7);
  EXPECT_EQ(table.Find(root.pid()).parent, 0) << "not by us, who are outside";
  EXPECT_EQ(table.Find(grandchild.pid()).parent, root.pid()) << "its parent was not";
  EXPECT_EQ(table.Find(child.pid()).parent, root.pid());
  Puppet second(&child);
  const Process seen = table.Find(second.pid());
  EXPECT_EQ(seen.parent, child.pid());
  EXPECT_EQ(seen.parent_exe, OwnExe());
}

TEST_F(InnerActionTest, AnInnerActionCoversWhatIsBelowItAndNothingElse) {
  Puppet sibling(&root_);
  Puppet unseen(&launcher_);
  Puppet compiler(&unseen);
  EXPECT_EQ(table_.Find(launcher_.pid()).action, 2u);
  EXPECT_EQ(table_.Find(compiler.pid()).action, 2u) << "through a parent that was never notified";
  EXPECT_EQ(table_.Find(sibling.pid()).action, 1u);
  EXPECT_EQ(table_.Find(root_.pid()).action, 1u);
}

TEST_F(InnerActionTest, AnOrphanIsTheOuterActionsAndSaysSo) {
  Puppet middle(&launcher_);
  Puppet daemon(&middle);
  daemon.Order('s');
  middle.Exit(0, false);
  launcher_.Exit(0, false);
  // Both parents have gone unseen; root or this process inherits.
  const Process seen = table_.Find(daemon.pid());
  EXPECT_EQ(seen.action, 1u);
  EXPECT_TRUE(seen.orphan);
}

TEST_F(InnerActionTest, AnOrphanInAKnownSessionBelongsToItsLeader) {
  launcher_.Order('s');
  Puppet middle(&launcher_);
  Puppet daemon(&middle);
  middle.Exit(0, false);
  launcher_.Exit(0, false);
  const Process seen = table_.Find(daemon.pid());
  EXPECT_EQ(seen.action, 2u);
  EXPECT_TRUE(seen.orphan) << "a good guess is a guess";
}

TEST_F(InnerActionTest, AnOrphanBelowALaunchersSubreaperIsTheInnerActions) {
  launcher_.Order('r');
  Puppet middle(&launcher_);
  Puppet daemon(&middle);
  daemon.Order('s');
  middle.Exit(0, false);
  const Process seen = table_.Find(daemon.pid());
  EXPECT_EQ(seen.action, 2u);
  EXPECT_FALSE(seen.orphan);
}

TEST_F(ProcessTableTest, AnOrphanBelowALauncherThatStayedBehindIsTheInnerActions) {
  Puppet root;
  Puppet keeper(&root);
  keeper.Order('r');
  ProcessTable table(root.pid(), 1);
  EXPECT_EQ(table.Find(keeper.pid()).action, 1u);
  Puppet test(&keeper);
  table.RegisterAction(test.pid(), 2, /*parent_stays=*/true);
  Puppet middle(&test);
  Puppet daemon(&middle);
  daemon.Order('s');
  middle.Exit(0, false);
  const Process seen = table.Find(daemon.pid());
  EXPECT_EQ(seen.action, 2u);
  EXPECT_FALSE(seen.orphan) << "nothing else is below that launcher";
  EXPECT_EQ(table.Find(keeper.pid()).action, 1u);

  Puppet inside(&test);
  table.RegisterAction(inside.pid(), 3);
  Puppet other_middle(&inside);
  Puppet other(&other_middle);
  other_middle.Exit(0, false);
  inside.Exit(0, false);
  const Process unclear = table.Find(other.pid());
  EXPECT_EQ(unclear.action, 2u);
  EXPECT_TRUE(unclear.orphan) << "it may be the action's inside the test";
}

TEST_F(InnerActionTest, AProcessSeenBeforeKeepsItsActionWhenItsParentsDie) {
  Puppet daemon(&launcher_);
  table_.Find(daemon.pid());
  launcher_.Exit(0, false);
  EXPECT_EQ(table_.Find(daemon.pid()).action, 2u);
  EXPECT_FALSE(table_.Find(daemon.pid()).orphan);
  const std::string name = absl::StrCat(daemon.pid(), " ", OwnExe());
  EXPECT_THAT(table_.LeftOver(2), ElementsAre(name));
}

TEST_F(ProcessTableTest, AnEndedActionTellsHowItEndedAndWhatItLeft) {
  Puppet root;
  auto launcher = std::make_unique<Puppet>();  // a child of ours: we are the one who reaps it
  ProcessTable table(root.pid(), 1);
  EXPECT_THAT(table.EndedActions(), IsEmpty());
  table.RegisterAction(launcher->pid(), 2);
  Puppet left(launcher.get());
  table.Find(left.pid());
  EXPECT_THAT(table.EndedActions(), IsEmpty());
  const pid_t pid = launcher->pid();
  launcher->Exit(42);
  std::vector<EndedAction> ended = table.EndedActions();
  if (ended.empty()) ended = table.EndedActions();  // a host without PIDFD_INFO_EXIT
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].action, 2u);
  EXPECT_EQ(ended[0].root, pid);
  EXPECT_THAT(ended[0].left_over, ElementsAre(absl::StrCat(left.pid(), " ", OwnExe())));
  if (ended[0].kind != ActionEnd::Kind::kUnknown) {
    EXPECT_EQ(ended[0].kind, ActionEnd::Kind::kExited);
    EXPECT_EQ(ended[0].status, 42);
  }
  EXPECT_THAT(table.EndedActions(true), IsEmpty()) << "each once";
}

TEST_F(ProcessTableTest, AZombieTellsItsSignal) {
  Puppet root;
  const pid_t launcher = Idle();
  ProcessTable table(root.pid(), 1);
  table.RegisterAction(launcher, 2);
  kill(launcher, SIGTERM);
  siginfo_t info;
  waitid(P_PID, static_cast<id_t>(launcher), &info, WEXITED | WNOWAIT);
  const std::vector<EndedAction> ended = table.EndedActions();
  waitpid(launcher, nullptr, 0);
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].kind, ActionEnd::Kind::kSignaled);
  EXPECT_EQ(ended[0].status, SIGTERM);
}

TEST_F(InnerActionTest, WhatStillRunsAtTheEndIsReportedUnknown) {
  table_.RegisterAction(launcher_.pid(), 3);
  EXPECT_EQ(table_.Find(launcher_.pid()).action, 3u);
  const auto replaced = table_.EndedActions();
  ASSERT_EQ(replaced.size(), 1u);
  EXPECT_EQ(replaced[0].action, 2u);
  const auto rest = table_.EndedActions(true);
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].action, 3u);
  EXPECT_EQ(rest[0].kind, ActionEnd::Kind::kUnknown);
}

TEST_F(ProcessTableTest, AnExecIsSeenOnceItWasNotified) {
  int hold[2];
  ASSERT_EQ(pipe2(hold, O_CLOEXEC), 0);
  const pid_t pid = fork();
  if (pid == 0) {
    char byte;
    dup2(hold[0], 0);
    (void)!read(0, &byte, 1);
    execl("/bin/cat", "cat", static_cast<char*>(nullptr));
    _exit(127);
  }
  ProcessTable table(pid, 1);
  EXPECT_EQ(table.Find(pid).exe, OwnExe());
  const uint32_t own = table.Find(pid).exe_number;
  table.ExecNotified(pid);
  EXPECT_EQ(table.Find(pid).exe, OwnExe()) << "not yet, or failed";
  EXPECT_EQ(table.Find(pid).exe_number, own);
  table.ExecNotified(pid);
  ASSERT_EQ(write(hold[1], "x", 1), 1);
  std::string exe = OwnExe();
  char buffer[4096];
  while (exe == OwnExe()) {
    const ssize_t n = readlink(absl::StrCat("/proc/", pid, "/exe").c_str(), buffer, sizeof(buffer));
    ASSERT_GT(n, 0);
    exe.assign(buffer, static_cast<size_t>(n));
  }
  EXPECT_EQ(table.Find(pid).exe, exe);
  EXPECT_NE(table.Find(pid).exe_number, own);
  close(hold[0]);
  close(hold[1]);
  End(pid);
}

TEST_F(ProcessTableTest, AThreadIsItsProcess) {
  ProcessTable table(getpid(), 1);
  std::atomic<pid_t> tid{0};
  std::atomic<bool> done{false};
  std::thread other([&] {
    tid = static_cast<pid_t>(syscall(SYS_gettid));
    tid.notify_all();
    done.wait(false);
  });
  tid.wait(0);
  for (int i = 0; i < 2; ++i) {
    const Process& process = table.Find(tid);
    EXPECT_EQ(process.tgid, getpid());
    EXPECT_EQ(process.fresh, i == 0);
  }
  EXPECT_EQ(table.size(), 1u);
  done = true;
  done.notify_all();
  other.join();
}

// A process with a second thread; both wait.
class TwoThreads {
 public:
  TwoThreads() {
    int out[2];
    EXPECT_EQ(pipe2(out, O_CLOEXEC), 0);
    pid_ = fork();
    if (pid_ == 0) {
      std::thread([out] {
        const auto tid = static_cast<pid_t>(syscall(SYS_gettid));
        (void)!write(out[1], &tid, sizeof(tid));
        while (true) pause();
      }).detach();
      while (true) pause();
    }
    EXPECT_EQ(read(out[0], &thread_, sizeof(thread_)), static_cast<ssize_t>(sizeof(thread_)));
    close(out[0]);
    close(out[1]);
  }
  ~TwoThreads() { End(pid_); }
  pid_t pid() const { return pid_; }
  pid_t thread() const { return thread_; }

 private:
  pid_t pid_ = 0;
  pid_t thread_ = 0;
};

TEST_F(ProcessTableTest, MemoryIsKeptWhileOneProgramRuns) {
  const pid_t pid = Idle();
  ProcessTable table(pid, 1);
  EXPECT_NE(table.Find(pid).memory, nullptr);
  table.ExecNotified(pid);
  EXPECT_NE(table.Find(pid).memory, nullptr) << "the leader calls: it is through, or has failed";
  EXPECT_TRUE(table.Find(pid).memory->is_open());
  End(pid);
}

TEST_F(ProcessTableTest, MemoryIsNotKeptWhileAnyThreadMayBeExecuting) {
  const TwoThreads threads;
  ProcessTable table(threads.pid(), 1);
  EXPECT_EQ(table.Find(threads.pid()).memory, nullptr) << "one may have been about to when it was first seen";
  EXPECT_EQ(table.Find(threads.thread()).memory, nullptr);
  table.ExecNotified(threads.thread());
  EXPECT_EQ(table.Find(threads.pid()).memory, nullptr);
}

TEST_F(ProcessTableTest, WhoWasAskedForAMomentAgoIsAssumedWhileHisMemoryCanBeRead) {
  constexpr uint64_t kNow = 1'000'000'000;
  static const char kText[] = "a";
  const pid_t pid = Idle();
  ProcessTable table(pid, 7);
  EXPECT_EQ(table.Assume(pid, kNow), nullptr) << "never asked for";
  table.Find(pid);
  EXPECT_EQ(table.Assume(pid, kNow), nullptr) << "asked for at an unknown time";
  if (table.Find(pid, kNow).memory == nullptr) GTEST_SKIP() << "has a thread";
  const Process* assumed = table.Assume(pid, kNow + ProcessTable::kAssumeNs - 1);
  ASSERT_NE(assumed, nullptr);
  EXPECT_EQ(assumed->action, 7u);
  EXPECT_FALSE(assumed->fresh);
  EXPECT_EQ(table.Assume(pid, kNow + ProcessTable::kAssumeNs), nullptr);
  EXPECT_EQ(table.Assume(getpid(), kNow), nullptr) << "another number";

  char byte = 0;
  EXPECT_EQ(assumed->memory->Read(reinterpret_cast<uint64_t>(kText), &byte, 1), 1);
  table.ExecNotified(pid);
  EXPECT_EQ(table.Assume(pid, kNow), nullptr) << "about to be another program";
  table.Find(pid, kNow);
  End(pid);
  assumed = table.Assume(pid, kNow);
  ASSERT_NE(assumed, nullptr);
  EXPECT_EQ(assumed->memory->Read(reinterpret_cast<uint64_t>(kText), &byte, 1), 0) << "it is gone";
  EXPECT_EQ(table.Assume(pid, kNow), nullptr);
}

TEST_F(ProcessTableTest, ADeadTaskGetsAnAnswer) {
  Puppet root;
  ProcessTable table(root.pid(), 5);
  const pid_t pid = fork();
  if (pid == 0) _exit(0);
  waitpid(pid, nullptr, 0);
  const Process& process = table.Find(pid);
  EXPECT_EQ(process.tgid, pid);
  EXPECT_EQ(process.exe, "");
  EXPECT_EQ(process.action, 5u);
}

// Picks the next process number by clone3(set_tid): only a process that may do so (CAP_CHECKPOINT_RESTORE).
pid_t ForkAs(pid_t number) {
  struct {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size,
        cgroup;
  } args = {};
  pid_t wanted[1] = {number};
  args.exit_signal = SIGCHLD;
  args.set_tid = reinterpret_cast<uint64_t>(wanted);
  args.set_tid_size = 1;
  return static_cast<pid_t>(syscall(SYS_clone3, &args, sizeof(args)));
}

TEST_F(ProcessTableTest, AReusedNumberIsANewProcess) {
  Puppet root;
  const pid_t first = Idle();
  ProcessTable table(root.pid(), 1);
  table.RegisterAction(first, 2);
  EXPECT_EQ(table.Find(first).action, 2u);
  End(first);
  const pid_t second = ForkAs(first);
  if (second == 0) {
    while (true) pause();
  }
  if (second < 0) GTEST_SKIP() << "may not choose process numbers here";
  ASSERT_EQ(second, first);
  const Process seen = table.Find(second);
  EXPECT_TRUE(seen.fresh);
  EXPECT_EQ(seen.action, 1u) << "not the dead one's";
  End(second);
}

TEST_F(ProcessTableTest, ThousandsOfForksNeedFewDescriptors) {
  ProcessTable table(getpid(), 1);
  size_t most = 0;
  for (int i = 0; i < 3000; ++i) {
    const pid_t pid = Idle();
    EXPECT_EQ(table.Find(pid).action, 1u);
    most = std::max(most, table.pidfds());
    End(pid);
  }
  EXPECT_LE(most, ProcessTable::kMaxPidfds);
}

TEST_F(InnerActionTest, ManyLivingProcessesAreParkedAndKnownAgain) {
  std::vector<std::unique_ptr<Puppet>> many;
  for (int i = 0; i < 150; ++i) {
    many.push_back(std::make_unique<Puppet>(&launcher_));
    EXPECT_EQ(table_.Find(many.back()->pid()).action, 2u);
  }
  EXPECT_LE(table_.pidfds(), ProcessTable::kMaxPidfds + 1);
  launcher_.Exit(0, false);
  for (const auto& one : many) {
    const Process& process = table_.Find(one->pid());
    EXPECT_EQ(process.action, 2u);
    EXPECT_FALSE(process.orphan) << "by number and start time";
  }
  EXPECT_EQ(table_.LeftOver(2).size(), many.size());
}

}  // namespace
}  // namespace glovebox::trace
