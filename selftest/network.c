/* The network: never another address than this machine's own, and those only on loopback. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "scenario.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static struct sockaddr_in inet(uint32_t host, long port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(host);
  return address;
}
/* All of 127.0.0.0/8 is this machine: kInRange is in 127.0.1.0/24, kFirst and kLast are its ends, kBefore and
 * kAfter the addresses beside these. */
enum {
  kLoopback = 0x7f000001,
  kElsewhere = 0x0a630001,
  kBefore = 0x7f0000ff,
  kFirst = 0x7f000100,
  kInRange = 0x7f000107,
  kLast = 0x7f0001ff,
  kAfter = 0x7f000200,
  kOutOfRange = 0x7f000207,
};

static int open_socket(struct outcome* outcome, int family, int type, int protocol, const char* what) {
  const int fd = socket(family, type | SOCK_CLOEXEC, protocol);
  tried(outcome, fd, what);
  return fd;
}

static void raw_socket(struct outcome* outcome) {
  open_socket(outcome, AF_INET, SOCK_RAW, IPPROTO_ICMP, "a raw socket");
}
static void packet_socket(struct outcome* outcome) {
  open_socket(outcome, AF_PACKET, SOCK_RAW, htons(ETH_P_ALL), "a packet socket");
}
static void netlink_socket(struct outcome* outcome) {
  open_socket(outcome, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, "a netlink socket");
}
static void vsock_socket(struct outcome* outcome) {
  open_socket(outcome, 40, SOCK_STREAM, 0, "a vsock socket");
}

static socklen_t unix_address(struct sockaddr_un* address, const char* name, int abstract) {
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  strncpy(address->sun_path + abstract, name, sizeof address->sun_path - 2);
  return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)abstract + strlen(name) +
                     (abstract ? 0 : 1));
}
static void abstract_socket(struct outcome* outcome) {
  struct sockaddr_un address;
  const socklen_t size = unix_address(&address, stage_text("ABSTRACT"), 1);
  const int fd = open_socket(outcome, AF_UNIX, SOCK_DGRAM, 0, "a unix socket");
  if (fd >= 0)
    tried(outcome, sendto(fd, "x", 1, 0, (struct sockaddr*)&address, size), "abstract unix socket");
}
static void path_socket(struct outcome* outcome) {
  struct sockaddr_un address;
  const socklen_t size = unix_address(&address, out_path("sock"), 0);
  const int fd = open_socket(outcome, AF_UNIX, SOCK_STREAM, 0, "a unix socket");
  if (fd >= 0) tried(outcome, connect(fd, (struct sockaddr*)&address, size), "unix socket");
}

static void stream(struct outcome* outcome, int protocol, uint32_t host) {
  const struct sockaddr_in address = inet(host, stage_number("TCP"));
  const int fd = open_socket(outcome, AF_INET, SOCK_STREAM, protocol, "a stream socket");
  if (fd >= 0) tried(outcome, connect(fd, (const struct sockaddr*)&address, sizeof address), "connect");
}
static void tcp(struct outcome* outcome) { stream(outcome, 0, kLoopback); }
static void mptcp(struct outcome* outcome) { stream(outcome, IPPROTO_MPTCP, kLoopback); }
static void tcp_elsewhere(struct outcome* outcome) {
  /* Nobody listens there: that it is refused by the peer is an effect. */
  stream(outcome, 0, kElsewhere);
  if (outcome->error == ECONNREFUSED) outcome->effect = 1;
}
static void fast_open(struct outcome* outcome) {
  const struct sockaddr_in address = inet(kLoopback, stage_number("TCP"));
  const int fd = open_socket(outcome, AF_INET, SOCK_STREAM, 0, "a stream socket");
  if (fd >= 0) {
    tried(outcome, sendto(fd, "x", 1, MSG_FASTOPEN, (const struct sockaddr*)&address, sizeof address),
          "sendto(MSG_FASTOPEN)");
  }
}
static void listen_tcp(struct outcome* outcome) {
  const struct sockaddr_in address = inet(INADDR_ANY, 0);
  const int fd = open_socket(outcome, AF_INET, SOCK_STREAM, 0, "a stream socket");
  if (fd < 0) return;
  if (bind(fd, (const struct sockaddr*)&address, sizeof address) != 0) {
    tried(outcome, -1, "bind");
    return;
  }
  tried(outcome, listen(fd, 1), "listen on every address");
}
/* listen() binds a socket that nobody has bound. */
static void listen_unbound(struct outcome* outcome) {
  const int fd = open_socket(outcome, AF_INET, SOCK_STREAM, 0, "a stream socket");
  if (fd >= 0) tried(outcome, listen(fd, 1), "listen without bind");
}

static void send_one(struct outcome* outcome, uint32_t host, int how) {
  struct sockaddr_in address = inet(host, stage_number("UDP"));
  struct iovec vector = {(void*)"x", 1};
  struct mmsghdr message = {
      .msg_hdr = {.msg_name = &address, .msg_namelen = sizeof address, .msg_iov = &vector, .msg_iovlen = 1}};
  const int fd = open_socket(outcome, AF_INET, SOCK_DGRAM, 0, "a datagram socket");
  if (fd < 0) return;
  if (how == 0) {
    tried(outcome, sendto(fd, "x", 1, 0, (struct sockaddr*)&address, sizeof address), "sendto");
  } else if (how == 1) {
    tried(outcome, sendmsg(fd, &message.msg_hdr, 0), "sendmsg");
  } else {
    tried(outcome, sendmmsg(fd, &message, 1, 0), "sendmmsg");
  }
}
static void udp(struct outcome* outcome) { send_one(outcome, kLoopback, 0); }
static void udp_sendmsg(struct outcome* outcome) { send_one(outcome, kLoopback, 1); }
static void udp_sendmmsg(struct outcome* outcome) { send_one(outcome, kLoopback, 2); }
static void udp_elsewhere(struct outcome* outcome) { send_one(outcome, kElsewhere, 0); }

/* An endpoint with a prefix, 127.0.1.0/24. */
static void range_tcp(struct outcome* outcome) { stream(outcome, 0, kOutOfRange); }
static void range_before(struct outcome* outcome) { stream(outcome, 0, kBefore); }
static void range_after(struct outcome* outcome) { stream(outcome, 0, kAfter); }
/* An address of IPv4 in the clothes of IPv6. */
static void range_mapped(struct outcome* outcome) {
  struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)stage_number("TCP"))};
  const uint32_t host = htonl(kOutOfRange);
  address.sin6_addr.s6_addr[10] = address.sin6_addr.s6_addr[11] = 0xff;
  memcpy(&address.sin6_addr.s6_addr[12], &host, sizeof host);
  const int fd = open_socket(outcome, AF_INET6, SOCK_STREAM, 0, "a stream socket of IPv6");
  if (fd >= 0) tried(outcome, connect(fd, (const struct sockaddr*)&address, sizeof address), "connect");
}
static void range_sendto(struct outcome* outcome) { send_one(outcome, kOutOfRange, 0); }
static void range_sendmsg(struct outcome* outcome) { send_one(outcome, kOutOfRange, 1); }
static void range_sendmmsg(struct outcome* outcome) { send_one(outcome, kOutOfRange, 2); }
static void range_inside(struct outcome* outcome) { stream(outcome, 0, kInRange); }
static void take_address(struct outcome* outcome, uint32_t host) {
  const struct sockaddr_in address = inet(host, 0);
  const int fd = open_socket(outcome, AF_INET, SOCK_STREAM, 0, "a stream socket");
  if (fd < 0) return;
  tried(outcome, bind(fd, (const struct sockaddr*)&address, sizeof address), "bind");
  if (outcome->effect) tried(outcome, listen(fd, 1), "listen");
}
static void range_bind(struct outcome* outcome) { take_address(outcome, kOutOfRange); }
static void range_bind_inside(struct outcome* outcome) { take_address(outcome, kInRange); }
static void range_works(struct outcome* outcome) {
  static const uint32_t kHosts[] = {kFirst, kInRange, kLast};
  for (size_t i = 0; i < 3; ++i) {
    const int before = victim_state()->datagrams;
    stream(outcome, 0, kHosts[i]);
    if (outcome->effect) send_one(outcome, kHosts[i], (int)i);
    if (!outcome->effect) return;
    if (!changed(&victim_state()->datagrams, before)) {
      fill(outcome, 0, 0, "a datagram that did not arrive");
      return;
    }
  }
  take_address(outcome, kInRange);
}

static volatile int racing;
static struct sockaddr_in raced;
static uint32_t raced_to = kElsewhere, raced_from = kLoopback;

static void* flip_address(void* unused) {
  (void)unused;
  while (racing) {
    __atomic_store_n(&raced.sin_addr.s_addr, htonl(raced_to), __ATOMIC_RELAXED);
    __atomic_store_n(&raced.sin_addr.s_addr, htonl(raced_from), __ATOMIC_RELAXED);
  }
  return NULL;
}
/* A second thread rewrites the address between the supervisor's look and the kernel's. The victim says where
 * each datagram was sent to. */
static void race(struct outcome* outcome, int how) {
  const int fd = open_socket(outcome, AF_INET, SOCK_DGRAM, 0, "a datagram socket");
  if (fd < 0) return;
  const int before = victim_state()->elsewhere;
  raced = inet(raced_from, stage_number("UDP"));
  struct iovec vector = {(void*)"x", 1};
  struct mmsghdr messages[2];
  memset(messages, 0, sizeof messages);
  for (int i = 0; i < 2; ++i) {
    messages[i].msg_hdr =
        (struct msghdr){.msg_name = &raced, .msg_namelen = sizeof raced, .msg_iov = &vector, .msg_iovlen = 1};
  }
  pthread_t thread;
  racing = 1;
  pthread_create(&thread, NULL, flip_address, NULL);
  while (still(700)) {
    if (how == 0)
      sendto(fd, "x", 1, 0, (const struct sockaddr*)&raced, sizeof raced);
    else if (how == 1)
      sendmsg(fd, &messages[0].msg_hdr, 0);
    else
      sendmmsg(fd, messages, 2, 0);
  }
  racing = 0;
  pthread_join(thread, NULL);
  fill(outcome, changed(&victim_state()->elsewhere, before), 0,
       "datagrams to an address that a second thread rewrites");
}
static void race_sendmsg(struct outcome* outcome) { race(outcome, 1); }
static void race_sendmmsg(struct outcome* outcome) { race(outcome, 2); }

static void connect_raced(struct outcome* outcome, int type, long port) {
  raced = inet(raced_from, port);
  pthread_t thread;
  racing = 1;
  pthread_create(&thread, NULL, flip_address, NULL);
  int won = 0;
  while (still(700) && !won) {
    const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    struct sockaddr_in peer;
    socklen_t size = sizeof peer;
    if (fd < 0) break;
    if (connect(fd, (struct sockaddr*)&raced, sizeof raced) == 0 &&
        getpeername(fd, (struct sockaddr*)&peer, &size) == 0)
      won = peer.sin_addr.s_addr == htonl(raced_to);
    close(fd);
  }
  racing = 0;
  pthread_join(thread, NULL);
  fill(outcome, won, 0, "connect to an address that a second thread rewrites");
}
static void race_connect(struct outcome* outcome) { connect_raced(outcome, SOCK_DGRAM, stage_number("UDP")); }
static void race_out_of_range(void) {
  raced_from = kInRange;
  raced_to = kOutOfRange;
}
static void race_range_connect(struct outcome* outcome) {
  race_out_of_range();
  connect_raced(outcome, SOCK_STREAM, stage_number("TCP"));
}
static void race_range_sendto(struct outcome* outcome) {
  race_out_of_range();
  race(outcome, 0);
}
static void race_range_sendmsg(struct outcome* outcome) {
  race_out_of_range();
  race(outcome, 1);
}

static void pair(struct outcome* outcome) {
  int ends[2];
  char byte = 0;
  const int made = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
  tried(outcome, made, "socketpair");
  if (made == 0) fill(outcome, write(ends[0], "x", 1) == 1 && read(ends[1], &byte, 1) == 1, 0, "socketpair");
}
static void loopback_works(struct outcome* outcome) {
  tcp(outcome);
  if (outcome->effect) udp_sendmsg(outcome);
}

#define NONE "--mode enforce --read / --write / --network none"
#define UNIX "--mode enforce --read / --write / --network unix"
/* One port of loopback, which is not the victim's, is all that may be reached or taken. */
#define OTHER "--mode enforce --read / --write / --connect 127.0.0.1:1 --bind 127.0.0.1:1"
/* Endpoints with a prefix: what may be reached, on the victim's ports or on another, and what may be taken.
 */
#define NAMED "--mode enforce --read / --write / "
#define RANGE NAMED "--connect 127.0.1.0/24:TCP-PORT --connect 127.0.1.0/24:UDP-PORT"
#define RANGE_OTHER_PORT NAMED "--connect 127.0.1.0/24:1 --bind 127.0.1.0/24"
#define RANGE_BIND NAMED "--bind 127.0.1.0/24"
#define NAMED_CONNECT "network-connect: command line network named"
#define NAMED_SEND "network-send: command line network named"
#define NAMED_BIND "network-bind: command line network named"
/* What mode loopback allows ends at the namespace. */
#define APART "--mode enforce --read / --write / --network-namespace"
#define LOOPBACK "--mode enforce --read / --write / --network loopback"

const struct scenario kNetwork[] = {
    {"raw-socket", "network", "a raw socket", HOLDS_OPTION, "--mode enforce --read / --write / --network any",
     NEEDS_BARE_ROOT, NULL, NULL, raw_socket, NULL},
    {"packet-socket", "network", "a packet socket", HOLDS_OPTION,
     "--mode enforce --read / --write / --network any", NEEDS_BARE_ROOT, NULL, NULL, packet_socket, NULL},
    {"netlink", "network", "a netlink socket", HOLDS_OPTION, NONE, 0, NULL, NULL, netlink_socket, NULL},
    {"vsock", "network", "a socket to the host of a virtual machine", HOLDS_OPTION, NONE, NEEDS_KERNEL, NULL,
     NULL, vsock_socket, NULL},
    {"abstract-scope", "network", "reach an abstract unix socket outside", HOLDS_OPTION,
     "--scope-abstract-unix", NEEDS_SCOPE, NULL, NULL, abstract_socket, NULL},
    {"abstract-none", "network", "the same", HOLDS_OPTION, NONE, 0, NULL, NULL, abstract_socket, NULL},
    {"path-socket", "network", "reach a unix socket outside by its path", HOLDS_OPTION, NONE, 0, NULL, NULL,
     path_socket, NULL},
    {"path-socket-any", "network", "the same where the network is free, and files are not", HOLDS_OPTION,
     READ_ALL " --network any", 0, NULL, "outside-write: ", path_socket, NULL},
    {"path-socket-loopback", "network", "the same where loopback is allowed", HOLDS_OPTION,
     READ_ALL " --network loopback", 0, NULL, "outside-write: ", path_socket, NULL},
    {"path-socket-unix", "network", "the same where unix sockets are", HOLDS_OPTION,
     READ_ALL " --network unix", 0, NULL, "outside-write: ", path_socket, NULL},
    {"path-recorded", "network", "the same in mode report", HOLDS_RECORDED, "", 0, NULL, "/out/sock",
     path_socket, NULL},
    {"tcp", "network", "connect to a TCP port", HOLDS_OPTION, UNIX, 0, NULL, NULL, tcp, NULL},
    {"tcp-recorded", "network", "the same in mode report", HOLDS_RECORDED, "", 0, NULL,
     "inet:127.0.0.1:", tcp, NULL},
    {"tcp-elsewhere", "network", "connect to an address that is not loopback", HOLDS_OPTION, LOOPBACK,
     NEEDS_NET, NULL, NULL, tcp_elsewhere, NULL},
    {"mptcp", "network", "connect by multipath TCP", HOLDS_OPTION, UNIX, NEEDS_KERNEL, NULL, NULL, mptcp,
     NULL},
    {"tcp-fast-open", "network", "connect by sendto(MSG_FASTOPEN)", HOLDS_OPTION, UNIX, NEEDS_KERNEL, NULL,
     NULL, fast_open, NULL},
    {"tcp-listen", "network", "listen on every address", HOLDS_OPTION, UNIX, 0, NULL, NULL, listen_tcp, NULL},
    {"tcp-listen-loopback", "network", "the same where loopback is allowed", HOLDS_OPTION, LOOPBACK, 0, NULL,
     NULL, listen_tcp, NULL},
    {"tcp-listen-unbound", "network", "listen on a socket that nobody bound", HOLDS_OPTION, LOOPBACK, 0, NULL,
     NULL, listen_unbound, NULL},
    {"udp-sendto", "network", "a datagram without connect", HOLDS_OPTION, UNIX, 0, NULL, NULL, udp, NULL},
    {"udp-sendmsg", "network", "the same by sendmsg", HOLDS_OPTION, UNIX, 0, NULL, NULL, udp_sendmsg, NULL},
    {"udp-sendmmsg", "network", "the same by sendmmsg", HOLDS_OPTION, UNIX, 0, NULL, NULL, udp_sendmmsg,
     NULL},
    {"tcp-other-port", "network", "connect to another port than the one that may be reached", HOLDS_OPTION,
     OTHER, 0, NULL, "network-connect: command line network named", tcp, NULL},
    {"tcp-fast-open-other-port", "network", "the same by sendto(MSG_FASTOPEN)", HOLDS_OPTION, OTHER,
     NEEDS_KERNEL, NULL, NULL, fast_open, NULL},
    {"tcp-listen-other-port", "network", "listen on another address than may be taken", HOLDS_OPTION, OTHER,
     0, NULL, "network-bind: command line network named", listen_tcp, NULL},
    {"udp-other-port", "network", "a datagram to another port", HOLDS_OPTION, OTHER, 0, NULL,
     "network-send: command line network named", udp, NULL},
    {"udp-sendmsg-other-port", "network", "the same by sendmsg", HOLDS_OPTION, OTHER, 0, NULL, NULL,
     udp_sendmsg, NULL},
    {"udp-sendmmsg-other-port", "network", "the same by sendmmsg", HOLDS_OPTION, OTHER, 0, NULL, NULL,
     udp_sendmmsg, NULL},
    {"namespace-tcp", "network", "reach loopback outside of a network namespace", HOLDS_OPTION, APART, 0,
     NULL, NULL, tcp, NULL},
    {"namespace-abstract", "network", "reach an abstract unix socket outside of it", HOLDS_OPTION, APART, 0,
     NULL, NULL, abstract_socket, NULL},
    {"udp-recorded", "network", "the same in mode report", HOLDS_RECORDED, "", 0, NULL, "sendmsg",
     udp_sendmsg, NULL},
    {"udp-elsewhere", "network", "a datagram to an address that is not loopback", HOLDS_OPTION, LOOPBACK,
     NEEDS_NET, NULL, NULL, udp_elsewhere, NULL},
    {"race-sendmsg", "network", "rewrite sendmsg's address between check and use", HOLDS_OPTION, LOOPBACK,
     NEEDS_NET, NULL, NULL, race_sendmsg, NULL},
    {"race-sendmmsg", "network", "the same with sendmmsg", HOLDS_OPTION, LOOPBACK, NEEDS_NET, NULL, NULL,
     race_sendmmsg, NULL},
    {"race-connect", "network", "the same with connect", HOLDS_OPTION, LOOPBACK, NEEDS_NET, NULL, NULL,
     race_connect, NULL},
    {"cidr-tcp", "network", "connect beside the range that may be reached (127.0.1.0/24)", HOLDS_OPTION,
     RANGE, 0, NULL, NAMED_CONNECT, range_tcp, NULL},
    {"cidr-tcp-before", "network", "the same to the last address before it", HOLDS_OPTION, RANGE, 0, NULL,
     NAMED_CONNECT, range_before, NULL},
    {"cidr-tcp-after", "network", "the same to the first address after it", HOLDS_OPTION, RANGE, 0, NULL,
     NAMED_CONNECT, range_after, NULL},
    {"cidr-tcp-mapped", "network", "the same to an IPv4 address as one of IPv6", HOLDS_OPTION, RANGE,
     NEEDS_KERNEL, NULL, NAMED_CONNECT, range_mapped, NULL},
    {"cidr-udp", "network", "a datagram beside the range", HOLDS_OPTION, RANGE, 0, NULL, NAMED_SEND,
     range_sendto, NULL},
    {"cidr-udp-sendmsg", "network", "the same by sendmsg", HOLDS_OPTION, RANGE, 0, NULL, NAMED_SEND,
     range_sendmsg, NULL},
    {"cidr-udp-sendmmsg", "network", "the same by sendmmsg", HOLDS_OPTION, RANGE, 0, NULL, NAMED_SEND,
     range_sendmmsg, NULL},
    {"cidr-other-port", "network", "connect to an address of the range, and another port", HOLDS_OPTION,
     RANGE_OTHER_PORT, 0, NULL, NAMED_CONNECT, range_inside, NULL},
    {"cidr-only-bind", "network", "connect to a range that may only be taken", HOLDS_OPTION, RANGE_BIND, 0,
     NULL, NAMED_CONNECT, range_inside, NULL},
    {"cidr-bind", "network", "take an address beside the range that may be taken", HOLDS_OPTION, RANGE_BIND,
     0, NULL, NAMED_BIND, range_bind, NULL},
    {"cidr-only-connect", "network", "take an address of a range that may only be reached", HOLDS_OPTION,
     RANGE, 0, NULL, NAMED_BIND, range_bind_inside, NULL},
    {"race-cidr-connect", "network", "rewrite connect's address, from in the range to beside it",
     HOLDS_OPTION, RANGE, 0, NULL, NULL, race_range_connect, NULL},
    {"race-cidr-sendto", "network", "the same with sendto", HOLDS_OPTION, RANGE, 0, NULL, NULL,
     race_range_sendto, NULL},
    {"race-cidr-sendmsg", "network", "the same with sendmsg", HOLDS_OPTION, RANGE, 0, NULL, NULL,
     race_range_sendmsg, NULL},
    {"cidr-works", "network", "TCP and UDP to the whole of a range, and an address of it taken", HOLDS_WORKS,
     RANGE " --bind 127.0.1.0/24", 0, NULL, NULL, range_works, NULL},
    {"socketpair", "network", "a pair of sockets of its own", HOLDS_WORKS, NONE, 0, NULL, NULL, pair, NULL},
    {"loopback-works", "network", "TCP and UDP on loopback where that is allowed", HOLDS_WORKS, LOOPBACK, 0,
     NULL, NULL, loopback_works, NULL},
};
const size_t kNetworkSize = sizeof kNetwork / sizeof kNetwork[0];
