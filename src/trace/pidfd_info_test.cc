#include "trace/pidfd_info.h"

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kernel/process.h"

namespace glovebox::trace {
namespace {

constexpr int kSoon = 10000;  // ms, as a net against hanging

// A child that does `what` and is not reaped before Reap().
class Child {
 public:
  template <typename F>
  explicit Child(F what) : pid_(fork()) {
    if (pid_ == 0) {
      what();
      _exit(0);
    }
    auto pidfd = kernel::OpenPidfd(pid_);
    EXPECT_OK(pidfd);
    pidfd_ = *std::move(pidfd);
  }
  ~Child() {
    kill(pid_, SIGKILL);
    Reap();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void AwaitEnd() const {
    siginfo_t info;
    waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT);
  }
  void Reap() {
    if (!reaped_) waitpid(pid_, nullptr, 0);
    reaped_ = true;
  }
  pid_t pid() const { return pid_; }
  int pidfd() const { return pidfd_.get(); }

 private:
  pid_t pid_;
  UniqueFd pidfd_;
  bool reaped_ = false;
};

bool TellsAfterReaping() {
  Child child([] {});
  child.AwaitEnd();
  child.Reap();
  kernel::PidfdInfo info;
  return AskPidfd(child.pidfd(), kernel::kPidfdInfoExit, &info) == 0;
}

TEST(EndOf, IsToldOfAZombieAndOfOneThatWasReaped) {
  Child child([] { _exit(7); });
  child.AwaitEnd();
  int status = 0;
  ASSERT_TRUE(EndOf(child.pid(), child.pidfd(), &status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
  child.Reap();
  status = 0;
  const bool told = TellsAfterReaping();
  EXPECT_EQ(EndOf(child.pid(), child.pidfd(), &status), told);
  EXPECT_EQ(WEXITSTATUS(status), told ? 7 : 0);
}

TEST(EndOf, OfASignalAsWellAndOfOneThatLivesNothing) {
  Child child([] { pause(); });
  int status = 0;
  EXPECT_FALSE(EndOf(child.pid(), child.pidfd(), &status));
  EXPECT_FALSE(WaitForEndOf(child.pid(), child.pidfd(), 20, &status));
  kill(child.pid(), SIGTERM);
  ASSERT_TRUE(WaitForEndOf(child.pid(), child.pidfd(), kSoon, &status));
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGTERM);
  EXPECT_FALSE(EndOf(child.pid(), -1, &status));
}

void* Pause(void* /*unused*/) {
  pause();
  return nullptr;
}

TEST(EndOf, ALeaderThatLeavesItsThreadsHasNotEnded) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  Child child([&ready] {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, Pause, nullptr) != 0) _exit(1);
    (void)!write(ready[1], "x", 1);
    syscall(SYS_exit, 0);  // pthread_exit() unwinds, into the test's own frames
  });
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  int status = 0;
  EXPECT_FALSE(WaitForEndOf(child.pid(), child.pidfd(), 50, &status));
  close(ready[0]);
  close(ready[1]);
}

// To another user /proc tells an exit status of 0, whatever it is.
TEST(EndOf, OfAnothersZombieNothing) {
  if (getuid() != 0) GTEST_SKIP() << "root alone has a child of another user";
  Child child([] { _exit(7); });
  child.AwaitEnd();
  Child other([&child] {
    int status = 0;
    if (setresuid(65534, 65534, 65534) != 0) _exit(2);
    _exit(EndOf(child.pid(), child.pidfd(), &status) ? 1 : 0);
  });
  other.AwaitEnd();
  int status = 0;
  ASSERT_TRUE(EndOf(other.pid(), other.pidfd(), &status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace glovebox::trace
