#include "policy/compile.h"

#include <linux/filter.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/status_matchers.h"
#include "child/plan.h"
#include "gtest/gtest.h"
#include "kernel/abi.h"
#include "policy/denied_calls.h"
#include "policy/evaluate.h"
#include "policy/test_call.h"

namespace glovebox::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using kernel::kNativeArch;

kernel::HostFeatures GoodHost() {
  kernel::HostFeatures host;
  host.notify = host.wait_killable = host.pidfd_getfd = host.denies_tsc = true;
  host.landlock_abi = 7;
  return host;
}

child::ChildPlan Head(const CompiledPlan& plan) {
  child::ChildPlan head;
  std::memcpy(&head, plan.bytes.data(), sizeof head);
  return head;
}

TEST(CompilePlan, TheDefaultIsSoundAndAsksForAListener) {
  ASSERT_OK_AND_ASSIGN(CompiledPlan plan, CompilePlan(DefaultPolicy(Role::kRun), GoodHost(), {}));
  const child::ChildPlan head = Head(plan);
  EXPECT_EQ(head.size, plan.bytes.size());
  EXPECT_EQ(head.flags & child::kWantListener, child::kWantListener);
  EXPECT_EQ(head.flags & child::kWaitKillable, child::kWaitKillable);
  EXPECT_EQ(head.flags & child::kRestoreSigmask, child::kRestoreSigmask);
  EXPECT_GT(head.notify_filter.size, 0u);
  EXPECT_EQ(head.notify_filter.size % sizeof(sock_filter), 0u);
  EXPECT_EQ(head.ioctl_filter.size, 0u) << "row 6 would refuse unseen";
  EXPECT_EQ(head.landlock_scope, 2u) << "signals";
  EXPECT_THAT(plan.skipped, IsEmpty());
}

TEST(CompilePlan, ALaunchedCompilerKeepsItsSignals) {
  ASSERT_OK_AND_ASSIGN(CompiledPlan plan, CompilePlan(DefaultPolicy(Role::kCompile), GoodHost(), {}));
  EXPECT_EQ(Head(plan).flags & child::kRestoreSigmask, 0u);
}

TEST(CompilePlan, WithoutAListenerTheKernelRefuses) {
  Policy policy = DefaultPolicy(Role::kRun);
  policy.append_only = policy.restrict_kptr = true;
  ASSERT_OK_AND_ASSIGN(CompiledPlan plan, CompilePlan(policy, GoodHost(), {.listener = false}));
  const child::ChildPlan head = Head(plan);
  EXPECT_EQ(head.flags & child::kWantListener, 0u);
  EXPECT_GT(head.ioctl_filter.size, 0u);
  EXPECT_GT(head.append_only_filter.size, 0u);
  EXPECT_GT(head.kptr_filter.size, 0u);
}

// A Glovebox below `--level off` has a listener of its own to ask.
TEST(CompilePlan, WhereNothingOfOursListensAListenerMayBeAsked) {
  const auto denies = [](const kernel::HostFeatures& host, bool listener, uint32_t request) {
    Policy policy = DefaultPolicy(Role::kRun);
    policy.kernel_only = true;
    const auto filters = ExportFilters(policy, host, {.listener = listener});
    EXPECT_OK(filters);
    EXPECT_EQ((*filters)[0].name, "ioctl");
    const auto verdict = Evaluate((*filters)[0].bpf, Call(SYS_ioctl, kNativeArch, {3, request}));
    EXPECT_OK(verdict);
    return verdict->action == (SECCOMP_RET_ERRNO | EPERM);
  };
  kernel::HostFeatures below_foreign = GoodHost();
  below_foreign.listener_above = true;
  for (const uint32_t request : ListenerIoctls()) {
    EXPECT_FALSE(denies(GoodHost(), false, request)) << std::hex << request;
    EXPECT_TRUE(denies(GoodHost(), true, request)) << std::hex << request;
    EXPECT_TRUE(denies(below_foreign, false, request)) << std::hex << request;
  }
  EXPECT_TRUE(denies(GoodHost(), false, TIOCSTI));
}

TEST(CompilePlan, BelowAnOuterSupervisorNothingOutranksItsRecord) {
  Policy policy = DefaultPolicy(Role::kCompile);
  policy.append_only = policy.restrict_kptr = policy.restrict_prlimit = policy.deny_tsc = true;
  ASSERT_OK_AND_ASSIGN(CompiledPlan plan,
                       CompilePlan(policy, GoodHost(), {.listener = false, .outer = &policy}));
  const child::ChildPlan head = Head(plan);
  EXPECT_NE(head.flags & child::kDenyTsc, 0u) << "row 16 is every action's own";
  EXPECT_EQ(head.ioctl_filter.size + head.append_only_filter.size + head.kptr_filter.size, 0u);
  EXPECT_EQ(head.notify_filter.size, 0u);
}

// child::kReplyRefusesByDefault promises these to programs that were built before or after: one more needs a
// flag of its own.
TEST(CompilePlan, WhatIsRefusedByDefaultIsWhatAReplyFlagStandsFor) {
  EXPECT_THAT(
      DefaultDeniedIoctls(),
      testing::UnorderedElementsAre(0x5412, 0x541c, 0x541d, 0x5423, 0x4b4d, 0x4b47, 0x4b49, 0x4b4e, 1,
                                    0xc0045877, 0xc0045878, 0x40086602, 0x40046602, 0x401c5820, 0xae01,
                                    0xc0502100, 0xc0182101, 0x40082102, 0x80082102, 0x40182103, 0x40082104));
  std::vector<std::string> refused;
  for (const kernel::SyscallRow& row : kernel::SyscallTable()) {
    if (row.refuse != 0) refused.push_back(row.name);
  }
  EXPECT_THAT(refused, testing::ElementsAre("io_uring_setup"));
}

// child::kReplyRefusesCalls, likewise.
TEST(CompilePlan, WhatIsDeniedByNameIsWhatAReplyFlagStandsFor) {
  std::vector<std::string> names;
  for (const DeniedCall& call : DefaultDeniedCalls()) names.emplace_back(call.name);
  const std::vector<std::string> promised = {"unshare",
                                             "clone",
                                             "clone3",
                                             "setns",
                                             "mount",
                                             "umount",
                                             "umount2",
                                             "move_mount",
                                             "open_tree",
                                             "open_tree_attr",
                                             "mount_setattr",
                                             "fsopen",
                                             "fspick",
                                             "fsmount",
                                             "fsconfig",
                                             "pivot_root",
                                             "chroot",
                                             "open_by_handle_at",
                                             "process_vm_writev",
                                             "userfaultfd",
                                             "prlimit64",
                                             "bpf",
                                             "perf_event_open",
                                             "keyctl",
                                             "add_key",
                                             "request_key",
                                             "kexec_load",
                                             "kexec_file_load",
                                             "init_module",
                                             "finit_module",
                                             "delete_module",
                                             "create_module",
                                             "reboot",
                                             "swapon",
                                             "swapoff",
                                             "acct",
                                             "quotactl",
                                             "quotactl_fd",
                                             "settimeofday",
                                             "stime",
                                             "clock_settime",
                                             "clock_settime64",
                                             "sethostname",
                                             "setdomainname",
                                             "syslog",
                                             "vhangup",
                                             "iopl",
                                             "ioperm",
                                             "uselib",
                                             "lookup_dcookie"};
  EXPECT_THAT(names, testing::UnorderedElementsAreArray(promised));
}

TEST(CompilePlan, WhatTheOuterPolicyDoesNotAskForIsRefusedInTheKernel) {
  const Policy outer = DefaultPolicy(Role::kRun);
  Policy policy = outer;
  policy.append_only = policy.restrict_kptr = policy.restrict_prlimit = policy.deny_tsc = true;
  policy.denied_ioctls.push_back(TIOCGWINSZ);
  ASSERT_OK_AND_ASSIGN(const auto filters,
                       ExportFilters(policy, GoodHost(), {.listener = false, .outer = &outer}));
  ASSERT_THAT(filters, SizeIs(4));
  const struct {
    const char* filter;
    seccomp_data call;
    uint32_t action;
  } cases[] = {
      {"ioctl", Call(SYS_ioctl, kNativeArch, {0, TIOCGWINSZ}), SECCOMP_RET_ERRNO | EPERM},
      {"ioctl", Call(SYS_ioctl, kNativeArch, {0, TIOCSTI}), SECCOMP_RET_ALLOW},
      {"append_only", Call(SYS_io_submit, kNativeArch), SECCOMP_RET_ERRNO | EPERM},
      {"kptr", Call(SYS_write, kNativeArch, {1, uint64_t{1} << 63}), SECCOMP_RET_ERRNO | EFAULT},
      {"notify", Call(SYS_prlimit64, kNativeArch, {0, 7, 1, 0}), SECCOMP_RET_ERRNO | EPERM},
      {"notify", Call(SYS_prlimit64, kNativeArch, {0, 7, 0, 1}), SECCOMP_RET_ALLOW},
      {"notify", Call(SYS_prctl, kNativeArch, {PR_SET_TSC, PR_TSC_ENABLE}), SECCOMP_RET_ERRNO | EPERM},
      {"notify", Call(SYS_io_uring_setup, kNativeArch), SECCOMP_RET_ALLOW},
  };
  for (const auto& row : cases) {
    for (const ExportedFilter& filter : filters) {
      if (filter.name != row.filter) continue;
      ASSERT_OK_AND_ASSIGN(const Verdict verdict, Evaluate(filter.bpf, row.call));
      EXPECT_EQ(verdict.action, row.action) << row.filter << " " << row.call.nr << " " << row.call.args[1];
    }
  }
}

TEST(CompilePlan, WhatThePolicyWantsInTheKernelStandsThereBelowAnOuterSupervisorToo) {
  Policy policy = DefaultPolicy(Role::kRun);
  policy.kernel_only = true;
  ASSERT_OK_AND_ASSIGN(CompiledPlan plan,
                       CompilePlan(policy, GoodHost(), {.listener = false, .outer = &policy}));
  EXPECT_GT(Head(plan).ioctl_filter.size, 0u);
}

TEST(CompilePlan, ALimitThatTheOuterPolicyHoldsIsNotSetAgain) {
  const auto limit = [](child::Limit which) { return static_cast<size_t>(which); };
  Policy outer = DefaultPolicy(Role::kRun);
  outer.limits[limit(child::Limit::kCore)] = 10;
  outer.limits[limit(child::Limit::kNofile)] = 64;
  outer.limits[limit(child::Limit::kStack)] = 64;
  Policy policy = outer;
  policy.limits[limit(child::Limit::kNofile)] = 32;   // narrower: a failure to be told of
  policy.limits[limit(child::Limit::kStack)] = 1024;  // wider
  policy.limits[limit(child::Limit::kCpu)] = 5;
  for (const bool restricts : {false, true}) {
    outer.restrict_prlimit = restricts;
    ASSERT_OK_AND_ASSIGN(CompiledPlan plan,
                         CompilePlan(policy, GoodHost(), {.listener = false, .outer = &outer}));
    const child::ChildPlan head = Head(plan);
    EXPECT_EQ(head.limits[limit(child::Limit::kCore)].set, restricts ? 0u : 1u);
    EXPECT_EQ(head.limits[limit(child::Limit::kStack)].set, restricts ? 0u : 1u);
    EXPECT_EQ(head.limits[limit(child::Limit::kNofile)].set, 1u);
    EXPECT_EQ(head.limits[limit(child::Limit::kCpu)].set, 1u);
  }
}

TEST(CompilePlan, LimitsAndEnvironmentRulesAreCarried) {
  Policy policy = DefaultPolicy(Role::kRun);
  policy.limits[static_cast<size_t>(child::Limit::kNofile)] = 64;
  policy.environment = {"-LD_PRELOAD", "+A=b"};
  ASSERT_OK_AND_ASSIGN(CompiledPlan plan, CompilePlan(policy, GoodHost(), {}));
  const child::ChildPlan head = Head(plan);
  EXPECT_EQ(head.limits[static_cast<size_t>(child::Limit::kNofile)].set, 1u);
  EXPECT_EQ(head.limits[static_cast<size_t>(child::Limit::kNofile)].value, 64u);
  EXPECT_EQ(head.limits[static_cast<size_t>(child::Limit::kStack)].set, 0u);
  EXPECT_EQ(plan.bytes.substr(head.environment_rules.offset, head.environment_rules.size),
            std::string("-LD_PRELOAD\0+A=b\0", 17));
}

TEST(CompilePlan, WhatThePolicySaysWronglyIsNamed) {
  for (const char* rule : {"LD_PRELOAD", "", "-", "+A", "-A=b", "+=b"}) {
    Policy policy = DefaultPolicy(Role::kRun);
    policy.environment = {rule};
    EXPECT_THAT(CompilePlan(policy, GoodHost(), {}),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("environment rule")))
        << rule;
  }
}

TEST(CompilePlan, AVariableThatTheCommandWouldNotSeeIsRefused) {
  for (const char* rule : {"+GLOVEBOX_Z=1", "+GLOVEBOX_=1", "+GLOVEBOX_CHILD_Z=1", "+GLOVEBOX_TEST=1"}) {
    Policy policy = DefaultPolicy(Role::kRun);
    policy.environment = {rule};
    EXPECT_THAT(CompilePlan(policy, GoodHost(), {}),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("+NAME=value")))
        << rule;
  }
  for (const char* rule : {"+GLOVEBOX_TEST_Z=1", "+GLOVEBOX=1", "-GLOVEBOX_Z", "=GLOVEBOX_Z"}) {
    Policy policy = DefaultPolicy(Role::kRun);
    policy.environment = {rule};
    EXPECT_OK(CompilePlan(policy, GoodHost(), {})) << rule;
  }
}

TEST(CompilePlan, WhatTheHostCannotDoIsSkippedAloudOrRefused) {
  kernel::HostFeatures host = GoodHost();
  host.landlock_abi = 4;
  ASSERT_OK_AND_ASSIGN(CompiledPlan plan, CompilePlan(DefaultPolicy(Role::kRun), host, {}));
  EXPECT_THAT(plan.skipped, SizeIs(1));
  Policy enforce = DefaultPolicy(Role::kRun);
  enforce.mode = Mode::kEnforce;
  EXPECT_THAT(
      CompilePlan(enforce, host, {}),
      StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("ABI 6 (Linux 6.12) is needed, this host has 4")));
  host.foreign_proc = true;
  EXPECT_THAT(CompilePlan(DefaultPolicy(Role::kRun), host, {}),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("unshare --mount-proc")));
  CompileOptions unrecorded;
  unrecorded.listener = false;
  EXPECT_OK(CompilePlan(DefaultPolicy(Role::kRun), host, unrecorded)) << "nobody looks into /proc";
  host.notify = false;
  EXPECT_THAT(CompilePlan(DefaultPolicy(Role::kRun), host, {}),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("user notification")));
}

TEST(CompilePlan, TheSameNetworkBySectionsOfTwoNamesIsHeldOnce) {
  Policy outer = DefaultPolicy(Role::kEdge);
  outer.mode = Mode::kEnforce;
  outer.network.mode = NetworkMode::kLoopback;
  outer.network.section = "[edge]";
  Policy inner = outer;
  inner.network.section = "[compile]";
  const auto has_filter = [&outer](const Policy& policy) {
    const auto filters = ExportFilters(policy, GoodHost(), {.listener = false, .outer = &outer});
    EXPECT_OK(filters);
    return filters.ok() && std::any_of(filters->begin(), filters->end(),
                                       [](const ExportedFilter& filter) { return filter.name == "notify"; });
  };
  EXPECT_FALSE(has_filter(inner));
  inner.network.mode = NetworkMode::kNone;
  EXPECT_TRUE(has_filter(inner));
}

TEST(CompilePlan, StrictInputsNeedAGraph) {
  Policy policy = DefaultPolicy(Role::kCompile);
  policy.strict_inputs = true;
  policy.mode = Mode::kEnforce;
  EXPECT_OK(CompilePlan(policy, GoodHost(), {}));
  EXPECT_THAT(CompilePlan(policy, GoodHost(), {.graph = false}),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("build with glovebox-ninja")));
  policy.mode = Mode::kReport;
  ASSERT_OK_AND_ASSIGN(const CompiledPlan plan, CompilePlan(policy, GoodHost(), {.graph = false}));
  EXPECT_THAT(plan.skipped, ElementsAre(HasSubstr("strict inputs: ")));
}

TEST(CompilePlan, PathsOfUnixSocketsNeedACallersSocket) {
  Policy policy = DefaultPolicy(Role::kRun);
  policy.mode = Mode::kEnforce;
  policy.network.mode = NetworkMode::kAny;
  kernel::HostFeatures blind = GoodHost();
  blind.pidfd_getfd = false;
  EXPECT_OK(CompilePlan(policy, blind, {}));
  policy.confine_files = true;
  policy.paths.push_back({PathAccess::kRead, "/", {}});
  EXPECT_OK(CompilePlan(policy, GoodHost(), {}));
  EXPECT_THAT(CompilePlan(policy, blind, {}).status().message(),
              HasSubstr("with confined or hidden files: "));
}

TEST(CompilePlan, ANetworkThatCannotBeHeldHereIsAnErrorOrIsSaidAloud) {
  Policy policy = DefaultPolicy(Role::kRun);
  policy.network.mode = NetworkMode::kLoopback;
  kernel::HostFeatures blind = GoodHost();
  blind.pidfd_getfd = false;
  EXPECT_OK(CompilePlan(policy, blind, {})) << "mode report holds nothing";
  policy.mode = Mode::kEnforce;
  EXPECT_OK(CompilePlan(policy, GoodHost(), {}));
  EXPECT_THAT(CompilePlan(policy, blind, {}).status().message(), HasSubstr("network loopback: "));
  EXPECT_FALSE(CompilePlan(policy, GoodHost(), {.listener = false}).ok());
  policy.best_effort = true;
  ASSERT_OK_AND_ASSIGN(CompiledPlan plan, CompilePlan(policy, blind, {}));
  EXPECT_THAT(plan.skipped, SizeIs(1));
  policy.best_effort = false;
  policy.network.mode = NetworkMode::kNone;
  ASSERT_OK_AND_ASSIGN(plan, CompilePlan(policy, GoodHost(), {.listener = false}));
  EXPECT_EQ(Head(plan).flags & child::kHoldsNetwork, child::kHoldsNetwork);
}

TEST(CompilePlan, ANetworkNamespaceIsAskedForAsStrictlyAsTheModeSays) {
  for (const Mode mode : {Mode::kObserve, Mode::kReport, Mode::kEnforce}) {
    Policy policy = DefaultPolicy(Role::kRun);
    policy.mode = mode;
    ASSERT_OK_AND_ASSIGN(CompiledPlan plan, CompilePlan(policy, GoodHost(), {}));
    EXPECT_EQ(Head(plan).flags & child::kNetworkNamespace, 0u);
    policy.network.own_namespace = true;
    ASSERT_OK_AND_ASSIGN(plan, CompilePlan(policy, GoodHost(), {}));
    EXPECT_NE(Head(plan).flags & child::kNetworkNamespace, 0u);
    EXPECT_EQ((Head(plan).flags & child::kNamespaceBestEffort) != 0, mode != Mode::kEnforce);
  }
}

PathRule Hidden(const char* path) { return {PathAccess::kHidden, path, {"glovebox.toml", 3, 1}}; }

TEST(CompilePlan, AMountNamespaceIsAskedForWhereHiddenPathsAreHeld) {
  Policy policy = DefaultPolicy(Role::kRun);
  policy.hide_by_namespace = true;
  policy.paths = {Hidden("/srv/key"), Hidden("/nonexistent/**")};
  for (const Mode mode : {Mode::kObserve, Mode::kReport}) {
    policy.mode = mode;
    ASSERT_OK_AND_ASSIGN(const CompiledPlan plan, CompilePlan(policy, GoodHost(), {}));
    EXPECT_EQ(Head(plan).flags & child::kMountNamespace, 0u) << "all goes on there";
  }
  policy.mode = Mode::kEnforce;
  ASSERT_OK_AND_ASSIGN(CompiledPlan plan, CompilePlan(policy, GoodHost(), {}));
  EXPECT_NE(Head(plan).flags & child::kMountNamespace, 0u);
  const child::Span span = Head(plan).hidden_paths;
  EXPECT_EQ(plan.bytes.substr(span.offset, span.size), std::string("/nonexistent\0/srv/key\0", 22));
  // The same policy around it has covered them.
  const Policy outer = policy;
  ASSERT_OK_AND_ASSIGN(plan, CompilePlan(policy, GoodHost(), {.listener = false, .outer = &outer}));
  EXPECT_EQ(Head(plan).flags & child::kMountNamespace, 0u);
  policy.paths.push_back(Hidden("/srv/other"));
  ASSERT_OK_AND_ASSIGN(plan, CompilePlan(policy, GoodHost(), {.listener = false, .outer = &outer}));
  EXPECT_NE(Head(plan).flags & child::kMountNamespace, 0u);
  policy.best_effort = true;
  ASSERT_OK_AND_ASSIGN(plan, CompilePlan(policy, GoodHost(), {.listener = false, .outer = &outer}));
  EXPECT_EQ(Head(plan).flags & child::kMountNamespace, 0u);
  EXPECT_THAT(plan.unheld, testing::Contains(HasSubstr("nobody makes a namespace")));
  policy.paths.clear();
  ASSERT_OK_AND_ASSIGN(plan, CompilePlan(policy, GoodHost(), {}));
  EXPECT_EQ(Head(plan).flags & child::kMountNamespace, 0u) << "nothing is hidden";
}

TEST(CompilePlan, ANamespaceNeedsNoSupervisorForWhatItCoversWholly) {
  Policy policy = DefaultPolicy(Role::kRun);
  policy.mode = Mode::kEnforce;
  policy.network.mode = NetworkMode::kUnix;
  policy.paths = {Hidden("/srv/key")};
  EXPECT_FALSE(CompilePlan(policy, GoodHost(), {.listener = false}).ok());
  policy.hide_by_namespace = true;
  EXPECT_OK(CompilePlan(policy, GoodHost(), {.listener = false}));
  policy.paths = {Hidden("/srv/*.key")};
  EXPECT_THAT(CompilePlan(policy, GoodHost(), {.listener = false}).status().message(),
              AllOf(HasSubstr("glovebox.toml:3:1: hidden path /srv/*.key: a supervisor is needed"),
                    HasSubstr("a mount namespace covers what is there")));
  ASSERT_OK_AND_ASSIGN(const CompiledPlan plan, CompilePlan(policy, GoodHost(), {}));
  ASSERT_THAT(plan.skipped, SizeIs(1)) << "that a pattern is half the namespace's is told";
  EXPECT_THAT(plan.skipped[0], HasSubstr("the supervisor hides"));
  EXPECT_THAT(plan.unheld, IsEmpty());
}

// A network of its own that the outer supervisor holds already is left to it, on record.
TEST(CompilePlan, TheSameNetworkIsNotHeldTwice) {
  Policy policy = DefaultPolicy(Role::kRun);
  policy.mode = Mode::kEnforce;
  policy.network.mode = NetworkMode::kNone;
  Policy outer = policy;
  ASSERT_OK_AND_ASSIGN(CompiledPlan same,
                       CompilePlan(policy, GoodHost(), {.listener = false, .outer = &outer}));
  EXPECT_EQ(Head(same).notify_filter.size, 0u);
  outer.network.mode = NetworkMode::kUnix;
  ASSERT_OK_AND_ASSIGN(CompiledPlan less,
                       CompilePlan(policy, GoodHost(), {.listener = false, .outer = &outer}));
  EXPECT_GT(Head(less).notify_filter.size, 0u);
}

TEST(ExportFilters, GivesBytesAndReadableText) {
  Policy policy = DefaultPolicy(Role::kRun);
  policy.kernel_only = policy.append_only = policy.restrict_kptr = true;
  ASSERT_OK_AND_ASSIGN(std::vector<ExportedFilter> filters, ExportFilters(policy, GoodHost(), {}));
  ASSERT_THAT(filters, SizeIs(4));
  for (const ExportedFilter& filter : filters) {
    EXPECT_EQ(filter.bpf.size() % sizeof(sock_filter), 0u) << filter.name;
    EXPECT_THAT(filter.pfc, HasSubstr("pseudo filter code")) << filter.name;
  }
  EXPECT_THAT(filters[3].pfc, HasSubstr("openat"));
}

TEST(CompilePlan, ACounterThatCannotBeDeniedIsAnErrorOrTold) {
  kernel::HostFeatures host = GoodHost();
  Policy policy = DefaultPolicy(Role::kRun);
  policy.deny_tsc = true;
  policy.mode = Mode::kEnforce;
  EXPECT_OK(CompilePlan(policy, host, {.listener = true}));
  host.denies_tsc = false;
  EXPECT_EQ(CompilePlan(policy, host, {.listener = true}).status().code(), absl::StatusCode::kUnimplemented);
  policy.best_effort = true;
  ASSERT_OK_AND_ASSIGN(const CompiledPlan plan, CompilePlan(policy, host, {.listener = true}));
  EXPECT_THAT(plan.unheld, testing::Contains(HasSubstr("deny-tsc: ")));
  EXPECT_EQ(Head(plan).flags & child::kDenyTsc, 0u);
}

TEST(CompilePlan, AppendOnlyPathsAreAnErrorWhereNobodySeesTheCalls) {
  Policy policy = DefaultPolicy(Role::kRun);
  policy.mode = Mode::kEnforce;
  policy.paths.push_back({PathAccess::kAppend, "/b/*.log", {}});
  kernel::HostFeatures host;
  host.notify = true;
  host.landlock_abi = 6;
  EXPECT_OK(CompilePlan(policy, host, {.listener = true}));
  EXPECT_EQ(CompilePlan(policy, host, {.listener = false}).status().code(), absl::StatusCode::kUnimplemented);
  Policy outer = DefaultPolicy(Role::kRun);
  EXPECT_EQ(CompilePlan(policy, host, {.listener = false, .outer = &outer}).status().code(),
            absl::StatusCode::kUnimplemented);
  EXPECT_OK(CompilePlan(policy, host, {.listener = false, .outer = &policy}));
  policy.best_effort = true;
  ASSERT_OK_AND_ASSIGN(const CompiledPlan plan, CompilePlan(policy, host, {.listener = false}));
  EXPECT_THAT(plan.skipped, testing::Contains(testing::HasSubstr("append-only path /b")));
}

}  // namespace
}  // namespace glovebox::policy
