#include "verify/places.h"

#include "gtest/gtest.h"

namespace glovebox::verify {
namespace {

TEST(Places, TheLongestRootDecides) {
  const Places places("/home/u/p", "/home/u/p/build", "/home/u", "/home/u/p/build/tmp");
  const struct {
    const char* path;
    Place place;
    const char* portable;
  } rows[] = {{"/home/u/p/a.c", Place::kSource, "${source}/a.c"},
              {"/home/u/p/build/a.o", Place::kBuild, "${build}/a.o"},
              {"/home/u/p/build/tmp/x", Place::kTmp, "${tmp}/x"},
              {"/home/u/.rc", Place::kHome, "${home}/.rc"},
              {"/home/u", Place::kHome, "${home}"},
              {"/home/us/x", Place::kElsewhere, "/home/us/x"},
              {"/tmp/x", Place::kTmp, "${tmp}/x"},
              {"/dev/shm/x", Place::kTmp, "${tmp}/x"},
              {"/usr/include/a.h", Place::kElsewhere, "/usr/include/a.h"},
              {"inet:1.2.3.4:5", Place::kElsewhere, "inet:1.2.3.4:5"}};
  for (const auto& row : rows) {
    EXPECT_EQ(places.Of(row.path), row.place) << row.path;
    EXPECT_EQ(places.Portable(row.path), row.portable);
  }
  EXPECT_EQ(places.BelowRoot("/home/u/p/build/tmp/a/b"), "a/b");
  EXPECT_EQ(places.BelowRoot("/tmp"), "");
  EXPECT_FALSE(places.one_tree());
}

TEST(Places, NothingIsBelowTheRootOfTheFileSystem) {
  const Places places("", "/", "/", "");
  EXPECT_EQ(places.Of("/x"), Place::kElsewhere);
  EXPECT_TRUE(Places("/b", "/b", "", "").one_tree());
}

}  // namespace
}  // namespace glovebox::verify
