// Each row's effect, as the program that was started sees it.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "child/connect.h"
#include "child/test_support.h"
#include "gtest/gtest.h"
#include "kernel/abi.h"

namespace glovebox::child {
namespace {

TEST(Row0, TheProcessIsNamedUntilItBecomesTheProgram) {
  Session session;
  session.in_child = [](ChildContext& context) {
    context.pre_exec = [](void*) {
      char name[16] = {};
      prctl(PR_GET_NAME, name);
      return strcmp(name, "glovebox_exec") == 0 ? 0 : EBADMSG;
    };
  };
  EXPECT_EQ(session.Run().status, 0);
}

TEST(Rows1And11, NothingOfOursIsOpenInside) {
  Session session;
  static int fds[3];
  session.in_child = [](ChildContext& context) {
    for (int& fd : fds) fd = fcntl(0, F_DUPFD, 40);  // not CLOEXEC
    fcntl(context.ack_read, F_SETFD, 0);
    fcntl(context.fd_write, F_SETFD, 0);
    fcntl(context.ack_write_other, F_SETFD, 0);
    fcntl(context.fd_read_other, F_SETFD, 0);
    context.static_fds = fds;
    context.static_fd_count = 1;
    context.passed_fds = fds + 1;
    context.passed_fd_count = 2;
  };
  const Outcome outcome = session.Run();
  EXPECT_EQ(outcome.status, 0);
  EXPECT_TRUE(outcome.Has("fd 2"));
  EXPECT_EQ(outcome.out.find("fd 4"), std::string::npos);
  for (int fd = 3; fd < 40; ++fd) {
    // What the test's own runner left open is not ours.
    if (fcntl(fd, F_GETFD) < 0) {
      EXPECT_FALSE(outcome.Has("fd " + std::to_string(fd)));
    }
  }
}

TEST(Row11, APassedNumberCannotCloseTheStandardStreams) {
  Session session;
  static const int kNumbers[] = {0, 1, 2, 999999};
  session.in_child = [](ChildContext& context) {
    context.passed_fds = kNumbers;
    context.passed_fd_count = 4;
  };
  const Outcome outcome = session.Run();
  EXPECT_TRUE(outcome.Has("fd 1"));
  EXPECT_TRUE(outcome.Has("fd 2"));
}

TEST(Row3, ThePtyIsTheControllingTerminal) {
  const int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  ASSERT_GE(master, 0);
  ASSERT_EQ(grantpt(master), 0);
  ASSERT_EQ(unlockpt(master), 0);
  char name[64];
  ASSERT_EQ(ptsname_r(master, name, sizeof name), 0);
  const int slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
  ASSERT_GE(slave, 0);
  Session session;
  session.in_child = [&](ChildContext& context) { context.pty = slave; };
  std::string shown;
  std::thread reader;
  session.in_parent = [&](const ParentSide&) {
    close(slave);
    reader = std::thread([&] {
      char part[4096];
      for (ssize_t n; (n = read(master, part, sizeof part)) > 0;) shown.append(part, static_cast<size_t>(n));
    });
  };
  const Outcome outcome = session.Run();
  reader.join();
  close(master);
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out, "");
  EXPECT_NE(shown.find("session 1\r\n"), std::string::npos) << shown;
  EXPECT_NE(shown.find("foreground 1\r\n"), std::string::npos);
}

TEST(Row4, SignalsAreResetOnlyWhereThePlanSaysSo) {
  for (const bool reset : {true, false}) {
    Session session;
    if (reset) session.plan().flags |= kRestoreSigmask;
    session.in_child = [](ChildContext&) {
      sigset_t set;
      sigemptyset(&set);
      sigaddset(&set, SIGUSR1);
      sigprocmask(SIG_BLOCK, &set, nullptr);
      signal(SIGHUP, SIG_IGN);
      // One of libc's own: only the raw call reaches it.
      const unsigned long ignore[8] = {1};
      syscall(SYS_rt_sigaction, 33, ignore, nullptr, size_t{8});
    };
    const Outcome outcome = session.Run();
    if (reset) {
      EXPECT_EQ(outcome.Value("SigBlk"), "0000000000000000");
      EXPECT_EQ(outcome.Value("SigIgn"), "0000000000000000");
    } else {
      const auto blocked = std::stoull(outcome.Value("SigBlk"), nullptr, 16);
      const auto ignored = std::stoull(outcome.Value("SigIgn"), nullptr, 16);
      EXPECT_NE(blocked & 1u << (SIGUSR1 - 1), 0u);
      EXPECT_NE(ignored & 1u << (SIGHUP - 1), 0u);
    }
  }
}

TEST(Row5, NewPrivilegesAreGivenUp) { EXPECT_EQ(Session{}.Run().Value("NoNewPrivs"), "1"); }

struct Refusal {
  Span ChildPlan::*filter;
  uint32_t flag;
};

TEST(Rows6To8, AreLoadedInTheKernelWithoutAListener) {
  const Refusal refusals[] = {{&ChildPlan::ioctl_filter, 0},
                              {&ChildPlan::append_only_filter, kAppendOnly},
                              {&ChildPlan::kptr_filter, kRestrictKptr}};
  for (const Refusal& refusal : refusals) {
    for (const uint32_t ssb : {0u, uint32_t{kSpecAllow}}) {
      Session session;
      session.buffer.SetFilter(refusal.filter, FilterOf(SYS_getpgid, SECCOMP_RET_ERRNO | 77));
      session.plan().flags |= refusal.flag | ssb;
      session.command = {GLOVEBOX_CHILD_PROBE, "call", std::to_string(SYS_getpgid)};
      EXPECT_TRUE(session.Run().Has("result -1 errno 77"));
    }
    if (refusal.flag == 0) continue;
    Session off;
    off.buffer.SetFilter(refusal.filter, FilterOf(SYS_getpgid, SECCOMP_RET_ERRNO | 77));
    off.command = {GLOVEBOX_CHILD_PROBE, "call", std::to_string(SYS_getpgid)};
    EXPECT_FALSE(off.Run().Has("result -1 errno 77"));
  }
}

TEST(Row9, ASignalScopeKeepsTheProgramFromItsParent) {
  if (syscall(SYS_landlock_create_ruleset, nullptr, 0, 1u) < 6) GTEST_SKIP() << "Landlock ABI below 6";
  Session session;
  session.plan().landlock_scope = kernel::kLandlockScopeSignal;
  session.command = {GLOVEBOX_CHILD_PROBE, "call", std::to_string(SYS_kill), std::to_string(getpid()), "0"};
  EXPECT_TRUE(session.Run().Has("result -1 errno 1"));
  session.plan().landlock_scope = 0;
  EXPECT_TRUE(session.Run().Has("result 0 errno 0"));
}

TEST(Row9, ARulesetIsEnteredAndNotLeftOpen) {
  if (syscall(SYS_landlock_create_ruleset, nullptr, 0, 1u) < 1) GTEST_SKIP() << "no Landlock";
  kernel::LandlockRulesetAttr attributes;
  attributes.handled_access_fs = LANDLOCK_ACCESS_FS_MAKE_REG;
  const int ruleset = static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, 8, 0u));
  ASSERT_GE(ruleset, 0);
  fcntl(ruleset, F_SETFD, 0);
  Session session;
  session.command = {"/bin/sh", "-c",
                     "echo hi > /tmp/glovebox-row9-must-not-be; ls /proc/self/fd/" + std::to_string(ruleset)};
  session.in_child = [&](ChildContext& context) { context.ruleset = ruleset; };
  const Outcome outcome = session.Run();
  close(ruleset);
  EXPECT_NE(outcome.error.find("ermission denied"), std::string::npos) << outcome.error;
  EXPECT_NE(outcome.error.find("No such file"), std::string::npos) << outcome.error;
  EXPECT_NE(access("/tmp/glovebox-row9-must-not-be", F_OK), 0);
}

TEST(Row14, TheProgramGetsThePreparedEnvironment) {
  Session session;
  session.environment = {"A=1", "B=2"};
  const Outcome outcome = session.Run();
  EXPECT_TRUE(outcome.Has("env A=1"));
  EXPECT_TRUE(outcome.Has("env B=2"));
  EXPECT_EQ(outcome.out.find("env PATH="), std::string::npos);
}

TEST(Row15, TheHookRunsBeforeTheProgram) {
  Session session;
  session.in_child = [](ChildContext& context) {
    static const char kText[] = "hook";
    context.pre_exec_argument = const_cast<char*>(kText);
    context.pre_exec = [](void* text) { return write(1, text, 4) == 4 && write(1, "\n", 1) == 1 ? 0 : EIO; };
  };
  EXPECT_TRUE(session.Run().out.starts_with("hook\n"));
}

#if defined(__x86_64__)
TEST(Row16, TheTimeStampCounterIsDenied) {
  Session session;
  session.plan().flags |= kDenyTsc;
  EXPECT_EQ(session.Run().Value("tsc"), std::to_string(PR_TSC_SIGSEGV));
  EXPECT_EQ(Session{}.Run().Value("tsc"), std::to_string(PR_TSC_ENABLE));
}

TEST(Row16, WhoReadsTheTimeStampCounterDiesOfSigsegv) {
  Session session;
  session.command = {GLOVEBOX_CHILD_PROBE, "rdtsc"};
  EXPECT_EQ(session.Run().status, 0);
  Session twin;
  twin.command = {GLOVEBOX_CHILD_PROBE, "rdtsc-denied"};
  if (twin.Run().status == 0)
    GTEST_SKIP() << "this machine's hypervisor lets the counter be read all the same";
  session.plan().flags |= kDenyTsc;
  const Outcome outcome = session.Run();
  ASSERT_TRUE(WIFSIGNALED(outcome.status)) << outcome.status;
  EXPECT_EQ(WTERMSIG(outcome.status), SIGSEGV);
  EXPECT_EQ(outcome.failures.size(), 0u) << "it is the program that dies, not the set-up";
}
#endif

class Row20 : public testing::Test {
 protected:
  void SetUp() override {
    if (!CanListen()) GTEST_SKIP() << "a listener is above us already";
    session_.buffer.SetFilter(&ChildPlan::notify_filter, FilterOf(SYS_getpgid, SECCOMP_RET_USER_NOTIF));
    session_.plan().flags |= kWantListener | kWaitKillable;
    session_.command = {GLOVEBOX_CHILD_PROBE, "call", std::to_string(SYS_getpgid)};
  }
  // Answers one notification with the value 77.
  static void ServeOne(int listener) {
    seccomp_notif request{};
    ASSERT_EQ(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request), 0);
    seccomp_notif_resp response{request.id, 77, 0, 0};
    EXPECT_EQ(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response), 0);
    close(listener);
  }
  Session session_;
};

TEST_F(Row20, TheParentFetchesTheListenerAndServesIt) {
  session_.in_parent = [](const ParentSide& side) {
    const int listener = FetchListener(side);
    ASSERT_GE(listener, 0);
    Answer(side, kListenerTaken);
    ServeOne(listener);
  };
  const Outcome outcome = session_.Run();
  EXPECT_TRUE(outcome.Has("result 77 errno 0")) << outcome.out << outcome.error;
  EXPECT_EQ(outcome.status, 0);
}

TEST_F(Row20, TheHelperTaskSendsTheListenerAndIsGone) {
  session_.socket = true;
  // Also where the program's starter ignores SIGCHLD, and with no child left over.
  session_.in_child = [](ChildContext& context) {
    signal(SIGCHLD, SIG_IGN);
    context.send_listener = true;
  };
  session_.in_parent = [](const ParentSide& side) {
    uint8_t number[4];
    int listener = -1;
    ASSERT_EQ(ReceiveWithDescriptors(side.fd_read, number, sizeof number, &listener, 1), 0);
    ASSERT_GE(listener, 0);
    Answer(side, kListenerTaken);
    ServeOne(listener);
    const std::string path =
        "/proc/" + std::to_string(side.child) + "/task/" + std::to_string(side.child) + "/children";
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
      EXPECT_EQ(Drain(fd), "");
    }
    close(fd);
  };
  const Outcome outcome = session_.Run();
  EXPECT_TRUE(outcome.Has("result 77 errno 0")) << outcome.out << outcome.error;
}

TEST_F(Row20, NothingButReadWriteAndCloseIsCalledInTheHandshake) {
  // Everything else is notified, and nobody answers before 42 is sent: another call would hang.
  Filter filter = {{BPF_LD | BPF_W | BPF_ABS, 0, 0, 0}};
  const int quiet[] = {SYS_read, SYS_write, SYS_close};
  for (uint8_t i = 0; i < 3; ++i) {
    filter.push_back(
        {BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint8_t>(3 - i), 0, static_cast<uint32_t>(quiet[i])});
  }
  filter.push_back({BPF_RET | BPF_K, 0, 0, SECCOMP_RET_USER_NOTIF});
  filter.push_back({BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW});
  session_.buffer.SetFilter(&ChildPlan::notify_filter, filter);
  bool quiet_until_answered = false;
  session_.in_parent = [&](const ParentSide& side) {
    const int listener = FetchListener(side);
    ASSERT_GE(listener, 0);
    pollfd ready{listener, POLLIN, 0};
    quiet_until_answered = poll(&ready, 1, 20) == 0;
    Answer(side, kListenerTaken);
    for (;;) {
      seccomp_notif request{};
      if (poll(&ready, 1, 10000) <= 0 || (ready.revents & POLLIN) == 0) break;
      if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) != 0) continue;
      seccomp_notif_resp response{request.id, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE};
      ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
    }
    close(listener);
  };
  EXPECT_EQ(session_.Run().status, 0);
  EXPECT_TRUE(quiet_until_answered);
}

TEST_F(Row20, WithAListenerTheRefusalsAreLeftToItUnlessKernelOnly) {
  for (const bool kernel_only : {false, true}) {
    Session session;
    session.buffer.SetFilter(&ChildPlan::notify_filter, FilterOf(SYS_getpgid, SECCOMP_RET_USER_NOTIF));
    session.buffer.SetFilter(&ChildPlan::ioctl_filter, FilterOf(SYS_getpgid, SECCOMP_RET_ERRNO | 5));
    session.plan().flags |= kWantListener | (kernel_only ? kKernelOnly : 0u);
    session.command = session_.command;
    session.in_parent = [&](const ParentSide& side) {
      const int listener = FetchListener(side);
      Answer(side, kListenerTaken);
      if (kernel_only) {
        close(listener);
      } else {
        ServeOne(listener);
      }
    };
    EXPECT_TRUE(session.Run().Has(kernel_only ? "result -1 errno 5" : "result 77 errno 0"));
  }
}

TEST_F(Row20, ANestedActionLoadsNoSecondListener) {
  session_.in_child = [](ChildContext& context) { context.nested = true; };
  EXPECT_NE(session_.Run().out.find("result "), std::string::npos);
  EXPECT_EQ(session_.Run().failures.size(), 0u);
}

TEST(Row24, TheCandidatesAreTriedInTheirOrder) {
  Session session;
  session.command = {"probe", "one", "two"};
  session.candidates = {"/nonexistent/probe", "/etc/passwd/probe", "/etc/passwd", GLOVEBOX_CHILD_PROBE};
  const Outcome outcome = session.Run();
  EXPECT_TRUE(outcome.Has("arg probe"));
  EXPECT_TRUE(outcome.Has("arg one"));
  EXPECT_TRUE(outcome.Has("arg two"));
}

TEST(Row24, AScriptWithoutAnInterpreterIsTheShells) {
  char path[] = "/tmp/glovebox-script-XXXXXX";
  const int fd = mkstemp(path);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(write(fd, "echo \"got $1\"\n", 14), 14);
  ASSERT_EQ(fchmod(fd, 0755), 0);
  close(fd);
  Session session;
  session.command = {path, "this"};
  EXPECT_EQ(session.Run().out, "got this\n");
  unlink(path);
}

}  // namespace
}  // namespace glovebox::child
