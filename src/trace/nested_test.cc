// One `glovebox run` inside of another: who refuses, who records it, and what the inner one may add.
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
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

  // The inner half inside of a run under `policy`; what fails there fails here.
  void RunInnerHalf(policy::Policy policy) {
    const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
    RunRequest request = Shell("");
    request.argv = {"/proc/self/exe",
                    absl::StrCat("--gtest_filter=", test->test_suite_name(), ".", test->name())};
    // Under LeakSanitizer the inner program's leak check is seen as an orphan; the outer half checks for
    // leaks.
    policy.environment = {"+GLOVEBOX_TEST_NESTED=1", "+ASAN_OPTIONS=detect_leaks=0"};
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

TEST_F(NestedTest, BelowARunThatRecordsNothingAnotherOneRecords) {
  if (IsInner()) {
    const kernel::HostFeatures host = kernel::ProbeHost();
    EXPECT_TRUE(host.notify);
    EXPECT_FALSE(host.listener_above);
    EXPECT_EQ(Inside(Default(), {"/bin/cat", "/etc/passwd"}).status, 0);
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

}  // namespace
}  // namespace glovebox::trace
