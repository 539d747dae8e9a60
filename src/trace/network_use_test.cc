// The network of a policy with programs that mean no harm, and what is recorded of them.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/unique_fd.h"
#include "gtest/gtest.h"
#include "trace/another_user.h"
#include "trace/network_fixture.h"

namespace glovebox::trace {
namespace {

class NetworkUseTest : public NetworkTest {};

TEST_F(NetworkUseTest, PairsWorkAsEverWithoutAnyNetwork) {
  policy_.network.mode = NetworkMode::kNone;
  for (const char* word : {"pass", "big", "epipe", "sigpipe"}) {
    const int bare = Bare({word});
    EXPECT_EQ(Probe({word}), bare) << word;
  }
  EXPECT_EQ(Bare({"sigpipe"}), -SIGPIPE);
}

TEST_F(NetworkUseTest, UnixSocketsServeInside) {
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

TEST_F(NetworkUseTest, AnAbstractNameOfSomebodyOutsideIsOutOfReachWhereTheScopeSaysSo) {
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

TEST_F(NetworkUseTest, WhoWaitsForAPeerHoldsUpNobodyElse) {
  policy_.network.mode = NetworkMode::kUnix;
  EXPECT_EQ(Bare({"full"}), 0);
  EXPECT_EQ(Probe({"full"}), 0);
}

TEST_F(NetworkUseTest, ModeReportLetsAllGoOnAndNamesTheRule) {
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

TEST_F(NetworkUseTest, WhatWeMakeIsRecordedWithItsResult) {
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
TEST_F(NetworkUseTest, NobodyGoesByTheIdsOfItsSupervisor) {
  if (geteuid() != 0) GTEST_SKIP() << "an ordinary user has no other ids";
  policy_.network.mode = NetworkMode::kUnix;
  policy_.keep_capabilities = {"cap_setuid", "cap_setgid"};
  ASSERT_EQ(chmod(dir_->path().c_str(), 0777), 0);
  const std::string probe = ForEverybody(GLOVEBOX_NETWORK_PROBE, dir_->path());
  const auto as_another = [&](const std::string& words) {
    return RunCommand(
        {"/bin/sh", "-c",
         absl::StrCat("exec setpriv --reuid 65534 --regid 65534 --clear-groups ", probe, " ", words)});
  };
  if (RunCommand({"/bin/sh", "-c", "exec setpriv --reuid 65534 true"}) != 0) GTEST_SKIP() << "no setpriv";
  EXPECT_EQ(as_another(absl::StrCat("unix ", Path("socket"))), EACCES);
  EXPECT_FALSE(Ruled("network-bind").empty());
  EXPECT_EQ(as_another("pass"), 0) << "a pair of one's own";
}

TEST_F(NetworkUseTest, AServerAndItsClientWorkOnLoopback) {
  policy_.network.mode = NetworkMode::kLoopback;
  const std::string python =
      "import http.server, socket, threading, urllib.request\n"
      "server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), http.server.SimpleHTTPRequestHandler)\n"
      "threading.Thread(target=server.serve_forever, daemon=True).start()\n"
      "url = 'http://127.0.0.1:%d/page' % server.server_address[1]\n"
      "assert urllib.request.urlopen(url).read() == b'hello'\n"
      "echo = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
      "echo.bind(('127.0.0.1', 0))\n"
      "client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
      "client.sendto(b'ping', echo.getsockname())\n"
      "data, peer = echo.recvfrom(16)\n"
      "echo.sendto(data, peer)\n"
      "assert client.recv(16) == b'ping'\n"
      "assert socket.getaddrinfo('127.0.0.1', 80)\n"
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

TEST_F(NetworkUseTest, ABuildNeedsNoNetwork) {
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
