// One `glovebox run` inside of another: who refuses, who records it, and what the inner one may add.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "base/unique_fd.h"
#include "child/plan.h"
#include "child/wire.h"
#include "gtest/gtest.h"
#include "trace/runner_fixture.h"

namespace glovebox::trace {
namespace {

using access::ActionEnd;

// Each test has two halves: the outer one runs this program again, inside of a run, for the inner one.
class NestedTest : public RunnerFixture {
 protected:
  void SetUp() override {
    if (!IsInner()) RunnerFixture::SetUp();
  }
  static bool IsInner() { return getenv("GLOVEBOX_TEST_NESTED") != nullptr; }
  static policy::Policy Default() { return policy::DefaultPolicy(policy::Role::kRun); }
  static policy::Policy Enforce() {
    policy::Policy policy = Default();
    policy.mode = policy::Mode::kEnforce;
    return policy;
  }
  void TryDeniedCalls(bool outer_denies);
  static policy::Policy Everything() {
    policy::Policy policy = Default();
    policy.append_only = policy.restrict_kptr = policy.restrict_prlimit = true;
    return policy;
  }

  // The inner half inside of a run under `policy`; what fails there fails here.
  void RunInnerHalf(policy::Policy policy) {
    const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
    RunRequest request = Shell("");
    request.argv = {"/proc/self/exe",
                    absl::StrCat("--gtest_filter=", test->test_suite_name(), ".", test->name())};
    // Under LeakSanitizer the inner program's leak check is seen as an orphan; the outer half checks for
    // leaks. The sanitizers set a limit when they start, and die where they may not.
    policy.environment = {"+GLOVEBOX_TEST_NESTED=1", "+ASAN_OPTIONS=detect_leaks=0:disable_coredump=0",
                          "+TSAN_OPTIONS=disable_coredump=0"};
    request.policy = policy;
    ASSERT_OK_AND_ASSIGN(const RunOutcome outcome, RunSupervised(request));
    EXPECT_EQ(outcome.end.kind, ActionEnd::Kind::kExited);
    EXPECT_EQ(outcome.end.status, 0);
  }

  // In the inner half: how the command ended in a run of this host.
  ActionEnd Inside(const policy::Policy& policy, const std::vector<std::string>& argv) {
    RunRequest request;
    request.argv = argv;
    request.policy = policy;
    request.host = kernel::ProbeHost();
    request.sink = &sink_;
    request.begin.action = 1;
    const auto outcome = RunSupervised(request);
    EXPECT_OK(outcome);
    return outcome.ok() ? outcome->end : ActionEnd{};
  }
  // The same for one system call: its errno.
  int ErrnoInside(const policy::Policy& policy, const std::vector<std::string>& call) {
    std::vector<std::string> argv = {GLOVEBOX_CHILD_PROBE, "errno"};
    argv.insert(argv.end(), call.begin(), call.end());
    const ActionEnd end = Inside(policy, argv);
    EXPECT_EQ(end.kind, ActionEnd::Kind::kExited) << end.step;
    return end.status;
  }
  // What is on record as refused: "ioctl 0x5412", "io_uring_setup".
  std::vector<std::string> Refusals() const {
    std::vector<std::string> refusals;
    for (const access::Access& access : sink_.All<access::Access>()) {
      if (access.op == Op::kForbidden) refusals.push_back(access.path2);
    }
    return refusals;
  }
};

const std::vector<std::string> kTiocsti = {std::to_string(SYS_ioctl), "63", absl::StrCat(TIOCSTI)};
const std::vector<std::string> kIoUring = {std::to_string(SYS_io_uring_setup), "1", "0"};
const std::vector<std::string> kNoAppend = {std::to_string(SYS_pwritev2), "63", "0", "0", "0", "0", "0x20"};
const std::vector<std::string> kKernelPointer = {std::to_string(SYS_write), "63", "0x8000000000000000", "1"};
const std::vector<std::string> kPrlimit = {std::to_string(SYS_prlimit64), "0", "4", "1", "0"};
#if defined(__x86_64__)
const std::vector<std::string> kEnableTsc = {std::to_string(SYS_prctl), absl::StrCat(PR_SET_TSC),
                                             absl::StrCat(PR_TSC_ENABLE)};
#endif

TEST_F(NestedTest, BelowARunThatRecordsNothingAnotherOneRecords) {
  if (IsInner()) {
    const kernel::HostFeatures host = kernel::ProbeHost();
    EXPECT_TRUE(host.notify);
    EXPECT_FALSE(host.listener_above);
    EXPECT_EQ(Inside(Default(), {"/usr/bin/head", "-c0", "/etc/passwd"}).status, 0);
    EXPECT_THAT(sink_.Of(Op::kOpen, "/etc/passwd"), testing::SizeIs(testing::Ge(1)));
    EXPECT_THAT(sink_.All<access::Hole>(), testing::IsEmpty());
    // What the outer one refuses it refuses here as well, unseen.
    EXPECT_EQ(ErrnoInside(Default(), kTiocsti), EPERM);
    EXPECT_EQ(ErrnoInside(Default(), kIoUring), EPERM);
    EXPECT_THAT(Refusals(), testing::IsEmpty());
    return;
  }
  policy::Policy off = Default();
  off.level = kernel::Level::kOff;
  RunInnerHalf(off);
}

TEST_F(NestedTest, WhatBothRefuseIsOnTheOuterRecord) {
  if (IsInner()) {
    policy::Policy off = Everything();
    off.level = kernel::Level::kOff;
    for (const policy::Policy& policy : {Default(), off, Everything()}) {
      EXPECT_EQ(ErrnoInside(policy, kTiocsti), EPERM);
      EXPECT_EQ(ErrnoInside(policy, kIoUring), EPERM);
    }
    EXPECT_EQ(ErrnoInside(Everything(), kNoAppend), EOPNOTSUPP);
    EXPECT_EQ(ErrnoInside(Everything(), kKernelPointer), EFAULT);
    EXPECT_EQ(ErrnoInside(Everything(), kPrlimit), EPERM);
    return;
  }
  RunInnerHalf(Everything());
  const std::string ioctl = "ioctl 0x5412", io_uring = "io_uring_setup";
  EXPECT_THAT(Refusals(), testing::ElementsAre(ioctl, io_uring, ioctl, io_uring, ioctl, io_uring,
                                               "RWF_NOAPPEND", "kernel pointer"));
}

TEST_F(NestedTest, WhatOnlyTheInnerOneRefusesIsRefusedAllTheSame) {
  if (IsInner()) {
    EXPECT_EQ(ErrnoInside(Default(), kPrlimit), EFAULT) << "the kernel looks at the new limit";
    EXPECT_EQ(ErrnoInside(Everything(), kNoAppend), EOPNOTSUPP);
    EXPECT_EQ(ErrnoInside(Everything(), kKernelPointer), EFAULT);
    EXPECT_EQ(ErrnoInside(Everything(), kPrlimit), EPERM);
    policy::Policy more = Default();
    more.denied_ioctls.push_back(TIOCGWINSZ);
    EXPECT_EQ(ErrnoInside(more, {kTiocsti[0], "63", absl::StrCat(TIOCGWINSZ)}), EPERM);
    EXPECT_EQ(ErrnoInside(more, kTiocsti), EPERM);
#if defined(__x86_64__)
    policy::Policy deny_tsc = Default();
    deny_tsc.deny_tsc = true;
    EXPECT_EQ(ErrnoInside(Default(), kEnableTsc), 0);
    const bool denied = kernel::ProbeHost().denies_tsc;
    EXPECT_EQ(ErrnoInside(deny_tsc, kEnableTsc), denied ? EPERM : 0);
#endif
    policy::Policy kernel_only = Default();
    kernel_only.kernel_only = true;
    EXPECT_EQ(ErrnoInside(kernel_only, kTiocsti), EPERM);
    return;
  }
  RunInnerHalf(Default());
  EXPECT_THAT(Refusals(), testing::ElementsAre("ioctl 0x5412")) << "of the one before the last";
}

// The inner half: `outer_denies` the calls that are denied in mode enforce.
void NestedTest::TryDeniedCalls(bool outer_denies) {
  policy::Policy more = Enforce();
  more.denied_calls = {"getpgid"};
  const std::vector<std::string> key = {std::to_string(SYS_keyctl), "9999"};
  const int by_outer = outer_denies ? EPERM : EOPNOTSUPP;
  EXPECT_EQ(ErrnoInside(Enforce(), key), EPERM);
  EXPECT_EQ(ErrnoInside(more, {std::to_string(SYS_getpgid), "0"}), EPERM);
  EXPECT_EQ(ErrnoInside(more, key), by_outer);
  // The same for a launcher's action, whose plan is the outer one's.
  EXPECT_EQ(Inside(Default(),
                   {GLOVEBOX_LAUNCH, "--role=compile", "--", GLOVEBOX_CHILD_PROBE, "errno", key[0], key[1]})
                .status,
            by_outer);
}

TEST_F(NestedTest, ACallThatBothDenyIsOnTheOuterRecord) {
  if (IsInner()) return TryDeniedCalls(/*outer_denies=*/true);
  RunInnerHalf(Enforce());
  // What this host can do was looked for as well, in there.
  std::vector<std::string> refusals = Refusals();
  refusals.erase(std::remove(refusals.begin(), refusals.end(), "unshare"), refusals.end());
  EXPECT_THAT(refusals, testing::ElementsAre("keyctl", "keyctl", "keyctl"));
}

TEST_F(NestedTest, ACallThatOnlyTheInnerOneDeniesIsDeniedAllTheSame) {
  if (IsInner()) return TryDeniedCalls(/*outer_denies=*/false);
  policy::Policy outer = Enforce();
  outer.denied_calls.emplace();
  RunInnerHalf(outer);
  EXPECT_THAT(Refusals(), testing::IsEmpty());
}

// The outer one lacks what every newer one refuses: as if it had not said a word.
TEST_F(NestedTest, BelowOneThatRefusesLessTheDefaultsHold) {
  if (IsInner()) {
    EXPECT_EQ(ErrnoInside(Default(), kTiocsti), EPERM);
    EXPECT_EQ(ErrnoInside(Default(), kIoUring), EPERM);
    return;
  }
  policy::Policy less = Default();
  less.denied_ioctls.clear();
  RunInnerHalf(less);
  EXPECT_THAT(Refusals(), testing::IsEmpty());
}

TEST_F(NestedTest, ALimitThatIsInForceIsNotSetAgainWhereNoneMayBe) {
  policy::Policy restricted = Default();
  restricted.restrict_prlimit = true;
  restricted.limits[static_cast<size_t>(child::Limit::kCore)] = 0;
  if (IsInner()) {
    EXPECT_EQ(Inside(restricted, {"/bin/true"}).kind, ActionEnd::Kind::kExited);
    restricted.restrict_prlimit = false;
    EXPECT_EQ(Inside(restricted, {"/bin/true"}).kind, ActionEnd::Kind::kExited);
    EXPECT_EQ(Inside(Default(), {GLOVEBOX_LAUNCH, "--role=compile", "--", "/bin/true"}).status, 0);
    // Another one cannot be set: told, not passed over.
    restricted.limits[static_cast<size_t>(child::Limit::kNofile)] = 16;
    EXPECT_EQ(Inside(restricted, {"/bin/true"}).kind, ActionEnd::Kind::kSandboxFailed);
    return;
  }
  RunInnerHalf(restricted);
}

TEST_F(NestedTest, WhoAnnouncesItselfAndIsSilentHoldsUpNobody) {
  if (IsInner()) {
    const UniqueFd silent(open(child::kAnnouncePath, O_RDWR | O_CLOEXEC));
    ASSERT_TRUE(silent.valid());
    const auto before = std::chrono::steady_clock::now();
    const pid_t other = fork();
    if (other == 0) _exit(open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0 ? 0 : 1);
    int status = -1;
    waitpid(other, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(3));
    return;
  }
  RunInnerHalf(Default());
  EXPECT_THAT(sink_.Of(Op::kOpen, "/etc/passwd"), testing::SizeIs(testing::Ge(1)));
  EXPECT_THAT(sink_.All<access::Hole>(), testing::IsEmpty());
}

}  // namespace
}  // namespace glovebox::trace
