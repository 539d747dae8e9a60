#include "trace/proc_task.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "gtest/gtest.h"

namespace glovebox::trace {
namespace {

constexpr size_t kBytes = 64u << 20;

void TakeMemory() {
  void* const memory =
      mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) _exit(9);
}

void* StayWithMemory(void* ready) {
  TakeMemory();
  // Only when the first thread has gone is there something to see.
  ProcStat self;
  while (ReadProcStat(getpid(), &self) && self.state != 'Z') usleep(1000);
  (void)!write(*static_cast<int*>(ready), "", 1);
  for (;;) pause();
}

class ProcTaskTest : public testing::Test {
 protected:
  ~ProcTaskTest() override {
    if (child_ <= 0) return;
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  // Runs `body` in a child, which ends by itself after a while, until it has written to its argument.
  void Start(const std::function<void(int ready)>& body) {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    child_ = fork();
    ASSERT_GE(child_, 0);
    if (child_ == 0) {
      alarm(60);
      body(ends[1]);
      for (;;) pause();
    }
    close(ends[1]);
    char byte;
    EXPECT_EQ(read(ends[0], &byte, 1), 1);
    close(ends[0]);
  }
  pid_t child_ = 0;
};

TEST_F(ProcTaskTest, AProcessWhoseFirstThreadHasEndedLivesInTheOthers) {
  Start([](int ready) {
    static int descriptor;  // the first thread's stack is not the other's to read
    descriptor = ready;
    pthread_t other;
    if (pthread_create(&other, nullptr, StayWithMemory, &descriptor) != 0) _exit(9);
    syscall(SYS_exit, 0);  // of this thread alone; pthread_exit() would throw through the test
  });
  ProcStat stat;
  ASSERT_TRUE(ReadProcStat(child_, &stat));
  EXPECT_EQ(stat.state, 'Z');
  EXPECT_FALSE(IsGone(stat));
  EXPECT_GE(stat.resident_bytes, kBytes);
  EXPECT_EQ(ReadExe(child_), ReadExe(getpid()));
}

TEST_F(ProcTaskTest, OneThatIsBeingTakenDownAndAZombieAreGone) {
  Start([](int ready) {
    TakeMemory();
    (void)!write(ready, "", 1);
  });
  ProcStat stat;
  ASSERT_TRUE(ReadProcStat(child_, &stat));
  EXPECT_FALSE(IsGone(stat));
  kill(child_, SIGKILL);
  int looks = 0;
  do {
    usleep(1000);
    ASSERT_TRUE(ReadProcStat(child_, &stat)) << "a zombie stays until it is waited for";
  } while (!IsGone(stat) && ++looks < 60'000);
  EXPECT_TRUE(IsGone(stat)) << stat.state;
  siginfo_t info = {};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child_), &info, WEXITED | WNOWAIT), 0);
  ASSERT_TRUE(ReadProcStat(child_, &stat));
  EXPECT_TRUE(IsGone(stat));
}

}  // namespace
}  // namespace glovebox::trace
