// The network of a policy against programs that want to go around it, and with those that do not. Everything
// happens in a network namespace of this test, or, where there can be none, on the loopback device.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/unique_fd.h"
#include "gtest/gtest.h"
#include "trace/runner_fixture.h"

namespace glovebox::trace {
namespace {

using policy::Mode;
using policy::NetworkMode;

// An address of this namespace that is no loopback address and leads nowhere else.
constexpr char kElsewhere[] = "10.9.8.7";

void WriteText(const char* path, const std::string& text) {
  const UniqueFd fd(open(path, O_WRONLY | O_CLOEXEC));
  EXPECT_EQ(write(fd.get(), text.data(), text.size()), static_cast<ssize_t>(text.size())) << path;
}

bool EnterNamespace() {
  const uid_t uid = geteuid();
  const gid_t gid = getegid();
  if (unshare(CLONE_NEWNET) != 0) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return false;
    WriteText("/proc/self/setgroups", "deny");
    WriteText("/proc/self/uid_map", absl::StrCat(uid, " ", uid, " 1"));
    WriteText("/proc/self/gid_map", absl::StrCat(gid, " ", gid, " 1"));
  }
  const UniqueFd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request = {};
  strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (ioctl(fd.get(), SIOCSIFFLAGS, &request) != 0) return false;
  request = {};
  strcpy(request.ifr_name, "lo:1");
  auto* address = reinterpret_cast<sockaddr_in*>(&request.ifr_addr);
  address->sin_family = AF_INET;
  inet_pton(AF_INET, kElsewhere, &address->sin_addr);
  return ioctl(fd.get(), SIOCSIFADDR, &request) == 0;
}

// A socket of ours that notes what arrives.
struct Server {
  UniqueFd fd;
  std::string port;
  explicit Server(int type, const char* address = "127.0.0.1") {
    sockaddr_in6 room = {};
    auto* in = reinterpret_cast<sockaddr_in*>(&room);
    const bool ipv6 = strchr(address, ':') != nullptr;
    room.sin6_family = ipv6 ? AF_INET6 : AF_INET;
    inet_pton(room.sin6_family, address, ipv6 ? static_cast<void*>(&room.sin6_addr) : &in->sin_addr);
    socklen_t size = ipv6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
    fd.reset(socket(room.sin6_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    EXPECT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&room), size), 0) << address << strerror(errno);
    if (type == SOCK_STREAM) {
      EXPECT_EQ(listen(fd.get(), 64), 0);
    }
    getsockname(fd.get(), reinterpret_cast<sockaddr*>(&room), &size);
    port = absl::StrCat(ntohs(room.sin6_port));
  }
  // How many datagrams have come.
  int Take() const {
    char byte;
    int count = 0;
    while (recv(fd.get(), &byte, 1, MSG_DONTWAIT) >= 0) ++count;
    return count;
  }
  uint16_t Port() const { return static_cast<uint16_t>(std::stoi(port)); }
};

class NetworkTest : public RunnerFixture {
 protected:
  static void SetUpTestSuite() { alone_ = EnterNamespace(); }
  void SetUp() override {
    RunnerFixture::SetUp();
    policy_ = policy::DefaultPolicy(policy::Role::kRun);
    policy_.mode = Mode::kEnforce;
    policy_.network.origin = {"glovebox.toml", 7, 1};
  }
  // Connecting to these ports of the loopback device is all that is allowed.
  void AllowOnly(std::vector<uint16_t> ports) {
    policy_.network.mode = NetworkMode::kNamed;
    for (const uint16_t port : ports) {
      policy::Endpoint endpoint;
      endpoint.connect = true;
      endpoint.address = {127, 0, 0, 1};
      endpoint.prefix = 32;
      endpoint.first_port = endpoint.last_port = port;
      policy_.network.endpoints.push_back(endpoint);
    }
  }
  // The probe's exit status; -SIGNAL where one has ended it.
  int Probe(std::vector<std::string> words) {
    words.insert(words.begin(), GLOVEBOX_NETWORK_PROBE);
    return RunCommand(std::move(words));
  }
  int RunCommand(std::vector<std::string> words) {
    RunRequest request = Shell("");
    request.argv = std::move(words);
    request.policy = policy_;
    const auto outcome = RunSupervised(request);
    EXPECT_OK(outcome);
    if (!outcome.ok()) return -1000;
    EXPECT_NE(outcome->end.kind, access::ActionEnd::Kind::kSandboxFailed) << outcome->end.step;
    return outcome->end.kind == access::ActionEnd::Kind::kSignaled ? -outcome->end.status
                                                                   : outcome->end.status;
  }
  // The same without Glovebox.
  static int Bare(std::vector<std::string> words) {
    words.insert(words.begin(), GLOVEBOX_NETWORK_PROBE);
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const pid_t pid = fork();
    if (pid == 0) {
      execv(argv[0], argv.data());
      _exit(254);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  }
  // The accesses that a rule was named for, the last one first.
  std::vector<access::Access> Ruled(const std::string& id) const {
    std::vector<access::Access> found;
    for (access::Access& access : sink_.All<access::Access>()) {
      if (absl::StartsWith(access.rule, id + ": ")) found.insert(found.begin(), std::move(access));
    }
    return found;
  }

  static bool alone_;
  policy::Policy policy_;
};
bool NetworkTest::alone_ = false;

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

TEST_F(NetworkTest, PairsWorkAsEverWithoutAnyNetwork) {
  policy_.network.mode = NetworkMode::kNone;
  for (const char* word : {"pass", "big", "epipe", "sigpipe"}) {
    const int bare = Bare({word});
    EXPECT_EQ(Probe({word}), bare) << word;
  }
  EXPECT_EQ(Bare({"sigpipe"}), -SIGPIPE);
}

TEST_F(NetworkTest, UnixSocketsServeInside) {
  policy_.network.mode = NetworkMode::kUnix;
  policy_.scope_abstract_unix = Host().landlock_abi >= 6;
  EXPECT_EQ(Probe({"unix", Path("stream")}), 0);
  EXPECT_EQ(Probe({"unix-dgram", Path("dgram")}), 0);
  EXPECT_EQ(Probe({"unix", "@glovebox-network-test"}), 0);
  EXPECT_EQ(Probe({"unix-dgram", "@glovebox-network-test"}), 0);
  EXPECT_EQ(RunCommand({"/bin/sh", "-c",
                        absl::StrCat("cd ", dir_->path(), " && umask 077 && exec ", GLOVEBOX_NETWORK_PROBE,
                                     " unix relative")}),
            0);
  struct stat is = {};
  ASSERT_EQ(stat(Path("relative").c_str(), &is), 0);
  EXPECT_EQ(is.st_mode & 0777, 0700u);
  EXPECT_EQ(Probe({"unix", Path("stream")}), EADDRINUSE);
  EXPECT_EQ(Probe({"unix", Path("nowhere/x")}), ENOENT);
  EXPECT_EQ(Probe({"unix-connect", Path("nowhere")}), ENOENT);
  EXPECT_EQ(Probe({"unix-connect", Path("relative")}), ECONNREFUSED);
  policy_.network.mode = NetworkMode::kNone;
  EXPECT_EQ(Probe({"unix-connect", Path("relative")}), EBADF) << "no socket was to be had";
}

TEST_F(NetworkTest, AnAbstractNameOfSomebodyOutsideIsOutOfReachWhereTheScopeSaysSo) {
  policy_.network.mode = NetworkMode::kUnix;
  const std::string name = absl::StrCat("glovebox-network-test-", getpid());
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path + 1, sizeof(address.sun_path) - 1);
  const UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  ASSERT_EQ(bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listener.get(), 8), 0);
  EXPECT_EQ(Probe({"unix-connect", "@" + name}), 0);
  if (Host().landlock_abi < 6) return;
  policy_.scope_abstract_unix = true;
  EXPECT_EQ(Probe({"unix-connect", "@" + name}), EPERM);
}

TEST_F(NetworkTest, WhoWaitsForAPeerHoldsUpNobodyElse) {
  policy_.network.mode = NetworkMode::kUnix;
  EXPECT_EQ(Bare({"full"}), 0);
  EXPECT_EQ(Probe({"full"}), 0);
}

TEST_F(NetworkTest, ModeReportLetsAllGoOnAndNamesTheRule) {
  const Server server(SOCK_DGRAM);
  policy_.mode = Mode::kReport;
  policy_.network.mode = NetworkMode::kUnix;
  EXPECT_EQ(Probe({"sendto", "127.0.0.1", server.port}), 0);
  EXPECT_EQ(Probe({"udp", "127.0.0.1", server.port}), 0);
  EXPECT_EQ(Probe({"bind-udp", "127.0.0.1", "0"}), 0);
  EXPECT_EQ(Probe({"socketpair", "1"}), 0);
  EXPECT_EQ(server.Take(), 1);
  for (const char* id : {"network-socket", "network-send", "network-connect", "network-bind"}) {
    const auto ruled = Ruled(id);
    ASSERT_FALSE(ruled.empty()) << id;
    EXPECT_EQ(ruled[0].rule, absl::StrCat(id, ": glovebox.toml:7:1 network unix"));
    EXPECT_EQ(ruled[0].decision, access::Decision::kContinued);
  }
  const size_t before = sink_.All<access::Access>().size();
  policy_.mode = Mode::kObserve;
  EXPECT_EQ(Probe({"sendto", "127.0.0.1", server.port}), 0);
  const auto all = sink_.All<access::Access>();
  for (size_t i = before; i < all.size(); ++i) EXPECT_EQ(all[i].rule, "");
}

TEST_F(NetworkTest, WhatWeMakeIsRecordedWithItsResult) {
  const Server server(SOCK_STREAM);
  policy_.network.mode = NetworkMode::kLoopback;
  EXPECT_EQ(Probe({"tcp", "127.0.0.1", server.port}), 0);
  EXPECT_EQ(Probe({"tcp", "127.0.0.1", "1"}), ECONNREFUSED);
  std::vector<access::Access> connects;
  for (const access::Access& access : sink_.All<access::Access>()) {
    if (access.op == Op::kConnect) connects.push_back(access);
  }
  ASSERT_EQ(connects.size(), 2u);
  for (const access::Access& access : connects) {
    EXPECT_EQ(access.decision, access::Decision::kEmulated);
    EXPECT_EQ(access.sight, access::Sight::kObserved);
    EXPECT_EQ(access.rule, "");
  }
  EXPECT_EQ(connects[0].result, access::Result::kThere);
  EXPECT_EQ(connects[1].error, ECONNREFUSED);
}

// What a peer is told of who connects would be the supervisor's ids.
TEST_F(NetworkTest, NobodyGoesByTheIdsOfItsSupervisor) {
  if (geteuid() != 0) GTEST_SKIP() << "an ordinary user has no other ids";
  policy_.network.mode = NetworkMode::kUnix;
  policy_.keep_capabilities = {"cap_setuid", "cap_setgid"};
  ASSERT_EQ(chmod(dir_->path().c_str(), 0777), 0);
  const auto as_another = [&](const std::string& words) {
    return RunCommand({"/bin/sh", "-c",
                       absl::StrCat("exec setpriv --reuid 65534 --regid 65534 --clear-groups ",
                                    GLOVEBOX_NETWORK_PROBE, " ", words)});
  };
  if (RunCommand({"/bin/sh", "-c", "exec setpriv --reuid 65534 true"}) != 0) GTEST_SKIP() << "no setpriv";
  EXPECT_EQ(as_another(absl::StrCat("unix ", Path("socket"))), EACCES);
  EXPECT_FALSE(Ruled("network-bind").empty());
  EXPECT_EQ(as_another("pass"), 0) << "a pair of one's own";
}

// Programs that mean no harm.
TEST_F(NetworkTest, AServerAndItsClientWorkOnLoopback) {
  policy_.network.mode = NetworkMode::kLoopback;
  const std::string python =
      "import http.server, socket, threading, urllib.request\n"
      "server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), http.server.SimpleHTTPRequestHandler)\n"
      "threading.Thread(target=server.serve_forever, daemon=True).start()\n"
      "url = 'http://127.0.0.1:%d/page' % server.server_address[1]\n"
      "assert urllib.request.urlopen(url).read() == b'hello'\n"
      "echo = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
      "echo.bind(('localhost', 0))\n"
      "client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
      "client.sendto(b'ping', echo.getsockname())\n"
      "data, peer = echo.recvfrom(16)\n"
      "echo.sendto(data, peer)\n"
      "assert client.recv(16) == b'ping'\n"
      "assert socket.getaddrinfo('localhost', 80)\n"
      "assert socket.if_nameindex()\n"
      "a, b = socket.socketpair()\n"
      "socket.send_fds(a, [b'x'], [0])\n"
      "assert len(socket.recv_fds(b, 1, 1)[1]) == 1\n"
      "import shutil, subprocess\n"
      "if shutil.which('curl'):\n"
      "  assert subprocess.check_output(['curl', '-s', '--noproxy', '*', url]) == b'hello'\n"
      "server.shutdown()\n";
  ASSERT_OK(WriteFile(Path("page"), "hello"));
  ASSERT_OK(WriteFile(Path("script.py"), python));
  if (system("/usr/bin/python3 -c 'import socket; socket.send_fds' 2>/dev/null") != 0)
    GTEST_SKIP() << "no python3 of 3.9 or later";
  EXPECT_EQ(
      RunCommand({"/bin/sh", "-c", absl::StrCat("cd ", dir_->path(), " && exec /usr/bin/python3 script.py")}),
      0);
}

TEST_F(NetworkTest, ABuildNeedsNoNetwork) {
  if (system("ninja --version > /dev/null 2>&1 && cc --version > /dev/null 2>&1") != 0)
    GTEST_SKIP() << "no ninja or no compiler";
  policy_.network.mode = NetworkMode::kNone;
  ASSERT_OK(WriteFile(Path("main.c"), "int main(void) { return 0; }\n"));
  ASSERT_OK(
      WriteFile(Path("build.ninja"), "rule cc\n  command = cc $in -o $out\nbuild program: cc main.c\n"));
  EXPECT_EQ(RunCommand({"/bin/sh", "-c", absl::StrCat("cd ", dir_->path(), " && ninja > log && ./program")}),
            0);
}

}  // namespace
}  // namespace glovebox::trace
