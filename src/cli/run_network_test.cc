// The network as the command line says it: what the command meets, what contradicts itself.
#include <arpa/inet.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "cli/cli_fixture.h"
#include "kernel/test_namespace.h"

namespace glovebox::cli {
namespace {

// Nothing is sent to what is outside of a network namespace of the command's own; a port is only bound.
class RunNetwork : public Cli {
 protected:
  void SetUp() override {
    Cli::SetUp();
    for (const char* name : {"GLOVEBOX_POLICY", "GLOVEBOX_LEVEL", "GLOVEBOX_MODE"}) unsetenv(name);
  }
  // The errno that the probe meets.
  int Probe(std::vector<std::string> options, const std::vector<std::string>& words) {
    options.insert(options.begin(), {"run", "-q", "--mode", "enforce", "--read", "/", "--write", Path("")});
    options.insert(options.end(), {"--", GLOVEBOX_NETWORK_PROBE});
    options.insert(options.end(), words.begin(), words.end());
    const Outcome outcome = Run(options);
    said_ = outcome.err;
    return outcome.exit();
  }
  std::string said_;
};

const std::vector<std::string> kUnixSocket = {"socket", std::to_string(AF_UNIX), std::to_string(SOCK_STREAM)};
const std::vector<std::string> kTcpSocket = {"socket", std::to_string(AF_INET), std::to_string(SOCK_STREAM)};

TEST_F(RunNetwork, ModesSayWhichSocketsMayBeHad) {
  EXPECT_EQ(Probe({"--network", "any"}, {"bind", "0.0.0.0", "0"}), 0) << said_;
  EXPECT_EQ(Probe({"--network", "none"}, kUnixSocket), EACCES);
  EXPECT_THAT(said_, HasSubstr("network-socket: command line network none"));
  EXPECT_EQ(Probe({"--network", "unix"}, kUnixSocket), 0) << said_;
  EXPECT_EQ(Probe({"--network", "unix"}, kTcpSocket), EACCES);
  EXPECT_EQ(Probe({"--network", "loopback"}, {"bind", "127.0.0.1", "0"}), 0) << said_;
  EXPECT_EQ(Probe({"--network", "loopback"}, {"bind", "0.0.0.0", "0"}), EACCES);
}

TEST_F(RunNetwork, AddressesAloneAreAllThatThereIsButUnixSockets) {
  EXPECT_EQ(Probe({"--bind", "127.0.0.1:0"}, {"bind", "127.0.0.1", "0"}), 0) << said_;
  EXPECT_EQ(Probe({"--bind", "127.0.0.1:0"}, {"bind", "127.0.0.2", "0"}), EACCES);
  EXPECT_THAT(said_, HasSubstr("command line network named"));
  EXPECT_EQ(Probe({"--connect", "127.0.0.1:0"}, {"bind", "127.0.0.1", "0"}), EACCES);
  EXPECT_EQ(Probe({"--connect", "127.0.0.1:0"}, kUnixSocket), 0) << said_;
}

TEST_F(RunNetwork, AddressesStandBesideTheMode) {
  if (!kernel::CanHaveNamespace(CLONE_NEWNET)) GTEST_SKIP() << "no network namespace can be had";
  const std::vector<std::string> options = {
      "--network-namespace", "--network", "unix",   "--connect", "127.0.0.1:9",
      "--connect",           "[::1]:10",  "--bind", "127.0.0.2"};
  EXPECT_EQ(Probe(options, {"tcp", "127.0.0.1", "9"}), ECONNREFUSED) << said_;
  EXPECT_EQ(Probe(options, {"tcp", "::1", "10"}), ECONNREFUSED) << said_;
  EXPECT_EQ(Probe(options, {"tcp", "127.0.0.1", "10"}), EACCES) << said_;
  EXPECT_EQ(Probe(options, {"listen", "127.0.0.2", "77"}), EACCES) << said_;
  EXPECT_EQ(Probe(options, {"listen", "127.0.0.2", "7777"}), 0) << said_;
  EXPECT_EQ(Probe(options, {"listen", "127.0.0.1", "7777"}), EACCES) << said_;
}

TEST_F(RunNetwork, TheCommandLineReplacesTheWholeNetworkOfTheFile) {
  ASSERT_OK(WriteFile(Path("p.toml"),
                      "mode = \"enforce\"\n[run]\nnetwork = { mode = \"unix\", bind = [\"127.0.0.1:0\"], "
                      "namespace = true }\n"));
  const std::string file = Path("p.toml");
  const auto explained = [&](std::vector<std::string> options) {
    options.insert(options.begin(), {"run", "--explain", "--policy", file});
    return Run(options).out;
  };
  EXPECT_THAT(explained({}), HasSubstr("on   network namespace"));
  EXPECT_THAT(explained({"--network", "unix"}), Not(HasSubstr("network namespace")));
  EXPECT_THAT(explained({"--network-namespace"}), HasSubstr("on   network namespace"));
  EXPECT_EQ(Probe({"--policy", file, "--network", "none"}, kUnixSocket), EACCES);
  EXPECT_THAT(said_, HasSubstr("command line network none"));
  EXPECT_EQ(Probe({"--policy", file, "--network", "loopback"}, {"bind", "127.0.0.2", "0"}), 0) << said_;
}

TEST_F(RunNetwork, ABadAddressAndAContradictionAreToldWithTheirMend) {
  const struct {
    std::vector<std::string> options;
    const char* says;
  } cases[] = {
      {{"--connect", "example.org:80"},
       "--connect: address \"example.org:80\" is no number: names of hosts are not looked up (as in"},
      {{"--connect", "127.0.0.1:1", "--bind", "127.0.0.1:80-8"},
       "--bind: address \"127.0.0.1:80-8\" has a range of ports that ends before it begins: say 8-80"},
      {{"--bind", "localhost"}, "--bind: address \"localhost\" is a name: say 127.0.0.1 or [::1]"},
      {{"--bind", ""}, "--bind: address \"\" is empty (as in"},
      {{"--network", "any", "--connect", "10.0.0.0/8"},
       "--network any allows 10.0.0.0/8 already, and every other address: leave --network out"},
      {{"--network-namespace", "--connect", "10.0.0.0/8"},
       "--network-namespace holds loopback only, and --connect or --bind without --network wants more: say "
       "--network loopback, or leave --network-namespace out"},
      {{"--network-namespace", "--network", "any"}, "and --network any wants more"},
      {{"--network", "lan"}, "--network: lan not in {any,none,unix,loopback}"},
  };
  for (const auto& [options, says] : cases) {
    std::vector<std::string> words = {"run"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"--", "sh", "-c", "echo ran"});
    const Outcome outcome = Run(words);
    EXPECT_EQ(outcome.exit(), 2) << says;
    EXPECT_EQ(outcome.out, "") << says;
    EXPECT_THAT(outcome.err, HasSubstr(says));
  }
}

}  // namespace
}  // namespace glovebox::cli
