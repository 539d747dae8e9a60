#include "trace/supervisor.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kernel/syscall_table.h"
#include "trace/proc_task.h"
#include "trace/process_table_fixture.h"
#include "trace/supervisor_fixture.h"

namespace glovebox::trace {
namespace {

using access::Access;
using access::Hole;
using kernel::FakeNotify;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(SupervisorTest, RecordsACallBeforeItGoesOn) {
  const seccomp_notif call = Open("a");
  Start();
  feed_->Push(call);
  ASSERT_TRUE(feed_->WaitForAnswers(1));
  EXPECT_EQ(feed_->given()[0].kind, FakeNotify::Kind::kContinue);
  const auto accesses = sink_.All<Access>();
  ASSERT_THAT(accesses, SizeIs(1));  // it is there when the answer is
  EXPECT_EQ(accesses[0].path, "a");
  EXPECT_EQ(accesses[0].resolved, "/resolved/a");
  EXPECT_EQ(accesses[0].syscall, "openat");
  EXPECT_EQ(accesses[0].pid, getpid());
  EXPECT_EQ(accesses[0].result, access::Result::kThere);
  const SupervisorResult result = Finish();
  EXPECT_EQ(result.accesses, 1u);
  EXPECT_EQ(result.holes, 0u);
  EXPECT_TRUE(result.hung_up);
}

TEST_F(SupervisorTest, WhatCannotBeReadIsAHoleAndGoesOn) {
  // Below vm.mmap_min_addr: not in this process's real memory either.
  const seccomp_notif call = Call(SYS_openat, {static_cast<uint64_t>(AT_FDCWD), 0x8000, O_RDONLY});
  Start();
  feed_->Push(call);
  ASSERT_TRUE(feed_->WaitForAnswers(1));
  EXPECT_EQ(feed_->given()[0].kind, FakeNotify::Kind::kContinue);
  const auto holes = sink_.All<Hole>();
  ASSERT_THAT(holes, SizeIs(1));
  EXPECT_EQ(holes[0].kind, "memory-unreadable");
  EXPECT_EQ(Finish().holes, 1u);
}

TEST_F(SupervisorTest, ACallerThatDiesUnderOurHandsLeavesNoRecordOfALaterProcess) {
  const seccomp_notif call = Open("a");
  Start();
  uint64_t id = 0;
  resolver_.during = [&] { feed_->Kill(id); };
  seccomp_notif numbered = call;
  numbered.id = id = 77;
  feed_->Push(numbered);
  const SupervisorResult result = Finish();
  EXPECT_EQ(result.notifications, 1u);
  EXPECT_THAT(sink_.All<Access>(), IsEmpty());
  EXPECT_THAT(feed_->given(), IsEmpty());
}

TEST_F(SupervisorTest, InterruptionsAndVanishedCallersAreNoEnd) {
  const seccomp_notif call = Open("a");
  Start();
  feed_->FailNextReceive(EINTR);
  feed_->FailNextReceive(ENOENT);
  feed_->Push(call);
  ASSERT_TRUE(feed_->WaitForAnswers(1));
  EXPECT_EQ(Finish().holes, 0u);
}

TEST_F(SupervisorTest, AListenerThatFailsIsAHoleNotAHang) {
  Start();
  feed_->FailNextReceive(ENOTTY);  // the launcher sent some other descriptor
  thread_.join();
  const auto holes = sink_.All<Hole>();
  ASSERT_THAT(holes, SizeIs(1));
  EXPECT_EQ(holes[0].kind, "supervisor-lost");
  EXPECT_FALSE(result_.hung_up);
}

TEST_F(SupervisorTest, AFullDiskStopsNoBuild) {
  const seccomp_notif call = Open("a");
  sink_.Break();
  Start();
  feed_->Push(call);
  feed_->Push(call);
  ASSERT_TRUE(feed_->WaitForAnswers(2));
  const SupervisorResult result = Finish();
  EXPECT_TRUE(result.sink_failed);
  EXPECT_EQ(result.accesses, 0u);
}

TEST_F(SupervisorTest, RefusedCallsFailWithTheirErrnoAndAreRecordedAsObserved) {
  policy_.append_only = true;
  policy_.restrict_kptr = true;
  const uint64_t path = memory_.PutString("a");
  const seccomp_notif calls[] = {
      Call(SYS_io_uring_setup, {8, 0}),
      Call(SYS_ioctl, {0, policy_.denied_ioctls[0] | 0xabcd00000000u}),  // garbage above 32 bits
      Call(SYS_pwritev2, {1, 0, 0, 0, 0, 0x20}),
      Call(SYS_openat, {static_cast<uint64_t>(AT_FDCWD), path | 0xffff000000000000u, O_RDONLY}),
  };
  const int errors[] = {EPERM, EPERM, EOPNOTSUPP, EFAULT};
  Start();
  for (const seccomp_notif& call : calls) feed_->Push(call);
  ASSERT_TRUE(feed_->WaitForAnswers(4));
  const auto given = feed_->given();
  const auto accesses = sink_.All<Access>();
  ASSERT_THAT(accesses, SizeIs(4));
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(given[i].kind, FakeNotify::Kind::kAnswer) << i;
    EXPECT_EQ(given[i].error, errors[i]) << i;
    EXPECT_EQ(accesses[i].op, Op::kForbidden) << i;
    EXPECT_EQ(accesses[i].error, errors[i]) << i;
    EXPECT_EQ(accesses[i].decision, access::Decision::kDenied) << i;
    EXPECT_EQ(accesses[i].sight, access::Sight::kObserved) << i;
    EXPECT_EQ(accesses[i].result, access::Result::kRefused) << i;
  }
}

TEST_F(SupervisorTest, WhatThePolicyDoesNotRefuseGoesOnUnrecorded) {
  const seccomp_notif ioctl = Call(SYS_ioctl, {0, 0x5401});
  const seccomp_notif append = Call(SYS_pwritev2, {1, 0, 0, 0, 0, 0x20});
  Start();
  feed_->Push(ioctl);
  feed_->Push(append);
  ASSERT_TRUE(feed_->WaitForAnswers(2));
  EXPECT_EQ(feed_->given()[0].kind, FakeNotify::Kind::kContinue);
  EXPECT_EQ(feed_->given()[1].kind, FakeNotify::Kind::kContinue);
  EXPECT_THAT(sink_.All<Access>(), IsEmpty());
  EXPECT_THAT(sink_.All<Hole>(), IsEmpty());
}

// Everything of a foreign ABI is notified.
TEST_F(SupervisorTest, TheTimeStampCounterCannotBeAskedBackThroughI386) {
  for (const bool deny : {false, true}) {
    policy_.deny_tsc = deny;
    seccomp_notif call = Call(kernel::SyscallNumber(AUDIT_ARCH_I386, "prctl"), {PR_SET_TSC, PR_TSC_ENABLE});
    call.data.arch = AUDIT_ARCH_I386;
    Start();
    feed_->Push(call);
    ASSERT_TRUE(feed_->WaitForAnswers(1));
    EXPECT_EQ(feed_->given()[0].kind, deny ? FakeNotify::Kind::kAnswer : FakeNotify::Kind::kContinue);
    EXPECT_EQ(feed_->given()[0].error, deny ? EPERM : 0);
    EXPECT_THAT(sink_.All<Access>(), SizeIs(deny ? 1 : 0));
    EXPECT_THAT(sink_.All<Hole>(), IsEmpty());
    Finish();
  }
}

TEST_F(SupervisorTest, ACallThatIsInNoTableIsAHole) {
  const seccomp_notif call = Call(4000, {});
  Start();
  feed_->Push(call);
  ASSERT_TRUE(feed_->WaitForAnswers(1));
  EXPECT_EQ(feed_->given()[0].kind, FakeNotify::Kind::kContinue);
  ASSERT_THAT(sink_.All<Hole>(), SizeIs(1));
  EXPECT_EQ(sink_.All<Hole>()[0].kind, "unlisted-call");
}

#if defined(__x86_64__)
TEST_F(SupervisorTest, AForeignCallIsRecordedOrPassedOverOrAHoleNeverMissed) {
  seccomp_notif open = Call(5, {memory_.PutString("a"), 0, 0});
  seccomp_notif read = Call(3, {0, 0, 0});
  seccomp_notif unknown = Call(999, {});
  for (seccomp_notif* call : {&open, &read, &unknown}) call->data.arch = AUDIT_ARCH_I386;
  Start();
  for (const seccomp_notif& call : {open, read, unknown}) feed_->Push(call);
  ASSERT_TRUE(feed_->WaitForAnswers(3));
  ASSERT_THAT(sink_.All<Access>(), SizeIs(1));
  EXPECT_EQ(sink_.All<Access>()[0].syscall, "i386:open");
  ASSERT_THAT(sink_.All<Hole>(), SizeIs(1));
  EXPECT_EQ(sink_.All<Hole>()[0].kind, "foreign-abi");
}
#endif

TEST_F(SupervisorTest, APathThatStartsNobodyKnowsWhereLeavesAHole) {
  const seccomp_notif call = Open("a");
  resolver_.error = ESRCH;
  Start();
  feed_->Push(call);
  ASSERT_TRUE(feed_->WaitForAnswers(1));
  EXPECT_EQ(Finish().holes, 1u);
  ASSERT_THAT(sink_.All<Access>(), SizeIs(1));
  EXPECT_EQ(sink_.All<Access>()[0].result, access::Result::kUnknown);
  ASSERT_THAT(sink_.All<Hole>(), SizeIs(1));
  EXPECT_EQ(sink_.All<Hole>()[0].kind, "path-unresolved");
  EXPECT_THAT(sink_.All<Hole>()[0].detail, HasSubstr("openat"));
}

TEST_F(SupervisorTest, ACallerThatCannotBeToldForWantOfADescriptorLeavesAHole) {
  const pid_t caller = fork();
  while (caller == 0) pause();
  seccomp_notif call = Open("a");
  call.pid = static_cast<uint32_t>(caller);
  // Before it has any of its own: those that it gives up must not be free to it again.
  const int lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);
  close(lowest);
  Start();
  // A first call while there are descriptors: of a class that it has not met yet, UBSan looks at an object
  // through a pipe, and without one takes it for no object.
  feed_->Push(Open("a"));
  ASSERT_TRUE(feed_->WaitForAnswers(1));
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none = {static_cast<rlim_t>(lowest), before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  feed_->Push(call);
  feed_->Push(call);
  EXPECT_TRUE(feed_->WaitForAnswers(3));
  setrlimit(RLIMIT_NOFILE, &before);
  kill(caller, SIGKILL);
  waitpid(caller, nullptr, 0);
  EXPECT_EQ(Finish().holes, 1u) << "once a process";
  EXPECT_THAT(sink_.All<Access>(), SizeIs(3));
  ASSERT_THAT(sink_.All<Hole>(), SizeIs(1));
  EXPECT_EQ(sink_.All<Hole>()[0].kind, "process-unknown");
  EXPECT_EQ(sink_.All<Hole>()[0].pid, caller);
}

TEST_F(SupervisorTest, ARenameMakesTheResolverForget) {
  const seccomp_notif call = Call(SYS_rename, {memory_.PutString("a"), memory_.PutString("b")});
  resolver_.during = nullptr;
  Start();
  feed_->Push(call);
  ASSERT_TRUE(feed_->WaitForAnswers(1));
  Finish();
  ASSERT_THAT(sink_.All<Access>(), SizeIs(1));
  EXPECT_EQ(sink_.All<Access>()[0].path2, "b");
  EXPECT_EQ(sink_.All<Access>()[0].resolved2, "/resolved/b");
  // Both ends are plain files here, which are no way to anything else.
  EXPECT_EQ(resolver_.forgotten, 0);
}

std::string Bytes(const void* data, size_t size) { return {static_cast<const char*>(data), size}; }

TEST_F(SupervisorTest, EachAddressOfSeveralMessagesHasAResultOfItsOwn) {
  std::string messages;
  const auto send_to = [&](const sockaddr* address, size_t size) {
    mmsghdr message = {};
    message.msg_hdr.msg_name = reinterpret_cast<void*>(memory_.Put(Bytes(address, size)));
    message.msg_hdr.msg_namelen = static_cast<socklen_t>(size);
    messages += Bytes(&message, sizeof(message));
  };
  const auto send_to_path = [&](const char* path) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, path);
    send_to(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  };
  sockaddr_in inet = {};
  inet.sin_family = AF_INET;
  send_to(reinterpret_cast<const sockaddr*>(&inet), sizeof(inet));
  send_to_path("socket");
  send_to_path("missing");
  send_to_path("other-socket");
  resolver_.missing = "missing";
  resolver_.mode = S_IFSOCK | 0777;
  resolver_.reach = "/dev/null";
  const seccomp_notif call = Call(SYS_sendmmsg, {3, memory_.Put(messages), 4, 0});
  Start();
  feed_->Push(call);
  ASSERT_TRUE(feed_->WaitForAnswers(1));
  Finish();
  std::vector<std::pair<access::Result, int>> got;
  for (const Access& access : sink_.All<Access>()) got.emplace_back(access.result, access.error);
  EXPECT_THAT(
      got, ElementsAre(std::pair(access::Result::kUnknown, 0), std::pair(access::Result::kThere, 0),
                       std::pair(access::Result::kAbsent, ENOENT), std::pair(access::Result::kUnknown, 0)));
}

TEST_F(SupervisorTest, WhatCallsAfterTheFirstProcessEndedIsLeftOverAndNamedOnce) {
  std::atomic<bool> ended{true};
  options_.root_ended = &ended;
  options_.root = getppid();
  const seccomp_notif call = Open("a");
  Start();
  feed_->Push(call);
  feed_->Push(call);
  ASSERT_TRUE(feed_->WaitForAnswers(2));
  const SupervisorResult result = Finish();
  ASSERT_THAT(result.left_over, SizeIs(1));
  EXPECT_THAT(result.left_over[0], HasSubstr("supervisor_test"));
}

// A caller whose memory is kept open: a process of one task that waits.
class CallerTest : public SupervisorTest {
 protected:
  CallerTest() : pid_(Idle()) { options_.root = pid_; }
  ~CallerTest() override { End(pid_); }
  seccomp_notif OpenByCaller(const char* path) {
    seccomp_notif call =
        Call(SYS_openat, {static_cast<uint64_t>(AT_FDCWD), reinterpret_cast<uint64_t>(path), O_RDONLY});
    call.pid = static_cast<uint32_t>(pid_);
    return call;
  }
  // How many of three calls were recorded, of which the caller has ended by the time that the question comes.
  size_t RecordedOfEnded(const char* path) {
    resolver_.during = [this] { feed_->Kill(current_); };
    for (int i = 0; i < 3; ++i) {
      seccomp_notif call = OpenByCaller(path);
      call.id = ++current_;
      feed_->Push(call);
      feed_->Push(Call(SYS_socket, {AF_UNIX, SOCK_STREAM, 0}));
      EXPECT_TRUE(feed_->WaitForAnswers(static_cast<size_t>(i) + 1));
    }
    Finish();
    return sink_.Of(Op::kOpen, std::string("/resolved/") + path).size();
  }
  const pid_t pid_;
  std::atomic<uint64_t> current_{1000};
};
constexpr char kAbsolute[] = "/absolute";
constexpr char kRelative[] = "relative";

TEST_F(CallerTest, ACallThatOnlyADeathCanEndIsRecordedWithoutAsking) {
  if (HasThreads(pid_)) GTEST_SKIP() << "has a thread";
  options_.wait_killable = true;
  Start();
  EXPECT_EQ(RecordedOfEnded(kAbsolute), 3u);
}

TEST_F(CallerTest, WhereItDependsOnWhereTheCallerStandsItIsAsked) {
  options_.wait_killable = true;
  Start();
  EXPECT_EQ(RecordedOfEnded(kRelative), 0u);
}

TEST_F(CallerTest, ACallThatASignalCanEndIsAskedFor) {
  Start();
  EXPECT_EQ(RecordedOfEnded(kAbsolute), 0u);
}

}  // namespace
}  // namespace glovebox::trace
