#include "policy/date.h"

#include "gtest/gtest.h"

namespace glovebox::policy {
namespace {

TEST(Date, IsReadAsItIsWritten) {
  EXPECT_EQ(ParseDate("2026-12-31"), (Date{2026, 12, 31}));
  EXPECT_EQ(ParseDate("2028-02-29"), (Date{2028, 2, 29}));
  EXPECT_LT(*ParseDate("2026-09-30"), *ParseDate("2026-10-01"));
}

TEST(Date, WhatIsNoDayIsNone) {
  for (const char* text :
       {"", "2026-12-3", "2026-12-031", "26-12-31", "2026/12/31", "2026-13-01", "2026-00-01", "2026-04-31",
        "2027-02-29", "2100-02-29", "1969-12-31", "2026-12-00", "+026-12-31", "2026-12- 1", " 2026-12-31"}) {
    EXPECT_FALSE(ParseDate(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace glovebox::policy
