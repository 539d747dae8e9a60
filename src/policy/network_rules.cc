#include "policy/network_rules.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace glovebox::policy {
namespace {

// linux/in6.h, which netinet/in.h cannot stand beside.
#ifndef IPV6_2292RTHDR
#define IPV6_2292RTHDR 5
#endif
#ifndef IPV6_2292PKTOPTIONS
#define IPV6_2292PKTOPTIONS 6
#endif

constexpr size_t kShortIpv6 = 24;  // SIN6_LEN_RFC2133: without a scope id
constexpr size_t kMaxAddress = 128;

NetworkTarget Invalid(int error) {
  NetworkTarget target;
  target.kind = NetworkTarget::Kind::kInvalid;
  target.error = error;
  return target;
}

NetworkTarget Other() {
  NetworkTarget target;
  target.kind = NetworkTarget::Kind::kOther;
  return target;
}

bool IsZero(const NetworkTarget& target) {
  const auto* end = target.address.begin() + (target.ipv6 ? 16 : 4);
  return std::all_of(target.address.begin(), end, [](uint8_t byte) { return byte == 0; });
}

bool IsLoopback(const NetworkTarget& target) {
  if (!target.ipv6) return target.address[0] == 127;
  constexpr std::array<uint8_t, 16> kOne = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return target.address == kOne;
}

// ::ffff:a.b.c.d
bool IsMapped(const std::array<uint8_t, 16>& address) {
  constexpr uint8_t kPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return std::memcmp(address.data(), kPrefix, sizeof kPrefix) == 0;
}

void Unmap(std::array<uint8_t, 16>* address) {
  std::array<uint8_t, 16> four{};
  std::copy(address->begin() + 12, address->end(), four.begin());
  *address = four;
}

// 0.0.0.0 and :: are this host where somebody connects to them (ip_route_output_key_hash_rcu(),
// net/ipv4/route.c; __ip6_datagram_connect(), net/ipv6/datagram.c). A socket that is bound to an address of
// this host reaches that one instead, which is no farther away.
void Land(NetworkUse use, NetworkTarget* target) {
  if (use == NetworkUse::kBind || !IsZero(*target)) return;
  if (target->ipv6) {
    target->address[15] = 1;
  } else {
    target->address[0] = 127;
    target->address[3] = 1;
  }
}

NetworkTarget Inet(const void* bytes, size_t size, NetworkUse use) {
  sockaddr_in address;
  if (size < sizeof address) return Invalid(EINVAL);
  std::memcpy(&address, bytes, sizeof address);
  NetworkTarget target;
  target.kind = NetworkTarget::Kind::kInet;
  target.port = ntohs(address.sin_port);
  std::memcpy(target.address.data(), &address.sin_addr, 4);
  Land(use, &target);
  return target;
}

NetworkTarget Inet6(const void* bytes, size_t size, NetworkUse use) {
  sockaddr_in6 address = {};
  if (size < kShortIpv6) return Invalid(EINVAL);
  std::memcpy(&address, bytes, std::min(size, sizeof address));
  NetworkTarget target;
  target.kind = NetworkTarget::Kind::kInet;
  target.ipv6 = true;
  target.port = ntohs(address.sin6_port);
  std::memcpy(target.address.data(), &address.sin6_addr, 16);
  if (IsMapped(target.address)) {
    target.ipv6 = false;
    Unmap(&target.address);
  }
  Land(use, &target);
  return target;
}

NetworkTarget Unix(const void* bytes, size_t size) {
  constexpr size_t kStart = offsetof(sockaddr_un, sun_path);
  if (size > sizeof(sockaddr_un)) return Invalid(EINVAL);
  NetworkTarget target;
  const char* name = static_cast<const char*>(bytes) + kStart;
  if (size == kStart || *name == '\0') {
    target.kind = NetworkTarget::Kind::kUnixName;
    if (size > kStart) target.path.assign(name + 1, size - kStart - 1);
    return target;
  }
  target.kind = NetworkTarget::Kind::kUnixPath;
  target.path.assign(name, strnlen(name, size - kStart));
  return target;
}

NetworkTarget Netlink(const void* bytes, size_t size, NetworkUse use) {
  sockaddr_nl address;
  if (size < sizeof address) return Invalid(EINVAL);
  std::memcpy(&address, bytes, sizeof address);
  NetworkTarget target;
  target.kind = NetworkTarget::Kind::kNetlink;
  const bool kernel = address.nl_pid == 0 && address.nl_groups == 0;
  // What is bound is the own number, and the groups are listened to.
  target.port = use == NetworkUse::kBind || kernel ? 0 : 1;
  return target;
}

bool Covers(const Endpoint& endpoint, const NetworkTarget& target) {
  std::array<uint8_t, 16> network = endpoint.address;
  int prefix = endpoint.prefix;
  bool ipv6 = endpoint.ipv6;
  if (ipv6 && prefix >= 96 && IsMapped(network)) {
    Unmap(&network);
    prefix -= 96;
    ipv6 = false;
  }
  if (ipv6 != target.ipv6 || target.port < endpoint.first_port || target.port > endpoint.last_port) {
    return false;
  }
  const auto bytes = static_cast<size_t>(prefix / 8);
  if (!std::equal(network.begin(), network.begin() + bytes, target.address.begin())) return false;
  const int rest = prefix % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<uint8_t>(0xff << (8 - rest));
  return (network[bytes] & mask) == (target.address[bytes] & mask);
}

// A namespace with nothing in it but the loopback device is what the action stands in for certain.
bool StandsAlone(const Policy& policy) {
  return policy.network.own_namespace && policy.mode == Mode::kEnforce && !policy.best_effort;
}

bool AllowsInet(const Policy& policy, const NetworkTarget& target, NetworkUse use) {
  const Network& network = policy.network;
  const bool binds = use == NetworkUse::kBind;
  if (network.mode == NetworkMode::kLoopback) {
    if (IsLoopback(target)) return true;
    if (binds && IsZero(target) && StandsAlone(policy)) return true;
  }
  return std::any_of(network.endpoints.begin(), network.endpoints.end(), [&](const Endpoint& endpoint) {
    return (binds ? endpoint.bind : endpoint.connect) && Covers(endpoint, target);
  });
}

bool AllowsTarget(const Policy& policy, const NetworkTarget& target, NetworkUse use) {
  if (policy.network.mode == NetworkMode::kAny) return true;
  switch (target.kind) {
    case NetworkTarget::Kind::kNowhere:
    case NetworkTarget::Kind::kInvalid:
      return true;
    case NetworkTarget::Kind::kUnixPath:
    case NetworkTarget::Kind::kUnixName:
      return policy.network.mode != NetworkMode::kNone;
    case NetworkTarget::Kind::kNetlink:
      return AllowsInternet(policy.network) && target.port == 0;
    case NetworkTarget::Kind::kOther:
      return false;
    case NetworkTarget::Kind::kInet:
      break;
  }
  return AllowsInet(policy, target, use);
}

template <typename Allows>
NetworkWord Judge(const std::vector<const Policy*>& chain, NetworkUse use, const Allows& allows) {
  NetworkWord word;
  for (const Policy* policy : chain) {
    if (policy->mode == Mode::kObserve || allows(*policy)) continue;
    const bool refuse = policy->mode == Mode::kEnforce;
    if (!refuse && !word.rule.empty()) continue;
    word.rule = absl::StrCat(NetworkRuleId(use), ": ", NetworkPlace(policy->network));
    word.refuse = refuse;
    if (refuse) break;
  }
  return word;
}

bool Confines(const std::vector<const Policy*>& chain, Mode mode) {
  return std::any_of(chain.begin(), chain.end(), [mode](const Policy* policy) {
    return policy->mode == mode && policy->network.mode != NetworkMode::kAny;
  });
}

}  // namespace

std::string NetworkPlace(const Network& network) {
  return absl::StrCat(OriginText(network.origin), " network ", NetworkModeName(network.mode),
                      network.section.empty() ? "" : " for ", network.section);
}

const char* NetworkModeName(NetworkMode mode) {
  switch (mode) {
    case NetworkMode::kAny:
      return "any";
    case NetworkMode::kNone:
      return "none";
    case NetworkMode::kUnix:
      return "unix";
    case NetworkMode::kLoopback:
      return "loopback";
    case NetworkMode::kNamed:
      break;
  }
  return "named";
}

const char* NetworkRuleId(NetworkUse use) {
  switch (use) {
    case NetworkUse::kSocket:
      return "network-socket";
    case NetworkUse::kConnect:
      return "network-connect";
    case NetworkUse::kBind:
      return "network-bind";
    case NetworkUse::kSend:
      break;
  }
  return "network-send";
}

NetworkTarget TargetOf(const void* bytes, size_t size, int domain, NetworkUse use) {
  sa_family_t family = AF_UNSPEC;
  if (size < sizeof family) return size == 0 ? NetworkTarget() : Invalid(EINVAL);
  if (size > kMaxAddress) return Invalid(EINVAL);
  std::memcpy(&family, bytes, sizeof family);
  // Dissolves the connection, on sockets of every domain.
  if (family == AF_UNSPEC && use == NetworkUse::kConnect) return {};
  const bool known = domain != AF_UNSPEC;
  if (!known) domain = family;
  switch (domain) {
    case AF_UNIX:
      return family == AF_UNIX ? Unix(bytes, size) : Invalid(EINVAL);
    case AF_NETLINK:
      return family == AF_NETLINK ? Netlink(bytes, size, use) : Invalid(EINVAL);
    case AF_INET:
    case AF_INET6:
      break;
    default:
      if (family == AF_UNSPEC) return {};
      return known ? Other() : Invalid(EAFNOSUPPORT);
  }
  // A UDP socket of IPv4 takes AF_UNSPEC for AF_INET when it sends (udp_sendmsg()) and when it is bound, one
  // of IPv6 takes an address of IPv4.
  if (family == AF_INET || family == AF_UNSPEC) return Inet(bytes, size, use);
  return family == AF_INET6 ? Inet6(bytes, size, use) : Invalid(EAFNOSUPPORT);
}

NetworkTarget AnyAddress(bool ipv6) {
  NetworkTarget target;
  target.kind = NetworkTarget::Kind::kInet;
  target.ipv6 = ipv6;
  return target;
}

bool AllowsInternet(const Network& network) {
  return network.mode == NetworkMode::kAny || network.mode == NetworkMode::kLoopback ||
         network.mode == NetworkMode::kNamed || !network.endpoints.empty();
}

bool AllowsSocket(const Network& network, int domain, int type, int protocol) {
  constexpr int kTypeMask = 0xf;  // SOCK_TYPE_MASK
  if (network.mode == NetworkMode::kAny) return true;
  if (domain == AF_UNIX) return network.mode != NetworkMode::kNone;
  if (!AllowsInternet(network)) return false;
  type &= kTypeMask;
  if (domain == AF_NETLINK) return protocol == NETLINK_ROUTE && (type == SOCK_RAW || type == SOCK_DGRAM);
  if (domain != AF_INET && domain != AF_INET6) return false;
  return (type == SOCK_STREAM && (protocol == 0 || protocol == IPPROTO_TCP)) ||
         (type == SOCK_DGRAM && (protocol == 0 || protocol == IPPROTO_UDP));
}

NetworkWord JudgeSocket(const std::vector<const Policy*>& chain, int domain, int type, int protocol) {
  return Judge(chain, NetworkUse::kSocket,
               [&](const Policy& policy) { return AllowsSocket(policy.network, domain, type, protocol); });
}

NetworkWord JudgeTarget(const std::vector<const Policy*>& chain, const NetworkTarget& target,
                        NetworkUse use) {
  return Judge(chain, use, [&](const Policy& policy) { return AllowsTarget(policy, target, use); });
}

absl::Span<const SocketOption> RoutingOptions() {
  static constexpr SocketOption kOptions[] = {
      {IPPROTO_IP, IP_OPTIONS},
      {IPPROTO_IPV6, IPV6_RTHDR},
      {IPPROTO_IPV6, IPV6_2292RTHDR},
      {IPPROTO_IPV6, IPV6_2292PKTOPTIONS},
  };
  return kOptions;
}

bool IsRoutingOption(int level, int name) {
  const auto options = RoutingOptions();
  return std::any_of(options.begin(), options.end(), [=](const SocketOption& option) {
    return option.level == level && option.name == name;
  });
}

bool HoldsNetwork(const Policy& policy) {
  return policy.mode == Mode::kEnforce && policy.network.mode != NetworkMode::kAny;
}

bool MakesNetworkCalls(const Policy& policy) {
  if (policy.mode != Mode::kEnforce) return false;
  const bool hides = std::any_of(policy.paths.begin(), policy.paths.end(),
                                 [](const PathRule& rule) { return rule.access == PathAccess::kHidden; });
  return HoldsNetwork(policy) || policy.confine_files || hides;
}

bool HoldsNetwork(const std::vector<const Policy*>& chain) { return Confines(chain, Mode::kEnforce); }
bool MakesNetworkCalls(const std::vector<const Policy*>& chain) {
  return std::any_of(chain.begin(), chain.end(),
                     [](const Policy* policy) { return MakesNetworkCalls(*policy); });
}
bool ReportsNetwork(const std::vector<const Policy*>& chain) { return Confines(chain, Mode::kReport); }

}  // namespace glovebox::policy
