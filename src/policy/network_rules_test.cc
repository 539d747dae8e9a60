#include "policy/network_rules.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "gtest/gtest.h"

namespace glovebox::policy {
namespace {

template <typename Address>
std::string Bytes(const Address& address) {
  return std::string(reinterpret_cast<const char*>(&address), sizeof address);
}

std::string Inet(const char* text, uint16_t port, sa_family_t family = AF_INET) {
  sockaddr_in address = {};
  address.sin_family = family;
  address.sin_port = htons(port);
  EXPECT_EQ(inet_pton(AF_INET, text, &address.sin_addr), 1) << text;
  return Bytes(address);
}

std::string Inet6(const char* text, uint16_t port) {
  sockaddr_in6 address = {};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  address.sin6_scope_id = 7;
  EXPECT_EQ(inet_pton(AF_INET6, text, &address.sin6_addr), 1) << text;
  return Bytes(address);
}

std::string Unix(const std::string& name) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path, sizeof address.sun_path);
  return Bytes(address).substr(0, offsetof(sockaddr_un, sun_path) + name.size());
}

Endpoint Named(const char* text, int prefix, uint16_t first, uint16_t last) {
  Endpoint endpoint;
  endpoint.connect = true;
  endpoint.ipv6 = strchr(text, ':') != nullptr;
  EXPECT_EQ(inet_pton(endpoint.ipv6 ? AF_INET6 : AF_INET, text, endpoint.address.data()), 1);
  endpoint.prefix = prefix;
  endpoint.first_port = first;
  endpoint.last_port = last;
  return endpoint;
}

Policy With(NetworkMode mode, Mode how = Mode::kEnforce) {
  Policy policy;
  policy.mode = how;
  policy.network.mode = mode;
  policy.network.origin = {"glovebox.toml", 3, 1};
  return policy;
}

bool Allowed(const Policy& policy, const std::string& address, int domain,
             NetworkUse use = NetworkUse::kConnect) {
  return !JudgeTarget({&policy}, TargetOf(address.data(), address.size(), domain, use), use).refuse;
}

TEST(NetworkRules, LoopbackIsWhatTheKernelTakesForItWhenSomebodyConnects) {
  const Policy policy = With(NetworkMode::kLoopback);
  const struct {
    std::string address;
    int domain;
    bool allowed;
  } kCases[] = {
      {Inet("127.0.0.1", 80), AF_INET, true},
      {Inet("127.255.3.4", 80), AF_INET, true},
      {Inet("0.0.0.0", 80), AF_INET, true},
      {Inet("128.0.0.1", 80), AF_INET, false},
      {Inet("255.255.255.255", 80), AF_INET, false},
      {Inet6("::1", 80), AF_INET6, true},
      {Inet6("::", 80), AF_INET6, true},
      {Inet6("::ffff:127.0.0.1", 80), AF_INET6, true},
      {Inet6("::ffff:0.0.0.0", 80), AF_INET6, true},
      {Inet6("::ffff:10.0.0.1", 80), AF_INET6, false},
      {Inet6("::127.0.0.1", 80), AF_INET6, false},
      {Inet6("fe80::1", 80), AF_INET6, false},
      {Inet("10.0.0.1", 80), AF_INET6, false},
      {Inet("127.0.0.1", 80), AF_INET6, true},
      {Inet("10.0.0.1", 80, AF_UNSPEC), AF_INET, true},  // dissolves
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(Allowed(policy, c.address, c.domain), c.allowed) << &c - kCases;
  }
}

TEST(NetworkRules, ASendTakesAnAddressWithoutFamilyForOneOfIpv4) {
  const Policy policy = With(NetworkMode::kLoopback);
  EXPECT_FALSE(Allowed(policy, Inet("10.0.0.1", 80, AF_UNSPEC), AF_INET, NetworkUse::kSend));
  EXPECT_TRUE(Allowed(policy, Inet("127.0.0.1", 80, AF_UNSPEC), AF_INET, NetworkUse::kSend));
  EXPECT_FALSE(Allowed(policy, Inet("10.0.0.1", 80, AF_UNSPEC), AF_INET, NetworkUse::kBind));
}

TEST(NetworkRules, BindingToAllAddressesIsMoreThanLoopbackWhereOthersExist) {
  Policy policy = With(NetworkMode::kLoopback);
  for (const bool ipv6 : {false, true}) {
    const std::string any = ipv6 ? Inet6("::", 80) : Inet("0.0.0.0", 80);
    policy.network.own_namespace = policy.best_effort = false;
    EXPECT_FALSE(Allowed(policy, any, ipv6 ? AF_INET6 : AF_INET, NetworkUse::kBind));
    EXPECT_TRUE(JudgeTarget({&policy}, AnyAddress(ipv6), NetworkUse::kBind).refuse);
    policy.network.own_namespace = true;
    EXPECT_TRUE(Allowed(policy, any, ipv6 ? AF_INET6 : AF_INET, NetworkUse::kBind));
    policy.best_effort = true;
    EXPECT_FALSE(Allowed(policy, any, ipv6 ? AF_INET6 : AF_INET, NetworkUse::kBind));
  }
  EXPECT_TRUE(Allowed(policy, Inet("127.0.0.1", 0), AF_INET, NetworkUse::kBind));
}

TEST(NetworkRules, EndpointsCountBesideTheModeByNetworkPortAndUse) {
  Policy policy = With(NetworkMode::kNone);
  policy.network.endpoints = {Named("10.1.128.0", 17, 443, 445), Named("fd00::", 8, 1, 2),
                              Named("::ffff:192.168.0.0", 112, 0, 65535)};
  EXPECT_TRUE(Allowed(policy, Inet("10.1.200.9", 444), AF_INET));
  EXPECT_FALSE(Allowed(policy, Inet("10.1.200.9", 444), AF_INET, NetworkUse::kBind));
  EXPECT_TRUE(Allowed(policy, Inet("10.1.200.9", 444), AF_INET, NetworkUse::kSend));
  EXPECT_FALSE(Allowed(policy, Inet("10.1.127.9", 444), AF_INET));
  EXPECT_FALSE(Allowed(policy, Inet("10.1.200.9", 446), AF_INET));
  EXPECT_TRUE(Allowed(policy, Inet6("fd12::1", 2), AF_INET6));
  EXPECT_FALSE(Allowed(policy, Inet6("fe12::1", 2), AF_INET6));
  EXPECT_TRUE(Allowed(policy, Inet("192.168.77.1", 9), AF_INET));
  EXPECT_FALSE(Allowed(policy, Inet("127.0.0.1", 444), AF_INET));
  EXPECT_TRUE(AllowsSocket(policy.network, AF_INET, SOCK_STREAM, 0));
  EXPECT_FALSE(AllowsSocket(policy.network, AF_UNIX, SOCK_STREAM, 0));
}

TEST(NetworkRules, UnixAddressesAreAllowedFromModeUnixOn) {
  for (const std::string& address : {Unix("/run/x"), Unix(std::string("\0name", 5)), Unix("")}) {
    EXPECT_FALSE(Allowed(With(NetworkMode::kNone), address, AF_UNIX));
    EXPECT_TRUE(Allowed(With(NetworkMode::kUnix), address, AF_UNIX));
  }
  const std::string name = Unix(std::string("\0na\0me", 6));
  const NetworkTarget target = TargetOf(name.data(), name.size(), AF_UNIX, NetworkUse::kConnect);
  EXPECT_EQ(target.kind, NetworkTarget::Kind::kUnixName);
  EXPECT_EQ(target.path, std::string("na\0me", 5));
}

TEST(NetworkRules, WhatTheKernelRefusesItselfHasItsErrno) {
  const struct {
    std::string address;
    int domain, error;
  } kCases[] = {
      {"x", AF_INET, EINVAL},
      {Inet("127.0.0.1", 1).substr(0, 15), AF_INET, EINVAL},
      {Inet6("::1", 1).substr(0, 23), AF_INET6, EINVAL},
      {Inet("127.0.0.1", 1), AF_UNIX, EINVAL},
      {Unix("/x"), AF_INET, EAFNOSUPPORT},
      {std::string(129, 'x'), AF_INET, EINVAL},
  };
  for (const auto& c : kCases) {
    const NetworkTarget target = TargetOf(c.address.data(), c.address.size(), c.domain, NetworkUse::kConnect);
    EXPECT_EQ(target.kind, NetworkTarget::Kind::kInvalid);
    EXPECT_EQ(target.error, c.error) << &c - kCases;
  }
  const std::string longer = Inet6("::1", 1).substr(0, 24);
  EXPECT_TRUE(Allowed(With(NetworkMode::kLoopback), longer, AF_INET6)) << "without a scope id";
}

TEST(NetworkRules, AnotherFamilyIsOnlyForWhoseNetworkIsFree) {
  const std::string address = "\x28 and what its family knows";
  EXPECT_EQ(TargetOf(address.data(), address.size(), AF_VSOCK, NetworkUse::kConnect).kind,
            NetworkTarget::Kind::kOther);
  EXPECT_FALSE(Allowed(With(NetworkMode::kLoopback), address, AF_VSOCK));
  EXPECT_TRUE(Allowed(With(NetworkMode::kAny), address, AF_VSOCK));
}

TEST(NetworkRules, OfNetlinkOnlyTheKernelsRoutesAreSpokenTo) {
  const Policy policy = With(NetworkMode::kLoopback);
  sockaddr_nl address = {};
  address.nl_family = AF_NETLINK;
  EXPECT_TRUE(Allowed(policy, Bytes(address), AF_NETLINK, NetworkUse::kSend));
  address.nl_pid = 77;
  EXPECT_FALSE(Allowed(policy, Bytes(address), AF_NETLINK, NetworkUse::kSend));
  EXPECT_TRUE(Allowed(policy, Bytes(address), AF_NETLINK, NetworkUse::kBind));
  EXPECT_FALSE(Allowed(With(NetworkMode::kUnix), Bytes(address), AF_NETLINK, NetworkUse::kBind));
}

TEST(NetworkRules, SocketsByMode) {
  const struct {
    int domain, type, protocol;
    bool unix, loopback;
  } kCases[] = {
      {AF_UNIX, SOCK_STREAM, 0, true, true},
      {AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, true, true},
      {AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0, false, true},
      {AF_INET6, SOCK_STREAM, IPPROTO_TCP, false, true},
      {AF_INET6, SOCK_DGRAM, IPPROTO_UDP, false, true},
      {AF_INET, SOCK_DGRAM, IPPROTO_ICMP, false, false},
      {AF_INET, SOCK_STREAM, 262, false, false},  // MPTCP
      {AF_INET, SOCK_STREAM, IPPROTO_SCTP, false, false},
      {AF_INET, SOCK_SEQPACKET, 0, false, false},
      {AF_INET, SOCK_RAW, IPPROTO_UDP, false, false},
      {AF_INET6, SOCK_RAW, IPPROTO_ICMPV6, false, false},
      {AF_PACKET, SOCK_RAW, 0, false, false},
      {AF_PACKET, SOCK_DGRAM, 0, false, false},
      {AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, false, true},
      {AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER, false, false},
      {AF_VSOCK, SOCK_STREAM, 0, false, false},
      {AF_BLUETOOTH, SOCK_RAW, 1, false, false},
      {AF_ALG, SOCK_SEQPACKET, 0, false, false},
      {-1, SOCK_STREAM, 0, false, false},
  };
  for (const auto& c : kCases) {
    const auto allowed = [&c](NetworkMode mode) {
      return AllowsSocket(With(mode).network, c.domain, c.type, c.protocol);
    };
    EXPECT_FALSE(allowed(NetworkMode::kNone)) << &c - kCases;
    EXPECT_EQ(allowed(NetworkMode::kUnix), c.unix) << &c - kCases;
    EXPECT_EQ(allowed(NetworkMode::kLoopback), c.loopback) << &c - kCases;
    EXPECT_EQ(allowed(NetworkMode::kNamed), c.loopback) << &c - kCases;
    EXPECT_TRUE(allowed(NetworkMode::kAny)) << &c - kCases;
  }
}

TEST(NetworkRules, AnyPolicyOfTheChainMayRefuseAndObservingOnesSayNothing) {
  const Policy any = With(NetworkMode::kAny), none = With(NetworkMode::kNone);
  const Policy report = With(NetworkMode::kNone, Mode::kReport);
  const Policy observe = With(NetworkMode::kNone, Mode::kObserve);
  const NetworkWord refused = JudgeSocket({&any, &report, &none}, AF_INET, SOCK_STREAM, 0);
  EXPECT_TRUE(refused.refuse);
  EXPECT_EQ(refused.rule, "network-socket: glovebox.toml:3:1 network none");
  Policy of_file = none;
  of_file.network.section = "[test]";
  EXPECT_EQ(JudgeSocket({&of_file}, AF_INET, SOCK_STREAM, 0).rule, refused.rule + " for [test]");
  const NetworkWord reported = JudgeSocket({&any, &report}, AF_INET, SOCK_STREAM, 0);
  EXPECT_FALSE(reported.refuse);
  EXPECT_EQ(reported.rule, refused.rule);
  EXPECT_EQ(JudgeSocket({&observe}, AF_INET, SOCK_STREAM, 0).rule, "");
  EXPECT_TRUE(HoldsNetwork({&any, &none}));
  EXPECT_FALSE(HoldsNetwork({&any, &report, &observe}));
  EXPECT_TRUE(ReportsNetwork({&report}));
  EXPECT_FALSE(ReportsNetwork({&any, &observe, &none}));
}

}  // namespace
}  // namespace glovebox::policy
