// The real binary in a directory of its own.
#ifndef GLOVEBOX_CLI_CLI_FIXTURE_H_
#define GLOVEBOX_CLI_CLI_FIXTURE_H_

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::cli {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

struct Outcome {
  int wait_status = 0;
  std::string out;
  std::string err;
  int exit() const { return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1; }
};

// Reads both pipes until both are closed, so that neither can fill and block the writer.
inline void Drain(UniqueFd out, UniqueFd err, Outcome* outcome) {
  pollfd fds[2] = {{out.get(), POLLIN, 0}, {err.get(), POLLIN, 0}};
  std::string* texts[2] = {&outcome->out, &outcome->err};
  for (int open = 2; open > 0;) {
    if (poll(fds, 2, -1) < 0) continue;
    for (int i = 0; i < 2; ++i) {
      if (fds[i].fd < 0 || fds[i].revents == 0) continue;
      char buffer[65536];
      const ssize_t size = read(fds[i].fd, buffer, sizeof buffer);
      if (size > 0) {
        texts[i]->append(buffer, static_cast<size_t>(size));
      } else if (size == 0) {
        fds[i].fd = -1;
        --open;
      }
    }
  }
}

class Cli : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::Create("glovebox-cli");
    ASSERT_OK(dir);
    dir_.emplace(*std::move(dir));
    for (const char* name : {"build", "state"}) ASSERT_OK(MakeDirectories(Path(name)));
    // Whoever runs these tests may itself be a build under Glovebox.
    for (const char* name : {"GLOVEBOX_COLLECTOR", "NO_COLOR", "COLUMNS"}) unsetenv(name);
    setenv("GLOVEBOX_STATE_DIR", Path("state").c_str(), 1);
  }
  std::string Path(absl::string_view name) const { return absl::StrCat(dir_->path(), "/", name); }

  // In the directory "build", with nothing on stdin.
  Outcome Run(std::vector<std::string> arguments, const char* program = GLOVEBOX_PROGRAM) {
    arguments.insert(arguments.begin(), program);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    int out[2];
    int err[2];
    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) return {};
    const std::string cwd = Path("build");
    const pid_t pid = fork();
    if (pid == 0) {
      const int null = open("/dev/null", O_RDONLY);
      if (chdir(cwd.c_str()) != 0 || dup2(null, 0) < 0 || dup2(out[1], 1) < 0 || dup2(err[1], 2) < 0)
        _exit(126);
      execv(argv[0], argv.data());
      _exit(127);
    }
    close(out[1]);
    close(err[1]);
    Outcome outcome;
    Drain(UniqueFd(out[0]), UniqueFd(err[0]), &outcome);
    while (waitpid(pid, &outcome.wait_status, 0) < 0 && errno == EINTR) {
    }
    return outcome;
  }
  // A launcher becomes the glovebox that stands beside it.
  std::string Launcher() {
    const std::string launcher = Path("bin/glovebox-launch");
    EXPECT_OK(MakeDirectories(Path("bin")));
    std::filesystem::copy_file(GLOVEBOX_LAUNCH, launcher);
    std::filesystem::create_symlink(GLOVEBOX_PROGRAM, Path("bin/glovebox"));
    return launcher;
  }
  json Report(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"report", "--json"});
    const Outcome outcome = Run(more);
    EXPECT_EQ(outcome.exit(), 0) << outcome.err;
    return json::parse(outcome.out, nullptr, false);
  }
  // Null where no file of the report has that path.
  static json FileOf(const json& report, const std::string& path) {
    for (const json& file : report["files"]) {
      if (UnescapeBytes(file["path"].get<std::string>()) == path) return file;
    }
    return nullptr;
  }

 private:
  std::optional<TempDir> dir_;
};

}  // namespace glovebox::cli

#endif  // GLOVEBOX_CLI_CLI_FIXTURE_H_
