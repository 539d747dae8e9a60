#include "kernel/notify.h"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/container/inlined_vector.h"
#include "kernel/abi.h"

namespace glovebox::kernel {
namespace {

// A signal that met the answer with a descriptor would part them: the caller is answered already then, and
// would be told 0, its stdin, while the kernel takes the descriptor back (seccomp_notify_addfd(),
// kernel/seccomp.c).
class NoSignal {
 public:
  NoSignal() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~NoSignal() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  NoSignal(const NoSignal&) = delete;
  NoSignal& operator=(const NoSignal&) = delete;

 private:
  sigset_t before_;
};

class SeccompListener final : public NotifyListener {
 public:
  SeccompListener(UniqueFd fd, bool poll_first) : fd_(std::move(fd)), poll_first_(poll_first) {
    seccomp_notif_sizes sizes = {};
    if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0) sizes = {};
    const size_t in = std::max<size_t>(sizes.seccomp_notif, sizeof(seccomp_notif));
    const size_t out = std::max<size_t>(sizes.seccomp_notif_resp, sizeof(seccomp_notif_resp));
    // In units of 8 bytes, for the structs' alignment.
    in_.resize((in + 7) / 8);
    out_words_ = (out + 7) / 8;
    // By value, not by pointer. An older kernel answers EINVAL: then the wake-up is an ordinary one.
    ioctl(fd_.get(), kNotifSetFlags, kNotifSyncWakeUp);
  }

  int Receive(seccomp_notif* notification) override {
    if (poll_first_ && Poll(-1) < 0) return ENOENT;
    // The kernel refuses (EINVAL) a buffer that is not zero.
    std::fill(in_.begin(), in_.end(), 0);
    if (ioctl(fd_.get(), SECCOMP_IOCTL_NOTIF_RECV, in_.data()) != 0) return errno;
    std::memcpy(notification, in_.data(), sizeof(*notification));
    return 0;
  }

  int Poll(int timeout_ms) override { return PollWith(nullptr, 0, timeout_ms); }

  int PollWith(pollfd* others, size_t count, int timeout_ms) override {
    polled_.assign(others, others + count);
    polled_.push_back({fd_.get(), POLLIN, 0});
    const int n = poll(polled_.data(), polled_.size(), timeout_ms);
    if (n < 0) return errno == EINTR ? 0 : -1;
    std::copy_n(polled_.begin(), count, others);
    const short own = polled_.back().revents;
    if (own == 0) return 0;
    return (own & POLLIN) != 0 ? 1 : -1;
  }

  int Continue(uint64_t id) override {
    seccomp_notif_resp answer = {};
    answer.id = id;
    answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    return Send(answer);
  }

  int Answer(uint64_t id, int64_t value, int error) override {
    seccomp_notif_resp answer = {};
    answer.id = id;
    answer.val = error == 0 ? value : 0;
    answer.error = -error;
    return Send(answer);
  }

  int AnswerWithFd(uint64_t id, int fd, bool close_on_exec) override {
    seccomp_notif_addfd add = {};
    add.id = id;
    add.flags = SECCOMP_ADDFD_FLAG_SEND;
    add.srcfd = static_cast<uint32_t>(fd);
    add.newfd_flags = close_on_exec ? O_CLOEXEC : 0;
    const NoSignal held;
    return ioctl(fd_.get(), SECCOMP_IOCTL_NOTIF_ADDFD, &add) < 0 ? errno : 0;
  }

  int PutFd(uint64_t id, int fd, int number) override {
    seccomp_notif_addfd add = {};
    add.id = id;
    add.flags = SECCOMP_ADDFD_FLAG_SETFD;
    add.srcfd = static_cast<uint32_t>(fd);
    add.newfd = static_cast<uint32_t>(number);
    return ioctl(fd_.get(), SECCOMP_IOCTL_NOTIF_ADDFD, &add) < 0 ? errno : 0;
  }

  int CheckValid(uint64_t id) override {
    return ioctl(fd_.get(), SECCOMP_IOCTL_NOTIF_ID_VALID, &id) != 0 ? errno : 0;
  }

 private:
  int Send(const seccomp_notif_resp& answer) {
    // Of its own: calls are answered by several threads.
    absl::InlinedVector<uint64_t, 8> out(out_words_, 0);
    std::memcpy(out.data(), &answer, sizeof(answer));
    return ioctl(fd_.get(), SECCOMP_IOCTL_NOTIF_SEND, out.data()) != 0 ? errno : 0;
  }

  UniqueFd fd_;
  bool poll_first_;
  std::vector<uint64_t> in_;
  size_t out_words_ = 0;
  std::vector<pollfd> polled_;  // keeps its room
};

}  // namespace

std::unique_ptr<NotifyListener> MakeNotifyListener(UniqueFd fd, bool poll_first) {
  return std::make_unique<SeccompListener>(std::move(fd), poll_first);
}

}  // namespace glovebox::kernel
