#include "compare/file_difference.h"

#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::compare {
namespace {

using testing::ElementsAre;

Witness Builds(const std::string& a = "/w/a", const std::string& b = "/w/bbb") {
  SideWitness side_a;
  side_a.build_dir = a;
  SideWitness side_b;
  side_b.build_dir = b;
  return Witness(side_a, side_b);
}

// "source: a | b" of each spot.
std::vector<std::string> Spots(const FileDifference& difference) {
  std::vector<std::string> spots;
  for (const Spot& spot : difference.spots)
    spots.push_back(absl::StrCat(SourceName(spot.source), ": ", spot.a, " | ", spot.b));
  return spots;
}

TEST(FileDifference, ADirectoryOfAnotherLengthIsSteppedOver) {
  const FileDifference difference = CompareBytes("in /w/a/x and /w/a\nat 10:00:01 it\n",
                                                 "in /w/bbb/x and /w/bbb\nat 10:00:02 it\n", Builds());
  EXPECT_THAT(Spots(difference), ElementsAre("build-path: /w/a | /w/bbb", "time: 10:00:01 | 10:00:02"));
  EXPECT_EQ(difference.first, 6u);
  EXPECT_EQ(difference.spots[0].times, 2u);
  EXPECT_EQ(difference.spots[0].line, 1u);
  EXPECT_EQ(difference.spots[1].line, 2u);
  EXPECT_EQ(difference.spots[1].offset_b, 33u);
}

TEST(FileDifference, ALinkToTheBuildDirectoryIsThatDirectory) {
  SideWitness a;
  a.build_dir = "/real/a";
  a.build_link = "/link";
  SideWitness b;
  b.build_dir = "/w/bbb";
  const FileDifference difference = CompareBytes("in /link/x, /real/a", "in /w/bbb/x, /w/bbb", Witness(a, b));
  EXPECT_THAT(Spots(difference), ElementsAre("build-path: /link | /w/bbb"));
  EXPECT_EQ(difference.spots[0].times, 2u);
}

TEST(FileDifference, ADirectoryOfALongerNameIsAnother) {
  const FileDifference difference = CompareBytes("/w/a-b/x 1", "/w/a-b/x 2", Builds("/w/a-b", "/w/a"));
  EXPECT_THAT(Spots(difference), ElementsAre("unknown: 1 | 2"));
}

TEST(FileDifference, TheSameLinesInAnotherOrderAreThat) {
  const FileDifference difference = CompareBytes("a\nb\nc\n", "a\nc\nb\n", Builds());
  ASSERT_EQ(difference.spots.size(), 1u);
  EXPECT_EQ(difference.spots[0].source, Source::kOrder);
  EXPECT_EQ(difference.first, 2u);
}

TEST(FileDifference, WhatGoesOnInOneIsUnknown) {
  const FileDifference difference = CompareBytes("abc", "abcdef", Builds());
  ASSERT_EQ(difference.spots.size(), 1u);
  EXPECT_EQ(difference.spots[0].source, Source::kUnknown);
  EXPECT_EQ(difference.spots[0].detail, "longer in B");
  EXPECT_EQ(difference.first, 3u);
}

TEST(FileDifference, TheTimeOfAnArchivesMemberIsTold) {
  const auto archive = [](int time) {
    return absl::StrFormat("!<arch>\n%-16s%-12d%-6d%-6d%-8s%-10d`\n%s", "a.o/", time, 0, 0, "100644", 4,
                           "text");
  };
  const FileDifference difference = CompareBytes(archive(17), archive(19), Builds());
  EXPECT_THAT(Spots(difference), ElementsAre("time: 17 | 19"));
  EXPECT_EQ(difference.spots[0].part, "a.o");
}

TEST(FileDifference, TheTimeInAZipHeaderIsTold) {
  const std::string a("PK\3\4\0\0\0\0\0\0\x11\x22\x33\x44rest", 18);
  const std::string b("PK\3\4\0\0\0\0\0\0\x12\x22\x33\x44rest", 18);
  const FileDifference difference = CompareBytes(a, b, Builds());
  ASSERT_EQ(difference.spots.size(), 1u);
  EXPECT_EQ(difference.spots[0].source, Source::kTime);
}

class CompareFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::Create("compare-test");
    ASSERT_OK(dir);
    dir_ = std::make_unique<TempDir>(*std::move(dir));
  }
  std::string Path(const char* name) const { return dir_->path() + "/" + name; }
  std::vector<std::string> Compare() const {
    const auto difference = CompareFiles(Path("a"), Path("b"), Builds());
    EXPECT_OK(difference);
    return difference.ok() && difference->has_value() ? Spots(**difference) : std::vector<std::string>();
  }
  std::unique_ptr<TempDir> dir_;
};

TEST_F(CompareFilesTest, ContentModeAndPresenceCount) {
  EXPECT_THAT(Compare(), ElementsAre()) << "neither is there";
  ASSERT_OK(WriteFile(Path("a"), "same"));
  EXPECT_THAT(Compare(), ElementsAre("missing:  | "));
  ASSERT_OK(WriteFile(Path("b"), "same"));
  EXPECT_THAT(Compare(), ElementsAre());
  ASSERT_EQ(chmod(Path("a").c_str(), 0644), 0);
  ASSERT_EQ(chmod(Path("b").c_str(), 0755), 0);
  EXPECT_THAT(Compare(), ElementsAre("mode: 0644 | 0755"));
  ASSERT_OK(WriteFile(Path("b"), "lame"));
  EXPECT_THAT(Compare(), ElementsAre("unknown: same | lame", "mode: 0644 | 0755"));
}

TEST_F(CompareFilesTest, LinksAreComparedByWhatTheySay) {
  ASSERT_EQ(symlink("/w/a/x", Path("a").c_str()), 0);
  ASSERT_EQ(symlink("/w/bbb/x", Path("b").c_str()), 0);
  EXPECT_THAT(Compare(), ElementsAre("build-path: /w/a | /w/bbb"));
}

TEST_F(CompareFilesTest, ADifferenceFarBehindIsFoundWithItsOffset) {
  std::string bytes(3'000'000, 'x');
  ASSERT_OK(WriteFile(Path("a"), bytes));
  bytes[2'500'000] = 'y';
  ASSERT_OK(WriteFile(Path("b"), bytes));
  const auto difference = CompareFiles(Path("a"), Path("b"), Builds());
  ASSERT_OK(difference);
  ASSERT_TRUE(difference->has_value());
  EXPECT_EQ((*difference)->first, 2'500'000u);
}

}  // namespace
}  // namespace glovebox::compare
