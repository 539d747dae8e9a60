#include "base/paths.h"

#include "gtest/gtest.h"

namespace glovebox {
namespace {

TEST(Paths, CleanIsLexical) {
  EXPECT_EQ(CleanPath("/a//b/./c/../d/"), "/a/b/d");
  EXPECT_EQ(CleanPath("a/.."), ".");
  EXPECT_EQ(CleanPath("../../x"), "../../x");
  EXPECT_EQ(CleanPath("/../x"), "/x");
}

TEST(Paths, JoinLetsAnAbsolutePathWin) {
  EXPECT_EQ(JoinPath("/a", "b"), "/a/b");
  EXPECT_EQ(JoinPath("/a/", "b"), "/a/b");
  EXPECT_EQ(JoinPath("/a", "/b"), "/b");
}

TEST(Paths, DirnameAndBasenameAgreeWithTheShell) {
  EXPECT_EQ(Dirname("/a/b"), "/a");
  EXPECT_EQ(Dirname("/a"), "/");
  EXPECT_EQ(Dirname("a"), ".");
  EXPECT_EQ(Basename("/a/b/"), "b");
  EXPECT_EQ(Basename("/"), "/");
}

TEST(Paths, UnderIsByWholeComponents) {
  EXPECT_TRUE(IsUnder("/a/b", "/a"));
  EXPECT_TRUE(IsUnder("/a", "/a"));
  EXPECT_FALSE(IsUnder("/ab", "/a"));
  EXPECT_TRUE(IsUnder("/a", "/"));
}

}  // namespace
}  // namespace glovebox
