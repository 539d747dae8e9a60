#include "trace/handshake.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <iterator>
#include <thread>
#include <vector>

#include "base/files.h"
#include "base/status_matchers.h"
#include "child/actions.h"
#include "child/plan.h"
#include "child/steps.h"
#include "gtest/gtest.h"
#include "kernel/process.h"

namespace glovebox::trace {
namespace {

using testing::SizeIs;

struct Pair {
  Pair() {
    int fds[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    ours.reset(fds[0]);
    theirs.reset(fds[1]);
  }
  UniqueFd ours;
  UniqueFd theirs;
};

std::string Number(int fd) {
  std::string bytes(4, '\0');
  for (size_t i = 0; i < 4; ++i) bytes[i] = static_cast<char>(static_cast<unsigned>(fd) >> (8 * i));
  return bytes;
}

std::string Failure(child::StepCode code, int error, child::FailureKind kind, uint32_t detail = 0) {
  child::StepFailure failure;
  failure.step = static_cast<uint32_t>(code);
  failure.error = error;
  failure.detail = detail;
  failure.kind = kind;
  return std::string(reinterpret_cast<const char*>(&failure), sizeof failure);
}

bool SameFile(int a, int b) {
  struct stat one;
  struct stat two;
  return fstat(a, &one) == 0 && fstat(b, &two) == 0 && one.st_ino == two.st_ino && one.st_dev == two.st_dev;
}

TEST(Handshake, FetchesTheDescriptorWhoseNumberWasWritten) {
  Pair pair;
  ASSERT_OK_AND_ASSIGN(const UniqueFd self, kernel::OpenPidfd(getpid()));
  const UniqueFd file(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
  ASSERT_OK(WriteAll(pair.theirs.get(), Number(file.get()), "number"));
  SetupReport report;
  const auto taken = TakeListener(pair.ours.get(), self.get(), HandOver::kFetch, &report);
  ASSERT_OK(taken);
  EXPECT_TRUE(SameFile(taken->get(), file.get()));
  ASSERT_OK(Acknowledge(pair.ours.get()));
  uint8_t byte = 0;
  ASSERT_EQ(read(pair.theirs.get(), &byte, 1), 1);
  EXPECT_EQ(byte, child::kListenerTaken);
}

TEST(Handshake, TakesTheDescriptorThatTheHelperTaskSends) {
  Pair pair;
  const UniqueFd file(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
  const std::string number = Number(file.get());
  ASSERT_EQ(child::SendWithDescriptor(pair.theirs.get(), number.data(), 4, file.get()), 0);
  SetupReport report;
  const auto taken = TakeListener(pair.ours.get(), -1, HandOver::kMessage, &report);
  ASSERT_OK(taken);
  EXPECT_TRUE(SameFile(taken->get(), file.get()));
  EXPECT_NE(fcntl(taken->get(), F_GETFD) & FD_CLOEXEC, 0);
}

// Sends `count` times one open file beside four bytes.
void SendMany(int channel, size_t count) {
  const UniqueFd file(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
  const std::vector<int> fds(count, file.get());
  const size_t bytes = count * sizeof(int);
  std::vector<cmsghdr> control((CMSG_SPACE(bytes) + sizeof(cmsghdr) - 1) / sizeof(cmsghdr));
  char number[4] = {};
  iovec part = {number, sizeof number};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = CMSG_SPACE(bytes);
  cmsghdr* head = CMSG_FIRSTHDR(&message);
  head->cmsg_len = CMSG_LEN(bytes);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  std::memcpy(CMSG_DATA(head), fds.data(), bytes);
  ASSERT_EQ(sendmsg(channel, &message, MSG_NOSIGNAL), 4);
}

size_t OpenDescriptors() {
  const std::filesystem::directory_iterator fds("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin(fds), end(fds)));
}

TEST(Handshake, DescriptorsThatNobodyAskedForAreClosed) {
  ASSERT_OK_AND_ASSIGN(const UniqueFd self, kernel::OpenPidfd(getpid()));
  for (const size_t count : {1u, 2u, 3u, 100u}) {
    for (const HandOver how : {HandOver::kMessage, HandOver::kFetch}) {
      const size_t before = OpenDescriptors();
      {
        Pair pair;
        SendMany(pair.theirs.get(), count);
        SetupReport report;
        EXPECT_OK(TakeListener(pair.ours.get(), self.get(), how, &report));  // fetched is descriptor 0
      }
      EXPECT_EQ(OpenDescriptors(), before) << count;
    }
  }
}

TEST(Handshake, AChildThatDiesOrTalksNonsenseIsAnErrorAndNoHang) {
  struct Case {
    std::string sent;
    HandOver how;
    absl::StatusCode code;
  };
  std::string endless;
  for (int i = 0; i < 200; ++i)
    endless += Failure(child::StepCode::kLandlockScope, 38, child::FailureKind::kSkipped);
  const Case kCases[] = {
      {"", HandOver::kFetch, absl::StatusCode::kUnavailable},
      {"\x05", HandOver::kFetch, absl::StatusCode::kUnavailable},
      {Failure(child::StepCode::kSeccomp, EBUSY, child::FailureKind::kFailed), HandOver::kFetch,
       absl::StatusCode::kUnavailable},
      {Failure(child::StepCode::kSeccomp, EBUSY, child::FailureKind::kFailed).substr(0, 9), HandOver::kFetch,
       absl::StatusCode::kUnavailable},
      {Number(-1), HandOver::kFetch, absl::StatusCode::kUnknown},
      {Number(9999), HandOver::kFetch, absl::StatusCode::kUnknown},
      {Number(0), HandOver::kMessage, absl::StatusCode::kInternal},  // a number, but nothing with it
      {endless, HandOver::kFetch, absl::StatusCode::kInternal},
  };
  ASSERT_OK_AND_ASSIGN(const UniqueFd self, kernel::OpenPidfd(getpid()));
  for (const Case& c : kCases) {
    Pair pair;
    ASSERT_OK(WriteAll(pair.theirs.get(), c.sent, "peer"));
    pair.theirs.reset();
    SetupReport report;
    const auto taken = TakeListener(pair.ours.get(), self.get(), c.how, &report);
    EXPECT_FALSE(taken.ok());
    if (c.code != absl::StatusCode::kUnknown) {
      EXPECT_EQ(taken.status().code(), c.code) << taken.status();
    }
    EXPECT_LE(report.failures.size(), 64u);
    EXPECT_FALSE(Acknowledge(pair.ours.get()).ok());  // and no SIGPIPE
  }
}

TEST(Handshake, SaysWhichStepFailedAndApartFromItWhichWasSkippedAndWhy) {
  Pair pair;
  ASSERT_OK(WriteAll(pair.theirs.get(),
                     Failure(child::StepCode::kLandlockScope, ENOSYS, child::FailureKind::kSkipped), "peer"));
  SetupReport report;
  DrainReport(pair.ours.get(), &report);
  access::ActionEnd end;
  EXPECT_FALSE(FillSetup(report, "sh", &end));
  EXPECT_EQ(end.kind, access::ActionEnd::Kind::kUnknown);
  EXPECT_EQ(end.step, "; skipped LandlockScope: cannot enter the Landlock domain: ENOSYS");
  ASSERT_OK(WriteAll(pair.theirs.get(), Failure(child::StepCode::kSetSid, EPERM, child::FailureKind::kFailed),
                     "peer"));
  DrainReport(pair.ours.get(), &report);
  EXPECT_THAT(report.failures, SizeIs(2));
  ASSERT_TRUE(FillSetup(report, "sh", &end));
  EXPECT_EQ(end.kind, access::ActionEnd::Kind::kSandboxFailed);
  EXPECT_EQ(end.status, EPERM);
  EXPECT_EQ(end.step,
            "SetSid: cannot start a session: EPERM; skipped LandlockScope: cannot enter the Landlock domain: "
            "ENOSYS");
}

TEST(Handshake, OneErrnoOfLandlockHasTwoReasons) {
  child::StepFailure skipped;
  skipped.step = static_cast<uint32_t>(child::StepCode::kLandlockScope);
  skipped.error = E2BIG;
  EXPECT_EQ(WhySkipped(skipped, 5), "E2BIG, a Landlock scope needs ABI 6 (Linux 6.12), this host has 5");
  EXPECT_EQ(WhySkipped(skipped, 6), "E2BIG, 16 Landlock layers stand above already");
  skipped.error = EOPNOTSUPP;
  EXPECT_EQ(WhySkipped(skipped, 0), "EOPNOTSUPP");
  skipped.step = static_cast<uint32_t>(child::StepCode::kPreExec);
  skipped.error = E2BIG;
  EXPECT_EQ(WhySkipped(skipped, 5), "E2BIG");
}

TEST(Handshake, NamesTheLimitOrTheCapabilityThatCouldNotBeSet) {
  struct Case {
    child::StepCode code;
    uint32_t detail;
    const char* step;
  };
  const Case kCases[] = {
      {child::StepCode::kSetResourceLimits, static_cast<uint32_t>(child::Limit::kNofile),
       "SetResourceLimits: cannot set the limit NOFILE: EPERM"},
      {child::StepCode::kSetResourceLimits, child::kLimitCount,
       "SetResourceLimits: cannot set the limit UNKNOWN: EPERM"},
      {child::StepCode::kCapSet, 5, "CapSet: cannot drop the capability CAP_KILL: EPERM"},
      {child::StepCode::kSetSid, 5, "SetSid: cannot start a session: EPERM"},
      {static_cast<child::StepCode>(9999), 5, "Unknown: a step of another version failed: EPERM"},
  };
  for (const Case& c : kCases) {
    Pair pair;
    ASSERT_OK(
        WriteAll(pair.theirs.get(), Failure(c.code, EPERM, child::FailureKind::kFailed, c.detail), "peer"));
    SetupReport report;
    DrainReport(pair.ours.get(), &report);
    access::ActionEnd end;
    ASSERT_TRUE(FillSetup(report, "sh", &end));
    EXPECT_EQ(end.step, c.step);
  }
}

TEST(Handshake, NamesTheProgramThatCouldNotBeRunAndWhy) {
  struct Case {
    std::string program;
    std::string step;
  };
  const Case kCases[] = {
      {"/no/such", "Exec: cannot run /no/such: ENOENT"},
      {"a\nb", "Exec: cannot run a\nb: ENOENT"},
      {"", "Exec: cannot run: ENOENT"},
      {"x; skipped y", "Exec: cannot run: ENOENT"},
      {std::string(5000, 'x'), "Exec: cannot run " + std::string(4096, 'x') + ": ENOENT"},
  };
  SetupReport report;
  report.failures.emplace_back();
  report.failures[0].step = static_cast<uint32_t>(child::StepCode::kExec);
  report.failures[0].error = ENOENT;
  for (const Case& c : kCases) {
    access::ActionEnd end;
    ASSERT_TRUE(FillSetup(report, c.program, &end));
    EXPECT_EQ(end.step, c.step);
    EXPECT_EQ(end.status, ENOENT);
  }
}

TEST(Handshake, DrainingNeverWaitsForWhoeverHoldsTheOtherEnd) {
  Pair pair;
  SetupReport report;
  DrainReport(pair.ours.get(), &report);  // nothing there
  ASSERT_OK(WriteAll(pair.theirs.get(), "GB", "peer"));
  DrainReport(pair.ours.get(), &report);  // half a message
  ASSERT_OK(WriteAll(pair.theirs.get(), std::string(500, 'x'), "peer"));
  DrainReport(pair.ours.get(), &report);  // none at all
  EXPECT_TRUE(report.failures.empty());
}

TEST(Handshake, ASignalWhileWaitingChangesNothing) {
  struct sigaction action = {};
  struct sigaction before = {};
  action.sa_handler = [](int) {};
  sigaction(SIGUSR1, &action, &before);
  Pair pair;
  const UniqueFd file(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
  ASSERT_OK_AND_ASSIGN(const UniqueFd self, kernel::OpenPidfd(getpid()));
  const pthread_t waiting = pthread_self();
  std::thread sender([&] {
    for (char byte : Number(file.get())) {
      pthread_kill(waiting, SIGUSR1);
      (void)!write(pair.theirs.get(), &byte, 1);
      usleep(1000);
    }
  });
  SetupReport report;
  EXPECT_OK(TakeListener(pair.ours.get(), self.get(), HandOver::kFetch, &report));
  sender.join();
  sigaction(SIGUSR1, &before, nullptr);
}

}  // namespace
}  // namespace glovebox::trace
