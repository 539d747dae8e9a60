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
#include <functional>
#include <thread>

#include "base/files.h"
#include "base/status_matchers.h"
#include "base/unique_fd.h"
#include "child/wire.h"
#include "gtest/gtest.h"
#include "kernel/fake_memory.h"
#include "kernel/fake_notify.h"
#include "kernel/syscall_table.h"
#include "trace/recording_sink.h"

namespace glovebox::trace {
namespace {

using access::Access;
using access::Hole;
using kernel::FakeNotify;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

#if defined(__x86_64__)
constexpr uint32_t kArch = AUDIT_ARCH_X86_64;
#else
constexpr uint32_t kArch = AUDIT_ARCH_AARCH64;
#endif

// Finds everything at the place where it is spelled.
class FakeResolver final : public Resolver {
 public:
  Resolved Resolve(pid_t, pid_t, const PathRef& path) override {
    if (during) during();
    Resolved found;
    found.path = "/resolved/" + path.spelled;
    found.error = path.spelled == missing ? ENOENT : error;
    found.there = found.error == 0;
    found.mode = mode;
    found.reach = reach;
    found.uid = geteuid();
    return found;
  }
  void Forget() override { ++forgotten; }
  std::function<void()> during;
  int forgotten = 0;
  int error = 0;
  std::string missing;  // a path that is not there
  std::string reach;    // what permissions are asked of
  mode_t mode = S_IFREG | 0666;
};

class FakeAnnouncer final : public Announcer {
 public:
  access::ActionId NextAction() override { return ++last; }
  bool ReplyTo(int socket, const policy::Policy&, access::ActionId action, access::Role) override {
    child::Reply reply;
    reply.action = action;
    return write(socket, &reply, sizeof reply) == sizeof reply;
  }
  access::ActionId last = 1;
};

// Feeds a supervisor that runs in a thread of its own. This process stands in for the tracee.
class SupervisorTest : public testing::Test {
 protected:
  SupervisorTest() {
    options_.action = 1;
    options_.root = getpid();
    options_.policy = &policy_;
    options_.sink = &sink_;
    options_.announcer = &announcer_;
    options_.memory = &memory_;
    options_.resolver = &resolver_;
    policy_ = policy::DefaultPolicy(policy::Role::kEdge);
  }
  ~SupervisorTest() override {
    if (thread_.joinable()) Finish();
  }
  void Start() {
    auto fake = std::make_unique<FakeNotify>();
    feed_ = fake.get();
    supervisor_ = std::make_unique<Supervisor>(std::move(fake), options_);
    thread_ = std::thread([this] { result_ = supervisor_->Serve(); });
  }
  SupervisorResult Finish() {
    feed_->HangUp();
    thread_.join();
    return result_;
  }
  seccomp_notif Call(int number, std::vector<uint64_t> args) {
    seccomp_notif call = {};
    call.pid = static_cast<uint32_t>(getpid());
    call.data.nr = number;
    call.data.arch = kArch;
    for (size_t i = 0; i < args.size(); ++i) call.data.args[i] = args[i];
    return call;
  }
  seccomp_notif Open(const std::string& path) {
    return Call(SYS_openat, {static_cast<uint64_t>(AT_FDCWD), memory_.PutString(path), O_RDONLY});
  }

  policy::Policy policy_;
  RecordingSink sink_;
  FakeAnnouncer announcer_;
  kernel::FakeMemory memory_;
  FakeResolver resolver_;
  SupervisorOptions options_;
  FakeNotify* feed_ = nullptr;
  std::unique_ptr<Supervisor> supervisor_;
  std::thread thread_;
  SupervisorResult result_;
};

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
  Start();
  // A first call while there are descriptors: of a class that it has not met yet, UBSan looks at an object
  // through a pipe, and without one takes it for no object.
  feed_->Push(Open("a"));
  ASSERT_TRUE(feed_->WaitForAnswers(1));
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const UniqueFd lowest(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const rlimit none = {static_cast<rlim_t>(lowest.get()), before.rlim_max};
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

// A listener that really hands the descriptor over, within this process.
class InjectingNotify final : public kernel::NotifyListener {
 public:
  InjectingNotify(std::unique_ptr<FakeNotify> inner, int error) : inner_(std::move(inner)), error_(error) {}
  int Receive(seccomp_notif* call) override { return inner_->Receive(call); }
  int Poll(int timeout_ms) override { return inner_->Poll(timeout_ms); }
  int Continue(uint64_t id) override { return inner_->Continue(id); }
  int Answer(uint64_t id, int64_t value, int error) override { return inner_->Answer(id, value, error); }
  int AnswerWithFd(uint64_t id, int fd, bool close_on_exec) override {
    if (error_ != 0) return error_;
    injected = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return inner_->AnswerWithFd(id, fd, close_on_exec);
  }
  int CheckValid(uint64_t id) override { return inner_->CheckValid(id); }
  std::atomic<int> injected{-1};

 private:
  std::unique_ptr<FakeNotify> inner_;
  const int error_;
};

class AnnounceTest : public SupervisorTest {
 protected:
  void StartInjecting(int error = 0) {
    auto fake = std::make_unique<FakeNotify>();
    feed_ = fake.get();
    auto injecting = std::make_unique<InjectingNotify>(std::move(fake), error);
    injecting_ = injecting.get();
    supervisor_ = std::make_unique<Supervisor>(std::move(injecting), options_);
    thread_ = std::thread([this] { result_ = supervisor_->Serve(); });
  }
  UniqueFd Announce() {
    feed_->Push(Open(child::kAnnouncePath));
    EXPECT_TRUE(feed_->WaitForAnswers(1));
    return UniqueFd(injecting_->injected);
  }
  static std::string HelloBytes() {
    const std::string payload("/cwd\0target\0\0\0\0out.o\0cc\0", 24);
    child::HelloHeader header;
    header.payload_size = static_cast<uint32_t>(payload.size());
    header.role = child::Role::kCompile;
    header.output_count = 1;
    header.argv_count = 1;
    return std::string(reinterpret_cast<const char*>(&header), sizeof header) + payload;
  }
  InjectingNotify* injecting_ = nullptr;
};

TEST_F(AnnounceTest, AnInnerActionIsRecordedFromItsAnnouncementOn) {
  const seccomp_notif later = Open("b");
  StartInjecting();
  UniqueFd socket = Announce();
  ASSERT_TRUE(socket.valid());
  EXPECT_TRUE(feed_->given()[0].close_on_exec);
  ASSERT_OK(WriteAll(socket.get(), HelloBytes(), "hello"));
  child::Reply reply;
  ASSERT_EQ(read(socket.get(), &reply, sizeof reply), static_cast<ssize_t>(sizeof reply));
  EXPECT_EQ(reply.action, 2u);
  feed_->Push(later);
  ASSERT_TRUE(feed_->WaitForAnswers(2));
  const SupervisorResult result = Finish();
  ASSERT_THAT(sink_.All<access::ActionBegin>(), SizeIs(1));
  EXPECT_EQ(sink_.All<access::ActionBegin>()[0].parent, 1u);
  EXPECT_THAT(sink_.All<access::ActionBegin>()[0].outputs, ElementsAre("out.o"));
  ASSERT_THAT(sink_.All<Access>(), SizeIs(1));
  EXPECT_EQ(sink_.All<Access>()[0].action, 2u);
  ASSERT_THAT(sink_.All<access::ActionEnd>(), SizeIs(1));
  EXPECT_EQ(sink_.All<access::ActionEnd>()[0].action, 2u);
  EXPECT_EQ(result.inner_actions, 1u);
  EXPECT_EQ(result.inner_complete, 1u);
}

TEST_F(AnnounceTest, AHostileOrDyingLauncherCostsAHoleAtMost) {
  std::string wrong_version = HelloBytes();
  wrong_version[4] = 9;
  std::string huge = HelloBytes();
  huge.replace(8, 4, "\xff\xff\xff\xff");
  struct Case {
    std::string sent;
    bool hang_up;
    size_t holes;
  };
  const Case kCases[] = {
      {"", true, 0},  // a probe of the host
      {"GB", true, 0},
      {HelloBytes().substr(0, 30), true, 0},
      {"", false, 1},  // says nothing, and stays
      {std::string(64, 'x'), false, 1},
      {wrong_version, false, 1},
      {huge, false, 1},
      {HelloBytes() + "more", false, 0},  // behind the hello: nobody reads it
  };
  options_.hello_ms = 50;
  for (const Case& c : kCases) {
    const size_t before = sink_.All<Hole>().size();
    const seccomp_notif later = Open("after");
    StartInjecting();
    UniqueFd socket = Announce();
    ASSERT_OK(WriteAll(socket.get(), c.sent, "hello"));
    if (c.hang_up) socket.reset();
    feed_->Push(later);
    EXPECT_TRUE(feed_->WaitForAnswers(2));  // it goes on serving
    Finish();
    EXPECT_EQ(sink_.All<Hole>().size() - before, c.holes) << c.sent;
  }
}

TEST_F(AnnounceTest, WhereNoDescriptorCanBeInjectedTheCallFailsAsIfNobodyWereThere) {
  StartInjecting(EINVAL);  // a kernel before 5.14
  feed_->Push(Open(child::kAnnouncePath));
  ASSERT_TRUE(feed_->WaitForAnswers(1));
  EXPECT_EQ(feed_->given()[0].error, ENOTDIR);
  EXPECT_EQ(Finish().holes, 1u);
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

}  // namespace
}  // namespace glovebox::trace
