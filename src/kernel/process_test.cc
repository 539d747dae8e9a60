#include "kernel/process.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/status_matchers.h"
#include "gtest/gtest.h"
#include "kernel/fake_memory.h"

namespace glovebox::kernel {
namespace {

// Two pages, of which the second cannot be read.
class HalfReadable {
 public:
  HalfReadable()
      : page_(static_cast<size_t>(sysconf(_SC_PAGESIZE))),
        base_(static_cast<char*>(
            mmap(nullptr, 2 * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
    mprotect(base_ + page_, page_, PROT_NONE);
  }
  ~HalfReadable() { munmap(base_, 2 * page_); }
  // Where `text` (without a NUL of its own) ends at the page's end.
  uint64_t EndsWith(const std::string& text) const {
    memcpy(base_ + page_ - text.size(), text.data(), text.size());
    return reinterpret_cast<uint64_t>(base_ + page_ - text.size());
  }

 private:
  size_t page_;
  char* base_;
};

TEST(RealMemory, ReadsUpToTheFirstPageThatIsNotThere) {
  const HalfReadable memory;
  char buffer[100] = {};
  EXPECT_EQ(RealMemory().Read(getpid(), memory.EndsWith("abcdef"), buffer, sizeof(buffer)), 6);
  EXPECT_STREQ(buffer, "abcdef");
}

TEST(RealMemory, BadAddressesAndDeadTasksAreErrorsNotBytes) {
  char byte;
  for (uint64_t address :
       {uint64_t{0}, uint64_t{1}, ~uint64_t{0}, uint64_t{1} << 63, uint64_t{0x7fffffffffff}}) {
    EXPECT_EQ(RealMemory().Read(getpid(), address, &byte, 1), -EFAULT) << address;
  }
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);
  EXPECT_EQ(RealMemory().Read(child, reinterpret_cast<uint64_t>(&byte), &byte, 1), -ESRCH);
}

TEST(RealMemory, ReadsManyPagesAtOnce) {
  std::string big(300000, 'x');
  big.back() = 'y';
  std::string copy(big.size(), '\0');
  EXPECT_EQ(RealMemory().Read(getpid(), reinterpret_cast<uint64_t>(big.data()), copy.data(), copy.size()),
            static_cast<ssize_t>(big.size()));
  EXPECT_EQ(copy, big);
}

// A child that has `text` at the address of a buffer of ours, and waits.
class Remembers {
 public:
  explicit Remembers(const char* text) {
    pid_ = fork();
    if (pid_ == 0) {
      snprintf(buffer, sizeof(buffer), "%s", text);
      raise(SIGSTOP);
      _exit(0);
    }
    waitpid(pid_, nullptr, WUNTRACED);
  }
  ~Remembers() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  pid_t pid() const { return pid_; }
  static inline char buffer[16] = "ours";
  static uint64_t address() { return reinterpret_cast<uint64_t>(buffer); }

 private:
  pid_t pid_;
};

TEST(HeldMemory, ReadsTheProcessItWasOpenedForUntilItIsDropped) {
  const Remembers first("first");
  const Remembers second("second");
  HeldMemory memory;
  char text[sizeof(Remembers::buffer)] = {};
  EXPECT_EQ(memory.Read(Remembers::address(), text, sizeof(text)), 0) << "not open";
  memory.Open(first.pid());
  EXPECT_EQ(memory.Read(Remembers::address(), text, sizeof(text)), static_cast<ssize_t>(sizeof(text)));
  EXPECT_STREQ(text, "first");
  memory.Drop();
  EXPECT_FALSE(memory.is_open());
  memory.Open(second.pid());
  EXPECT_GT(memory.Read(Remembers::address(), text, sizeof(text)), 0);
  EXPECT_STREQ(text, "second");
}

TEST(HeldMemory, GivesNothingAndClosesWhenTheAddressSpaceIsGone) {
  HeldMemory memory;
  char text[sizeof(Remembers::buffer)] = {};
  {
    const Remembers gone("gone");
    memory.Open(gone.pid());
    EXPECT_GT(memory.Read(Remembers::address(), text, sizeof(text)), 0);
  }
  EXPECT_EQ(memory.Read(Remembers::address(), text, sizeof(text)), 0);
  EXPECT_FALSE(memory.is_open());
}

TEST(HeldMemoryReader, LeavesToTheOtherWhatItCannotRead) {
  const HalfReadable half;
  HeldMemory memory;
  memory.Open(getpid());
  const HeldMemoryReader reader(&memory, RealMemory());
  char byte;
  for (uint64_t address : {uint64_t{0}, ~uint64_t{0}, uint64_t{1} << 63}) {
    EXPECT_EQ(reader.Read(getpid(), address, &byte, 1), -EFAULT) << address;
  }
  EXPECT_EQ(HeldMemoryReader(nullptr, RealMemory()).Read(getpid(), half.EndsWith("x"), &byte, 1), 1);
  const Remembers child("child");
  std::string out;
  int error = 0;
  EXPECT_TRUE(
      HeldMemoryReader(&memory, RealMemory()).ReadString(getpid(), Remembers::address(), 4096, &out, &error));
  EXPECT_EQ(out, "ours");
}

TEST(ReadString, TakesTheStringAndWhatThereIsOfOneWithoutAnEnd) {
  const HalfReadable memory;
  std::string out;
  int error = 0;
  EXPECT_TRUE(
      RealMemory().ReadString(getpid(), memory.EndsWith(std::string("path\0", 5)), 4096, &out, &error));
  EXPECT_EQ(out, "path");
  EXPECT_FALSE(RealMemory().ReadString(getpid(), memory.EndsWith("torn"), 4096, &out, &error));
  EXPECT_EQ(error, EFAULT);
  EXPECT_EQ(out, "torn");
}

TEST(ReadString, TheLimitCountsTheNul) {
  FakeMemory memory;
  const uint64_t fits = memory.PutString(std::string(4095, 'a'));
  const uint64_t long_one = memory.PutString(std::string(4096, 'a'));
  std::string out;
  int error = 0;
  EXPECT_TRUE(memory.ReadString(1, fits, 4096, &out, &error));
  EXPECT_EQ(out.size(), 4095u);
  EXPECT_FALSE(memory.ReadString(1, long_one, 4096, &out, &error));
  EXPECT_EQ(error, ENAMETOOLONG);
  EXPECT_EQ(out.size(), 4096u);
}

TEST(Pidfd, TellsTheEndOfAProcessAlsoOfAZombie) {
  const pid_t child = fork();
  if (child == 0) {
    while (true) pause();
  }
  ASSERT_OK_AND_ASSIGN(const UniqueFd pidfd, OpenPidfd(child));
  EXPECT_FALSE(HasEnded(pidfd.get()));
  kill(child, SIGKILL);
  siginfo_t info;
  waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
  EXPECT_TRUE(HasEnded(pidfd.get()));
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(HasEnded(pidfd.get()));
}

TEST(Pidfd, FetchesADescriptorAndNamesAMissingOne) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_OK_AND_ASSIGN(const UniqueFd self, OpenPidfd(getpid()));
  ASSERT_OK_AND_ASSIGN(const UniqueFd copy, FetchFd(self.get(), ends[1]));
  EXPECT_EQ(write(copy.get(), "x", 1), 1);
  char byte = 0;
  EXPECT_EQ(read(ends[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'x');
  close(ends[0]);
  close(ends[1]);
  EXPECT_THAT(FetchFd(self.get(), 987654),
              StatusIs(testing::_, testing::HasSubstr("pidfd_getfd(987654): EBADF")));
  EXPECT_THAT(OpenPidfd(-5), StatusIs(testing::_, testing::HasSubstr("pidfd_open(-5): EINVAL")));
}

}  // namespace
}  // namespace glovebox::kernel
