#include "access/environment.h"

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::access {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

TEST(Environment, NamesAreKeptAndValuesAreNot) {
  const char* const environment[] = {"TOKEN=secret", "_=/bin/true", "GLOVEBOX_LEVEL=full", "A=", "odd",
                                     "LINES=a=b\nc", nullptr};
  const auto kept = EnvironmentOf(environment);
  EXPECT_THAT(kept, ElementsAre(StartsWith("A="), StartsWith("LINES="), StartsWith("TOKEN=")));
  EXPECT_EQ(kept[1], "LINES=" + VariableDigest("LINES", "a=b\nc"));
  for (const std::string& entry : kept) EXPECT_FALSE(absl::StrContains(entry, "secret"));
}

TEST(Environment, AnotherValueOrNameHasAnotherDigest) {
  EXPECT_EQ(VariableDigest("A", "1").size(), 16u);
  EXPECT_EQ(VariableDigest("A", "1"), VariableDigest("A", "1"));
  EXPECT_NE(VariableDigest("A", "1"), VariableDigest("A", "2"));
  EXPECT_NE(VariableDigest("A", "1"), VariableDigest("B", "1"));
}

}  // namespace
}  // namespace glovebox::access
