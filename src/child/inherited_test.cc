#include "child/inherited.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::child {
namespace {

// In a process of its own: which of 20 to 29 and 1000 an exec would keep.
std::vector<int> KeptBy(const AskedFor& asked) {
  int pipe_ends[2];
  EXPECT_EQ(pipe(pipe_ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    for (int fd = 20; fd < 30; ++fd) dup2(0, fd);
    dup2(0, 1000);
    CloseUnasked(asked);
    for (int fd = 0; fd <= 1000; ++fd) {
      const int flags = fcntl(fd, F_GETFD);
      if (flags == 0 && (fd < 3 || fd >= 20)) (void)!write(pipe_ends[1], &fd, sizeof fd);
    }
    _exit(0);
  }
  close(pipe_ends[1]);
  std::vector<int> kept;
  for (int fd = 0; read(pipe_ends[0], &fd, sizeof fd) == static_cast<ssize_t>(sizeof fd);) kept.push_back(fd);
  close(pipe_ends[0]);
  EXPECT_EQ(waitpid(child, nullptr, 0), child);
  return kept;
}

TEST(CloseUnasked, LeavesTheStandardStreamsAlone) { EXPECT_THAT(KeptBy({}), testing::ElementsAre(0, 1, 2)); }

TEST(CloseUnasked, KeepsWhatIsNamed) {
  const int numbers[] = {1000, 25, 20, 25, 2};
  EXPECT_THAT(KeptBy({.numbers = numbers, .count = 5}), testing::ElementsAre(0, 1, 2, 20, 25, 1000));
}

TEST(CloseUnasked, KeepsTheJobserverOfMake) {
  const struct {
    const char* flags;
    std::vector<int> kept;
  } rows[] = {
      {"rR -j8 --jobserver-auth=21,22 -- X=1", {21, 22}},
      {"--jobserver-fds=23,24 -j", {23, 24}},
      {"-j2 --jobserver-auth=fifo:/tmp/20,21", {}},
      {"--jobserver-auth=-2,-2", {}},
      {"--jobserver-auth=21", {}},
      {"--jobserver-auth=,22", {}},
      {"--jobserver-auth=99999999999999999999,22", {}},
      {"", {}},
  };
  for (const auto& row : rows) {
    std::vector<int> expected = {0, 1, 2};
    expected.insert(expected.end(), row.kept.begin(), row.kept.end());
    EXPECT_EQ(KeptBy({.makeflags = row.flags}), expected) << row.flags;
  }
}

TEST(CloseUnasked, KeepsWhatAWordOfTheCommandNames) {
  char program[] = "diff", first[] = "/dev/fd/28", second[] = "--to-file=/proc/self/fd/29",
       no[] = "/dev/fd/x", other[] = "/dev/fdx/27";
  char* const command[] = {program, first, second, no, other, nullptr};
  EXPECT_THAT(KeptBy({.command = command}), testing::ElementsAre(0, 1, 2, 28, 29));
}

TEST(CloseUnasked, KeepsNoMoreThanItHasRoomFor) {
  std::vector<int> numbers;
  for (int i = 0; i < 70; ++i) numbers.push_back(100 + i);
  numbers.push_back(20);
  EXPECT_THAT(KeptBy({.numbers = numbers.data(), .count = numbers.size()}), testing::ElementsAre(0, 1, 2));
}

}  // namespace
}  // namespace glovebox::child
