// Launchers that announce themselves to the supervisor of an outer action.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "base/files.h"
#include "base/status_matchers.h"
#include "base/unique_fd.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "trace/announcements.h"
#include "trace/supervisor_fixture.h"

namespace glovebox::trace {
namespace {

using access::Access;
using access::Hole;
using kernel::FakeNotify;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// A listener that really hands the descriptor over, within this process.
class InjectingNotify final : public kernel::NotifyListener {
 public:
  InjectingNotify(std::unique_ptr<FakeNotify> inner, int error) : inner_(std::move(inner)), error_(error) {}
  int Receive(seccomp_notif* call) override { return inner_->Receive(call); }
  int Poll(int timeout_ms) override { return inner_->Poll(timeout_ms); }
  int PollWith(pollfd* others, size_t count, int timeout_ms) override {
    return inner_->PollWith(others, count, timeout_ms);
  }
  int Continue(uint64_t id) override { return inner_->Continue(id); }
  int Answer(uint64_t id, int64_t value, int error) override { return inner_->Answer(id, value, error); }
  int AnswerWithFd(uint64_t id, int fd, bool close_on_exec) override {
    if (error_ != 0) return error_;
    injected = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return inner_->AnswerWithFd(id, fd, close_on_exec);
  }
  int PutFd(uint64_t id, int fd, int number) override { return inner_->PutFd(id, fd, number); }
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
    const std::string payload("/cwd\0target\0\0\0\0\0\0out.o\0cc\0", 26);
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

TEST_F(AnnounceTest, OthersAreServedWhileALauncherIsSilent) {
  options_.hello_ms = 600000;
  const seccomp_notif later = Open("b");
  StartInjecting();
  UniqueFd socket = Announce();
  const std::string hello = HelloBytes();
  ASSERT_OK(WriteAll(socket.get(), hello.substr(0, 40), "hello"));
  feed_->Push(later);
  ASSERT_TRUE(feed_->WaitForAnswers(2));
  EXPECT_THAT(sink_.All<access::ActionBegin>(), IsEmpty());
  // It is heard all the same, whenever it goes on.
  ASSERT_OK(WriteAll(socket.get(), hello.substr(40), "hello"));
  child::Reply reply;
  ASSERT_EQ(read(socket.get(), &reply, sizeof reply), static_cast<ssize_t>(sizeof reply));
  feed_->Push(later);
  ASSERT_TRUE(feed_->WaitForAnswers(3));
  EXPECT_EQ(Finish().holes, 0u);
  const auto accesses = sink_.All<Access>();
  ASSERT_THAT(accesses, SizeIs(2));
  EXPECT_EQ(accesses[0].action, 1u);
  EXPECT_EQ(accesses[1].action, 2u);
}

TEST_F(AnnounceTest, ASilentLauncherIsRefusedAfterItsTime) {
  options_.hello_ms = 20;
  StartInjecting();
  UniqueFd socket = Announce();
  char byte;
  EXPECT_EQ(read(socket.get(), &byte, 1), 0) << "hung up";
  EXPECT_EQ(Finish().holes, 1u);
  ASSERT_THAT(sink_.All<Hole>(), SizeIs(1));
  EXPECT_THAT(sink_.All<Hole>()[0].detail, testing::HasSubstr("in time"));
}

TEST_F(AnnounceTest, AProcessSaysOneHelloAtATime) {
  options_.hello_ms = 600000;
  const seccomp_notif later = Open("b");
  StartInjecting();
  UniqueFd silent = Announce();
  feed_->Push(Open(child::kAnnouncePath));
  feed_->Push(later);
  ASSERT_TRUE(feed_->WaitForAnswers(2));
  EXPECT_EQ(feed_->given()[1].kind, FakeNotify::Kind::kContinue) << "of the call behind it";
  silent.reset();
  ASSERT_TRUE(feed_->WaitForAnswers(3));
  EXPECT_EQ(feed_->given()[2].kind, FakeNotify::Kind::kFd);
  const UniqueFd second(injecting_->injected);
  EXPECT_EQ(Finish().holes, 1u) << "the second never said a word";
}

TEST_F(AnnounceTest, WhoWaitsForItsTurnIsNotLeftWithoutAnAnswer) {
  options_.hello_ms = 600000;
  std::atomic<bool> stop{false};
  options_.stop = &stop;
  const seccomp_notif later = Open("b");
  StartInjecting();
  const UniqueFd silent = Announce();
  feed_->Push(Open(child::kAnnouncePath));
  feed_->Push(later);
  ASSERT_TRUE(feed_->WaitForAnswers(2));
  stop = true;
  feed_->Push(later);  // wakes it
  ASSERT_TRUE(feed_->WaitForAnswers(4));
  EXPECT_EQ(feed_->given()[3].error, ENOTDIR);
}

TEST(Announcements, AreBoundedAndNobodyIsForgotten) {
  FakeNotify notify;
  Announcements announced(600000);
  seccomp_notif call = {};
  Process process;
  // Numbers that no process has.
  for (process.tgid = 1 << 23; notify.given().size() < Announcements::kMost; ++process.tgid) {
    call.id = notify.Push({});
    EXPECT_EQ(announced.Take(&notify, call, process), "");
  }
  call.id = 100;
  notify.Push(call);
  EXPECT_EQ(announced.Take(&notify, call, process), "");
  EXPECT_THAT(notify.given(), SizeIs(Announcements::kMost));
  call.id = 101;
  notify.Push(call);
  EXPECT_EQ(announced.Take(&notify, call, process), "");
  notify.Kill(100);
  EXPECT_FALSE(announced.NextKept(&notify, &call)) << "no room";
  EXPECT_THAT(announced.Hear(false), SizeIs(Announcements::kMost)) << "their ends are closed";
  EXPECT_TRUE(announced.empty());
  ASSERT_TRUE(announced.NextKept(&notify, &call));
  EXPECT_EQ(call.id, 101u) << "the other one was killed";
  EXPECT_FALSE(announced.NextKept(&notify, &call));
}

TEST(Announcements, OfAProcessThatHasEndedAreNone) {
  FakeNotify notify;
  Announcements announced(600000);
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  Process process;
  process.tgid = fork();
  if (process.tgid == 0) _exit(read(ends[0], ends, 1) == 1 ? 0 : 1);
  seccomp_notif call = {};
  call.id = notify.Push({});
  EXPECT_EQ(announced.Take(&notify, call, process), "");
  ASSERT_EQ(write(ends[1], "x", 1), 1);
  waitpid(process.tgid, nullptr, 0);
  const auto heard = announced.Hear(false);
  ASSERT_THAT(heard, SizeIs(1));
  EXPECT_EQ(heard[0].hello.status().code(), absl::StatusCode::kUnavailable);
  close(ends[0]);
  close(ends[1]);
}

TEST_F(AnnounceTest, WhereNoDescriptorCanBeInjectedTheCallFailsAsIfNobodyWereThere) {
  StartInjecting(EINVAL);  // a kernel before 5.14
  feed_->Push(Open(child::kAnnouncePath));
  ASSERT_TRUE(feed_->WaitForAnswers(1));
  EXPECT_EQ(feed_->given()[0].error, ENOTDIR);
  EXPECT_EQ(Finish().holes, 1u);
}

}  // namespace
}  // namespace glovebox::trace
