#include "kernel/notify.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <thread>

#include "gtest/gtest.h"
#include "kernel/fake_notify.h"
#include "kernel/host.h"
#include "kernel/test_filter.h"

namespace glovebox::kernel {
namespace {

class Notify : public testing::Test {
 protected:
  void SetUp() override {
    if (!CanListen()) GTEST_SKIP() << "a listener is above us already";
  }
};

TEST_F(Notify, EachAnswerReachesTheCaller) {
  FilteredChild child({{SYS_getpgid}}, [] {
    if (syscall(SYS_getpgid, 0) != getpgrp()) return 1;             // continued
    if (syscall(SYS_getpgid, 1) != 77) return 2;                    // a value
    if (syscall(SYS_getpgid, 2) != -1 || errno != EPERM) return 3;  // an error
    const long fd = syscall(SYS_getpgid, 3);                        // a descriptor
    if (fd < 0 || (fcntl(static_cast<int>(fd), F_GETFD) & FD_CLOEXEC) == 0) return 4;
    const long kept = syscall(SYS_getpgid, 4);
    if (kept < 0 || fcntl(static_cast<int>(kept), F_GETFD) != 0) return 5;
    if (fcntl(99, F_GETFD) != -1) return 6;
    const long put = syscall(SYS_getpgid, 99);  // under this number
    if (put != 99 || fcntl(99, F_GETFD) != 0) return 7;
    return 0;
  });
  ASSERT_TRUE(child.Valid());
  child.Serve([&](NotifyListener& listener, const seccomp_notif& call) {
    EXPECT_EQ(call.data.nr, SYS_getpgid);
    EXPECT_EQ(static_cast<pid_t>(call.pid), child.pid());
    EXPECT_EQ(listener.CheckValid(call.id), 0);
    const uint64_t which = call.data.args[0];
    int sent = -1;
    if (which == 0) sent = listener.Continue(call.id);
    if (which == 1) sent = listener.Answer(call.id, 77, 0);
    if (which == 2) sent = listener.Answer(call.id, 5, EPERM);
    if (which == 3 || which == 4) sent = listener.AnswerWithFd(call.id, 0, which == 3);
    if (which == 99) {
      EXPECT_EQ(listener.PutFd(call.id, 0, 99), 0);
      sent = listener.Answer(call.id, 99, 0);
    }
    EXPECT_EQ(sent, 0) << which;
    EXPECT_EQ(listener.CheckValid(call.id), ENOENT) << "answered already";
    // EINPROGRESS until the caller has picked its answer up, then ENOENT.
    EXPECT_NE(listener.Continue(call.id), 0) << "answered twice";
  });
  EXPECT_EQ(child.ExitStatus(), 0);
}

// A thread that may be woken by a signal serves as well: the caller would be given descriptor 0, its stdin.
TEST_F(Notify, ASignalDoesNotPartADescriptorFromItsAnswer) {
  constexpr int kCalls = 3000;
  struct sigaction action = {}, before = {};
  action.sa_handler = [](int) {};  // without SA_RESTART
  ASSERT_EQ(sigaction(SIGURG, &action, &before), 0);
  FilteredChild child({{SYS_getpgid}}, [] {
    for (int i = 0; i < kCalls; ++i) {
      const auto fd = static_cast<int>(syscall(SYS_getpgid, 0));
      if (fd <= 2 || close(fd) != 0) return 1;
    }
    return 0;
  });
  ASSERT_TRUE(child.Valid());
  std::atomic<bool> on{true};
  std::thread other([&on, self = pthread_self()] {
    while (on) pthread_kill(self, SIGURG);
  });
  seccomp_notif call = {};
  int answered = 0;
  while (answered < kCalls) {
    const int error = child.listener().Receive(&call);
    if (error == EINTR) continue;
    if (error != 0) break;
    EXPECT_EQ(child.listener().AnswerWithFd(call.id, 2, true), 0);
    ++answered;
  }
  on = false;
  other.join();
  EXPECT_EQ(child.ExitStatus(), 0);
  EXPECT_EQ(answered, kCalls);
  sigaction(SIGURG, &before, nullptr);
}

TEST_F(Notify, ACallerThatDiesMidCallIsNoLongerValid) {
  FilteredChild child({{SYS_getpgid}}, [] { return static_cast<int>(syscall(SYS_getpgid, 0)); });
  ASSERT_TRUE(child.Valid());
  seccomp_notif call = {};
  ASSERT_EQ(child.listener().Receive(&call), 0);
  kill(child.pid(), SIGKILL);
  EXPECT_EQ(child.ExitStatus(), 1000 + SIGKILL);
  EXPECT_EQ(child.listener().CheckValid(call.id), ENOENT);
  EXPECT_EQ(child.listener().Continue(call.id), ENOENT);
  EXPECT_EQ(child.listener().AnswerWithFd(call.id, 0, true), ENOENT);
  EXPECT_EQ(child.listener().PutFd(call.id, 0, 99), ENOENT);
  EXPECT_EQ(child.listener().Poll(-1), -1);
}

TEST_F(Notify, WithNothingToReceivePollTimesOut) {
  FilteredChild child({{SYS_getpgid}}, [] {
    while (true) pause();
    return 0;
  });
  ASSERT_TRUE(child.Valid());
  EXPECT_EQ(child.listener().Poll(0), 0);
  EXPECT_EQ(child.listener().Poll(1), 0);
}

TEST_F(Notify, AHangUpEndsABlockingReceive) {
  if (!ProbeHost().receive_ends) GTEST_SKIP() << "RECV sleeps on: a kernel before 6.11";
  FilteredChild child({{SYS_getpgid}}, [] { return 0; });
  ASSERT_TRUE(child.Valid());
  seccomp_notif call = {};
  EXPECT_EQ(child.listener().Receive(&call), ENOENT);
}

TEST_F(Notify, WithPollFirstAHangUpEndsReceiveOnEveryKernel) {
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  close(fds[1]);  // a pipe whose writer has gone hangs up as a listener does
  const std::unique_ptr<NotifyListener> listener = MakeNotifyListener(UniqueFd(fds[0]), true);
  seccomp_notif call = {};
  EXPECT_EQ(listener->Receive(&call), ENOENT);
}

TEST(NotifyOnBadDescriptors, GiveErrorsNotHangs) {
  const std::unique_ptr<NotifyListener> listener = MakeNotifyListener(UniqueFd(open("/dev/null", O_RDWR)));
  seccomp_notif call = {};
  EXPECT_EQ(listener->Receive(&call), ENOTTY);
  EXPECT_EQ(listener->Continue(1), ENOTTY);
  EXPECT_EQ(listener->CheckValid(1), ENOTTY);
}

TEST(FakeNotify, GivesWhatItWasFedAndKeepsTheAnswers) {
  FakeNotify fake;
  std::thread server([&] {
    while (fake.Poll(-1) > 0) {
      seccomp_notif call = {};
      if (fake.Receive(&call) == 0) fake.Answer(call.id, 0, EPERM);
    }
  });
  fake.FailNextReceive(EINTR);
  const uint64_t first = fake.Push({});
  const uint64_t second = fake.Push({});
  EXPECT_TRUE(fake.WaitForAnswers(2));
  fake.HangUp();
  server.join();
  ASSERT_EQ(fake.given().size(), 2u);
  EXPECT_EQ(fake.given()[0].id, first);
  EXPECT_EQ(fake.given()[1].id, second);
  EXPECT_EQ(fake.given()[1].error, EPERM);
  EXPECT_EQ(fake.CheckValid(first), ENOENT);
}

TEST(FakeNotify, AKilledCallerCannotBeAnswered) {
  FakeNotify fake;
  const uint64_t id = fake.Push({});
  fake.Kill(id);
  EXPECT_EQ(fake.Continue(id), ENOENT);
  EXPECT_TRUE(fake.given().empty());
}

}  // namespace
}  // namespace glovebox::kernel
