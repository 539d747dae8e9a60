#include "child/plan.h"

#include <cstring>

#include "child/test_support.h"
#include "gtest/gtest.h"
#include "kernel/abi.h"

namespace glovebox::child {
namespace {

PlanBuffer Sound() {
  PlanBuffer buffer;
  buffer.SetFilter(&ChildPlan::notify_filter, FilterOf(1, SECCOMP_RET_ALLOW));
  buffer.SetEnvironmentRules({"=A", "+B=1"});
  buffer.SetHiddenPaths({"/a", "/b/c"});
  buffer.plan().flags = kWantListener;
  return buffer;
}

TEST(ValidatePlan, TakesASoundOne) {
  PlanBuffer buffer = Sound();
  EXPECT_EQ(ValidatePlan(&buffer.plan(), buffer.plan().size), nullptr);
}

TEST(ValidatePlan, RefusesWhatIsNone) {
  struct Bad {
    const char* name;
    void (*spoil)(ChildPlan&);
  };
  const Bad kBad[] = {
      {"magic", [](ChildPlan& p) { p.magic ^= 1; }},
      {"version", [](ChildPlan& p) { ++p.version; }},
      {"size", [](ChildPlan& p) { p.size += 8; }},
      {"filter behind the end",
       [](ChildPlan& p) {
         p.ioctl_filter = {p.size, 8};
       }},
      {"filter that wraps",
       [](ChildPlan& p) {
         p.kptr_filter = {0xfffffff8, 16};
       }},
      {"filter in the header",
       [](ChildPlan& p) {
         p.append_only_filter = {8, 8};
       }},
      {"half an instruction", [](ChildPlan& p) { p.notify_filter.size -= 4; }},
      {"unaligned", [](ChildPlan& p) { p.notify_filter.offset += 1; }},
      {"no filter for the listener", [](ChildPlan& p) { p.notify_filter = {}; }},
      {"environment outside", [](ChildPlan& p) { p.environment_rules.size = p.size; }},
      {"environment not terminated", [](ChildPlan& p) { p.environment_rules.size -= 1; }},
      {"hidden paths outside", [](ChildPlan& p) { p.hidden_paths.offset = p.size; }},
      {"hidden paths not terminated", [](ChildPlan& p) { p.hidden_paths.size -= 1; }},
      {"signal", [](ChildPlan& p) { p.parent_death_signal = 65; }},
  };
  for (const Bad& bad : kBad) {
    PlanBuffer buffer = Sound();
    const size_t size = buffer.plan().size;
    bad.spoil(buffer.plan());
    EXPECT_NE(ValidatePlan(&buffer.plan(), size), nullptr) << bad.name;
  }
}

TEST(ValidatePlan, RefusesAFilterThatIsTooLong) {
  PlanBuffer buffer;
  buffer.SetFilter(&ChildPlan::ioctl_filter, Filter(4097, sock_filter{BPF_RET | BPF_K, 0, 0, 0}));
  EXPECT_NE(ValidatePlan(&buffer.plan(), buffer.plan().size), nullptr);
}

TEST(ValidatePlan, RefusesEveryPrefix) {
  PlanBuffer buffer = Sound();
  for (size_t size = 0; size < buffer.plan().size; ++size) {
    const std::vector<char> prefix(reinterpret_cast<char*>(&buffer.plan()),
                                   reinterpret_cast<char*>(&buffer.plan()) + size);
    EXPECT_NE(ValidatePlan(prefix.data(), size), nullptr) << size;
  }
  EXPECT_NE(ValidatePlan(nullptr, 0), nullptr);
}

}  // namespace
}  // namespace glovebox::child
