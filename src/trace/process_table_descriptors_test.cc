// The process table where the process has few descriptors.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <vector>

#include "base/unique_fd.h"
#include "gtest/gtest.h"
#include "trace/process_table.h"
#include "trace/process_table_fixture.h"

namespace glovebox::trace {
namespace {

class FewDescriptorsTest : public ProcessTableFixture {};

// Leaves this process no more than `free` descriptors while it lives.
class FewDescriptors {
 public:
  explicit FewDescriptors(rlim_t free) {
    const UniqueFd lowest(open("/dev/null", O_RDONLY | O_CLOEXEC));
    getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit few = {static_cast<rlim_t>(lowest.get()) + free, before_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  }
  ~FewDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_ = {};
};

// A process and its many children, which all only wait.
class Family {
 public:
  explicit Family(size_t children) : pids_(children) {
    int out[2];
    EXPECT_EQ(pipe2(out, O_CLOEXEC), 0);
    parent_ = fork();
    if (parent_ == 0) {
      for (size_t i = 0; i < children; ++i) {
        const pid_t pid = Idle();
        (void)!write(out[1], &pid, sizeof(pid));
      }
      while (true) pause();
    }
    for (pid_t& pid : pids_) EXPECT_EQ(read(out[0], &pid, sizeof(pid)), static_cast<ssize_t>(sizeof(pid)));
    close(out[0]);
    close(out[1]);
  }
  ~Family() {
    End(parent_);
    for (const pid_t pid : pids_) End(pid);  // they have come to us
  }
  pid_t parent() const { return parent_; }
  const std::vector<pid_t>& children() const { return pids_; }

 private:
  pid_t parent_ = 0;
  std::vector<pid_t> pids_;
};

TEST_F(FewDescriptorsTest, WithFewDescriptorsEachProcessIsStillKnownAndSomeStayFree) {
  const Family family(150);
  for (const rlim_t free : {rlim_t{12}, rlim_t{20}, rlim_t{40}, rlim_t{80}}) {
    ProcessTable table(getpid(), 1);
    ASSERT_TRUE(table.RegisterAction(family.parent(), 2));
    const FewDescriptors few(free);
    for (int round = 0; round < 2; ++round) {
      for (const pid_t child : family.children()) {
        const Process& process = table.Find(child);
        ASSERT_EQ(process.action, 2u) << free << " free, round " << round;
        ASSERT_EQ(process.exe, OwnExe());
        ASSERT_FALSE(process.orphan || process.unknown);
        std::vector<UniqueFd> resolvers;
        for (int i = 0; i < 6; ++i) resolvers.emplace_back(open("/dev/null", O_RDONLY | O_CLOEXEC));
        ASSERT_TRUE(resolvers.back().valid()) << "who resolves the call needs some too, with " << free;
      }
    }
    EXPECT_EQ(table.LeftOver(2).size(), family.children().size() + 1);
  }
}

TEST_F(FewDescriptorsTest, WhereDescriptorsRunOutWhatIsKnownStaysRightOrSaysThatItIsNot) {
  const Family family(20);
  for (rlim_t free = 0; free < 8; ++free) {
    ProcessTable table(getpid(), 1);
    ASSERT_TRUE(table.RegisterAction(family.parent(), 2));
    for (size_t i = 0; i < 10; ++i) table.Find(family.children()[i]);
    const FewDescriptors few(free);
    for (const pid_t child : family.children()) {
      const Process& process = table.Find(child);
      EXPECT_TRUE(process.action == 2 || process.orphan || process.unknown) << free << " free";
    }
  }
}

TEST_F(FewDescriptorsTest, WithoutADescriptorAProcessIsUnknownAndSaysSo) {
  const Family family(1);
  ProcessTable table(getpid(), 1);
  const FewDescriptors none(0);
  EXPECT_FALSE(table.RegisterAction(family.parent(), 2));
  const Process& process = table.Find(family.children()[0]);
  EXPECT_EQ(process.action, 1u);
  EXPECT_TRUE(process.unknown);
}

}  // namespace
}  // namespace glovebox::trace
