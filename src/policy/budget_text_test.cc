#include "policy/budget_text.h"

#include <string>
#include <utility>

#include "base/status_matchers.h"
#include "gtest/gtest.h"

namespace glovebox::policy {
namespace {

using testing::HasSubstr;

constexpr uint64_t kMs = 1'000'000;

TEST(BudgetText, ADurationIsReadInItsUnit) {
  const std::pair<const char*, uint64_t> good[] = {{"10s", 10'000 * kMs},  {"500ms", 500 * kMs},
                                                   {"2m", 120'000 * kMs},  {"2 min", 120'000 * kMs},
                                                   {"1H", 3600'000 * kMs}, {"7", 7'000 * kMs}};
  for (const auto& [text, value] : good) {
    ASSERT_OK_AND_ASSIGN(const uint64_t read, ParseDuration(text));
    EXPECT_EQ(read, value) << text;
  }
}

TEST(BudgetText, ASizeIsReadInPowersOf1024) {
  const std::pair<const char*, uint64_t> good[] = {
      {"512M", 512ull << 20}, {"512MiB", 512ull << 20}, {"3k", 3072}, {"2G", 2ull << 30}, {"17", 17}};
  for (const auto& [text, value] : good) {
    ASSERT_OK_AND_ASSIGN(const uint64_t read, ParseSize(text));
    EXPECT_EQ(read, value) << text;
  }
}

TEST(BudgetText, WhatIsWrongIsNamedWithWhatWouldBeRight) {
  struct Bad {
    absl::StatusOr<uint64_t> (*parse)(absl::string_view);
    const char* text;
    const char* why;
  };
  const Bad bad[] = {
      {ParseDuration, "", "duration '' is no number (as in 10s"},
      {ParseDuration, "s", "duration 's' is no number"},
      {ParseDuration, "-1s", "is no number"},
      {ParseDuration, "10d", "ends in 'd', which is no unit of it"},
      {ParseDuration, "0s", "is not more than 0"},
      {ParseDuration, "99999999h", "is too large"},
      {ParseDuration, "99999999999999999999", "is too large"},
      {ParseSize, "12X", "size '12X' ends in 'X', which is no unit of it (as in 512M"},
      {ParseSize, "9999999999T", "is too large"},
      {ParseSize, "0", "is not more than 0"},
      {ParseCount, "5K", "count '5K' ends in 'K'"},
      {ParseCount, "many", "is no number (as in 100)"},
  };
  for (const Bad& one : bad) {
    const auto read = one.parse(one.text);
    ASSERT_FALSE(read.ok()) << one.text;
    EXPECT_THAT(std::string(read.status().message()), HasSubstr(one.why));
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
