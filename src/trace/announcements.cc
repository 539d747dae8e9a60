#include "trace/announcements.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "kernel/process.h"

namespace glovebox::trace {

bool Announcements::HasRoomFor(pid_t tgid) const {
  return pending_.size() < kMost &&
         std::none_of(pending_.begin(), pending_.end(), [&](const Pending& one) { return one.tgid == tgid; });
}

std::string Announcements::Take(kernel::NotifyListener* listener, const seccomp_notif& call,
                                const Process& process) {
  if (!HasRoomFor(process.tgid)) {
    kept_.push_back({call, process.tgid});
    return "";
  }
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
    const int error = errno;
    listener->Answer(call.id, 0, EMFILE);
    return absl::StrCat("socketpair: ", ErrnoName(error));
  }
  Pending one;
  one.socket.reset(pair[0]);
  const UniqueFd theirs(pair[1]);
  one.tgid = process.tgid;
  one.outer = process.action;
  // Without one (no descriptor is left) it is taken at its number; it will hardly be held then, which is
  // told.
  if (auto pidfd = kernel::OpenPidfd(process.tgid); pidfd.ok()) one.pidfd = *std::move(pidfd);
  one.deadline = Clock::now() + patience_;
  const int error = listener->AnswerWithFd(call.id, theirs.get(), /*close_on_exec=*/true);
  if (error == ENOENT) return "";  // it was killed
  if (error != 0) {
    // A kernel before 5.14, or a caller without a free descriptor: as if nobody had answered.
    listener->Answer(call.id, 0, ENOTDIR);
    return absl::StrCat("ADDFD: ", ErrnoName(error));
  }
  pending_.push_back(std::move(one));
  return "";
}

int Announcements::Wait(kernel::NotifyListener* listener) {
  std::vector<pollfd> sockets;
  Clock::time_point first = Clock::time_point::max();
  for (const Pending& one : pending_) {
    sockets.push_back({one.socket.get(), POLLIN, 0});
    first = std::min(first, one.deadline);
  }
  // One more, since it is cut: to be woken before the time has passed would be to spin.
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(first - Clock::now()).count() + 1;
  return listener->PollWith(sockets.data(), sockets.size(), static_cast<int>(std::max<int64_t>(left, 0)));
}

std::vector<Announcements::Heard> Announcements::Hear(bool all) {
  std::vector<Heard> heard;
  std::vector<Pending> silent;
  const Clock::time_point now = Clock::now();
  for (Pending& one : pending_) {
    absl::StatusOr<access::ActionBegin> hello = one.reader.Read(one.socket.get());
    if (hello.status().code() == absl::StatusCode::kDeadlineExceeded && !all && now < one.deadline) {
      silent.push_back(std::move(one));
      continue;
    }
    // Asked last: of one that lives now the number is its own.
    if (one.pidfd.valid() && kernel::HasEnded(one.pidfd.get()))
      hello = absl::UnavailableError("hello: the launcher has ended");
    heard.push_back({std::move(one.socket), one.tgid, one.outer, std::move(hello)});
  }
  pending_ = std::move(silent);
  return heard;
}

bool Announcements::NextKept(kernel::NotifyListener* listener, seccomp_notif* call) {
  for (auto one = kept_.begin(); one != kept_.end();) {
    if (!HasRoomFor(one->tgid)) {
      ++one;
      continue;
    }
    *call = one->call;
    one = kept_.erase(one);
    // Who was killed in it has left a number that may be another's.
    if (listener->CheckValid(call->id) == 0) return true;
  }
  return false;
}

size_t Announcements::RefuseKept(kernel::NotifyListener* listener) {
  size_t reached = 0;
  for (const Kept& one : kept_) reached += listener->Answer(one.call.id, 0, ENOTDIR) == 0 ? 1 : 0;
  kept_.clear();
  return reached;
}

}  // namespace glovebox::trace
