#include "graph/run_tool.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "base/files.h"
#include "base/status.h"
#include "base/unique_fd.h"

namespace glovebox::graph {
namespace {

absl::StatusOr<UniqueFd> MemoryFile() {
  UniqueFd fd(memfd_create("tool-output", MFD_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus("memfd_create", "", errno);
  return fd;
}

absl::StatusOr<std::string> FromTheBeginning(int fd, const std::string& program) {
  if (lseek(fd, 0, SEEK_SET) != 0) return ErrnoStatus("lseek", program, errno);
  return ReadAll(fd, program);
}

}  // namespace

absl::StatusOr<ToolOutput> RunTool(const std::vector<std::string>& argv, const std::string& directory,
                                   volatile pid_t* running) {
  if (argv.empty()) return absl::InvalidArgumentError("no program given");
  ASSIGN_OR_RETURN(const UniqueFd out, MemoryFile());
  ASSIGN_OR_RETURN(const UniqueFd err, MemoryFile());
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const absl::Cleanup destroy = [&actions] { posix_spawn_file_actions_destroy(&actions); };
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out.get(), 1);
  posix_spawn_file_actions_adddup2(&actions, err.get(), 2);
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
  if (running != nullptr) *running = pid;
  const absl::Cleanup ended = [running] {
    if (running != nullptr) *running = 0;
  };
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return ErrnoStatus("waitpid", argv[0], errno);
  }
  ToolOutput output;
  ASSIGN_OR_RETURN(output.out, FromTheBeginning(out.get(), argv[0]));
  ASSIGN_OR_RETURN(output.err, FromTheBeginning(err.get(), argv[0]));
  output.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return output;
}

}  // namespace glovebox::graph
