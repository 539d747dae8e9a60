#include "verify/glob.h"

#include "gtest/gtest.h"

namespace glovebox::verify {
namespace {

TEST(Glob, OfAPathStopsAtSlashesAndOfANameNowhere) {
  const struct {
    const char* pattern;
    const char* text;
    bool path;
    bool name;
  } rows[] = {
      {"/a/b", "/a/b", true, true},
      {"/a/b", "/a/bc", false, false},
      {"/a/*", "/a/b", true, true},
      {"/a/*", "/a/b/c", false, true},
      {"/a/**", "/a/b/c", true, true},
      {"/a/**", "/a", true, false},
      {"/a/**", "/ab", false, false},
      {"/a/**/x", "/a/b/c/x", true, true},
      {"/a/**/*.h", "/a/b/c/x.h", true, true},
      {"/a/**/*.h", "/a/b/c/x.c", false, false},
      {"/a/*/c*d", "/a/b/cxxd", true, true},
      {"/a/?", "/a/b", true, true},
      {"/a?b", "/a/b", false, true},
      {"**.o", "/x/y.o", true, true},
      {"*", "", true, true},
      {"", "", true, true},
      {"", "x", false, false},
      {"inet:10.*:443", "inet:10.0.0.1:443", true, true},
      {"inet:10.*:443", "inet:10.0.0.1:80", false, false},
      {"*a*b", "xaxb/b", false, true},
      {"**a*b", "x/axb", true, true},
      {"[a]", "[a]", true, true},
      {"/a/**/x", "/a/x", true, false},
      {"/a/**/x", "/ax", false, false},
      {"/a\\*", "/a*", true, true},
      {"/a\\*", "/ab", false, false},
      {"*\\**", "a*b", true, true},
      {"\xff*", "\xff\xfe", true, true},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(GlobMatch(row.pattern, row.text, GlobStops::kAtSlash), row.path)
        << row.pattern << " " << row.text;
    EXPECT_EQ(GlobMatch(row.pattern, row.text, GlobStops::kNowhere), row.name)
        << row.pattern << " " << row.text;
  }
}

TEST(Glob, ManyStarsTakeNoTimeToFail) {
  const std::string text(10000, 'a');
  std::string pattern;
  for (int i = 0; i < 50; ++i) pattern += "*a";
  EXPECT_FALSE(GlobMatch(pattern + "b", text, GlobStops::kNowhere));
}

}  // namespace
}  // namespace glovebox::verify
