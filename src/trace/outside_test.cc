#include "trace/outside.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gtest/gtest.h"

namespace glovebox::trace {
namespace {

class OutsideTest : public testing::Test {
 protected:
  OutsideTest() { prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }
  ~OutsideTest() override {
    for (const pid_t pid : children_) {
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
    prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
  }
  pid_t Fork() {
    const pid_t pid = fork();
    if (pid == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      for (;;) pause();
    }
    children_.push_back(pid);
    usleep(30'000);  // start times count hundredths of a second
    return pid;
  }
  static TaskFacts Facts(pid_t pid) {
    TaskFacts facts;
    EXPECT_TRUE(ReadTaskFacts(pid, &facts)) << pid;
    return facts;
  }
  std::vector<pid_t> children_;
};

TEST_F(OutsideTest, FactsAreThoseOfTheProcess) {
  const TaskFacts facts = Facts(getpid());
  EXPECT_EQ(facts.tgid, getpid());
  EXPECT_EQ(facts.uid[1], geteuid());
  EXPECT_EQ(facts.gid[0], getgid());
  TaskFacts none;
  EXPECT_FALSE(ReadTaskFacts(1 << 22, &none));
}

TEST_F(OutsideTest, WhatIsOlderIsOutsideAndWhatIsYoungerNotForThatReason) {
  const pid_t older = Fork(), root = Fork(), younger = Fork();
  const Outside outside(root);
  EXPECT_TRUE(outside.Contains(Facts(older)));
  EXPECT_TRUE(outside.Contains(Facts(getpid())));
  EXPECT_TRUE(outside.Contains(Facts(getppid())));
  EXPECT_FALSE(outside.Contains(Facts(root)));
  EXPECT_FALSE(outside.Contains(Facts(younger))) << "it may be an orphan of the action";
}

TEST_F(OutsideTest, WhatIsBelowAnotherActionIsOutside) {
  const pid_t root = Fork(), other = Fork();
  const Outside outside(root, [other](pid_t pid) { return pid == other; });
  EXPECT_TRUE(outside.Contains(Facts(other)));
  EXPECT_FALSE(outside.Contains(Facts(root)));
}

TEST_F(OutsideTest, OfAFirstProcessThatHasGoneNothingIsSaid) {
  const Outside outside(1 << 22);
  EXPECT_FALSE(outside.Contains(Facts(getppid())));
}

}  // namespace
}  // namespace glovebox::trace
