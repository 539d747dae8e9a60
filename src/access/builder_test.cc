#include "access/builder.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"

namespace glovebox::access {
namespace {

// A /proc of our own: each process is the child of the one before it.
class BuilderTest : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::Create("builder-test");
    ASSERT_OK(dir);
    dir_ = std::make_unique<TempDir>(*std::move(dir));
    ASSERT_OK(MakeDirectories(proc() + "/sys/kernel/random"));
    ASSERT_OK(WriteFile(proc() + "/sys/kernel/random/boot_id", "boot\n"));
  }
  std::string proc() const { return dir_->path(); }
  void Process(pid_t pid, const std::string& name, pid_t parent, int start = 0) {
    Write(pid, absl::StrCat(pid, " (", name, ") S ", parent, " 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 ",
                            start != 0 ? start : pid * 10, " 1 2\n"));
  }
  void Write(pid_t pid, const std::string& stat) {
    ASSERT_OK(MakeDirectories(absl::StrCat(proc(), "/", pid)));
    ASSERT_OK(WriteFile(absl::StrCat(proc(), "/", pid, "/stat"), stat));
  }
  std::unique_ptr<TempDir> dir_;
};

TEST_F(BuilderTest, IsTheTopmostToolOfAnUnbrokenChain) {
  struct Case {
    std::vector<std::string> chain;  // from the top; the first has pid 1
    int topmost;                     // 0: nobody
  };
  const Case kCases[] = {
      {{"init", "bash", "ninja"}, 3},
      {{"init", "bash", "ninja", "sh"}, 3},
      {{"init", "bash", "cmake", "ninja", "sh"}, 3},
      {{"init", "bash", "make", "make", "sh", "make", "cmake"}, 3},
      {{"init", "make", "bash", "gmake", "dash"}, 2},
      {{"init", "ctest", "cmake", "make"}, 2},
      // A script's shell is no builder: what it calls one after the other are two.
      {{"init", "sh", "ninja"}, 3},
      {{"init", "build.sh", "ninja"}, 3},
      // Broken: the tool above may live for days.
      {{"init", "make", "python3", "ninja"}, 4},
      {{"init", "make", "python3"}, 0},
      {{"init", "bash", "sh"}, 0},
      {{"init", "bash", "makes"}, 0},
      {{"make"}, 1},
      {{"init", ") S 1 (ninja"}, 0},
      {{"init", "a) (b c", "ninja"}, 3},
  };
  for (const Case& one : kCases) {
    const int count = static_cast<int>(one.chain.size());
    for (int i = 0; i < count; ++i) Process(i + 1, one.chain[static_cast<size_t>(i)], i);
    EXPECT_EQ(BuilderAbove(count, proc()),
              one.topmost == 0 ? "" : absl::StrCat("boot ", one.topmost, " ", one.topmost * 10))
        << testing::PrintToString(one.chain);
  }
}

TEST_F(BuilderTest, AProcThatTellsNonsenseIsNobody) {
  for (const char* stat : {"", "7", "7 (ninja", "7 ninja) S 1", ")(", "7 (ninja) S", "7 (ninja) S x 1 1 0",
                           "7 (ninja) S 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0"}) {
    Write(7, stat);
    EXPECT_EQ(BuilderAbove(7, proc()), "") << stat;
  }
  EXPECT_EQ(BuilderAbove(0, proc()), "");
  EXPECT_EQ(BuilderAbove(-1, proc()), "");
  EXPECT_EQ(BuilderAbove(4711, proc()), "") << "gone";
  Process(8, "make", 9);
  Process(9, "make", 8);  // a loop
  EXPECT_NE(BuilderAbove(8, proc()), "");
}

TEST_F(BuilderTest, ANumberUsedAgainIsAnotherBuilder) {
  Process(7, "ninja", 1, 100);
  const Builder first = BuilderAbove(7, proc());
  EXPECT_TRUE(BuilderLives(first, proc()));
  Process(7, "ninja", 1, 101);
  EXPECT_NE(BuilderAbove(7, proc()), first);
  EXPECT_FALSE(BuilderLives(first, proc()));
  Process(7, "ninja", 1, 100);
  ASSERT_OK(WriteFile(proc() + "/sys/kernel/random/boot_id", "other\n"));
  EXPECT_NE(BuilderAbove(7, proc()), first) << "started again";
  EXPECT_FALSE(BuilderLives(first, proc()));
  for (const char* nonsense : {"", "x", "boot x 1", "boot 7", "boot -7 100", "other 7 100 "}) {
    EXPECT_FALSE(BuilderLives(nonsense, proc())) << nonsense;
  }
}

TEST(Builder, IsFoundInTheRealProc) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    const UniqueFd self = *OpenFile("/proc/self/comm", O_WRONLY);
    if (!WriteAll(self.get(), "ninja", "comm").ok()) _exit(1);
    if (write(ready[1], "x", 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  char byte;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  const Builder builder = BuilderAbove(child);
  EXPECT_NE(builder, "");
  EXPECT_TRUE(BuilderLives(builder));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_FALSE(BuilderLives(builder));
  close(ready[0]);
  close(ready[1]);
}

}  // namespace
}  // namespace glovebox::access
