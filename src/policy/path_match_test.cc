#include "policy/path_match.h"

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"

namespace glovebox::policy {
namespace {

using testing::HasSubstr;

TEST(PathPattern, TellsBelowWhichDirectoriesItCanMatch) {
  const struct {
    const char* pattern;
    const char* directory;
    bool can;
  } rows[] = {
      {"/a/b", "/", true},         {"/a/b", "/a", true},      {"/a/b", "/a/b", false},
      {"/a/b", "/b", false},       {"/a/*.log", "/a", true},  {"/a/*/c", "/a/x", true},
      {"/a/*/c", "/a/x/c", false}, {"/a/**", "/a", true},     {"/a/**", "/a/x/y", true},
      {"/a/**", "/", true},        {"/a/**/x", "/a/x", true}, {"/a/**", "/b", false},
      {"/a\\*/x", "/a*", true},    {"/a\\*/x", "/ab", false}, {"/", "/", false},
  };
  for (const auto& row : rows) {
    ASSERT_OK_AND_ASSIGN(const PathPattern pattern, PathPattern::Parse(row.pattern));
    EXPECT_EQ(pattern.CanMatchBelow(row.directory), row.can) << row.pattern << " " << row.directory;
  }
}

TEST(PathPattern, StandsForThePathsThatItsWildcardsSay) {
  const struct {
    const char* pattern;
    const char* path;
    bool matches, at_or_above;
  } cases[] = {
      {"/a/b", "/a/b", true, true},
      {"/a/b", "/a/bc", false, false},
      {"/a/b", "/a", false, false},
      {"/a/b", "/a/b/c", false, true},
      {"//a/b/", "/a/b", true, true},
      {"/", "/", true, true},
      {"/", "/a", false, true},
      {"/*", "/a", true, true},
      {"/*", "/", false, false},
      {"/*", "/a/b", false, true},
      {"/a/*.log", "/a/.log", true, true},
      {"/a/*.log", "/a/x.log", true, true},
      {"/a/*.log", "/a/b/x.log", false, false},
      {"/a/*x*y*", "/a/1x2x3y4", true, true},
      {"/a/*x*y*", "/a/1y2x", false, false},
      {"/a/?", "/a/b", true, true},
      {"/a/?", "/a/bb", false, false},
      {"/a/?", "/a", false, false},
      {"/a/[b-d]x", "/a/cx", true, true},
      {"/a/[b-d]x", "/a/ex", false, false},
      {"/a/[!b-d]x", "/a/ex", true, true},
      {"/a/[^b-d]x", "/a/bx", false, false},
      {"/a/[]x]", "/a/]", true, true},
      {"/a/[a-]", "/a/-", true, true},
      {"/a/[\\]]", "/a/]", true, true},
      {"/a/[\xc0-\xff]", "/a/\xe4", true, true},
      {"/a/\\*", "/a/*", true, true},
      {"/a/\\*", "/a/b", false, false},
      {"/a/x\\[1\\]*", "/a/x[1]y", true, true},
      {"/**", "/", true, true},
      {"/**", "/a/b", true, true},
      {"/a/**", "/a", true, true},
      {"/a/**/x", "/a/x", true, true},
      {"/a/**/x", "/a/b/c/x", true, true},
      {"/a/**/x", "/a/b/c/x/d", false, true},
      {"/a/**/x", "/a/b/c", false, false},
      {"/a/**/**/x", "/a/x", true, true},
      {"/**/b/**/x", "/b/b/c/x", true, true},
      {"/**/b/x", "/b/c/b/x", true, true},
      {"/**/.git", "/s/.git/config", false, true},
      {"/a/*", "/a/.hidden", true, true},
  };
  for (const auto& row : cases) {
    ASSERT_OK_AND_ASSIGN(const PathPattern pattern, PathPattern::Parse(row.pattern));
    EXPECT_EQ(pattern.Matches(row.path), row.matches) << row.pattern << " " << row.path;
    EXPECT_EQ(pattern.MatchesAtOrAbove(row.path), row.at_or_above) << row.pattern << " " << row.path;
  }
}

TEST(PathPattern, WhatIsNoPatternIsSaidWithItsMend) {
  const struct {
    const char* pattern;
    const char* why;
  } cases[] = {{"a", "begin it with a slash"},    {"", "begin it with a slash"}, {"/a/[b", "has no ']'"},
               {"/a/[b/c]", "has no ']'"},        {"/a/b\\", "before nothing"},  {"/a/b**", "write /**/"},
               {"/a/../b", "write it without .."}};
  for (const auto& row : cases) {
    EXPECT_THAT(PathPattern::Parse(row.pattern),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(row.why)))
        << row.pattern;
  }
}

TEST(PathPattern, ItsLiteralPartCanBeAnotherName) {
  const struct {
    const char* pattern;
    const char* part;
    bool literal;
  } cases[] = {
      {"/a/b/*.log", "/a/b", false}, {"/*", "/", false}, {"/a/x\\*", "/a/x*", true}, {"/", "/", true}};
  for (const auto& row : cases) {
    ASSERT_OK_AND_ASSIGN(const PathPattern pattern, PathPattern::Parse(row.pattern));
    EXPECT_EQ(pattern.LiteralPart(), row.part);
    EXPECT_EQ(pattern.literal(), row.literal) << row.pattern;
  }
  ASSERT_OK_AND_ASSIGN(const PathPattern logs, PathPattern::Parse("/lib/*.log"));
  EXPECT_TRUE(logs.Under("/usr/lib[1]").Matches("/usr/lib[1]/x.log"));
  EXPECT_FALSE(logs.Under("/usr/lib[1]").Matches("/lib/x.log"));
}

// A pattern and a name that make a backtracking matcher try for ever.
TEST(PathPattern, ManyStarsCostNoTime) {
  std::string text = "/", path = "/";
  for (int i = 0; i < 100; ++i) absl::StrAppend(&text, "a*");
  path.append(4000, 'a');
  ASSERT_OK_AND_ASSIGN(const PathPattern pattern, PathPattern::Parse(text + "b"));
  EXPECT_FALSE(pattern.Matches(path));
}

}  // namespace
}  // namespace glovebox::policy
