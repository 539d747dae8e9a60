// What a person sees on the terminal while the real binary is at work.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::cli {
namespace {

using testing::HasSubstr;

class ProgressTest : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::Create("glovebox-progress");
    ASSERT_OK(dir);
    dir_.emplace(*std::move(dir));
    unsetenv("COLUMNS");
    ASSERT_OK(WriteFile(Path("build.ninja"), ""));
    // A `ninja` that answers as the real one does, when the file "go" is there or, without "wait", after a
    // second.
    const char* path = getenv("PATH");
    const std::string real = path != nullptr ? path : "/usr/bin:/bin";
    ASSERT_OK(WriteFile(Path("ninja"), absl::StrCat("#!/bin/sh\ncd ", ShellQuote(Path("")), R"(
i=0
while [ ! -e go ] && { [ -e wait ] || [ $i -lt 20 ]; }; do sleep 0.05; i=$((i + 1)); done
PATH=)",
                                                    ShellQuote(real), R"(
export PATH
exec ninja "$@"
)")));
    ASSERT_EQ(chmod(Path("ninja").c_str(), 0755), 0);
    old_path_ = real;
    setenv("PATH", absl::StrCat(dir_->path(), ":", real).c_str(), 1);
  }
  void TearDown() override { setenv("PATH", old_path_.c_str(), 1); }
  std::string Path(const std::string& name) const { return absl::StrCat(dir_->path(), "/", name); }

  // What `glovebox cmake-scan` writes to a terminal as its stderr; `seen` is called with all of it so far.
  std::string Scan(const std::function<void(const std::string&)>& seen = [](const std::string&) {}) {
    const UniqueFd master(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!master.valid() || grantpt(master.get()) != 0 || unlockpt(master.get()) != 0) return "no terminal";
    UniqueFd terminal(open(ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    const UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
    std::string program = GLOVEBOX_PROGRAM;
    std::string command = "cmake-scan";
    std::string directory = dir_->path();
    char* const argv[] = {program.data(), command.data(), directory.data(), nullptr};
    const pid_t pid = fork();
    if (pid == 0) {
      if (dup2(null.get(), 0) < 0 || dup2(null.get(), 1) < 0 || dup2(terminal.get(), 2) < 0) _exit(126);
      execv(argv[0], argv);
      _exit(127);
    }
    terminal = UniqueFd();
    std::string text;
    char buffer[4096];
    for (ssize_t size = 0; (size = read(master.get(), buffer, sizeof buffer)) > 0;) {
      text.append(buffer, static_cast<size_t>(size));
      seen(text);
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << text;
    return text;
  }

 private:
  std::optional<TempDir> dir_;
  std::string old_path_;
};

TEST_F(ProgressTest, LongWorkSaysWhatItIsAndForHowLongAndTakesItBack) {
  setenv("TERM", "xterm", 1);
  ASSERT_OK(WriteFile(Path("wait"), ""));
  const std::string text = Scan([this](const std::string& so_far) {
    if (absl::StrContains(so_far, "... 1 s")) {
      EXPECT_OK(WriteFile(Path("go"), ""));
    }
  });
  EXPECT_THAT(text, HasSubstr("reading the commands of "));
  EXPECT_TRUE(absl::EndsWith(text, "\r\x1b[K")) << text;
}

TEST_F(ProgressTest, ALineIsNotLongerThanTheTerminal) {
  setenv("TERM", "xterm", 1);
  setenv("COLUMNS", "20", 1);
  const std::string text = Scan();
  EXPECT_THAT(text, HasSubstr("\r\x1b[K"));
  EXPECT_THAT(text, HasSubstr("..."));
  EXPECT_LE(text.substr(0, text.find('\r', 1)).size(), 4 + 19u) << text;
}

TEST_F(ProgressTest, InstantWorkSaysNothing) {
  setenv("TERM", "xterm", 1);
  ASSERT_OK(WriteFile(Path("go"), ""));
  EXPECT_EQ(Scan(), "");
}

TEST_F(ProgressTest, ATerminalThatCannotTakeALineBackSeesNone) {
  setenv("TERM", "dumb", 1);
  EXPECT_EQ(Scan(), "");
  unsetenv("TERM");
  EXPECT_EQ(Scan(), "");
}

}  // namespace
}  // namespace glovebox::cli
