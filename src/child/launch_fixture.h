// The real launcher against a collector made of one thread.
#ifndef GLOVEBOX_CHILD_LAUNCH_FIXTURE_H_
#define GLOVEBOX_CHILD_LAUNCH_FIXTURE_H_

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "child/actions.h"
#include "child/test_support.h"
#include "child/wire.h"
#include "gtest/gtest.h"
#include "kernel/abi.h"

namespace glovebox::child {

using Strings = std::vector<std::string>;

inline bool ReadFully(int fd, void* bytes, size_t size) {
  return recv(fd, bytes, size, MSG_WAITALL) == static_cast<ssize_t>(size);
}

// Serves one connection.
class FakeCollector {
 public:
  FakeCollector() {
    path_ = std::string(getenv("TMPDIR") != nullptr ? getenv("TMPDIR") : "/tmp") + "/gbx-" +
            std::to_string(getpid()) + ".sock";
    unlink(path_.c_str());
    listening_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    memcpy(address.sun_path, path_.c_str(), path_.size() + 1);
    EXPECT_EQ(bind(listening_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(listening_, 4), 0);
  }
  ~FakeCollector() {
    if (thread_.joinable()) thread_.join();
    close(listening_);
    unlink(path_.c_str());
  }
  void Start() {
    thread_ = std::thread([this] { Serve(); });
  }
  void Join() { thread_.join(); }
  const std::string& path() const { return path_; }

  PlanBuffer buffer;
  Reply reply;
  std::string reason;  // behind a reply with an error
  bool truncated_plan = false;
  HelloHeader hello;
  Strings strings;
  std::string after;   // what came after the handshake
  bool judges = true;  // says a verdict to who stays, behind all that
  Verdict verdict;
  std::string text;  // its text

 private:
  void Serve() {
    const int fd = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
    if (!ReadFully(fd, &hello, sizeof hello)) return;
    std::string payload(hello.payload_size, '\0');
    if (!ReadFully(fd, payload.data(), payload.size())) return;
    for (size_t at = 0; at < payload.size(); at = payload.find('\0', at) + 1) {
      strings.emplace_back(payload.c_str() + at);
    }
    SendReply(fd);
    if ((buffer.plan().flags & kWantListener) != 0 && reply.error == 0) Handshake(fd);
    after += Drain(fd);
    if (judges) {
      verdict.text_size = static_cast<uint32_t>(text.size());
      const std::string bytes(reinterpret_cast<const char*>(&verdict), sizeof verdict);
      (void)!send(fd, (bytes + text).data(), bytes.size() + text.size(), MSG_NOSIGNAL);
    }
    close(fd);
  }
  void SendReply(int fd) {
    const int memfd = memfd_create("plan", MFD_CLOEXEC);
    if (reply.error != 0) {
      reply.plan_size = static_cast<uint32_t>(reason.size());
      const std::string bytes(reinterpret_cast<const char*>(&reply), sizeof reply);
      EXPECT_EQ(write(fd, (bytes + reason).data(), bytes.size() + reason.size()),
                static_cast<ssize_t>(bytes.size() + reason.size()));
      close(memfd);
      return;
    }
    reply.plan_size = buffer.plan().size;
    const size_t size = reply.plan_size - (truncated_plan ? 8u : 0u);
    EXPECT_EQ(write(memfd, &buffer.plan(), size), static_cast<ssize_t>(size));
    EXPECT_EQ(SendWithDescriptor(fd, &reply, sizeof reply, memfd), 0);
    close(memfd);
  }
  void Handshake(int fd) {
    ucred peer{};
    socklen_t size = sizeof peer;
    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
    const int listener = FetchListener({peer.pid, fd, fd});
    EXPECT_GE(listener, 0);
    Answer({peer.pid, fd, fd}, kListenerTaken);
    seccomp_notif request{};
    EXPECT_EQ(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request), 0);
    seccomp_notif_resp response{request.id, 77, 0, 0};
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
    close(listener);
  }

  std::string path_;
  int listening_ = -1;
  std::thread thread_;
};

struct Ended {
  int status = 0;
  std::string out;  // stdout and stderr
};

inline Ended Launch(const Strings& arguments, const Strings& environment,
                    const std::function<void(pid_t)>& meanwhile = nullptr,
                    const std::function<void()>& before = nullptr) {
  Strings words = arguments;
  words.insert(words.begin(), GLOVEBOX_CHILD_LAUNCH);
  std::vector<char*> argv, envp;
  for (std::string& word : words) argv.push_back(word.data());
  Strings variables = environment;
  for (std::string& variable : variables) envp.push_back(variable.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  int out[2];
  EXPECT_EQ(pipe2(out, O_CLOEXEC), 0);
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(out[1], 1);
    dup2(out[1], 2);
    if (before) before();
    execve(argv[0], argv.data(), envp.data());
    _exit(249);
  }
  close(out[1]);
  if (meanwhile) meanwhile(pid);
  Ended ended;
  ended.out = Drain(out[0]);
  close(out[0]);
  waitpid(pid, &ended.status, 0);
  return ended;
}

}  // namespace glovebox::child

#endif  // GLOVEBOX_CHILD_LAUNCH_FIXTURE_H_
