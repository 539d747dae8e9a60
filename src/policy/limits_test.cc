#include "policy/limits.h"

#include <sys/resource.h>

#include "base/status_matchers.h"
#include "gtest/gtest.h"

namespace glovebox::policy {
namespace {

TEST(Limits, NamesAreTakenAsPeopleWriteThem) {
  for (const char* text : {"NOFILE=1024", "nofile=1024", "RLIMIT_NOFILE=1024"}) {
    ASSERT_OK_AND_ASSIGN(ParsedLimit limit, ParseLimit(text));
    EXPECT_EQ(limit.limit, child::Limit::kNofile);
    EXPECT_EQ(limit.value, 1024u);
  }
}

TEST(Limits, BytesTakeUnitsAndEverythingTakesUnlimited) {
  ASSERT_OK_AND_ASSIGN(ParsedLimit as, ParseLimit("AS=4G"));
  EXPECT_EQ(as.value, uint64_t{4} << 30);
  ASSERT_OK_AND_ASSIGN(ParsedLimit core, ParseLimit("CORE=unlimited"));
  EXPECT_EQ(core.value, static_cast<uint64_t>(RLIM_INFINITY));
}

TEST(Limits, WhatIsWrongIsNamed) {
  const std::pair<const char*, const char*> kBad[] = {
      {"NOFILE", "expected NAME=VALUE"},
      {"NOFILE=", "no whole number"},
      {"NOFILE=-1", "no whole number"},
      {"NOFILE=12x", "no whole number"},
      {"NOFILE=1K", "not in bytes"},
      {"AS=99999999999999T", "too large"},
      {"AS=18446744073709551616", "no whole number"},
      {"FILES=3", "no such limit; known are AS, CORE"},
      {"=3", "no such limit"},
  };
  for (const auto& [text, message] : kBad) {
    EXPECT_THAT(ParseLimit(text), StatusIs(absl::StatusCode::kInvalidArgument, testing::HasSubstr(message)))
        << text;
  }
}

}  // namespace
}  // namespace glovebox::policy
