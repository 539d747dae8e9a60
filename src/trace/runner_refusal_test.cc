// What a row refuses, as the program that runs under it meets it.
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "base/unique_fd.h"
#include "gtest/gtest.h"
#include "trace/intent.h"
#include "trace/runner_fixture.h"

namespace glovebox::trace {
namespace {

using access::ActionEnd;
using testing::IsEmpty;

class RefusalTest : public RunnerFixture {
 protected:
  // The errno of one system call from inside.
  int ErrnoOf(const policy::Policy& policy, std::vector<std::string> call) {
    RunRequest request = Shell("");
    request.policy = policy;
    request.argv = {GLOVEBOX_CHILD_PROBE, "errno"};
    request.argv.insert(request.argv.end(), call.begin(), call.end());
    const auto outcome = RunSupervised(request);
    EXPECT_OK(outcome);
    EXPECT_EQ(outcome->end.kind, ActionEnd::Kind::kExited) << outcome->end.step;
    return outcome->end.status;
  }
  // Takes what was recorded as refused so far: text and errno.
  std::vector<std::pair<std::string, int>> TakeRefusals() {
    std::vector<std::pair<std::string, int>> refusals;
    for (const access::Access& access : sink_.All<access::Access>()) {
      if (access.op != Op::kForbidden) continue;
      EXPECT_EQ(access.decision, access::Decision::kDenied);
      refusals.emplace_back(access.path2, access.error);
    }
    refusals.erase(refusals.begin(), refusals.begin() + static_cast<ptrdiff_t>(taken_));
    taken_ += refusals.size();
    return refusals;
  }
  static policy::Policy Asking() {
    policy::Policy policy = policy::DefaultPolicy(policy::Role::kRun);
    policy.append_only = policy.restrict_kptr = true;
    return policy;
  }

 private:
  size_t taken_ = 0;
};

struct Refused {
  std::vector<std::string> call;  // 63 is no open descriptor
  int otherwise;                  // what the kernel says to it
  int error;
  const char* text;
};

const Refused kRefused[] = {
    {{std::to_string(SYS_ioctl), "63", "0x5412"}, EBADF, EPERM, "ioctl 0x5412"},
    {{std::to_string(SYS_pwritev2), "63", "0", "0", "0", "0", "0x20"}, EBADF, EOPNOTSUPP, "RWF_NOAPPEND"},
    {{std::to_string(SYS_io_submit), "0", "0", "0"}, EINVAL, EPERM, "io_submit"},
    {{std::to_string(SYS_write), "63", "0x8000000000000000", "1"}, EBADF, EFAULT, "kernel pointer"},
    // Of level full: not recorded at the level that is set here, but refused.
    {{std::to_string(SYS_getdents64), "63", "0x8000000000000000", "8"}, EBADF, EFAULT, "kernel pointer"},
    {{std::to_string(SYS_set_robust_list), "0xffff888000001000", "24"}, 0, EFAULT, "kernel pointer"},
};

TEST_F(RefusalTest, RowsSixToEightAreRecordedWhereAListenerStands) {
  policy::Policy nothing = policy::DefaultPolicy(policy::Role::kRun);
  nothing.denied_ioctls.clear();
  for (const Refused& refused : kRefused) {
    EXPECT_EQ(ErrnoOf(nothing, refused.call), refused.otherwise) << refused.text;
    EXPECT_THAT(TakeRefusals(), IsEmpty()) << refused.text;
    EXPECT_EQ(ErrnoOf(Asking(), refused.call), refused.error) << refused.text;
    EXPECT_THAT(TakeRefusals(), testing::ElementsAre(testing::Pair(refused.text, refused.error)));
  }
}

TEST_F(RefusalTest, RowsSixToEightRefuseUnseenInTheKernelWhereNoneStandsOrNoneIsWanted) {
  policy::Policy kernel_only = Asking(), off = Asking();
  kernel_only.kernel_only = true;
  off.level = kernel::Level::kOff;
  for (const Refused& refused : kRefused) {
    EXPECT_EQ(ErrnoOf(kernel_only, refused.call), refused.error) << refused.text;
    EXPECT_EQ(ErrnoOf(off, refused.call), refused.error) << refused.text;
  }
  EXPECT_THAT(TakeRefusals(), IsEmpty());
}

#if defined(__x86_64__)
TEST_F(RefusalTest, TheTimeStampCounterCannotBeAskedBack) {
  const std::vector<std::string> enable = {std::to_string(SYS_prctl), absl::StrCat(PR_SET_TSC),
                                           absl::StrCat(PR_TSC_ENABLE)};
  const std::vector<std::string> deny = {enable[0], enable[1], absl::StrCat(PR_TSC_SIGSEGV)};
  policy::Policy policy = policy::DefaultPolicy(policy::Role::kRun);
  EXPECT_EQ(ErrnoOf(policy, enable), 0);
  EXPECT_THAT(TakeRefusals(), IsEmpty());
  policy.deny_tsc = true;
  EXPECT_EQ(ErrnoOf(policy, enable), EPERM);
  EXPECT_THAT(TakeRefusals(), testing::ElementsAre(testing::Pair(kTscEnable, EPERM)));
  EXPECT_EQ(ErrnoOf(policy, deny), 0) << "as row 16 of an action inside";
  policy::Policy kernel_only = policy, off = policy;
  kernel_only.kernel_only = true;
  off.level = kernel::Level::kOff;
  EXPECT_EQ(ErrnoOf(kernel_only, enable), EPERM);
  EXPECT_EQ(ErrnoOf(off, enable), EPERM);
  EXPECT_THAT(TakeRefusals(), IsEmpty());
}
#endif

TEST_F(RefusalTest, ADeniedCallIsRefusedAndItsRuleIsOnRecord) {
  const std::vector<std::string> unshare = {std::to_string(SYS_unshare), "0x10000400"};  // NEWUSER, FILES
  const std::vector<std::string> bpf = {std::to_string(SYS_bpf), "999", "0", "0"};
  const std::vector<std::string> clone3 = {std::to_string(SYS_clone3), "0", "0"};
  policy::Policy policy = policy::DefaultPolicy(policy::Role::kRun);
  EXPECT_EQ(ErrnoOf(policy, clone3), EINVAL);
  policy.mode = policy::Mode::kEnforce;
  EXPECT_EQ(ErrnoOf(policy, unshare), EPERM);
  EXPECT_THAT(TakeRefusals(), testing::ElementsAre(testing::Pair("unshare", EPERM)));
  EXPECT_EQ(ErrnoOf(policy, {std::to_string(SYS_unshare), "0x400"}), 0) << "descriptors of one's own";
  EXPECT_EQ(ErrnoOf(policy, bpf), EPERM);
  EXPECT_THAT(TakeRefusals(), testing::ElementsAre(testing::Pair("bpf", EPERM)));
  EXPECT_EQ(sink_.All<access::Access>().back().rule, "forbidden-call: built in");
  EXPECT_EQ(ErrnoOf(policy, clone3), ENOSYS);
  EXPECT_THAT(TakeRefusals(), IsEmpty()) << "each thread that starts would be one";
  policy::Policy off = policy;
  off.level = kernel::Level::kOff;
  EXPECT_EQ(ErrnoOf(off, unshare), EPERM);
  EXPECT_EQ(ErrnoOf(off, clone3), ENOSYS);
  policy.denied_calls.emplace();
  EXPECT_EQ(ErrnoOf(policy, clone3), EINVAL);
  EXPECT_THAT(TakeRefusals(), IsEmpty());
}

// Only the rule that is on counts where a call breaks two.
TEST_F(RefusalTest, AKernelPointerIsRefusedAlsoInACallThatAnotherRuleWouldLetGo) {
  policy::Policy policy = policy::DefaultPolicy(policy::Role::kRun);
  policy.restrict_kptr = true;
  EXPECT_EQ(
      ErrnoOf(policy, {std::to_string(SYS_pwritev2), "63", "0x8000000000000000", "1", "0", "0", "0x20"}),
      EFAULT);
  EXPECT_THAT(TakeRefusals(), testing::ElementsAre(testing::Pair("kernel pointer", EFAULT)));
}

TEST_F(RefusalTest, WithoutAListenerRowTwentyStillRefusesIoUring) {
  policy::Policy off = Asking();
  off.level = kernel::Level::kOff;
  EXPECT_EQ(ErrnoOf(off, {std::to_string(SYS_io_uring_setup), "1", "0"}), EPERM);
  EXPECT_THAT(TakeRefusals(), IsEmpty());
}

TEST_F(RefusalTest, RestrictedLimitsCanBeReadAndNotChangedFromInside) {
  const std::vector<std::string> set = {std::to_string(SYS_setrlimit), "4", "1"},
                                 change = {std::to_string(SYS_prlimit64), "0", "4", "1", "0"},
                                 read = {std::to_string(SYS_prlimit64), "0", "4", "0", "0"};
  for (const kernel::Level level : {kernel::Level::kOpen, kernel::Level::kOff}) {
    policy::Policy policy = policy::DefaultPolicy(policy::Role::kRun);
    policy.level = level;
    EXPECT_EQ(ErrnoOf(policy, set), EFAULT) << "the kernel looks at the new limit";
    EXPECT_EQ(ErrnoOf(policy, change), EFAULT);
    policy.restrict_prlimit = true;
    EXPECT_EQ(ErrnoOf(policy, set), EPERM);
    EXPECT_EQ(ErrnoOf(policy, change), EPERM);
    EXPECT_EQ(ErrnoOf(policy, read), 0);
  }
}

TEST_F(RefusalTest, AnAbstractSocketOutsideIsOutOfReachWhereTheScopeSaysSo) {
  if (Host().landlock_abi < 6) GTEST_SKIP() << "Landlock ABI below 6";
  const std::string name = absl::StrCat("glovebox-runner-test-", getpid());
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path + 1, sizeof(address.sun_path) - 1);
  const UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  ASSERT_EQ(bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listener.get(), 8), 0);
  for (const bool scope : {false, true}) {
    RunRequest request = Shell("");
    request.policy.scope_abstract_unix = scope;
    request.argv = {GLOVEBOX_CHILD_PROBE, "connect", name};
    ASSERT_OK_AND_ASSIGN(RunOutcome outcome, RunSupervised(request));
    EXPECT_EQ(outcome.end.kind, ActionEnd::Kind::kExited);
    EXPECT_EQ(outcome.end.status, scope ? EPERM : 0);
  }
}

}  // namespace
}  // namespace glovebox::trace
