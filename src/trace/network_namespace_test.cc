// A network namespace of the action's own, and that its supervisor reaches into it all the same.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/unique_fd.h"
#include "gtest/gtest.h"
#include "kernel/test_namespace.h"
#include "trace/runner_fixture.h"

namespace glovebox::trace {
namespace {

using policy::Mode;
using policy::NetworkMode;

class NetworkNamespaceTest : public RunnerFixture {
 protected:
  void SetUp() override {
    if (!kernel::CanHaveNamespace(CLONE_NEWNET)) GTEST_SKIP() << "no network namespace can be had";
    RunnerFixture::SetUp();
    policy_ = policy::DefaultPolicy(policy::Role::kRun);
    policy_.mode = Mode::kEnforce;
    policy_.network.mode = NetworkMode::kLoopback;
    policy_.network.own_namespace = true;
  }
  int RunCommand(std::vector<std::string> words) {
    RunRequest request = Shell("");
    request.argv = std::move(words);
    request.policy = policy_;
    const auto outcome = RunSupervised(request);
    EXPECT_OK(outcome);
    if (!outcome.ok()) return -1;
    EXPECT_EQ(outcome->end.kind, access::ActionEnd::Kind::kExited) << outcome->end.step;
    step_ = outcome->end.step;
    return outcome->end.status;
  }
  int Probe(std::vector<std::string> words) {
    words.insert(words.begin(), GLOVEBOX_NETWORK_PROBE);
    return RunCommand(std::move(words));
  }
  int Script(const std::string& script) { return RunCommand({"/bin/sh", "-c", script}); }

  policy::Policy policy_;
  std::string step_;
};

TEST_F(NetworkNamespaceTest, HoldsNothingButTheLoopbackDeviceWhichIsUp) {
  EXPECT_EQ(Script(absl::StrCat("cat /proc/self/net/dev > ", Path("devices"))), 0);
  ASSERT_OK_AND_ASSIGN(const std::string devices, ReadFile(Path("devices")));
  EXPECT_NE(devices.find(" lo:"), std::string::npos) << devices;
  EXPECT_EQ(std::count(devices.begin(), devices.end(), ':'), 1) << devices;
  EXPECT_EQ(Probe({"tcp", "127.0.0.1", "1"}), ECONNREFUSED) << "a device that is down gives ENETUNREACH";
  for (const char* address : {"0.0.0.0", "::", "127.0.0.1"}) {
    EXPECT_EQ(Probe({"listen", address, "0"}), 0) << address << ": nobody from outside comes here";
  }
}

TEST_F(NetworkNamespaceTest, NothingOutsideCanBeReachedByAddressOrByAbstractName) {
  const UniqueFd server(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(server.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(server.get(), 8), 0);
  getsockname(server.get(), reinterpret_cast<sockaddr*>(&address), &size);
  const std::string port = absl::StrCat(ntohs(address.sin_port));
  const std::string name = absl::StrCat("glovebox-namespace-test-", getpid());
  sockaddr_un abstract = {};
  abstract.sun_family = AF_UNIX;
  name.copy(abstract.sun_path + 1, sizeof(abstract.sun_path) - 1);
  const UniqueFd named(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(bind(named.get(), reinterpret_cast<const sockaddr*>(&abstract),
                 static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size())),
            0);
  ASSERT_EQ(listen(named.get(), 8), 0);
  for (const bool own : {true, false}) {
    policy_.network.own_namespace = own;
    EXPECT_EQ(Probe({"tcp", "127.0.0.1", port}), own ? ECONNREFUSED : 0);
    EXPECT_EQ(Probe({"unix-connect", "@" + name}), own ? ECONNREFUSED : 0);
  }
}

TEST_F(NetworkNamespaceTest, TheCommandIsWhoItWasAndGainsNothing) {
  for (const Mode mode : {Mode::kEnforce, Mode::kReport}) {
    policy_.mode = mode;
    EXPECT_EQ(Script(absl::StrCat("id -u > ", Path("ids"), "; id -g >> ", Path("ids"),
                                  "; grep CapEff /proc/self/status > ", Path("capabilities"))),
              0);
    ASSERT_OK_AND_ASSIGN(const std::string ids, ReadFile(Path("ids")));
    EXPECT_EQ(ids, absl::StrCat(geteuid(), "\n", getegid(), "\n"));
    ASSERT_OK_AND_ASSIGN(const std::string capabilities, ReadFile(Path("capabilities")));
    if (geteuid() != 0) {
      EXPECT_EQ(capabilities, "CapEff:\t0000000000000000\n");
    }
  }
}

TEST_F(NetworkNamespaceTest, ServesAProgramOfManyCallsAsEver) {
  policy_.network.mode = NetworkMode::kUnix;
  EXPECT_EQ(Probe({"unix", Path("socket")}), 0);
  EXPECT_EQ(Probe({"full"}), 0);
  EXPECT_EQ(Probe({"pass"}), 0);
  policy_.level = kernel::Level::kFull;
  EXPECT_EQ(Script("ls / > /dev/null"), 0);
  bool seen = false;
  for (const access::Access& access : sink_.All<access::Access>()) seen = seen || access.op == Op::kList;
  EXPECT_TRUE(seen);
}

}  // namespace
}  // namespace glovebox::trace
