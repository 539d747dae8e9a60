#include "child/connect.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "child/actions.h"

namespace glovebox::child {
namespace {

int Connect(const char* path, int& error) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const size_t length = strlen(path);
  if (length >= sizeof address.sun_path) {
    error = ENAMETOOLONG;
    return -1;
  }
  memcpy(address.sun_path, path, length + 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    error = errno;
    return -1;
  }
  int result;
  do {
    result = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
  } while (result != 0 && errno == EINTR);
  if (result == 0) return fd;
  error = errno;
  close(fd);
  return -1;
}

char* Append(char* at, const char* text) {
  const size_t size = strlen(text) + 1;
  memcpy(at, text, size);
  return at + size;
}

OrderError SendHello(int connection, const LaunchOptions& options) {
  static char cwd[PATH_MAX];
  // Not libc's: for a directory that is too deep or cannot be reached it walks up, and allocates. A directory
  // that was removed or is too deep has no name that we can tell, nor has "(unreachable)/...": the command
  // runs there all the same, and the supervisor says what it sees.
  if (syscall(SYS_getcwd, cwd, sizeof cwd) < 0 || cwd[0] != '/') cwd[0] = '\0';
  const char* fixed[kHelloStrings] = {
      cwd, options.target, options.type, options.language, options.depfile, options.test, options.policy};
  size_t size = 0;
  for (const char* text : fixed) size += strlen(text) + 1;
  for (size_t i = 0; i < options.output_count; ++i) size += strlen(options.outputs[i]) + 1;
  for (size_t i = 0; i < options.command_count; ++i) size += strlen(options.command[i]) + 1;
  if (size > kMaxPayload) return {"cannot describe the action", E2BIG};
  HelloHeader header;
  header.payload_size = static_cast<uint32_t>(size);
  header.role = options.role;
  header.output_count = static_cast<uint32_t>(options.output_count);
  header.flags = options.stays ? kHelloStays : 0u;
  header.argv_count = static_cast<uint32_t>(options.command_count);
  char* hello = static_cast<char*>(Pages(sizeof header + size));
  if (hello == nullptr) return {"cannot describe the action", ENOMEM};
  memcpy(hello, &header, sizeof header);
  char* at = hello + sizeof header;
  for (const char* text : fixed) at = Append(at, text);
  for (size_t i = 0; i < options.output_count; ++i) at = Append(at, options.outputs[i]);
  for (size_t i = 0; i < options.command_count; ++i) at = Append(at, options.command[i]);
  const PipeHold hold;
  const int error = WriteAll(connection, hello, sizeof header + size);
  munmap(hello, sizeof header + size);
  if (error != 0) return {"cannot describe the action", error};
  return {};
}

OrderError TakePlan(int memfd, size_t size, Order& order) {
  constexpr size_t kMaxPlan = 16u << 20;
  if (size < sizeof(ChildPlan) || size > kMaxPlan) return {"plan: a size that no plan has", EPROTO};
  char* plan = static_cast<char*>(Pages(size));
  if (plan == nullptr) return {"cannot read the plan", ENOMEM};
  for (size_t done = 0; done < size;) {
    const ssize_t n = pread(memfd, plan + done, size - done, static_cast<off_t>(done));
    if (n == 0) return {"plan: too short", EPROTO};
    if (n < 0 && errno != EINTR) return {"cannot read the plan", errno};
    if (n > 0) done += static_cast<size_t>(n);
  }
  if (const char* wrong = ValidatePlan(plan, size); wrong != nullptr) return {wrong, EPROTO};
  order.plan = reinterpret_cast<const ChildPlan*>(plan);
  return {};
}

// Null where there is none, or it does not come.
const char* ReadReason(int connection, size_t size) {
  if (size == 0 || size > kMaxReason) return nullptr;
  char* text = static_cast<char*>(Pages(size + 1));
  return text != nullptr && ReadAll(connection, text, size) == 0 ? text : nullptr;
}

}  // namespace

int ReceiveWithDescriptors(int channel, void* bytes, size_t size, int* fds, size_t count) {
  for (size_t i = 0; i < count; ++i) fds[i] = -1;
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxDescriptors * sizeof(int))] = {};
  iovec part{bytes, size};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t n;
  do {
    n = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
  } while (n < 0 && errno == EINTR);
  if (n < 0) return errno == ENOTSOCK ? ReadAll(channel, bytes, size) : errno;
  size_t taken = 0;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const unsigned char* at = CMSG_DATA(header);
    for (size_t left = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int); left > 0; --left, at += sizeof(int)) {
      int fd;
      memcpy(&fd, at, sizeof fd);
      if (taken < count) {
        fds[taken++] = fd;
      } else {
        close(fd);
      }
    }
  }
  if (n == 0) return EIO;
  const size_t got = static_cast<size_t>(n);
  return ReadAll(channel, static_cast<char*>(bytes) + got, size - got);
}

void* Pages(size_t size) {
  void* pages = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return pages == MAP_FAILED ? nullptr : pages;
}

Connection FindSupervisor(const char* collector) {
  Connection connection;
  connection.fd = openat(AT_FDCWD, kAnnouncePath, O_RDWR | O_CLOEXEC);
  if (connection.fd >= 0) {
    fcntl(connection.fd, F_SETFD, FD_CLOEXEC);  // an injected descriptor has the flags that it was given
    connection.found = Found::kOuter;
  } else if (collector != nullptr && *collector != '\0') {
    connection.fd = Connect(collector, connection.error);
    connection.found = connection.fd >= 0 ? Found::kCollector : Found::kFailed;
  }
  return connection;
}

OrderError Negotiate(int connection, const LaunchOptions& options, Order& order) {
  if (const OrderError failed = SendHello(connection, options); failed.message != nullptr) return failed;
  Reply reply;
  int fds[2] = {-1, -1};
  if (const int error = ReceiveWithDescriptors(connection, &reply, sizeof reply, fds, 2); error != 0) {
    return {"the collector gave no answer", error == EIO ? ECONNRESET : error};
  }
  if (reply.magic != kHelloMagic) return {"the collector's answer is not one", EPROTO};
  if (reply.error != 0)
    return {"the collector refuses this action", reply.error, ReadReason(connection, reply.plan_size)};
  order.stay = (reply.flags & kReplyStay) != 0;
  if (order.stay && !options.stays) return {};
  order.enforces = (reply.flags & kReplyEnforces) != 0;
  if (fds[0] < 0) return {"the collector sent no plan", EPROTO};
  if ((reply.flags & kReplyHasRuleset) != 0) {
    if (fds[1] < 0) return {"the collector sent no ruleset", EPROTO};
    order.ruleset = fds[1];
  }
  order.nested = (reply.flags & kReplyNoListener) != 0;
  order.send_listener = (reply.flags & kReplySendListener) != 0;
  order.held = order.nested ? reply.flags & kReplyHolds : 0;
  const OrderError result = TakePlan(fds[0], reply.plan_size, order);
  close(fds[0]);
  return result;
}

int Announce(const LaunchOptions& options, uint32_t& held) {
  Connection outer = FindSupervisor(nullptr);
  if (outer.found != Found::kOuter) return -1;
  Order order;
  const bool heard = Negotiate(outer.fd, options, order).message == nullptr;
  CloseFd(order.ruleset);
  held = heard ? order.held : 0;
  if (!heard) CloseFd(outer.fd);
  return outer.fd;
}

}  // namespace glovebox::child
