#include <errno.h>
#include <linux/filter.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "child/actions.h"
#include "kernel/abi.h"

namespace glovebox::child {
namespace {

constexpr size_t kSigsetBytes = 8;

long LoadProgram(Plan plan, sock_filter* code, size_t length, unsigned long flags) {
  sock_fprog program{};
  program.len = static_cast<unsigned short>(length);
  program.filter = code;
  if ((plan.flags & kSpecAllow) != 0) flags |= SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

}  // namespace

// Raw calls: a sanitizer's interceptor stands before libc's sigaction.
PipeHold::PipeHold() {
  const unsigned long ignore[8] = {1};  // SIG_IGN
  held_ = syscall(SYS_rt_sigaction, SIGPIPE, ignore, before_, kSigsetBytes) == 0;
}

PipeHold::~PipeHold() {
  if (held_) syscall(SYS_rt_sigaction, SIGPIPE, before_, nullptr, kSigsetBytes);
}

long LoadFilter(Plan plan, Span span, unsigned long flags) {
  const char* base = reinterpret_cast<const char*>(&plan);
  auto* code = reinterpret_cast<sock_filter*>(const_cast<char*>(base + span.offset));
  return LoadProgram(plan, code, span.size / sizeof(sock_filter), flags);
}

long LoadNotifyFilter(Plan plan, unsigned long flags) {
  if (plan.own_number == 0) return LoadFilter(plan, plan.notify_filter, flags);
  sock_filter code[kMaxInstructions];
  memcpy(code, reinterpret_cast<const char*>(&plan) + plan.notify_filter.offset, plan.notify_filter.size);
  const auto own = static_cast<uint32_t>(getpid());
  code[plan.own_number].k = own;
  code[plan.own_number + 1].k = 0 - own;
  return LoadProgram(plan, code, plan.notify_filter.size / sizeof(sock_filter), flags);
}

int WriteAll(int fd, const void* bytes, size_t size) {
  const char* at = static_cast<const char*>(bytes);
  int error = 0;
  while (size > 0 && error == 0) {
    const ssize_t n = write(fd, at, size);
    if (n > 0) {
      at += n;
      size -= static_cast<size_t>(n);
    } else if (n == 0 || errno == EPIPE) {
      error = EIO;
    } else if (errno != EINTR) {
      error = errno;
    }
  }
  return error;
}

int SendWithDescriptor(int channel, const void* bytes, size_t size, int fd) {
  iovec part{const_cast<void*>(bytes), size};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &fd, sizeof fd);
  ssize_t sent;
  do {
    sent = sendmsg(channel, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return errno;
  return sent == static_cast<ssize_t>(size) ? 0 : EIO;
}

int ReadAll(int fd, void* bytes, size_t size) {
  char* at = static_cast<char*>(bytes);
  while (size > 0) {
    const ssize_t n = read(fd, at, size);
    if (n > 0) {
      at += n;
      size -= static_cast<size_t>(n);
    } else if (n == 0) {
      return EIO;
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

void CloseFd(int& fd) {
  if (fd >= 0) close(fd);
  fd = -1;
}

}  // namespace glovebox::child
