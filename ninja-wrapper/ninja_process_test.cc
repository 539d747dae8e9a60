#include "ninja_process.h"

#include <elf.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"

namespace glovebox::ninja {
namespace {

std::vector<std::string> Environment() {
  std::vector<std::string> list;
  for (char** entry = environ; *entry != nullptr; ++entry) list.emplace_back(*entry);
  return list;
}

TEST(NinjaProcess, OursComesBeforeThePreloadOfTheUser) {
  EXPECT_THAT(
      NinjaEnvironment({"A=1", "LD_PRELOAD=/u.so /v.so", "GLOVEBOX_LAUNCH=old"}, "/l.so", "/launch", "/s"),
      testing::ElementsAre("A=1", "LD_PRELOAD=/l.so:/u.so /v.so", "GLOVEBOX_LAUNCH=/launch",
                           "GLOVEBOX_COLLECTOR=/s"));
  EXPECT_THAT(NinjaEnvironment({"GLOVEBOX_COLLECTOR=old"}, "", "/launch", ""),
              testing::ElementsAre("GLOVEBOX_LAUNCH=/launch"));
}

TEST(NinjaProcess, AStaticProgramCannotBeEntered) {
  ASSERT_OK_AND_ASSIGN(const std::string self, ReadFile("/proc/self/exe"));
  EXPECT_TRUE(CanBePreloaded(absl::string_view(self).substr(0, 8192)));
  Elf64_Ehdr header = {};
  header.e_ident[0] = 0x7f;
  header.e_ident[1] = 'E';
  header.e_ident[2] = 'L';
  header.e_ident[3] = 'F';
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_phoff = sizeof header;
  header.e_phnum = 1;
  Elf64_Phdr load = {};
  load.p_type = PT_LOAD;
  std::string bytes(reinterpret_cast<char*>(&header), sizeof header);
  bytes.append(reinterpret_cast<char*>(&load), sizeof load);
  EXPECT_FALSE(CanBePreloaded(bytes));
  for (const size_t size : {size_t{0}, size_t{3}, size_t{4}, size_t{20}, bytes.size() - 1}) {
    EXPECT_TRUE(CanBePreloaded(absl::string_view(bytes).substr(0, size))) << size;
  }
  EXPECT_TRUE(CanBePreloaded("#!/bin/sh\n"));
}

TEST(NinjaProcess, ExitCodeAndSignalComeBack) {
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  HoldSignals();
  ASSERT_OK_AND_ASSIGN(int status, RunNinja("/bin/sh", {"-c", "exit 7"}, Environment(), mask));
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7);
  ASSERT_OK_AND_ASSIGN(status, RunNinja("/bin/sh", {"-c", "kill -9 $$"}, Environment(), mask));
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  EXPECT_THAT(RunNinja("/nonexistent/ninja", {}, Environment(), mask),
              StatusIs(absl::StatusCode::kNotFound, testing::HasSubstr("/nonexistent/ninja")));
  pthread_sigmask(SIG_SETMASK, &mask, nullptr);
}

TEST(NinjaProcess, ItIsCalledByTheNameThatAPersonTypes) {
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  HoldSignals();
  ASSERT_OK_AND_ASSIGN(const int status,
                       RunNinja("/bin/sh", {"-c", "test \"$0\" = sh"}, Environment(), mask));
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  pthread_sigmask(SIG_SETMASK, &mask, nullptr);
}

TEST(NinjaProcess, ASignalSentToUsIsHandedOn) {
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  HoldSignals();
  // The child, with the old mask, sends its parent what a person would, and waits for it to come back.
  ASSERT_OK_AND_ASSIGN(
      const int status,
      RunNinja("/bin/sh", {"-c", "trap 'exit 42' TERM; kill -TERM $PPID; while :; do sleep 0.05; done"},
               Environment(), mask));
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 42) << status;
  pthread_sigmask(SIG_SETMASK, &mask, nullptr);
}

TEST(NinjaProcess, WeEndAsNinjaEnded) {
  EXPECT_EXIT(EndLike(3 << 8), testing::ExitedWithCode(3), "");
  EXPECT_EXIT(EndLike(SIGINT), testing::KilledBySignal(SIGINT), "");
  EXPECT_EXIT(EndLike(SIGKILL), testing::KilledBySignal(SIGKILL), "");
}

TEST(NinjaProcess, TheFirstNinjaThatIsNotUsIsTaken) {
  ASSERT_OK_AND_ASSIGN(TempDir dir, TempDir::Create());
  ASSERT_OK(MakeDirectories(dir.path() + "/a"));
  ASSERT_OK(MakeDirectories(dir.path() + "/b"));
  ASSERT_EQ(symlink("/proc/self/exe", (dir.path() + "/a/ninja").c_str()), 0);
  ASSERT_OK(WriteFile(dir.path() + "/b/ninja", "#!/bin/sh\n"));
  ASSERT_EQ(chmod((dir.path() + "/b/ninja").c_str(), 0755), 0);
  const std::string old = getenv("PATH");
  unsetenv("GLOVEBOX_NINJA");
  setenv("PATH", (dir.path() + "/a:" + dir.path() + "/b").c_str(), 1);
  ASSERT_OK_AND_ASSIGN(const std::string found, FindNinja());
  EXPECT_EQ(found, dir.path() + "/b/ninja");
  setenv("GLOVEBOX_NINJA", "/nonexistent", 1);
  EXPECT_THAT(FindNinja(), StatusIs(absl::StatusCode::kNotFound, testing::HasSubstr("/nonexistent")));
  unsetenv("GLOVEBOX_NINJA");
  setenv("PATH", dir.path().c_str(), 1);
  EXPECT_THAT(FindNinja(), StatusIs(absl::StatusCode::kNotFound, testing::HasSubstr("install ninja-build")));
  setenv("PATH", old.c_str(), 1);
}

}  // namespace
}  // namespace glovebox::ninja
