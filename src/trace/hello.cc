#include "trace/hello.h"

#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/plain_word.h"
#include "base/status.h"

namespace glovebox::trace {
namespace {

using Clock = std::chrono::steady_clock;

// Takes the next NUL-terminated string; false when none is left.
bool TakeString(absl::string_view* payload, std::string* out) {
  const size_t end = payload->find('\0');
  if (end == absl::string_view::npos) return false;
  *out = std::string(payload->substr(0, end));
  payload->remove_prefix(end + 1);
  return true;
}

bool TakeStrings(absl::string_view* payload, uint32_t count, std::vector<std::string>* out) {
  if (count > payload->size()) return false;  // each needs its NUL at least
  out->resize(count);
  for (std::string& text : *out) {
    if (!TakeString(payload, &text)) return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<UniqueFd> ListenForLaunchers(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the socket's path ", path, " is too long (107 bytes at most): set TMPDIR to a shorter one"));
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return ErrnoStatus("socket", "collector", errno);
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return ErrnoStatus("bind", path, errno);
  }
  if (listen(fd.get(), SOMAXCONN) != 0) return ErrnoStatus("listen", path, errno);
  return fd;
}

absl::Status CheckHello(const child::HelloHeader& header) {
  if (header.magic != child::kHelloMagic)
    return absl::InvalidArgumentError("hello: not a launcher of Glovebox");
  if (header.version != child::kWireVersion) {
    return absl::InvalidArgumentError(absl::StrCat("hello: launcher speaks version ", header.version,
                                                   ", this program ", child::kWireVersion,
                                                   "; install both from one build"));
  }
  if (header.payload_size > child::kMaxPayload) {
    return absl::InvalidArgumentError(absl::StrCat("hello: ", header.payload_size, " bytes announced"));
  }
  if (static_cast<uint32_t>(header.role) > static_cast<uint32_t>(child::Role::kConfigure)) {
    return absl::InvalidArgumentError("hello: unknown role");
  }
  return absl::OkStatus();
}

absl::StatusOr<access::ActionBegin> ParseHello(const child::HelloHeader& header, absl::string_view payload) {
  RETURN_IF_ERROR(CheckHello(header));
  access::ActionBegin begin;
  begin.role = static_cast<access::Role>(header.role);
  bool whole = true;
  for (std::string* text : {&begin.cwd, &begin.target, &begin.target_type, &begin.language, &begin.depfile,
                            &begin.test, &begin.policy}) {
    whole = whole && TakeString(&payload, text);
  }
  whole = whole && TakeStrings(&payload, header.output_count, &begin.outputs) &&
          TakeStrings(&payload, header.argv_count, &begin.argv);
  if (!whole) return absl::InvalidArgumentError("hello: strings are missing");
  if (!payload.empty()) return absl::InvalidArgumentError("hello: bytes behind the last string");
  begin.test = FromPlainWord(begin.test);
  begin.policy = FromPlainWord(begin.policy);
  return begin;
}

size_t HelloReader::Wanted() const {
  return sizeof header_ + (bytes_.size() < sizeof header_ ? 0 : header_.payload_size);
}

absl::StatusOr<access::ActionBegin> HelloReader::Read(int socket) {
  constexpr int kPieces = 16;  // a time: who sends without end must not keep the reader to himself
  char piece[16384];
  for (int i = 0; i < kPieces && bytes_.size() < Wanted(); ++i) {
    const ssize_t count = recv(socket, piece, std::min(sizeof piece, Wanted() - bytes_.size()), MSG_DONTWAIT);
    if (count == 0) return absl::UnavailableError("hello: the launcher hung up");
    if (count < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) break;
      return ErrnoStatus("recv", "hello", errno);
    }
    bytes_.append(piece, static_cast<size_t>(count));
    if (bytes_.size() != sizeof header_) continue;
    std::memcpy(&header_, bytes_.data(), sizeof header_);
    RETURN_IF_ERROR(CheckHello(header_));
  }
  if (bytes_.size() < Wanted())
    return absl::DeadlineExceededError("hello: the launcher did not finish it in time");
  return ParseHello(header_, absl::string_view(bytes_).substr(sizeof header_));
}

absl::StatusOr<access::ActionBegin> ReadHello(int socket, int timeout_ms, bool* stays) {
  const Clock::time_point deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
  HelloReader reader;
  for (;;) {
    auto hello = reader.Read(socket);
    if (stays != nullptr) *stays = hello.ok() && reader.stays();
    if (hello.status().code() != absl::StatusCode::kDeadlineExceeded) return hello;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return hello;
    pollfd wait = {socket, POLLIN, 0};
    if (poll(&wait, 1, static_cast<int>(left)) < 0 && errno != EINTR)
      return ErrnoStatus("poll", "hello", errno);
  }
}

void FillCwd(int socket, pid_t pid, access::ActionBegin* begin) {
  if (!begin->cwd.empty()) return;
  char target[PATH_MAX];
  const ssize_t size = readlink(absl::StrCat("/proc/", pid, "/cwd").c_str(), target, sizeof target);
  // Looked first, asked second: of a launcher that still waits the number is its own.
  pollfd launcher = {socket, POLLIN, 0};
  const bool waits = poll(&launcher, 1, 0) == 0 || (launcher.revents & (POLLHUP | POLLERR)) == 0;
  if (size > 0 && waits) begin->cwd.assign(target, static_cast<size_t>(size));
}

void SendRefusal(int socket, int error, const absl::Status& why) {
  const std::string reason = EscapeBytes(why.message()).substr(0, child::kMaxReason);
  child::Reply reply;
  reply.error = error;
  reply.plan_size = static_cast<uint32_t>(reason.size());
  const std::string bytes =
      absl::StrCat(absl::string_view(reinterpret_cast<const char*>(&reply), sizeof reply), reason);
  ssize_t sent;
  do {
    sent = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
}

absl::Status SendReply(int socket, const child::Reply& reply, const std::vector<int>& fds) {
  iovec part = {const_cast<child::Reply*>(&reply), sizeof reply};
  alignas(cmsghdr) char control[CMSG_SPACE(2 * sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    const size_t bytes = fds.size() * sizeof(int);
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(bytes);
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(bytes);
    std::memcpy(CMSG_DATA(head), fds.data(), bytes);
  }
  ssize_t sent;
  do {
    sent = sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent != static_cast<ssize_t>(sizeof reply))
    return ErrnoStatus("sendmsg", "reply to a launcher", sent < 0 ? errno : EIO);
  return absl::OkStatus();
}

}  // namespace glovebox::trace
