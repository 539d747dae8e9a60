#include "policy/compile.h"

#include <linux/filter.h>

#include <cstring>

#include "base/status_matchers.h"
#include "child/plan.h"
#include "gtest/gtest.h"

namespace glovebox::policy {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

kernel::HostFeatures GoodHost() {
  kernel::HostFeatures host;
  host.notify = host.wait_killable = host.pidfd_getfd = true;
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
  ASSERT_OK_AND_ASSIGN(CompiledPlan plan,
                       CompilePlan(policy, GoodHost(), {.listener = false, .outer = false}));
  const child::ChildPlan head = Head(plan);
  EXPECT_EQ(head.flags & child::kWantListener, 0u);
  EXPECT_GT(head.ioctl_filter.size, 0u);
  EXPECT_GT(head.append_only_filter.size, 0u);
  EXPECT_GT(head.kptr_filter.size, 0u);
}

TEST(CompilePlan, BelowAnOuterSupervisorNothingOutranksItsRecord) {
  ASSERT_OK_AND_ASSIGN(CompiledPlan plan, CompilePlan(DefaultPolicy(Role::kCompile), GoodHost(),
                                                      {.listener = false, .outer = true}));
  const child::ChildPlan head = Head(plan);
  EXPECT_EQ(head.ioctl_filter.size + head.notify_filter.size, 0u);
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

}  // namespace
}  // namespace glovebox::policy
