#include "trace/network_sender.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "kernel/process.h"
#include "trace/clock.h"

namespace glovebox::trace {
namespace {

constexpr int kPollMs = 100;

bool IsRights(const NetworkMessage::Control& control) {
  return control.level == SOL_SOCKET && control.type == SCM_RIGHTS;
}
bool IsCredentials(const NetworkMessage::Control& control) {
  return control.level == SOL_SOCKET && control.type == SCM_CREDENTIALS;
}

void AddControl(int level, int type, const void* data, size_t size, std::string* control) {
  cmsghdr header = {};
  header.cmsg_len = CMSG_LEN(size);
  header.cmsg_level = level;
  header.cmsg_type = type;
  const size_t start = control->size();
  control->resize(start + CMSG_SPACE(size));
  std::memcpy(control->data() + start, &header, sizeof header);
  std::memcpy(control->data() + start + CMSG_LEN(0), data, size);
}

int FetchPassed(const NetworkMessage::Control& control, const CallerSocket& socket, OutMessage* out) {
  std::vector<int> numbers(control.data.size() / sizeof(int));
  std::memcpy(numbers.data(), control.data.data(), numbers.size() * sizeof(int));
  for (int& number : numbers) {
    UniqueFd& copy = out->passed.emplace_back();
    if (const int error = kernel::TakeFd(socket.pidfd.get(), number, &copy); error != 0) return error;
    number = copy.get();
  }
  AddControl(SOL_SOCKET, SCM_RIGHTS, numbers.data(), numbers.size() * sizeof(int), &out->control);
  return 0;
}

// Who says that it is itself. The kernel lets nobody but root name another process than the one that sends,
// which is this one.
void Sign(const CallerSocket& socket, const Credentials& caller, OutMessage* out) {
  ucred who = {};
  who.pid = geteuid() == 0 ? socket.tgid : getpid();
  who.uid = caller.uid;
  who.gid = caller.gid;
  AddControl(SOL_SOCKET, SCM_CREDENTIALS, &who, sizeof who, &out->control);
}

}  // namespace

bool IsPassable(const NetworkMessage::Control& control) {
  const int type = control.type;
  switch (control.level) {
    case SOL_SOCKET:
      return type == SCM_RIGHTS || type == SCM_CREDENTIALS || type == SO_TIMESTAMPING || type == SO_TXTIME;
    case IPPROTO_IP:
      return type == IP_TOS || type == IP_TTL || type == IP_PKTINFO;
    case IPPROTO_IPV6:
      return type == IPV6_PKTINFO || type == IPV6_HOPLIMIT || type == IPV6_TCLASS || type == IPV6_DONTFRAG;
    case IPPROTO_UDP:
      return type == UDP_SEGMENT;
    default:
      return false;
  }
}

int PutControl(const NetworkMessage& message, const CallerSocket& socket, const Credentials& caller,
               bool sign, OutMessage* out) {
  for (const NetworkMessage::Control& control : message.control) {
    if (IsRights(control)) {
      if (const int error = FetchPassed(control, socket, out); error != 0) return error;
    } else if (IsCredentials(control)) {
      ucred who = {};
      if (control.data.size() != sizeof who) return EINVAL;
      std::memcpy(&who, control.data.data(), sizeof who);
      if (who.pid != socket.tgid || who.uid != caller.uid || who.gid != caller.gid) return EPERM;
      Sign(socket, caller, out);
      sign = false;
    } else {
      AddControl(control.level, control.type, control.data.data(), control.data.size(), &out->control);
    }
  }
  if (sign && socket.domain == AF_UNIX) Sign(socket, caller, out);
  return 0;
}

NetworkSender::NetworkSender(std::shared_ptr<CallerSocket> socket, int flags, bool many,
                             std::vector<OutMessage> messages, int error, UniqueFd memory)
    : socket_(std::move(socket)),
      flags_(flags),
      many_(many),
      last_error_(error),
      memory_(std::move(memory)),
      waits_(socket_->blocking && (flags & MSG_DONTWAIT) == 0),
      dont_wait_(true),
      messages_(std::move(messages)) {
  const uint64_t timeout = SendTimeout(socket_->fd.get());
  if (timeout != 0) deadline_ns_ = Now() + timeout;
}

NetworkSender::Sent NetworkSender::SendOne(OutMessage* message) {
  // A datagram of no bytes is one.
  do {
    iovec part = {message->data.data() + part_, message->data.size() - part_};
    msghdr head = {};
    head.msg_name = message->address.empty() ? nullptr : message->address.data();
    head.msg_namelen = static_cast<socklen_t>(message->address.size());
    head.msg_iov = &part;
    head.msg_iovlen = 1;
    if (part_ == 0 && !message->control.empty()) {
      head.msg_control = message->control.data();
      head.msg_controllen = message->control.size();
    }
    const int flags = flags_ | MSG_NOSIGNAL | (dont_wait_ ? MSG_DONTWAIT : 0);
    const ssize_t n = sendmsg(socket_->fd.get(), &head, flags);
    if (n < 0 && errno == EINTR) return Sent::kBlocked;
    if (n < 0) {
      const bool blocked = errno == EAGAIN && dont_wait_ && waits_;
      error_ = blocked ? 0 : errno;
      return blocked ? Sent::kBlocked : Sent::kFailed;
    }
    part_ += static_cast<size_t>(n);
    if (!socket_->IsStream()) break;
  } while (part_ < message->data.size());
  return Sent::kAll;
}

// To the thread that wrote, where the host can do that (PIDFD_SIGNAL_THREAD, 6.9), else to its process.
void NetworkSender::Signal() const {
  const int pidfd = socket_->pidfd.get();
  if (syscall(SYS_pidfd_send_signal, pidfd, SIGPIPE, nullptr, 1u) != 0)
    syscall(SYS_pidfd_send_signal, pidfd, SIGPIPE, nullptr, 0u);
}

bool NetworkSender::End(int error) {
  error_ = error;
  return true;
}

bool NetworkSender::Step() {
  while (next_ < messages_.size()) {
    OutMessage& message = messages_[next_];
    // Opens a connection on its way: that cannot be asked not to wait, and still be made.
    if (dont_wait_ && waits_ && (flags_ & MSG_FASTOPEN) != 0 && !message.address.empty()) return false;
    const Sent sent = SendOne(&message);
    if (sent == Sent::kBlocked) return false;
    if (sent == Sent::kFailed && part_ == 0) {
      if (error_ == EPIPE && socket_->IsStream() && (flags_ & MSG_NOSIGNAL) == 0) Signal();
      return true;
    }
    if (many_) {
      const auto length = static_cast<uint32_t>(part_);
      if (pwrite(memory_.get(), &length, sizeof length, static_cast<off_t>(message.length_at)) !=
          static_cast<ssize_t>(sizeof length)) {
        return End(EFAULT);
      }
    }
    ++next_;
    if (many_) part_ = 0;
    if (sent == Sent::kFailed) return End(0);  // the front of it went out, and that is what counts
  }
  return End(last_error_);
}

CallResult NetworkSender::Finish(const CallWorkers::Wanted& wanted) {
  const bool opens = (flags_ & MSG_FASTOPEN) != 0;
  dont_wait_ = !opens;
  while (wanted()) {
    if (deadline_ns_ != 0 && Now() >= deadline_ns_) {
      error_ = EAGAIN;
      break;
    }
    pollfd entry = {socket_->fd.get(), POLLOUT, 0};
    if (!opens && poll(&entry, 1, kPollMs) <= 0) continue;
    if (Step()) break;
    // A socket of datagrams can be written to, and its peer is full: that is not told by a poll.
    if (!opens) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return result();
}

CallResult NetworkSender::result() const {
  const auto done = static_cast<int64_t>(many_ ? next_ : part_);
  if (error_ == 0 || done > 0) return {done, 0};
  return {0, error_};
}

}  // namespace glovebox::trace
