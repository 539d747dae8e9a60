// Tests as another user, in a process of their own. Tests only.
#ifndef GLOVEBOX_TRACE_ANOTHER_USER_H_
#define GLOVEBOX_TRACE_ANOTHER_USER_H_

#include <grp.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "absl/functional/function_ref.h"

namespace glovebox::trace {

inline constexpr uid_t kNobody = 65534;

// The calling process becomes this user, with the group of the same number and no others. True as well where
// it is that user.
inline bool BecomeUser(uid_t uid) {
  return uid == geteuid() ||
         (setgroups(0, nullptr) == 0 && setresgid(uid, uid, uid) == 0 && setresuid(uid, uid, uid) == 0);
}

// Who runs tests for an ordinary user: nobody where we are root, else ourselves.
inline uid_t OrdinaryUser() { return geteuid() == 0 ? kNobody : geteuid(); }

// The exit status of a fork that became `uid` and did `what`; 99 where it could not become that, 97 where a
// signal ended it.
inline int StatusAs(uid_t uid, absl::FunctionRef<int()> what) {
  const pid_t child = fork();
  if (child == 0) _exit(BecomeUser(uid) ? what() : 99);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 97;
}

// A copy of `program` in `directory` that everybody may run: the build directory may be shut to others, as
// below /root. Its path; empty where it cannot be made.
inline std::string ForEverybody(const std::string& program, const std::string& directory) {
  std::error_code error;
  const std::filesystem::path copy =
      std::filesystem::path(directory) / std::filesystem::path(program).filename();
  std::filesystem::copy_file(program, copy, std::filesystem::copy_options::overwrite_existing, error);
  return error || chmod(copy.c_str(), 0755) != 0 ? "" : copy.string();
}

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_ANOTHER_USER_H_
