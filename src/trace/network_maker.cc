#include "trace/network_maker.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/status.h"
#include "policy/path_match.h"
#include "trace/resolver_walk.h"

namespace glovebox::trace {
namespace {

using policy::NetworkTarget;
using policy::NetworkUse;
using Kind = policy::NetworkTarget::Kind;

// A call that is over sooner is recorded with its result.
constexpr int kShortMs = 20;
constexpr uint64_t kBindService = uint64_t{1} << CAP_NET_BIND_SERVICE;

Ruling Made(int error, std::string rule = "", int64_t value = 0) {
  Ruling ruling;
  ruling.kind = Ruling::Kind::kMade;
  ruling.error = error;
  ruling.value = value;
  ruling.rule = std::move(rule);
  return ruling;
}

Ruling Refused(std::string rule) {
  Ruling ruling;
  ruling.kind = Ruling::Kind::kRefuse;
  ruling.error = EACCES;
  ruling.rule = std::move(rule);
  return ruling;
}

// What no line of a policy says: it could not be held otherwise.
Ruling Unheld(NetworkUse use, absl::string_view why) {
  return Refused(absl::StrCat(policy::NetworkRuleId(use), ": built in ", why));
}

std::unique_ptr<Ruling> Stop(Ruling ruling) { return std::make_unique<Ruling>(std::move(ruling)); }

NetworkUse UseOf(Op op) {
  if (op == Op::kConnect) return NetworkUse::kConnect;
  return op == Op::kSend ? NetworkUse::kSend : NetworkUse::kBind;
}

const sockaddr* Address(const std::string& bytes) { return reinterpret_cast<const sockaddr*>(bytes.data()); }

int ConnectTo(int fd, const std::string& address) {
  return connect(fd, Address(address), static_cast<socklen_t>(address.size())) == 0 ? 0 : errno;
}

// Of the network namespace that we stand in; the caller's own can only allow more by this.
int FirstFreePort() {
  const auto text = ReadFile("/proc/sys/net/ipv4/ip_unprivileged_port_start");
  return text.ok() ? std::atoi(text->c_str()) : 1024;
}

bool IsInternet(const CallerSocket& socket) { return socket.domain == AF_INET || socket.domain == AF_INET6; }

bool IsPattern(const policy::PathRule& rule) {
  return rule.access == policy::PathAccess::kHidden || rule.access == policy::PathAccess::kAppend;
}

// What lies below this directory is not all alike to the policy.
bool HasPatternsBelow(const policy::Policy& policy, absl::string_view directory) {
  return std::any_of(policy.paths.begin(), policy.paths.end(), [directory](const policy::PathRule& rule) {
    if (!IsPattern(rule)) return false;
    const auto pattern = policy::PathPattern::Parse(rule.path);
    return !pattern.ok() || pattern->CanMatchBelow(directory) ||
           pattern->Under(RealPath(pattern->LiteralPart())).CanMatchBelow(directory);
  });
}

// By which the kernel knows it at this moment; empty when it cannot be told.
std::string NameOf(int fd) {
  std::string name;
  return ReadLink(absl::StrCat("/proc/self/fd/", fd), &name) == 0 ? name : "";
}

// Where the socket stands; empty when it cannot be told.
std::string OwnAddress(int fd) {
  sockaddr_storage storage = {};
  socklen_t size = sizeof storage;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return "";
  return std::string(reinterpret_cast<const char*>(&storage), std::min<size_t>(size, sizeof storage));
}

}  // namespace

NetworkMaker::NetworkMaker(const RulerContext& context, std::vector<const policy::Policy*> chain,
                           FileCheck* files)
    : context_(context), chain_(std::move(chain)), files_(files), workers_(context.listener) {
  ReadCredentials(0, false, &own_);
  for (const policy::Policy* policy : chain_) scopes_names_ = scopes_names_ || policy->scope_abstract_unix;
}

bool NetworkMaker::StillWaits(const Order& order) const {
  return context_.listener->CheckValid(order.call.call.id) == 0;
}

Ruling NetworkMaker::Make(const RulerCall& call) {
  Order order{call,
              ReadNetworkCall(call.call, call.intent.op, *context_.memory),
              std::make_shared<CallerSocket>(),
              {}};
  const NetworkUse use = UseOf(call.intent.op);
  if (order.words.error != 0 && order.words.messages.empty()) return Made(order.words.error);
  const auto tid = static_cast<pid_t>(call.call.pid);
  const Fetched fetched =
      FetchSocket(call.call.id, tid, call.process.tgid, order.words.fd, order.socket.get());
  if (!fetched.fetched)
    return Unheld(use, absl::StrCat("the socket cannot be fetched: ", ErrnoName(fetched.error)));
  if (fetched.error != 0) return Made(fetched.error);
  if (!ReadCredentials(tid, false, &order.caller)) return Unheld(use, "the caller cannot be looked at");
  order.other_ids = order.caller.uid != own_.uid || order.caller.gid != own_.gid;
  return MakeOn(&order);
}

Ruling NetworkMaker::MakeOn(Order* order) {
  switch (order->call.intent.op) {
    case Op::kConnect:
      return Connect(order);
    case Op::kBind:
      return Bind(order);
    case Op::kListen:
      return Listen(order);
    default:
      return Send(order);
  }
}

// What the address names, and whether the policies allow it on this socket.
std::unique_ptr<Ruling> NetworkMaker::Judge(Order* order, const std::string& address, NetworkUse use,
                                            NetworkTarget* target, std::string* rule) {
  const CallerSocket& socket = *order->socket;
  *target = policy::TargetOf(address.data(), address.size(), socket.domain, use);
  if (target->kind == Kind::kNowhere) return nullptr;
  if (target->kind == Kind::kInvalid) return Stop(Made(target->error));
  // One that was inherited or received can be of a kind that the policy lets nobody make.
  policy::NetworkWord word = policy::JudgeSocket(chain_, socket.domain, socket.type, socket.protocol);
  if (!word.refuse) {
    const std::string reported = std::move(word.rule);
    word = policy::JudgeTarget(chain_, *target, use);
    if (word.rule.empty()) word.rule = reported;
  }
  if (word.refuse) return Stop(Refused(std::move(word.rule)));
  *rule = std::move(word.rule);
  return socket.domain == AF_UNIX ? JudgeUnix(order, *target, use) : nullptr;
}

// A peer is told who connects, and an abstract name is looked at by Landlock, by whoever makes the call.
std::unique_ptr<Ruling> NetworkMaker::JudgeUnix(Order* order, const NetworkTarget& target,
                                                NetworkUse use) const {
  if (order->other_ids) return Stop(Unheld(use, "the caller has other ids than its supervisor"));
  if (use == NetworkUse::kBind || target.kind != Kind::kUnixName || !scopes_names_) return nullptr;
  if (names_.count(target.path) != 0) return nullptr;
  Ruling ruling = Unheld(use, "abstract name of nobody in the sandbox");
  ruling.error = EPERM;  // as Landlock says it
  return Stop(std::move(ruling));
}

// The path of a unix address: that of the intent, which the rules for files were asked about. They are asked
// once more about the socket that is held by then, to which the name may not have led at the first look.
std::unique_ptr<Ruling> NetworkMaker::Place(Order* order, const NetworkTarget& target, NetworkUse use,
                                            std::string* address, UniqueFd* held, std::string* rule) {
  if (target.kind != Kind::kUnixPath) return nullptr;
  const RulerCall& call = order->call;
  const auto& paths = call.intent.paths;
  const bool asked = std::any_of(paths.begin(), paths.end(),
                                 [&target](const PathRef& path) { return path.spelled == target.path; });
  if (!asked) return Stop(Unheld(use, "the path changed while it was looked at"));
  UnixPlace place = PlaceOf(target.path, order->socket->tid, call.process.tgid, own_, context_.resolver);
  if (place.unknown) return Stop(Unheld(use, "which socket the path means cannot be told"));
  if (place.error != 0) return Stop(Made(place.error));
  if (files_ != nullptr) {
    FileTarget socket;
    socket.use = FileTarget::Use::kReach;
    socket.path = NameOf(place.held.get());
    socket.there = true;
    if (fstat(place.held.get(), &socket.is) != 0) return Stop(Unheld(use, "the socket cannot be looked at"));
    Ruling said = files_->Check(call, &socket);
    if (said.kind == Ruling::Kind::kRefuse) return Stop(std::move(said));
    if (rule->empty()) *rule = std::move(said.rule);
  }
  *address = std::move(place.address);
  *held = std::move(place.held);
  return nullptr;
}

Ruling NetworkMaker::Through(uint64_t id, std::string rule, CallWorkers::Work work) {
  const auto result = workers_.Run(id, kShortMs, std::move(work));
  if (result.has_value()) return Made(result->error, std::move(rule), result->value);
  Ruling ruling;
  ruling.kind = Ruling::Kind::kTaken;
  ruling.rule = std::move(rule);
  return ruling;
}

Ruling NetworkMaker::Connect(Order* order) {
  NetworkTarget target;
  std::string rule, address = order->words.address;
  auto held = std::make_shared<UniqueFd>();
  if (auto stop = Judge(order, address, NetworkUse::kConnect, &target, &rule)) return std::move(*stop);
  if (auto stop = Place(order, target, NetworkUse::kConnect, &address, held.get(), &rule))
    return std::move(*stop);
  if (!StillWaits(*order)) return Made(EINTR);
  const std::shared_ptr<CallerSocket> socket = order->socket;
  if (socket->type == SOCK_DGRAM || socket->domain == AF_NETLINK || target.kind == Kind::kNowhere)
    return Made(ConnectTo(socket->fd.get(), address), rule);
  return Through(socket->id, rule, [socket, address, held](const CallWorkers::Wanted& wanted) {
    int error;
    do {
      error = ConnectTo(socket->fd.get(), address);
    } while (error == EINTR && wanted());  // interrupted to see whether it is still wanted
    return CallResult{0, error};
  });
}

Ruling NetworkMaker::Bind(Order* order) {
  NetworkTarget target;
  std::string rule;
  if (auto stop = Judge(order, order->words.address, NetworkUse::kBind, &target, &rule))
    return std::move(*stop);
  // The capability is asked of who makes the call.
  const bool low = target.kind == Kind::kInet && target.port != 0 && target.port < FirstFreePort();
  if (low && ((order->caller.capabilities & kBindService) == 0 || order->caller.elsewhere))
    return Made(EACCES, rule);
  if (target.kind == Kind::kUnixPath) return BindUnixPath(order, target, rule);
  if (!StillWaits(*order)) return Made(EINTR);
  const std::string& address = order->words.address;
  const int fd = order->socket->fd.get();
  if (bind(fd, Address(address), static_cast<socklen_t>(address.size())) != 0) return Made(errno, rule);
  if (target.kind == Kind::kUnixName) {
    const std::string own = OwnAddress(fd);  // one that the kernel chose has a name only now
    names_.insert(policy::TargetOf(own.data(), own.size(), AF_UNIX, NetworkUse::kBind).path);
  }
  return Made(0, rule);
}

Ruling NetworkMaker::BindUnixPath(Order* order, const NetworkTarget& target, const std::string& rule) {
  const RulerCall& call = order->call;
  if (call.intent.paths.size() != 1 || call.intent.paths[0].spelled != target.path)
    return Unheld(NetworkUse::kBind, "the path changed while it was looked at");
  if (call.unresolved || call.first == nullptr)
    return Unheld(NetworkUse::kBind, "which directory the path means cannot be told");
  // By the caller's own permissions, which are fewer than ours perhaps.
  if (call.prediction.result == access::Result::kRefused) return Made(call.prediction.error, rule);
  if (!StillWaits(*order)) return Made(EINTR);
  const std::shared_ptr<CallerSocket> socket = order->socket;
  const std::string address = order->words.address;
  BindRights rights;
  rights.capabilities = order->caller.elsewhere ? 0 : order->caller.capabilities;
  for (const policy::Policy* policy : chain_) {
    if (policy->mode != policy::Mode::kEnforce) continue;
    const bool judges =
        policy->confine_files || std::any_of(policy->paths.begin(), policy->paths.end(), IsPattern);
    if (judges) rights.judged = call.first->path;
    rights.exact = rights.exact || HasPatternsBelow(*policy, Dirname(call.first->path));
  }
  Ruling ruling = Through(socket->id, rule, [socket, address, rights](const CallWorkers::Wanted&) {
    return CallResult{0, BindPath(*socket, address, rights)};
  });
  if (ruling.kind == Ruling::Kind::kMade && ruling.error == EXDEV)
    return Unheld(NetworkUse::kBind, "the caller stands in another root");
  if (ruling.kind == Ruling::Kind::kMade && ruling.error == ESTALE)
    return Unheld(NetworkUse::kBind, "the directory changed while it was looked at");
  return ruling;
}

// An internet socket that has no address yet gets one by it, and is then reached from everywhere.
Ruling NetworkMaker::Listen(Order* order) {
  const CallerSocket& socket = *order->socket;
  std::string rule;
  if (socket.domain == AF_UNIX && order->other_ids)
    return Unheld(NetworkUse::kBind, "the caller has other ids than its supervisor");
  if (IsInternet(socket)) {
    const std::string own = OwnAddress(socket.fd.get());
    const NetworkTarget target = policy::TargetOf(own.data(), own.size(), socket.domain, NetworkUse::kBind);
    policy::NetworkWord word = policy::JudgeTarget(chain_, target, NetworkUse::kBind);
    if (word.refuse) return Refused(std::move(word.rule));
    rule = std::move(word.rule);
  }
  if (!StillWaits(*order)) return Made(EINTR);
  return Made(listen(socket.fd.get(), order->words.backlog) == 0 ? 0 : errno, rule);
}

std::unique_ptr<Ruling> NetworkMaker::Prepare(Order* order, const NetworkMessage& message, OutMessage* out,
                                              std::string* rule) {
  const CallerSocket& socket = *order->socket;
  // A TCP socket looks at no address, but for a connection that it opens by it.
  const bool opens = (order->words.flags & MSG_FASTOPEN) != 0;
  const bool ignored = IsInternet(socket) && socket.IsStream() && !opens;
  const NetworkUse use = socket.IsStream() && opens ? NetworkUse::kConnect : NetworkUse::kSend;
  if (!ignored && !message.address.empty()) {
    NetworkTarget target;
    out->address = message.address;
    if (auto stop = Judge(order, message.address, use, &target, rule)) return stop;
    if (!socket.IsStream()) {
      if (auto stop = Place(order, target, use, &out->address, &out->place, rule)) return stop;
    }
  }
  if (message.cut && !socket.IsStream()) return Stop(Made(EMSGSIZE));
  for (const NetworkMessage::Control& control : message.control) {
    // Of another family only a free network has sockets: AF_ALG takes its keys so.
    if (IsPassable(control) || !(IsInternet(socket) || socket.domain == AF_UNIX)) continue;
    return Stop(
        Unheld(NetworkUse::kSend, absl::StrCat("control message ", control.level, ":", control.type)));
  }
  if (const int error = PutControl(message, socket, order->caller, order->other_ids, out); error != 0)
    return Stop(Made(error));
  out->data = message.data;
  out->length_at = message.length_at;
  return nullptr;
}

Ruling NetworkMaker::Send(Order* order) {
  const NetworkCall& words = order->words;
  const std::shared_ptr<CallerSocket> socket = order->socket;
  int flags = words.flags;
  if ((flags & MSG_ZEROCOPY) != 0) {
    // It would be our copy that stays with the kernel, and the caller waits to be told.
    int asked = 0;
    socklen_t size = sizeof asked;
    if (getsockopt(socket->fd.get(), SOL_SOCKET, SO_ZEROCOPY, &asked, &size) == 0 && asked != 0)
      return Made(ENOBUFS);
    flags &= ~MSG_ZEROCOPY;
  }
  std::string rule;
  std::vector<OutMessage> messages;
  int error = words.error;
  for (const NetworkMessage& message : words.messages) {
    OutMessage out;
    std::string said;
    if (auto stop = Prepare(order, message, &out, &said)) {
      // The ones in front of it go out; the next call begins with it, and is told.
      if (messages.empty()) return std::move(*stop);
      error = stop->error;
      break;
    }
    if (rule.empty()) rule = std::move(said);
    messages.push_back(std::move(out));
  }
  UniqueFd memory;
  if (words.many) {
    memory.reset(open(absl::StrCat("/proc/", socket->tid, "/mem").c_str(), O_WRONLY | O_CLOEXEC));
    if (!memory.valid()) return Unheld(NetworkUse::kSend, "the caller's memory cannot be written");
  }
  if (!StillWaits(*order)) return Made(EINTR);
  const auto sender = std::make_shared<NetworkSender>(socket, flags, words.many, std::move(messages), error,
                                                      std::move(memory));
  if (sender->Step()) {
    const CallResult result = sender->result();
    return Made(result.error, rule, result.value);
  }
  return Through(socket->id, rule,
                 [sender](const CallWorkers::Wanted& wanted) { return sender->Finish(wanted); });
}

}  // namespace glovebox::trace
