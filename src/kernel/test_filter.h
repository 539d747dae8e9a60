// For tests that want a real listener: a child under a small hand-made filter, its listener fetched by
// pidfd_getfd, as the pipeline's row 20 does it. Tests only.
#ifndef GLOVEBOX_KERNEL_TEST_FILTER_H_
#define GLOVEBOX_KERNEL_TEST_FILTER_H_

#include <fcntl.h>
#include <linux/filter.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "kernel/abi.h"
#include "kernel/notify.h"
#include "kernel/process.h"

namespace glovebox::kernel {

// Notify call `number`, where `arg` >= 0 only with that value in the low half of the argument.
struct NotifyRule {
  long number;
  int arg = -1;
  uint32_t value = 0;
};

// Loads the filter into the calling process and returns the listener, or -1.
inline int LoadTestFilter(const std::vector<NotifyRule>& rules) {
  std::vector<sock_filter> code;
  for (const NotifyRule& rule : rules) {
    code.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
    const bool arg = rule.arg >= 0;
    code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(rule.number), 0,
                            (unsigned char)(arg ? 3 : 1)));
    if (arg) {
      code.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                              static_cast<uint32_t>(offsetof(seccomp_data, args) + 8u * unsigned(rule.arg))));
      code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, rule.value, 0, 1));
    }
    code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF));
  }
  code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  sock_fprog program = {static_cast<unsigned short>(code.size()), code.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  return static_cast<int>(
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
}

// False below a listener (EBUSY) or where the kernel has none.
inline bool CanListen() {
  const pid_t child = fork();
  if (child == 0) _exit(LoadTestFilter({}) >= 0 ? 0 : 1);
  int status = 1;
  waitpid(child, &status, 0);
  return status == 0;
}

class FilteredChild {
 public:
  // `body` runs in the child, under the filter; its result is the exit status.
  template <typename Body>
  FilteredChild(const std::vector<NotifyRule>& rules, const Body& body) {
    int up[2];
    int down[2];
    if (pipe2(up, O_CLOEXEC) != 0 || pipe2(down, O_CLOEXEC) != 0) return;
    pid_ = fork();
    if (pid_ == 0) {
      close(up[0]);
      close(down[1]);
      prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
      prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
      const int listener = LoadTestFilter(rules);
      char byte = 0;
      if (write(up[1], &listener, sizeof(listener)) != sizeof(listener) || read(down[0], &byte, 1) != 1)
        _exit(98);
      close(listener);
      _exit(body());
    }
    close(up[1]);
    close(down[0]);
    int number = -1;
    if (read(up[0], &number, sizeof(number)) == sizeof(number) && number >= 0) {
      absl::StatusOr<UniqueFd> pidfd = OpenPidfd(pid_);
      absl::StatusOr<UniqueFd> listener = pidfd.ok() ? FetchFd(pidfd->get(), number) : pidfd.status();
      if (listener.ok()) listener_ = MakeNotifyListener(*std::move(listener));
    }
    const char taken = 42;
    if (write(down[1], &taken, 1) != 1) listener_.reset();
    close(up[0]);
    close(down[1]);
  }
  ~FilteredChild() {
    if (pid_ > 0 && !reaped_) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }
  FilteredChild(const FilteredChild&) = delete;
  FilteredChild& operator=(const FilteredChild&) = delete;

  bool Valid() const { return listener_ != nullptr; }
  pid_t pid() const { return pid_; }
  NotifyListener& listener() { return *listener_; }

  // Until the hang-up: each call goes to `answer(listener, call)`.
  template <typename Answer>
  void Serve(const Answer& answer) {
    while (listener_->Poll(-1) >= 0) {
      seccomp_notif call = {};
      if (listener_->Receive(&call) == 0) answer(*listener_, call);
    }
  }
  int ExitStatus() {
    int status = 0;
    waitpid(pid_, &status, 0);
    reaped_ = true;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }

 private:
  pid_t pid_ = -1;
  bool reaped_ = false;
  std::unique_ptr<NotifyListener> listener_;
};

}  // namespace glovebox::kernel

#endif  // GLOVEBOX_KERNEL_TEST_FILTER_H_
