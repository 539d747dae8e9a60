#include "graph/run_tool.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "base/status.h"
#include "base/unique_fd.h"

namespace glovebox::graph {
namespace {

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

absl::StatusOr<Pipe> MakePipe() {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return ErrnoStatus("pipe2", "", errno);
  Pipe pipe;
  pipe.read.reset(fds[0]);
  pipe.write.reset(fds[1]);
  return pipe;
}

// Reads what is there; closes the descriptor at its end.
void Drain(UniqueFd& fd, std::string& into) {
  char buffer[65536];
  const ssize_t count = read(fd.get(), buffer, sizeof buffer);
  if (count > 0) {
    into.append(buffer, static_cast<size_t>(count));
  } else if (count == 0 || errno != EINTR) {
    fd.reset();
  }
}

void DrainBoth(UniqueFd& out_fd, UniqueFd& err_fd, ToolOutput& output) {
  while (out_fd.valid() || err_fd.valid()) {
    struct pollfd fds[] = {{out_fd.get(), POLLIN, 0}, {err_fd.get(), POLLIN, 0}};  // -1 is ignored by poll
    if (poll(fds, 2, -1) < 0 && errno != EINTR) return;
    if (fds[0].revents != 0) Drain(out_fd, output.out);
    if (fds[1].revents != 0) Drain(err_fd, output.err);
  }
}

}  // namespace

absl::StatusOr<ToolOutput> RunTool(const std::vector<std::string>& argv, const std::string& directory) {
  if (argv.empty()) return absl::InvalidArgumentError("no program given");
  ASSIGN_OR_RETURN(Pipe out, MakePipe());
  ASSIGN_OR_RETURN(Pipe err, MakePipe());
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const absl::Cleanup destroy = [&actions] { posix_spawn_file_actions_destroy(&actions); };
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out.write.get(), 1);
  posix_spawn_file_actions_adddup2(&actions, err.write.get(), 2);
  if (!directory.empty()) posix_spawn_file_actions_addchdir_np(&actions, directory.c_str());

  std::vector<char*> args;
  args.reserve(argv.size() + 1);
  for (const std::string& word : argv) args.push_back(const_cast<char*>(word.c_str()));
  args.push_back(nullptr);
  std::vector<char*> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (strncmp(*entry, "LD_PRELOAD=", 11) != 0) environment.push_back(*entry);
  }
  environment.push_back(nullptr);

  pid_t pid = -1;
  const int error = posix_spawnp(&pid, args[0], &actions, nullptr, args.data(), environment.data());
  if (error != 0) return ErrnoStatus("run", argv[0], error);
  out.write.reset();
  err.write.reset();
  ToolOutput output;
  DrainBoth(out.read, err.read, output);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return ErrnoStatus("waitpid", argv[0], errno);
  }
  output.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return output;
}

}  // namespace glovebox::graph
