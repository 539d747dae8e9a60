#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "access/log.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"

namespace glovebox::access {
namespace {

using testing::HasSubstr;

class StateDirTest : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::Create("state-test");
    ASSERT_OK(dir);
    dir_ = std::make_unique<TempDir>(*std::move(dir));
    build_ = dir_->path() + "/build";
    ASSERT_OK(MakeDirectories(build_));
    setenv("GLOVEBOX_STATE_DIR", (dir_->path() + "/state").c_str(), 1);
    unsetenv("GLOVEBOX_KEEP_RUNS");
  }
  void TearDown() override { unsetenv("GLOVEBOX_STATE_DIR"); }
  std::unique_ptr<TempDir> dir_;
  std::string build_;
};

TEST_F(StateDirTest, LatestIsTheNewestRun) {
  EXPECT_THAT(LatestRun(build_),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("build it with glovebox-ninja")));
  ASSERT_OK_AND_ASSIGN(std::string first, CreateRun(build_));
  ASSERT_OK_AND_ASSIGN(std::string second, CreateRun(build_));
  EXPECT_NE(first, second);
  ASSERT_OK_AND_ASSIGN(std::string latest, LatestRun(build_));
  EXPECT_EQ(latest, second);
}

TEST_F(StateDirTest, ALooseRunIsTheLatestUntilABuildReplacesIt) {
  ASSERT_OK(CreateRun(build_));
  ASSERT_OK_AND_ASSIGN(std::string loose, LooseRun(build_));
  ASSERT_OK_AND_ASSIGN(std::string latest, LatestRun(build_));
  EXPECT_EQ(latest, loose);
  ASSERT_OK(CreateRun(build_));
  EXPECT_FALSE(FileExists(loose));
}

TEST_F(StateDirTest, OldRunsGoButNeverOneThatIsBeingWritten) {
  setenv("GLOVEBOX_KEEP_RUNS", "2", 1);
  ASSERT_OK_AND_ASSIGN(std::string first, CreateRun(build_));
  ASSERT_OK_AND_ASSIGN(auto writer, SegmentWriter::Create(first, "a"));
  ASSERT_OK_AND_ASSIGN(std::string second, CreateRun(build_));
  ASSERT_OK(CreateRun(build_));
  ASSERT_OK(CreateRun(build_));
  EXPECT_TRUE(FileExists(first)) << "its writer lives";
  EXPECT_FALSE(FileExists(second));
  writer.reset();
  ASSERT_OK(CreateRun(build_));
  EXPECT_FALSE(FileExists(first));
}

TEST_F(StateDirTest, TwoBuildDirectoriesOfOneNameAreKeptApart) {
  const std::string other = dir_->path() + "/other/build";
  ASSERT_OK(MakeDirectories(other));
  ASSERT_OK_AND_ASSIGN(std::string a, StateDirFor(build_));
  ASSERT_OK_AND_ASSIGN(std::string b, StateDirFor(other));
  EXPECT_NE(a, b);
}

TEST_F(StateDirTest, ALogInsideTheBuildTreeIsRefused) {
  setenv("GLOVEBOX_STATE_DIR", (build_ + "/state").c_str(), 1);
  EXPECT_THAT(StateDirFor(build_),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("inside the build directory")));
}

TEST_F(StateDirTest, ACommandMayBeRunInTheHomeDirectory) {
  unsetenv("GLOVEBOX_STATE_DIR");
  unsetenv("XDG_STATE_HOME");
  const std::string before = getenv("HOME") != nullptr ? getenv("HOME") : "";
  setenv("HOME", build_.c_str(), 1);
  EXPECT_OK(StateDirFor(build_));
  setenv("HOME", before.c_str(), 1);
}

TEST_F(StateDirTest, RunsAreForTheirOwnerAlone) {
  ASSERT_OK_AND_ASSIGN(std::string run, CreateRun(build_));
  struct stat info;
  ASSERT_EQ(stat(run.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

}  // namespace
}  // namespace glovebox::access
