// What the tests of a held network share: a network namespace of their own, servers that note what arrives,
// the probe inside and without Glovebox.
#ifndef GLOVEBOX_TRACE_NETWORK_FIXTURE_H_
#define GLOVEBOX_TRACE_NETWORK_FIXTURE_H_

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

using policy::Mode;
using policy::NetworkMode;

// An address of this namespace that is no loopback address and leads nowhere else.
inline constexpr char kElsewhere[] = "10.9.8.7";

inline void WriteText(const char* path, const std::string& text) {
  const UniqueFd fd(open(path, O_WRONLY | O_CLOEXEC));
  EXPECT_EQ(write(fd.get(), text.data(), text.size()), static_cast<ssize_t>(text.size())) << path;
}

inline bool EnterNamespace() {
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
  static void SetUpTestSuite() { alone_ = alone_ || EnterNamespace(); }
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
    request.keep_fds = keep_fds_;
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

  static inline bool alone_ = false;
  policy::Policy policy_;
  std::vector<int> keep_fds_;
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_NETWORK_FIXTURE_H_
