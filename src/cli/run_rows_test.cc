// Rows of the set-up that the options and the environment of `glovebox run` reach, as the command meets them.
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::cli {
namespace {

constexpr uint64_t Bit(int capability) { return uint64_t{1} << capability; }

struct Outcome {
  int wait_status = -1;
  std::string out;  // stdout and stderr
};

// A set of capabilities in the text of /proc/PID/status.
uint64_t SetOf(const std::string& status, const std::string& set) {
  const size_t at = status.find(set + ":\t");
  EXPECT_NE(at, std::string::npos) << status;
  return at == std::string::npos ? 0 : std::stoull(status.substr(at + set.size() + 2, 16), nullptr, 16);
}

class RunRows : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::Create("glovebox-rows");
    ASSERT_OK(dir);
    dir_.emplace(*std::move(dir));
    unsetenv("GLOVEBOX_COLLECTOR");
    setenv("GLOVEBOX_STATE_DIR", Path("state").c_str(), 1);
  }
  std::string Path(absl::string_view name) const { return absl::StrCat(dir_->path(), "/", name); }
  // `glovebox run -q OPTIONS -- COMMAND`.
  static Outcome Run(std::vector<std::string> options, const std::vector<std::string>& command,
                     const std::function<void()>& before = nullptr) {
    options.insert(options.begin(), {GLOVEBOX_PROGRAM, "run", "-q"});
    options.push_back("--");
    options.insert(options.end(), command.begin(), command.end());
    std::vector<char*> argv;
    for (std::string& word : options) argv.push_back(word.data());
    argv.push_back(nullptr);
    int out[2];
    if (pipe2(out, O_CLOEXEC) != 0) return {};
    const pid_t pid = fork();
    if (pid == 0) {
      dup2(out[1], 1);
      dup2(out[1], 2);
      if (before) before();
      execv(argv[0], argv.data());
      _exit(127);
    }
    close(out[1]);
    Outcome outcome;
    char part[4096];
    for (ssize_t n; (n = read(out[0], part, sizeof part)) > 0;) {
      outcome.out.append(part, static_cast<size_t>(n));
    }
    close(out[0]);
    while (waitpid(pid, &outcome.wait_status, 0) < 0 && errno == EINTR) {
    }
    return outcome;
  }
  static std::string Capabilities(const std::vector<std::string>& options) {
    const Outcome outcome = Run(options, {"grep", "^Cap", "/proc/self/status"});
    EXPECT_EQ(outcome.wait_status, 0) << outcome.out;
    return outcome.out;
  }

 private:
  std::optional<TempDir> dir_;
};

// Row 11.
TEST_F(RunRows, TheCommandCannotUseADescriptorThatWasPassedToUs) {
  const auto leak = [] {
    dup2(1, 8);
    dup2(1, 9);
    setenv("GLOVEBOX_X_FD", "8", 1);
  };
  const Outcome outcome = Run({}, {"/bin/sh", "-c", "echo nine >&9; echo eight >&8"}, leak);
  EXPECT_EQ(outcome.out, "nine\n/bin/sh: 1: 8: Bad file descriptor\n");
}

// Rows 9 and 21.
TEST_F(RunRows, EnforceHoldsPathsAndTakesCapabilities) {
  ASSERT_OK(MakeDirectories(Path("w")));
  std::vector<std::string> options;
  for (const char* path : {"/usr", "/bin", "/lib", "/lib64", "/etc", "/proc"})
    options.insert(options.end(), {"--read", path});
  options.insert(options.end(), {"--write", Path("w/../w")});
  const auto write = [&](const char* mode, const std::string& to) {
    std::vector<std::string> all = {"--mode", mode};
    all.insert(all.end(), options.begin(), options.end());
    return Run(all, {"/bin/sh", "-c", absl::StrCat("echo x > ", to)}).wait_status;
  };
  EXPECT_EQ(write("enforce", Path("w/in")), 0);
  EXPECT_TRUE(FileExists(Path("w/in")));
  EXPECT_NE(write("enforce", Path("out")), 0);
  EXPECT_FALSE(FileExists(Path("out")));
  EXPECT_EQ(write("report", Path("out")), 0);
  const std::string all = Capabilities({"--mode", "enforce"});
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapAmb"}) EXPECT_EQ(SetOf(all, set), 0u) << set;
  const std::string kept = Capabilities({"--mode", "enforce", "--keep-cap", "cap_kill"});
  if (geteuid() == 0) {
    EXPECT_EQ(SetOf(kept, "CapEff"), Bit(CAP_KILL));
    EXPECT_EQ(SetOf(kept, "CapBnd"), Bit(CAP_KILL));
  }
}

// Rows 13 and 14.
TEST_F(RunRows, TheCommandSeesWhatIsHandedThroughAndNothingOfOurs) {
  const auto set = [] {
    setenv("GLOVEBOX_CHILD_ROWS_A", "1", 1);
    setenv("GLOVEBOX_TEST_ROWS_B", "2", 1);
    setenv("GLOVEBOX_ROWS_C", "3", 1);
  };
  const std::vector<std::string> show = {"/bin/sh", "-c", "env | grep ROWS_ | sort"};
  EXPECT_EQ(Run({}, show, set).out, "GLOVEBOX_TEST_ROWS_B=2\nROWS_A=1\n");
  EXPECT_EQ(Run({"--env", "=PATH"}, show, set).out, "GLOVEBOX_TEST_ROWS_B=2\n");
}

#if defined(__x86_64__)
TEST_F(RunRows, WhoReadsADeniedTimeStampCounterDiesOfSigsegv) {
  const std::vector<std::string> command = {GLOVEBOX_CHILD_PROBE, "rdtsc"};
  EXPECT_EQ(Run({}, command).wait_status, 0);
  const Outcome outcome = Run({"--deny-tsc"}, command);
  if (Run({}, {GLOVEBOX_CHILD_PROBE, "rdtsc-denied"}).wait_status == 0) {
    // A hypervisor that lets the counter be read: an error where it was to be held.
    EXPECT_EQ(outcome.wait_status, 0);
    const Outcome held = Run({"--deny-tsc", "--mode=enforce"}, command);
    EXPECT_EQ(WEXITSTATUS(held.wait_status), 3);
    EXPECT_THAT(held.out, testing::HasSubstr("deny-tsc: "));
    return;
  }
  ASSERT_TRUE(WIFSIGNALED(outcome.wait_status)) << outcome.wait_status;
  EXPECT_EQ(WTERMSIG(outcome.wait_status), SIGSEGV);
}
#endif

TEST_F(RunRows, AnOrdinaryUserHasNothingToDropAndMayAskForIt) {
  if (geteuid() == 0) GTEST_SKIP() << "root has something to drop";
  for (const char* const options : {"--drop-cap=cap_chown", "--drop-all-caps"}) {
    const std::string inside = Capabilities({options});
    for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapAmb"}) EXPECT_EQ(SetOf(inside, set), 0u) << set;
  }
}

class RunRowsAsRoot : public RunRows {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "an ordinary user has no capability";
    RunRows::SetUp();
    had_ = SetOf(Capabilities({}), "CapBnd");
    const uint64_t both = Bit(CAP_CHOWN) | Bit(CAP_KILL);
    if ((had_ & both) != both) GTEST_SKIP() << "not all of root's capabilities";
  }
  uint64_t had_ = 0;
};

TEST_F(RunRowsAsRoot, ACapabilityIsDroppedAloneAndCannotBeUsed) {
  const std::string inside = Capabilities({"--drop-cap", "cap_chown"});
  for (const char* set : {"CapBnd", "CapPrm", "CapEff"}) {
    EXPECT_EQ(SetOf(inside, set), had_ & ~Bit(CAP_CHOWN)) << set;
  }
  ASSERT_OK(WriteFile(Path("file"), ""));
  const std::vector<std::string> chown = {"chown", "1", Path("file")};
  EXPECT_EQ(Run({}, chown).wait_status, 0);
  const Outcome refused = Run({"--drop-cap", "cap_chown"}, {"chown", "2", Path("file")});
  EXPECT_NE(refused.wait_status, 0);
  EXPECT_THAT(refused.out, testing::HasSubstr("Operation not permitted"));
  struct stat file {};
  ASSERT_EQ(stat(Path("file").c_str(), &file), 0);
  EXPECT_EQ(file.st_uid, 1u);
}

TEST_F(RunRowsAsRoot, OfAllOnlyTheNamedIsKept) {
  const std::string kept = Capabilities({"--drop-all-caps", "--keep-cap", "cap_kill"});
  const std::string none = Capabilities({"--drop-all-caps"});
  for (const char* set : {"CapBnd", "CapPrm", "CapEff"}) {
    EXPECT_EQ(SetOf(kept, set), Bit(CAP_KILL)) << set;
    EXPECT_EQ(SetOf(none, set), 0u) << set;
  }
}

}  // namespace
}  // namespace glovebox::cli
