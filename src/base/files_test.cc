#include "base/files.h"

#include <unistd.h>

#include <cerrno>

#include "base/status_matchers.h"
#include "gtest/gtest.h"

namespace glovebox {
namespace {

TEST(Files, WhatIsWrittenIsReadBack) {
  ASSERT_OK_AND_ASSIGN(TempDir dir, TempDir::Create());
  const std::string path = dir.path() + "/a/b/c";
  ASSERT_OK(MakeDirectories(dir.path() + "/a/b"));
  const std::string bytes("x\0y\n", 4);
  ASSERT_OK(WriteFile(path, bytes));
  ASSERT_OK_AND_ASSIGN(std::string text, ReadFile(path));
  EXPECT_EQ(text, bytes);
}

TEST(Files, AMissingFileIsNamed) {
  EXPECT_THAT(ReadFile("/nonexistent/x"),
              StatusIs(absl::StatusCode::kNotFound, testing::HasSubstr("open(/nonexistent/x): ENOENT")));
}

TEST(Files, MakeDirectoriesRefusesAFileInTheWay) {
  ASSERT_OK_AND_ASSIGN(TempDir dir, TempDir::Create());
  ASSERT_OK(WriteFile(dir.path() + "/f", ""));
  EXPECT_THAT(MakeDirectories(dir.path() + "/f"), StatusIs(testing::_, testing::HasSubstr("ENOTDIR")));
}

TEST(Files, ASealedFileHoldsWhatItWasGivenAndNothingElse) {
  ASSERT_OK_AND_ASSIGN(const UniqueFd file, SealedFile("files-test", "bytes"));
  EXPECT_EQ(pwrite(file.get(), "x", 1, 0), -1);
  EXPECT_EQ(ftruncate(file.get(), 0), -1);
  char bytes[8] = {};
  EXPECT_EQ(pread(file.get(), bytes, sizeof bytes, 0), 5);
  EXPECT_STREQ(bytes, "bytes");
}

TEST(Files, TheFirstThatIsThereBesideTheProgramIsFound) {
  const std::string name = program_invocation_short_name;
  EXPECT_EQ(FindBeside({"no-such-file", name, "."}), OwnDirectory() + "/" + name);
  EXPECT_EQ(FindBeside({"no-such-file"}), "");
}

TEST(Files, TheScratchDirectoryGoesWithItsOwner) {
  std::string path;
  {
    ASSERT_OK_AND_ASSIGN(TempDir dir, TempDir::Create());
    path = dir.path();
    ASSERT_OK(WriteFile(path + "/f", "x"));
  }
  EXPECT_FALSE(FileExists(path));
}

}  // namespace
}  // namespace glovebox
