// Rows that are about the process and its parent: who dies with whom, who may look at whom, who waits for
// whom, and what an export leaves out.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "child/test_support.h"
#include "gtest/gtest.h"

namespace glovebox::child {
namespace {

TEST(Row2, TheProgramHasTheSignalOfThePlan) {
  Session session;
  session.plan().parent_death_signal = SIGTERM;
  EXPECT_EQ(session.Run().Value("pdeathsig"), "15");
  Session without;
  EXPECT_EQ(without.Run().Value("pdeathsig"), "0");
}

// Runs a program whose parent ends as soon as the program is there. It waits until it has another parent, and
// then says so. `status` is how the program ended.
std::string OutliveParent(int death_signal, int& status) {
  Session session;
  session.plan().parent_death_signal = death_signal;
  session.command = {
      "/bin/sh", "-c",
      "echo up > /proc/$$/fd/50; while read -r _ _ _ parent _ < /proc/$$/stat && [ $parent = $PPID ]; do "
      ":; done; echo outlived"};
  session.in_child = [](ChildContext& context) {
    int started[2];
    if (pipe(started) != 0) _exit(250);
    context.expected_parent = getpid();
    if (fork() == 0) {
      dup2(started[1], 50);  // which no row closes
      close(started[0]);
      close(started[1]);
      return;
    }
    close(started[1]);
    char byte;
    (void)!read(started[0], &byte, 1);  // the program is there, and knows its parent
    _exit(0);
  };
  // The orphan comes to us.
  EXPECT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
  const Outcome outcome = session.Run();
  EXPECT_GT(waitpid(-1, &status, 0), 0);
  prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
  EXPECT_EQ(outcome.error, "");
  return outcome.out;
}

TEST(Row2, TheProgramDiesWithItsParent) {
  for (const int number : {SIGTERM, SIGKILL}) {
    int status = 0;
    EXPECT_EQ(OutliveParent(number, status), "");
    ASSERT_TRUE(WIFSIGNALED(status)) << status;
    EXPECT_EQ(WTERMSIG(status), number);
  }
  int status = -1;
  EXPECT_EQ(OutliveParent(0, status), "outlived\n");
  EXPECT_EQ(status, 0);
}

TEST(Rows12And23, ExportSetsUpAndRunsNothing) {
  Session session;
  session.in_child = [](ChildContext& context) { context.export_mode = true; };
  const Outcome outcome = session.Run();
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out, "");
  session.plan().parent_death_signal = SIGKILL;
  session.in_child = [](ChildContext& context) {
    context.export_mode = true;
    context.expected_parent = 1 << 30;
  };
  const Outcome failed = session.Run();
  EXPECT_EQ(failed.error, "glovebox: cannot set the parent-death signal: No such process\n");
  ASSERT_TRUE(WIFEXITED(failed.status));
  EXPECT_EQ(WEXITSTATUS(failed.status), ESRCH);
}

// As root the child becomes an ordinary user first: the files of a process that is not dumpable are root's,
// and root itself may look at everything (proc(5)).
TEST(Row18, TheProcessBecomesDumpable) {
  constexpr uid_t kOther = 65534;
  const uid_t user = geteuid() == 0 ? kOther : geteuid();
  Session session;
  session.in_child = [](ChildContext& context) {
    if (geteuid() == 0 && setresuid(kOther, kOther, kOther) != 0) _exit(250);
    prctl(PR_SET_DUMPABLE, 0);
    // Row 18 comes after the hook.
    context.pre_exec = [](void*) { return prctl(PR_GET_DUMPABLE) == 0 ? 0 : EBADMSG; };
    context.export_mode = true;  // the program may lie where that user cannot go
  };
  session.plan().flags |= kStop;
  session.in_parent = [&](const ParentSide& side) {
    int status = 0;
    ASSERT_EQ(waitpid(side.child, &status, WUNTRACED), side.child);
    ASSERT_TRUE(WIFSTOPPED(status));
    const std::string path = "/proc/" + std::to_string(side.child) + "/environ";
    struct stat file {};
    EXPECT_EQ(stat(path.c_str(), &file), 0);
    EXPECT_EQ(file.st_uid, user) << "root's: not dumpable";
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    EXPECT_GE(fd, 0);
    close(fd);
    kill(side.child, SIGCONT);
  };
  const Outcome outcome = session.Run();
  EXPECT_EQ(outcome.status, 0) << outcome.error;
}

TEST(Row19, TheProcessStopsUntilTheParentContinuesIt) {
  Session session;
  session.plan().flags |= kStop;
  bool stopped = false;
  session.in_parent = [&](const ParentSide& side) {
    int status = 0;
    stopped = waitpid(side.child, &status, WUNTRACED) == side.child && WIFSTOPPED(status) &&
              WSTOPSIG(status) == SIGSTOP;
    kill(side.child, SIGCONT);
  };
  EXPECT_EQ(session.Run().status, 0);
  EXPECT_TRUE(stopped);
}

}  // namespace
}  // namespace glovebox::child
