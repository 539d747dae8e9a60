// What the tests of the process table share.
#ifndef GLOVEBOX_TRACE_PROCESS_TABLE_FIXTURE_H_
#define GLOVEBOX_TRACE_PROCESS_TABLE_FIXTURE_H_

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/unique_fd.h"
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

// A process that obeys: 'f' forks another one like it and answers with its pid, 'x' exits with the next byte,
// 's' starts a session. Each has its own two pipes, made before by the test.
class Puppet {
 public:
  Puppet() {
    Pipes();
    pid_ = fork();
    if (pid_ == 0) Run(orders_[0], answers_[1]);
    Parent();
  }
  // A child of `parent`. Its pipes are made by that process, and opened here through /proc.
  explicit Puppet(Puppet* parent) {
    const int32_t pid = parent->Order('f');
    int32_t fds[2];
    EXPECT_EQ(read(parent->answers_[0], fds, sizeof(fds)), static_cast<ssize_t>(sizeof(fds)));
    pid_ = pid;
    orders_[1] = open(absl::StrCat("/proc/", pid, "/fd/", fds[0]).c_str(), O_WRONLY | O_CLOEXEC);
    answers_[0] = open(absl::StrCat("/proc/", pid, "/fd/", fds[1]).c_str(), O_RDONLY | O_CLOEXEC);
    char go = 'g';
    EXPECT_EQ(write(orders_[1], &go, 1), 1);
    int32_t ready = 0;
    EXPECT_EQ(read(answers_[0], &ready, 4), 4);
  }
  ~Puppet() {
    if (pid_ > 0) {
      End(pid_);
    }
    for (int fd : {orders_[0], orders_[1], answers_[0], answers_[1]}) {
      if (fd >= 0) close(fd);
    }
  }
  pid_t pid() const { return pid_; }
  int32_t Order(char what) {
    EXPECT_EQ(write(orders_[1], &what, 1), 1);
    int32_t answer = 0;
    EXPECT_EQ(read(answers_[0], &answer, 4), 4);
    return answer;
  }
  // Ends it with `status` and waits until it has ended; it is reaped only when it is a child of this process.
  void Exit(char status, bool reap = true) {
    const UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
    const char order[2] = {'x', status};
    EXPECT_EQ(write(orders_[1], order, 2), 2);
    pollfd ended = {pidfd.get(), POLLIN, 0};
    poll(&ended, 1, -1);
    if (reap) waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  void Pipes() {
    EXPECT_EQ(pipe2(orders_, O_CLOEXEC), 0);
    EXPECT_EQ(pipe2(answers_, O_CLOEXEC), 0);
  }
  void Parent() {
    close(std::exchange(orders_[0], -1));
    close(std::exchange(answers_[1], -1));
  }
  [[noreturn]] static void Run(int orders, int answers) {
    char order = 0;
    while (read(orders, &order, 1) == 1) {
      int32_t answer = 0;
      if (order == 'x') {
        char status = 0;
        (void)!read(orders, &status, 1);
        _exit(status);
      }
      if (order == 's') answer = setsid();
      if (order == 'r') answer = prctl(PR_SET_CHILD_SUBREAPER, 1);
      if (order != 'f') {
        (void)!write(answers, &answer, 4);
        continue;
      }
      int to[2];
      int from[2];
      if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) _exit(99);
      answer = fork();
      if (answer == 0) {
        // Both ends stay open here, until the test has opened its own ends and says so.
        close(orders);
        close(answers);
        char go = 0;
        (void)!read(to[0], &go, 1);
        close(to[1]);
        close(from[0]);
        const int32_t ready = 1;
        (void)!write(from[1], &ready, 4);
        Run(to[0], from[1]);
      }
      close(to[1]);
      close(to[0]);
      close(from[0]);
      close(from[1]);
      const int32_t fds[2] = {to[1], from[0]};
      (void)!write(answers, &answer, 4);
      (void)!write(answers, fds, sizeof(fds));
    }
    _exit(0);
  }
  pid_t pid_ = -1;
  int orders_[2] = {-1, -1};
  int answers_[2] = {-1, -1};
};

// What is orphaned below this process comes to it.
class ProcessTableFixture : public testing::Test {
 protected:
  ProcessTableFixture() { prctl(PR_SET_CHILD_SUBREAPER, 1); }
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_PROCESS_TABLE_FIXTURE_H_
