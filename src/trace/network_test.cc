// The network of a policy against programs that want to go around it. Everything happens in a network
// namespace of this test, or, where there can be none, on the loopback device.
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "trace/network_fixture.h"

namespace glovebox::trace {
namespace {

TEST_F(NetworkTest, SocketsThatTheModeDoesNotKnowAreRefusedAndRecorded) {
  const struct {
    std::vector<std::string> words;
    bool none, unix, loopback;
  } kCases[] = {
      {{"socket", "1", "1"}, false, true, true},    // AF_UNIX
      {{"socket", "2", "1"}, false, false, true},   // AF_INET
      {{"socket", "10", "2"}, false, false, true},  // AF_INET6
      {{"socket", "16", "3"}, false, false, true},  // NETLINK_ROUTE
      {{"socket", "16", "3", "9"}, false, false, false},
      {{"socket", "2", "3", "255"}, false, false, false},   // raw
      {{"socket", "2", "2", "1"}, false, false, false},     // ICMP
      {{"socket", "17", "3", "768"}, false, false, false},  // AF_PACKET
      {{"socket", "38", "5"}, false, false, false},         // AF_ALG
      {{"socket", "40", "1"}, false, false, false},         // AF_VSOCK
      {{"socketpair", "1"}, true, true, true},
      {{"socketpair", "30"}, false, false, false},  // AF_TIPC
  };
  for (const auto& c : kCases) {
    const std::string text = absl::StrCat(c.words[0], " ", c.words[1], " ", c.words.back());
    const std::pair<NetworkMode, bool> modes[] = {
        {NetworkMode::kNone, c.none}, {NetworkMode::kUnix, c.unix}, {NetworkMode::kLoopback, c.loopback}};
    for (const auto& [mode, allowed] : modes) {
      policy_.network.mode = mode;
      const size_t before = Ruled("network-socket").size();
      EXPECT_EQ(Probe(c.words), allowed ? 0 : EACCES) << text;
      const auto after = Ruled("network-socket");
      const bool recorded = !allowed && c.words[0] == "socket";
      ASSERT_EQ(after.size(), before + (recorded ? 1 : 0)) << text;
      if (!recorded) continue;
      EXPECT_EQ(after[0].decision, access::Decision::kDenied);
      EXPECT_EQ(after[0].error, EACCES);
      EXPECT_EQ(after[0].rule, absl::StrCat("network-socket: glovebox.toml:7:1 network ",
                                            mode == NetworkMode::kNone   ? "none"
                                            : mode == NetworkMode::kUnix ? "unix"
                                                                         : "loopback"));
    }
  }
}

TEST_F(NetworkTest, WithoutAListenerTheKernelRefusesTheSameSockets) {
  policy_.level = kernel::Level::kOff;
  for (const NetworkMode mode : {NetworkMode::kNone, NetworkMode::kUnix}) {
    policy_.network.mode = mode;
    EXPECT_EQ(Probe({"socket", "1", "1"}), mode == NetworkMode::kUnix ? 0 : EACCES);
    EXPECT_EQ(Probe({"socketpair", "1"}), 0);
    for (const std::vector<std::string>& words :
         std::vector<std::vector<std::string>>{{"socket", "2", "1"},
                                               {"socket", "10", "2"},
                                               {"socket", "16", "3"},
                                               {"socket", "17", "3"},
                                               {"socket", "40", "1"},
                                               {"socketpair", "30"}}) {
      EXPECT_EQ(Probe(words), EACCES) << words[1];
    }
  }
  policy_.network.mode = NetworkMode::kLoopback;
  RunRequest request = Shell("exit 0");
  request.policy = policy_;
  EXPECT_EQ(RunSupervised(request).status().code(), absl::StatusCode::kUnimplemented);
  policy_.best_effort = true;
  EXPECT_EQ(Probe({"socket", "2", "1"}), 0);
  EXPECT_EQ(Probe({"socket", "2", "1", "6"}), 0);
  EXPECT_EQ(Probe({"socket", "2", "2", "17"}), 0);
  EXPECT_EQ(Probe({"socket", "2", "2", "1"}), EACCES);
  EXPECT_EQ(Probe({"socket", "2", "1", "262"}), EACCES);
  EXPECT_EQ(Probe({"socket", "2", "3", "255"}), EACCES);
  EXPECT_EQ(Probe({"socket", "10", "5"}), EACCES);
  EXPECT_EQ(Probe({"socket", "16", "3"}), 0);
  EXPECT_EQ(Probe({"socket", "16", "3", "9"}), EACCES);
}

#if defined(__x86_64__)
TEST_F(NetworkTest, ProgramsOf32BitsAreHeldAsWell) {
  if (Bare({"socket32", "2"}) == -SIGSEGV) GTEST_SKIP() << "this kernel runs no 32-bit calls";
  policy_.network.mode = NetworkMode::kNone;
  EXPECT_EQ(Probe({"socket32", "2"}), EACCES);
  EXPECT_EQ(Probe({"socketcall", "2"}), EACCES);
  policy_.level = kernel::Level::kOff;
  EXPECT_EQ(Probe({"socket32", "2"}), EACCES);
  EXPECT_EQ(Probe({"socketcall", "2"}), EACCES);
  policy_.level = kernel::Level::kOpen;
  const Server good(SOCK_DGRAM), bad(SOCK_DGRAM);
  AllowOnly({good.Port()});
  for (const char* word : {"connect32", "connect-socketcall"}) {
    EXPECT_EQ(Bare({word, "127.0.0.1", bad.port}), 0) << word;
    EXPECT_EQ(Probe({word, "127.0.0.1", good.port}), 0) << word;
    EXPECT_EQ(Probe({word, "127.0.0.1", bad.port}), EACCES) << word;
  }
  EXPECT_EQ(Probe({"socketcall", "2"}), EACCES) << "its arguments lie in memory";
  EXPECT_EQ(Probe({"socketcall-option"}), EACCES);
  EXPECT_EQ(Probe({"option32"}), EACCES);
}
#endif

TEST_F(NetworkTest, OnlyLoopbackCanBeReached) {
  if (!alone_) GTEST_SKIP() << "no network namespace can be had";
  policy_.network.mode = NetworkMode::kLoopback;
  const Server here(SOCK_STREAM), there(SOCK_STREAM, kElsewhere), six(SOCK_STREAM, "::1");
  const struct {
    std::string address, port;
    int error;
  } kCases[] = {
      {"127.0.0.1", here.port, 0},
      {"0.0.0.0", here.port, 0},
      {"::1", six.port, 0},
      {"::ffff:127.0.0.1", here.port, 0},
      {kElsewhere, there.port, EACCES},
      {absl::StrCat("::ffff:", kElsewhere), there.port, EACCES},
      {"127.0.0.1", "1", ECONNREFUSED},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(Bare({"tcp", c.address, c.port}), c.error == EACCES ? 0 : c.error) << c.address;
    for (const char* word : {"tcp", "non-blocking", "fast-open-connect"}) {
      EXPECT_EQ(Probe({word, c.address, c.port}), c.error) << word << " " << c.address;
    }
    EXPECT_EQ(Probe({"udp", c.address, c.port}), c.error == EACCES ? EACCES : 0) << c.address;
  }
  EXPECT_EQ(Probe({"fast-open", "127.0.0.1", here.port}), 0);
  EXPECT_EQ(Probe({"fast-open", kElsewhere, there.port}), EACCES);
  const auto ruled = Ruled("network-connect");
  ASSERT_FALSE(ruled.empty());
  EXPECT_EQ(ruled[0].path, absl::StrCat("inet:", kElsewhere, ":", there.port));
  EXPECT_EQ(ruled[0].decision, access::Decision::kDenied);
}

TEST_F(NetworkTest, OnlyLoopbackCanBeListenedOn) {
  if (!alone_) GTEST_SKIP() << "no network namespace can be had";
  policy_.network.mode = NetworkMode::kLoopback;
  for (const char* word : {"bind", "bind-udp", "listen"}) {
    EXPECT_EQ(Probe({word, "127.0.0.1", "0"}), 0) << word;
    EXPECT_EQ(Probe({word, "::1", "0"}), 0) << word;
    for (const char* address : {"0.0.0.0", "::", kElsewhere}) {
      EXPECT_EQ(Bare({word, address, "0"}), 0) << word << address;
      EXPECT_EQ(Probe({word, address, "0"}), EACCES) << word << address;
    }
  }
  EXPECT_EQ(Bare({"listen-unbound", "127.0.0.1", "0"}), 0);
  EXPECT_EQ(Probe({"listen-unbound", "127.0.0.1", "0"}), EACCES);
  EXPECT_FALSE(Ruled("network-bind").empty());
}

TEST_F(NetworkTest, ALowPortNeedsTheCallersOwnCapability) {
  if (!alone_ || geteuid() != 0) GTEST_SKIP() << "needs root in a network namespace";
  policy_.network.mode = NetworkMode::kLoopback;
  policy_.drop_all_capabilities = true;
  const auto first = ReadFile("/proc/sys/net/ipv4/ip_unprivileged_port_start");
  if (!first.ok() || std::stoi(*first) <= 80) GTEST_SKIP() << "low ports are everybody's here";
  EXPECT_EQ(Probe({"bind", "127.0.0.1", "80"}), EACCES);
  policy_.keep_capabilities = {"cap_net_bind_service"};
  EXPECT_EQ(Probe({"bind", "127.0.0.1", "80"}), 0);
}

TEST_F(NetworkTest, DatagramsGoWhereTheyMayAndNowhereElse) {
  const Server good(SOCK_DGRAM), bad(SOCK_DGRAM);
  AllowOnly({good.Port()});
  for (const char* word : {"sendto", "sendmsg", "sendmmsg"}) {
    const int each = std::string(word) == "sendmmsg" ? 2 : 1;
    EXPECT_EQ(Bare({word, "127.0.0.1", bad.port}), 0) << word;
    EXPECT_EQ(bad.Take(), each) << word;
    EXPECT_EQ(Probe({word, "127.0.0.1", good.port}), 0) << word;
    EXPECT_EQ(good.Take(), each) << word;
    EXPECT_EQ(Probe({word, "127.0.0.1", bad.port}), EACCES) << word;
    EXPECT_EQ(Probe({word, "::ffff:127.0.0.1", bad.port}), EACCES) << word;
    EXPECT_EQ(bad.Take(), 0) << word;
  }
  EXPECT_EQ(Ruled("network-send").size(), 6u);
}

TEST_F(NetworkTest, AnAddressThatIsRewrittenMeanwhileLeadsNowhereElse) {
  const Server good(SOCK_DGRAM), bad(SOCK_DGRAM);
  AllowOnly({good.Port()});
  for (const char* word : {"race-connect", "race-sendto", "race-sendmsg", "race-sendmmsg"}) {
    EXPECT_EQ(Bare({word, "127.0.0.1", good.port, bad.port}), 0);
    EXPECT_GT(bad.Take(), 0) << word << ": else nothing is shown by it";
    good.Take();
    EXPECT_EQ(Probe({word, "127.0.0.1", good.port, bad.port}), 0);
    EXPECT_EQ(bad.Take(), 0) << word;
    EXPECT_GT(good.Take(), 0) << word;
  }
}

TEST_F(NetworkTest, ADescriptorThatIsReplacedMeanwhileLeadsNowhereElse) {
  const Server bad(SOCK_DGRAM);
  AllowOnly({1});
  EXPECT_EQ(Bare({"dup-race", "127.0.0.1", bad.port}), 0);
  EXPECT_GT(bad.Take(), 0);
  EXPECT_EQ(Probe({"dup-race", "127.0.0.1", bad.port}), 0);
  EXPECT_EQ(bad.Take(), 0);
}

TEST_F(NetworkTest, AnInheritedSocketIsHeldLikeAnOwnOne) {
  const Server bad(SOCK_DGRAM);
  const int number = dup2(socket(AF_INET, SOCK_DGRAM, 0), 77);
  keep_fds_ = {number};
  EXPECT_EQ(Bare({"inherited", "127.0.0.1", bad.port, "77"}), 0);
  EXPECT_EQ(bad.Take(), 1);
  for (const NetworkMode mode : {NetworkMode::kNone, NetworkMode::kUnix, NetworkMode::kNamed}) {
    policy_.network.mode = mode;
    EXPECT_EQ(Probe({"inherited", "127.0.0.1", bad.port, "77"}), EACCES);
  }
  EXPECT_EQ(bad.Take(), 0);
  close(number);
}

TEST_F(NetworkTest, NobodySetsASourceRoute) {
  policy_.network.mode = NetworkMode::kLoopback;
  EXPECT_THAT(Bare({"source-route"}), testing::AnyOf(0, EPERM));  // an ordinary user may not on all kernels
  EXPECT_EQ(Probe({"source-route"}), EACCES);
}

}  // namespace
}  // namespace glovebox::trace
