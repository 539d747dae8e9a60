#include "child/describe.h"

#include <cstring>
#include <string>

#include "child/test_support.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kernel/abi.h"

namespace glovebox::child {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string Told(uint32_t row, const ChildPlan& plan, const ChildContext& context = {}) {
  return Describe(StepTable().begin()[row], plan, context);
}

TEST(Describe, TheNotifyRowSaysWhichOfItsWaysThePlanTakes) {
  PlanBuffer buffer;
  EXPECT_THAT(Told(20, buffer.plan()), HasSubstr("no listener and no filter"));
  buffer.SetFilter(&ChildPlan::notify_filter, FilterOf(1, SECCOMP_RET_ALLOW));
  EXPECT_THAT(Told(20, buffer.plan()), HasSubstr("a filter that only refuses"));
  buffer.plan().flags |= kWantListener;
  EXPECT_THAT(Told(20, buffer.plan()), HasSubstr("a filter with a listener"));
  ChildContext nested;
  nested.nested = true;
  EXPECT_THAT(Told(20, buffer.plan(), nested), HasSubstr("the outer supervisor sees all"));
}

TEST(Describe, RowsSixToEightSayWhoRefuses) {
  PlanBuffer buffer;
  EXPECT_THAT(Told(6, buffer.plan()), HasSubstr("empty"));
  EXPECT_THAT(Told(7, buffer.plan()), HasSubstr("append_only is off"));
  EXPECT_THAT(Told(8, buffer.plan()), HasSubstr("restrict_kptr is off"));
  buffer.plan().flags |= kWantListener | kAppendOnly | kRestrictKptr;
  for (const uint32_t row : {6u, 7u, 8u})
    EXPECT_THAT(Told(row, buffer.plan()), HasSubstr("supervisor refuses"));
  buffer.plan().flags |= kKernelOnly;
  buffer.SetFilter(&ChildPlan::ioctl_filter, FilterOf(1, SECCOMP_RET_ALLOW));
  buffer.SetFilter(&ChildPlan::append_only_filter, FilterOf(1, SECCOMP_RET_ALLOW));
  buffer.SetFilter(&ChildPlan::kptr_filter, FilterOf(1, SECCOMP_RET_ALLOW));
  for (const uint32_t row : {6u, 7u, 8u}) EXPECT_THAT(Told(row, buffer.plan()), HasSubstr("in the kernel"));
}

TEST(Describe, LimitsAndLandlockSayWhatIsSet) {
  PlanBuffer buffer;
  EXPECT_THAT(Told(9, buffer.plan()), HasSubstr("neither"));
  buffer.plan().landlock_scope = static_cast<uint32_t>(kernel::kLandlockScopeSignal);
  EXPECT_THAT(Told(9, buffer.plan()), Not(HasSubstr("skipped")));
  buffer.plan().flags |= kLandlockBestEffort;
  EXPECT_THAT(Told(9, buffer.plan()), HasSubstr("skipped and reported"));
  EXPECT_THAT(Told(22, buffer.plan()), HasSubstr("nothing is set"));
  buffer.SetLimit(Limit::kNofile, 7);
  EXPECT_THAT(Told(17, buffer.plan()), HasSubstr("row 22"));
  EXPECT_EQ(Told(22, buffer.plan()), "sets the named limits");
  buffer.plan().flags |= kRestrictPrlimit;
  EXPECT_THAT(Told(17, buffer.plan()), HasSubstr("row 20's filter then holds"));
  EXPECT_THAT(Told(22, buffer.plan()), HasSubstr("row 17"));
}

}  // namespace
}  // namespace glovebox::child
