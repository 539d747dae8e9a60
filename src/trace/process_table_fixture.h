// What the tests of the process table share.
#ifndef GLOVEBOX_TRACE_PROCESS_TABLE_FIXTURE_H_
#define GLOVEBOX_TRACE_PROCESS_TABLE_FIXTURE_H_

#include <signal.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "gtest/gtest.h"

namespace glovebox::trace {

// A child that only waits.
inline pid_t Idle() {
  const pid_t pid = fork();
  while (pid == 0) pause();
  return pid;
}

inline void End(pid_t pid) {
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
}

inline std::string OwnExe() {
  char buffer[4096];
  const ssize_t n = readlink("/proc/self/exe", buffer, sizeof(buffer));
  return std::string(buffer, static_cast<size_t>(n));
}

// What is orphaned below this process comes to it.
class ProcessTableFixture : public testing::Test {
 protected:
  ProcessTableFixture() { prctl(PR_SET_CHILD_SUBREAPER, 1); }
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_PROCESS_TABLE_FIXTURE_H_
