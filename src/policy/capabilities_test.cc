#include "policy/capabilities.h"

#include <linux/capability.h>

#include "base/status_matchers.h"
#include "gtest/gtest.h"

namespace glovebox::policy {
namespace {

constexpr uint64_t Bit(int capability) { return uint64_t{1} << capability; }

TEST(Capabilities, ReportDropsNothingUnlessAsked) {
  child::CapabilityMasks masks;
  ASSERT_OK_AND_ASSIGN(bool drops, CapabilityMasksFor(Policy{}, &masks));
  EXPECT_FALSE(drops);
  EXPECT_EQ(masks.keep_effective, ~uint64_t{0});
}

TEST(Capabilities, ReportDropsWhatIsNamedAndNothingElse) {
  Policy policy;
  policy.drop_capabilities = {"cap_net_raw", "SYS_ADMIN"};
  child::CapabilityMasks masks;
  ASSERT_OK_AND_ASSIGN(bool drops, CapabilityMasksFor(policy, &masks));
  EXPECT_TRUE(drops);
  EXPECT_EQ(masks.keep_bounding, ~(Bit(CAP_NET_RAW) | Bit(CAP_SYS_ADMIN)));
}

TEST(Capabilities, EnforceKeepsOnlyWhatIsKept) {
  Policy policy;
  policy.mode = Mode::kEnforce;
  policy.keep_capabilities = {"cap_kill"};
  child::CapabilityMasks masks;
  ASSERT_OK_AND_ASSIGN(bool drops, CapabilityMasksFor(policy, &masks));
  EXPECT_TRUE(drops);
  EXPECT_EQ(masks.keep_permitted, Bit(CAP_KILL));
}

TEST(Capabilities, KeepingAllStillLeavesOutWhatMustBeNamed) {
  Policy policy;
  policy.drop_all_capabilities = true;
  policy.keep_capabilities = {"all", "cap_net_raw"};
  child::CapabilityMasks masks;
  ASSERT_OK_AND_ASSIGN(bool drops, CapabilityMasksFor(policy, &masks));
  EXPECT_TRUE(drops);
  for (int gone : {CAP_CHOWN, CAP_MKNOD, CAP_NET_BIND_SERVICE, CAP_SYS_PTRACE}) {
    EXPECT_EQ(masks.keep_effective & Bit(gone), 0u) << gone;
  }
  EXPECT_NE(masks.keep_effective & Bit(CAP_NET_RAW), 0u);
  EXPECT_NE(masks.keep_effective & Bit(CAP_KILL), 0u);
}

TEST(Capabilities, AnUnknownNameIsNamed) {
  Policy policy;
  policy.drop_capabilities = {"cap_fly"};
  child::CapabilityMasks masks;
  EXPECT_THAT(
      CapabilityMasksFor(policy, &masks),
      StatusIs(absl::StatusCode::kInvalidArgument, testing::HasSubstr("unknown capability \"cap_fly\"")));
}

// libcap would take the first of these for cap_chown and say nothing of the rest.
TEST(Capabilities, MoreThanOneNameInAWordIsRefused) {
  for (const char* word :
       {"cap_chown,cap_kill", "cap_kill ", "cap_kill+ep", "cap_kill=", "7", "cap_7", "cap_", ""}) {
    Policy policy = DefaultPolicy(Role::kRun);
    policy.drop_capabilities = {word};
    child::CapabilityMasks masks;
    EXPECT_THAT(CapabilityMasksFor(policy, &masks),
                StatusIs(absl::StatusCode::kInvalidArgument, testing::HasSubstr(word)))
        << word;
  }
}

}  // namespace
}  // namespace glovebox::policy
