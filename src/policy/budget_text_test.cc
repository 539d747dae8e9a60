#include "policy/budget_text.h"

#include <string>
#include <utility>

#include "base/status_matchers.h"
#include "gtest/gtest.h"

namespace glovebox::policy {
namespace {

using testing::HasSubstr;

constexpr uint64_t kMs = 1'000'000;

TEST(BudgetText, ACountIsANumberOfProcesses) {
  ASSERT_OK_AND_ASSIGN(const uint64_t read, ParseCount("100"));
  EXPECT_EQ(read, 100u);
  for (const char* bad : {"5K", "many", "0", "-1", "", "99999999999"}) {
    const auto count = ParseCount(bad);
    ASSERT_FALSE(count.ok()) << bad;
    EXPECT_THAT(std::string(count.status().message()), HasSubstr("is no number of processes"));
  }
}

TEST(BudgetText, NumbersAreSaidAsPeopleReadThem) {
  EXPECT_EQ(DurationText(10'000 * kMs), "10 s");
  EXPECT_EQ(DurationText(90'000 * kMs), "90 s");
  EXPECT_EQ(DurationText(120'000 * kMs), "2 min");
  EXPECT_EQ(DurationText(3600'000 * kMs), "1 h");
  EXPECT_EQ(DurationText(500 * kMs), "500 ms");
  EXPECT_EQ(DurationText(10'312 * kMs), "10.3 s");
  EXPECT_EQ(DurationText(0), "0 ms");
  EXPECT_EQ(SizeText(512ull << 20), "512 MiB");
  EXPECT_EQ(SizeText((540ull << 20) + (300ull << 10)), "540.3 MiB");
  EXPECT_EQ(SizeText(17), "17 bytes");
  EXPECT_EQ(SizeText(0), "0 bytes");
}

}  // namespace
}  // namespace glovebox::policy
