// What a policy's network says to a socket and to an address: pure, from bytes that nobody can change any
// more. trace/network_ruler.h asks; docs/enforcement-network.md tells what is held how.
#ifndef GLOVEBOX_POLICY_NETWORK_RULES_H_
#define GLOVEBOX_POLICY_NETWORK_RULES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "policy/policy.h"

namespace glovebox::policy {

// "loopback" of kLoopback.
const char* NetworkModeName(NetworkMode mode);

// Where a rule says that stands, and for whom: "glovebox.toml:3:1 network loopback for [test]".
std::string NetworkPlace(const Network& network);

enum class NetworkUse : uint8_t { kSocket, kConnect, kBind, kSend };

// The id of the rule that speaks of it: "network-connect".
const char* NetworkRuleId(NetworkUse use);

// Where a socket address leads, as the kernel takes it on a socket of one domain: an IPv4 address in IPv6
// clothes is one, and nobody's address is this host's where it is connected to.
struct NetworkTarget {
  enum class Kind : uint8_t {
    kNowhere,   // no address at all, or one that dissolves a connection: harms nobody
    kInet,      // `ipv6`, `address`, `port`
    kUnixPath,  // `path`
    kUnixName,  // `path`: an abstract name without its NUL; empty: any free one
    kNetlink,   // `port` other than 0: not the kernel, but a process or a group
    kOther,     // of a family that no line of a policy can allow: only a network that is free has it
    kInvalid,   // the kernel refuses it with `error` before it looks further
  };
  Kind kind = Kind::kNowhere;
  bool ipv6 = false;
  std::array<uint8_t, 16> address{};  // network byte order; the first 4 for IPv4
  uint16_t port = 0;
  std::string path;
  int error = 0;
  bool operator==(const NetworkTarget&) const = default;
};

// `domain`: SO_DOMAIN of the socket, or AF_UNSPEC where it is not known: then the address itself says it.
NetworkTarget TargetOf(const void* bytes, size_t size, int domain, NetworkUse use);

// Every address that bind() would take without one being named: what listen() does to an unbound socket.
NetworkTarget AnyAddress(bool ipv6);

// Whether the network allows a socket() with these arguments: unix sockets of any type; where an internet
// address can be allowed at all also TCP and UDP over IPv4 and IPv6, and NETLINK_ROUTE, by which programs ask
// for the interfaces. `type` may carry SOCK_CLOEXEC and SOCK_NONBLOCK.
bool AllowsSocket(const Network& network, int domain, int type, int protocol);

// Whether internet addresses can be allowed at all.
bool AllowsInternet(const Network& network);

// A socket option that sends what is addressed to one host by way of another: source routes. No later call
// shows it, so that setting it is refused wherever a network is confined.
struct SocketOption {
  int level;
  int name;
};
absl::Span<const SocketOption> RoutingOptions();
bool IsRoutingOption(int level, int name);

// The policy's own refusals are to be held: mode enforce, and a network that is confined.
bool HoldsNetwork(const Policy& policy);

// The supervisor makes the calls on sockets itself: the network is held, or in mode enforce files are, to
// which the paths of unix sockets belong. No right of Landlock's up to ABI 7 says who may connect to one,
// and a path that the supervisor has only looked at can be another one when the kernel reads it.
bool MakesNetworkCalls(const Policy& policy);

// What the policies of a chain say together.
struct NetworkWord {
  bool refuse = false;
  std::string
      rule;  // "network-connect: glovebox.toml:3:1 network loopback for [test]"; empty: nothing against it
};

// `chain`: the action's own policy, then those around it. Of the ones in mode enforce the first that does not
// allow it refuses; else the first in mode report that does not is named. Mode observe says nothing.
NetworkWord JudgeSocket(const std::vector<const Policy*>& chain, int domain, int type, int protocol);
NetworkWord JudgeTarget(const std::vector<const Policy*>& chain, const NetworkTarget& target, NetworkUse use);

// A policy of the chain confines the network in mode enforce, or in mode report.
bool HoldsNetwork(const std::vector<const Policy*>& chain);
bool MakesNetworkCalls(const std::vector<const Policy*>& chain);
bool ReportsNetwork(const std::vector<const Policy*>& chain);

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_NETWORK_RULES_H_
