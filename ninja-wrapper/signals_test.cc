// Signals as a shell, timeout(1), nohup and a script's `&` deliver them, to the program itself.
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"

namespace glovebox::ninja {
namespace {

struct Sent {
  int signal;
  bool to_group;
  bool ignored_at_start;
  const char* edge;  // runs until it is killed, after `touch started`
};

constexpr char kOrphan[] = "sleep 60 & touch started; wait";
constexpr char kSlowToEnd[] = "trap 'sleep 1.5; exit 1' INT TERM HUP; touch started; sleep 60 & wait";

bool WaitFor(const std::string& path) {
  for (int i = 0; i < 1000 && !FileExists(path); ++i) usleep(10'000);
  return FileExists(path);
}

// The wait status of a build that gets the signal while its one edge runs.
int StatusAfter(const Sent& sent, const std::string& dir) {
  const pid_t pid = fork();
  if (pid == 0) {
    setsid();
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
      ::signal(signal, sent.ignored_at_start ? SIG_IGN : SIG_DFL);
    }
    setenv("GLOVEBOX_STATE_DIR", absl::StrCat(dir, "/state").c_str(), 1);
    execl("/bin/sh", "sh", "-c", "exec \"$0\" -C \"$1\"/b >\"$1\"/said 2>&1", GLOVEBOX_NINJA_PROGRAM,
          dir.c_str(), nullptr);
    _exit(127);
  }
  const bool started = WaitFor(absl::StrCat(dir, "/b/started"));
  kill(started && !sent.to_group ? pid : -pid, started ? sent.signal : SIGKILL);
  int status = -1;
  waitpid(pid, &status, 0);
  return status;
}

TEST(Signals, ABuildEndsByThemAsNinjaDoesWhoeverElseGetsThem) {
  const Sent rows[] = {
      {SIGTERM, true, false, kOrphan},    {SIGHUP, true, false, kOrphan},   {SIGINT, true, false, kOrphan},
      {SIGTERM, true, false, kSlowToEnd}, {SIGTERM, false, false, kOrphan}, {SIGHUP, false, false, kOrphan},
      {SIGTERM, false, true, kOrphan},    {SIGHUP, false, true, kOrphan},   {SIGINT, false, true, kOrphan},
      {SIGINT, true, true, kOrphan},      {SIGTERM, true, false, kOrphan},
  };
  for (const Sent& sent : rows) {
    ASSERT_OK_AND_ASSIGN(const TempDir dir, TempDir::Create("signals"));
    ASSERT_OK(MakeDirectories(dir.path() + "/b"));
    ASSERT_OK(WriteFile(dir.path() + "/b/build.ninja",
                        absl::StrCat("rule r\n  command = ", sent.edge, "\nbuild a: r\n")));
    const int status = StatusAfter(sent, dir.path());
    const absl::StatusOr<std::string> said = ReadFile(dir.path() + "/said");
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 2)
        << "signal " << sent.signal << (sent.to_group ? " to the group" : "")
        << (sent.ignored_at_start ? ", ignored at the start" : "") << ", edge " << sent.edge
        << ": wait status " << status << "\n"
        << said.value_or("");
    EXPECT_THAT(said.value_or(""), testing::HasSubstr("ninja: build stopped: interrupted by user."));
  }
}

}  // namespace
}  // namespace glovebox::ninja
