// The same families once for real: a child makes the calls under a filter, its memory is read across
// processes.
#include <fcntl.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"
#include "kernel/test_filter.h"
#include "trace/intent.h"
#include "trace/predict.h"
#include "trace/resolver.h"

namespace glovebox::trace {
namespace {

using kernel::FilteredChild;
using kernel::NotifyListener;
using testing::ElementsAre;

// One call as a line: "openat open 'a'" and so on.
std::string Line(const Intent& intent) {
  std::string line = intent.syscall + " " + std::string(OpName(intent.op));
  for (const PathRef& path : intent.paths) {
    line += path.empty_path ? " <fd>" : " '" + path.spelled + "'";
    if (!path.follow) line += "!";
    if (path.dirfd >= 0 && !path.empty_path) line += "@fd";
  }
  for (const std::string& address : intent.addresses) line += " " + address;
  if (!intent.text.empty()) line += " \"" + intent.text + "\"";
  if (!intent.hole.empty()) line += " HOLE " + intent.hole;
  return line;
}

class RealIntent : public testing::Test {
 protected:
  void SetUp() override {
    if (!kernel::CanListen()) GTEST_SKIP() << "a listener is above us already";
    ASSERT_OK_AND_ASSIGN(TempDir dir, TempDir::Create());
    dir_ = std::make_unique<TempDir>(std::move(dir));
  }

  // Runs `body` in a child in the scratch directory with these calls notified, and tells what was decoded.
  std::vector<std::string> Watch(const std::vector<long>& calls, const std::function<int()>& body) {
    std::vector<kernel::NotifyRule> rules;
    for (const long call : calls) rules.push_back({call});
    const std::string dir = dir_->path();
    if (chdir(dir.c_str()) != 0) return {"no scratch directory"};
    FilteredChild child(rules, body);
    if (!child.Valid()) return {"no listener"};
    std::vector<std::string> lines;
    child.Serve([&](NotifyListener& listener, const seccomp_notif& call) {
      const Intent intent = Decode(call, kernel::RealMemory());
      EXPECT_EQ(listener.CheckValid(call.id), 0);
      lines.push_back(Line(intent));
      const int sent =
          intent.refuse != 0 ? listener.Answer(call.id, 0, intent.refuse) : listener.Continue(call.id);
      EXPECT_EQ(sent, 0);
    });
    EXPECT_EQ(child.ExitStatus(), 0);
    return lines;
  }

  std::unique_ptr<TempDir> dir_;
};

TEST_F(RealIntent, Opens) {
  EXPECT_THAT(Watch({SYS_openat, SYS_openat2},
                    [] {
                      const int made = openat(AT_FDCWD, "made", O_CREAT | O_EXCL | O_WRONLY, 0600);
                      const int here = openat(AT_FDCWD, ".", O_RDONLY | O_DIRECTORY);
                      open_how how = {};
                      const long again = syscall(SYS_openat2, here, "made", &how, sizeof(how));
                      const int none = openat(here, "no\nne", O_RDONLY | O_NOFOLLOW);
                      return made >= 0 && here >= 0 && again >= 0 && none < 0 ? 0 : 1;
                    }),
              ElementsAre("openat open 'made'!", "openat open '.'", "openat2 open 'made'@fd",
                          "openat open 'no\nne'!@fd"));
}

TEST_F(RealIntent, PathsAcrossAPageBorderAndOfEveryLength) {
  const std::string longest(4095, '/');
  EXPECT_THAT(Watch({SYS_openat},
                    [&] {
                      const std::string too_long(5000, 'x');
                      return open(longest.c_str(), O_RDONLY) >= 0 && open(too_long.c_str(), O_RDONLY) < 0 &&
                                     errno == ENAMETOOLONG
                                 ? 0
                                 : 1;
                    }),
              ElementsAre("openat open '" + longest + "'", "openat open '" + std::string(4096, 'x') + "'"));
}

TEST_F(RealIntent, Names) {
  EXPECT_THAT(Watch({SYS_mkdirat, SYS_symlinkat, SYS_renameat2, SYS_linkat, SYS_unlinkat, SYS_mknodat},
                    [] {
                      if (mkdirat(AT_FDCWD, "d", 0700) != 0) return 1;
                      if (symlinkat("target", AT_FDCWD, "s") != 0) return 2;
                      if (syscall(SYS_renameat2, AT_FDCWD, "s", AT_FDCWD, "t", 0) != 0) return 3;
                      if (mknodat(AT_FDCWD, "f", S_IFIFO | 0600, 0) != 0) return 4;
                      if (linkat(AT_FDCWD, "f", AT_FDCWD, "g", 0) != 0) return 5;
                      if (unlinkat(AT_FDCWD, "g", 0) != 0) return 6;
                      return unlinkat(AT_FDCWD, "d", AT_REMOVEDIR) == 0 ? 0 : 7;
                    }),
              ElementsAre("mkdirat mkdir 'd'!", "symlinkat symlink 's'! \"target\"",
                          "renameat2 rename 's'! 't'!", "mknodat mknod 'f'!", "linkat link 'f'! 'g'!",
                          "unlinkat unlink 'g'!", "unlinkat rmdir 'd'!"));
}

TEST_F(RealIntent, ChangesAndLooks) {
  EXPECT_THAT(Watch({SYS_fchmodat, SYS_utimensat, SYS_newfstatat, SYS_statx, SYS_faccessat, SYS_readlinkat,
                     SYS_chdir, SYS_fchdir, SYS_getdents64, SYS_truncate, SYS_setxattr},
                    [] {
                      const int here = open(".", O_RDONLY | O_DIRECTORY);
                      close(open("f", O_CREAT | O_WRONLY, 0600));
                      struct stat info;
                      char buffer[4096];
                      syscall(SYS_fchmodat, AT_FDCWD, "f", 0644);
                      futimens(here, nullptr);
                      syscall(SYS_newfstatat, here, "", &info, AT_EMPTY_PATH);
                      syscall(SYS_newfstatat, here, "f", &info, AT_SYMLINK_NOFOLLOW);
                      syscall(SYS_statx, AT_FDCWD, "f", 0, 0, buffer);
                      syscall(SYS_faccessat, AT_FDCWD, "f", R_OK);
                      syscall(SYS_readlinkat, AT_FDCWD, "f", buffer, sizeof(buffer));
                      syscall(SYS_getdents64, here, buffer, sizeof(buffer));
                      if (chdir("..") != 0 || fchdir(here) != 0 || truncate("f", 3) != 0) return 1;
                      syscall(SYS_setxattr, "f", "user.a", "b", 1, 0);
                      return 0;
                    }),
              ElementsAre("fchmodat chmod 'f'", "utimensat utimes <fd>", "newfstatat stat <fd>",
                          "newfstatat stat 'f'!@fd", "statx stat 'f'", "faccessat access 'f'",
                          "readlinkat readlink 'f'!", "getdents64 list <fd>", "chdir chdir '..'",
                          "fchdir chdir <fd>", "truncate truncate 'f'", "setxattr setxattr 'f' \"user.a\""));
}

TEST_F(RealIntent, Programs) {
  EXPECT_THAT(Watch({SYS_execve, SYS_execveat},
                    [] {
                      char* const argv[] = {const_cast<char*>("true"), nullptr};
                      execve("nothing", argv, environ);
                      syscall(SYS_execveat, AT_FDCWD, "no/thing", argv, environ, 0);
                      execve("/bin/true", argv, environ);
                      return 1;
                    }),
              ElementsAre("execve exec 'nothing'", "execveat exec 'no/thing'", "execve exec '/bin/true'"));
}

TEST_F(RealIntent, Sockets) {
  EXPECT_THAT(Watch({SYS_socket, SYS_bind, SYS_connect, SYS_listen, SYS_sendto, SYS_sendmsg, SYS_sendmmsg},
                    [] {
                      sockaddr_un local = {};
                      local.sun_family = AF_UNIX;
                      strcpy(local.sun_path, "sock");
                      const int server = socket(AF_UNIX, SOCK_DGRAM, 0);
                      const auto* to = reinterpret_cast<const sockaddr*>(&local);
                      if (bind(server, to, sizeof(local)) != 0) return 1;
                      if (sendto(server, "x", 1, 0, to, sizeof(local)) != 1) return 2;
                      iovec data = {const_cast<char*>("x"), 1};
                      mmsghdr messages[2] = {};
                      for (mmsghdr& message : messages) {
                        message.msg_hdr.msg_name = &local;
                        message.msg_hdr.msg_namelen = sizeof(local);
                        message.msg_hdr.msg_iov = &data;
                        message.msg_hdr.msg_iovlen = 1;
                      }
                      if (sendmsg(server, &messages[0].msg_hdr, 0) != 1) return 3;
                      if (sendmmsg(server, messages, 2, 0) != 2) return 4;
                      if (connect(server, to, sizeof(local)) != 0) return 5;
                      sockaddr_in inet = {};
                      inet.sin_family = AF_INET;
                      inet.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
                      const int tcp = socket(AF_INET, SOCK_STREAM, 0);
                      bind(tcp, reinterpret_cast<sockaddr*>(&inet), sizeof(inet));
                      return listen(tcp, 1);
                    }),
              ElementsAre("socket socket unix", "bind bind 'sock'! unix:sock", "sendto send 'sock' unix:sock",
                          "sendmsg send 'sock' unix:sock", "sendmmsg send 'sock' unix:sock",
                          "connect connect 'sock' unix:sock", "socket socket inet",
                          "bind bind inet:127.0.0.1:0", "listen listen"));
}

TEST_F(RealIntent, RefusedCallsFailAsTheTableSays) {
  EXPECT_THAT(Watch({SYS_io_uring_setup, SYS_ioctl},
                    [] {
                      char params[256] = {};
                      if (syscall(SYS_io_uring_setup, 1, params) != -1 || errno != EPERM) return 1;
                      return syscall(SYS_ioctl, 0, 0x5412, "x") == -1 && errno == EPERM ? 0 : 2;
                    }),
              ElementsAre("io_uring_setup forbidden \"io_uring_setup\"", "ioctl forbidden \"ioctl 0x5412\""));
}

// The predicted errno against the one that the kernel gives.
TEST_F(RealIntent, ArgumentsThatTheKernelRefusesAreToldWithItsErrno) {
  static const struct {
    const char* name;
    open_how how;
    size_t size;
  } kHows[] = {
      {"fine", {O_RDONLY, 0, 0}, sizeof(open_how)},
      {"size 0", {O_RDONLY, 0, 0}, 0},
      {"too small", {O_RDONLY, 0, 0}, sizeof(open_how) - 1},
      {"larger, all zeros", {O_RDONLY, 0, 0}, sizeof(open_how) + 8},
      {"larger, a field of a later kernel", {O_RDONLY, 0, 0}, sizeof(open_how) + 16},
      {"larger than a page", {O_RDONLY, 0, 0}, 5000},
      {"unknown flag", {1ull << 40, 0, 0}, sizeof(open_how)},
      {"flags below 32 bits", {0x40000000, 0, 0}, sizeof(open_how)},
      {"mode without O_CREAT", {O_RDONLY, 0600, 0}, sizeof(open_how)},
      {"mode too large", {O_RDWR | O_CREAT, 010000, 0}, sizeof(open_how)},
      {"create", {O_RDWR | O_CREAT, 0600, 0}, sizeof(open_how)},
      {"O_PATH and more", {O_PATH | O_RDWR, 0, 0}, sizeof(open_how)},
      {"O_PATH", {O_PATH | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW, 0, 0}, sizeof(open_how)},
      {"cached and truncating", {O_RDWR | O_TRUNC, 0, RESOLVE_CACHED}, sizeof(open_how)},
      {"unnamed for reading", {O_TMPFILE | O_RDONLY, 0600, 0}, sizeof(open_how)},
  };
  static char how[8192];
  const auto call_all = [](const std::function<void(const char*, long)>& told) {
    const char* const longest = "x";
    const std::string too_long(5000, 'x');
    for (const auto& c : kHows) {
      std::memset(how, 0, sizeof(how));
      std::memcpy(how, &c.how, sizeof(c.how));
      how[sizeof(open_how) + 12] = 1;
      told(c.name, syscall(SYS_openat2, AT_FDCWD, "f", how, c.size));
    }
    told("openat of null", syscall(SYS_openat, AT_FDCWD, nullptr, O_RDONLY));
    told("unnamed for reading", openat(AT_FDCWD, ".", O_TMPFILE | O_RDONLY, 0600));
    told("unnamed nowhere", openat(AT_FDCWD, "none", O_TMPFILE | O_RDONLY, 0600));
    told("symlink without text", symlinkat("", AT_FDCWD, "s"));
    told("symlink of null", syscall(SYS_symlinkat, nullptr, AT_FDCWD, "s"));
    told("symlink too long", symlinkat(too_long.c_str(), AT_FDCWD, "s"));
    told("symlink to null", syscall(SYS_symlinkat, "x", AT_FDCWD, nullptr));
    told("rename of null", syscall(SYS_renameat2, AT_FDCWD, nullptr, AT_FDCWD, "s", 0));
    told("rename of nothing to null", syscall(SYS_renameat2, AT_FDCWD, "", AT_FDCWD, nullptr, 0));
    told("rename to null", syscall(SYS_renameat2, AT_FDCWD, longest, AT_FDCWD, nullptr, 0));
    told("unlink of null", syscall(SYS_unlinkat, AT_FDCWD, nullptr, 0));
    told("mkdir of null", syscall(SYS_mkdirat, AT_FDCWD, nullptr, 0700));
  };
  std::vector<std::string> kernel_says;
  std::vector<std::string> we_say;
  ASSERT_EQ(chdir(dir_->path().c_str()), 0);
  ASSERT_OK(WriteFile("f", ""));
  call_all([&](const char* name, long result) {
    kernel_says.push_back(absl::StrCat(name, ": ", result < 0 ? errno : 0));
    if (result > 2) close(static_cast<int>(result));
  });
  FilteredChild child(
      {{SYS_openat2}, {SYS_openat}, {SYS_symlinkat}, {SYS_renameat2}, {SYS_unlinkat}, {SYS_mkdirat}}, [&] {
        call_all([](const char*, long) {});
        return 0;
      });
  ASSERT_TRUE(child.Valid());
  const auto resolver = MakeResolver();
  child.Serve([&](NotifyListener& listener, const seccomp_notif& call) {
    const Intent intent = Decode(call, kernel::RealMemory());
    const auto tid = static_cast<pid_t>(call.pid);
    std::vector<Resolved> found;
    for (const PathRef& path : intent.paths) found.push_back(resolver->Resolve(tid, tid, path));
    const Prediction p =
        Predict(intent, found.empty() ? nullptr : &found[0], found.size() > 1 ? &found[1] : nullptr);
    const std::string& name = kernel_says[std::min(we_say.size(), kernel_says.size() - 1)];
    we_say.push_back(absl::StrCat(name.substr(0, name.find(':')), ": ", p.error));
    listener.Continue(call.id);
  });
  EXPECT_EQ(child.ExitStatus(), 0);
  EXPECT_EQ(we_say, kernel_says);
}

TEST_F(RealIntent, UnreadableMemoryIsAHoleAndTheCallFails) {
  EXPECT_THAT(Watch({SYS_openat, SYS_connect},
                    [] {
                      syscall(SYS_openat, AT_FDCWD, 8, O_RDONLY);
                      if (errno != EFAULT) return 1;
                      syscall(SYS_connect, 0, 8, 16);
                      return 0;
                    }),
              ElementsAre("openat open '' HOLE path unreadable: EFAULT",
                          "connect connect HOLE address unreadable: EFAULT"));
}

}  // namespace
}  // namespace glovebox::trace
