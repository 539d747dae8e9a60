#include "policy/measures.h"

#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::policy {
namespace {

using testing::HasSubstr;

TEST(MeasuresTest, ATimeIsReadAndWrittenInItsUnits) {
  const std::pair<const char*, uint64_t> cases[] = {{"90s", 90'000'000'000},
                                                    {"250ms", 250'000'000},
                                                    {"1h30m", 5'400'000'000'000},
                                                    {"1m1ms", 60'001'000'000}};
  for (const auto& [text, ns] : cases) {
    const auto parsed = ParseDuration(text);
    ASSERT_OK(parsed) << text;
    EXPECT_EQ(*parsed, ns) << text;
    EXPECT_EQ(*ParseDuration(FormatDuration(ns)), ns) << text;
  }
  EXPECT_EQ(FormatDuration(90'000'000'000), "1m30s");
}

TEST(MeasuresTest, ASizeIsReadAndWrittenInPowersOf1024) {
  EXPECT_EQ(*ParseSize("2G"), uint64_t{2} << 30);
  EXPECT_EQ(*ParseSize("512m"), uint64_t{512} << 20);
  EXPECT_EQ(*ParseSize("100"), 100u);
  EXPECT_EQ(FormatSize(uint64_t{512} << 20), "512M");
  EXPECT_EQ(FormatSize(1025), "1025");
}

TEST(MeasuresTest, WhatIsWrongIsSaidWithTheMend) {
  const std::pair<const char*, const char*> times[] = {
      {"", "is empty"},           {"10", "lacks a unit"},   {"s", "no number"},
      {"10 s", "largest"},        {"10d", "h, m, s or ms"}, {"1s1h", "largest first"},
      {"0s", "is none"},          {"-1s", "no number"},     {"99999999999999999999h", "too long"},
      {"9999999999h", "too long"}};
  for (const auto& [text, says] : times) {
    ASSERT_FALSE(ParseDuration(text).ok()) << text;
    EXPECT_THAT(ParseDuration(text).status().message(), HasSubstr(says)) << text;
  }
  const std::pair<const char*, const char*> sizes[] = {{"", "no number"},
                                                       {"G", "no number"},
                                                       {"2X", "K, M, G or T"},
                                                       {"0", "is none"},
                                                       {"99999999999T", "too large"}};
  for (const auto& [text, says] : sizes) {
    ASSERT_FALSE(ParseSize(text).ok()) << text;
    EXPECT_THAT(ParseSize(text).status().message(), HasSubstr(says)) << text;
  }
}

}  // namespace
}  // namespace glovebox::policy
