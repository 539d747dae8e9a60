#include "project/held_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "base/files.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"

namespace glovebox::project {
namespace {

class HeldFilesTest : public testing::Test {
 protected:
  HeldFilesTest() : dir_(*TempDir::Create()) {}
  std::string Path(const std::string& name) const { return dir_.path() + "/" + name; }
  std::string Text(const std::string& name) const {
    const auto text = ReadFile(Path(name));
    return text.ok() ? *text : "none";
  }
  struct stat Status(const std::string& name) const {
    struct stat status = {};
    EXPECT_EQ(lstat(Path(name).c_str(), &status), 0) << name;
    return status;
  }
  TempDir dir_;
};

TEST_F(HeldFilesTest, AFileComesBackAsItWas) {
  ASSERT_OK(WriteFile(Path("a"), "old"));
  const timespec times[] = {{1000, 5}, {2000, 7}};
  ASSERT_EQ(utimensat(AT_FDCWD, Path("a").c_str(), times, 0), 0);
  const struct stat before = Status("a");
  auto held = HeldFiles::Begin(dir_.path());
  ASSERT_OK(held);
  ASSERT_OK(held->Hold(Path("a")));
  EXPECT_EQ(Text("a"), "none");
  EXPECT_EQ(ReadFile(HeldFiles::HeldName(Path("a"))).value(), "old");
  ASSERT_OK(WriteFile(Path("a"), "new"));
  ASSERT_OK(held->Restore());
  EXPECT_EQ(Text("a"), "old");
  EXPECT_EQ(Status("a").st_ino, before.st_ino);
  EXPECT_EQ(Status("a").st_mtim.tv_sec, 2000);
  EXPECT_EQ(Status("a").st_mtim.tv_nsec, 7);
  EXPECT_FALSE(FileExists(Path(".glovebox-held")));
}

TEST_F(HeldFilesTest, WhatWasNotThereIsNotThereAfterwards) {
  {
    auto held = HeldFiles::Begin(dir_.path());
    ASSERT_OK(held);
    ASSERT_OK(held->Hold(Path("a")));
    ASSERT_OK(WriteFile(Path("a"), "new"));
  }
  EXPECT_EQ(Text("a"), "none");
}

TEST_F(HeldFilesTest, ATimeIsPutBack) {
  ASSERT_OK(WriteFile(Path("a"), ""));
  const timespec times[] = {{1000, 5}, {2000, 7}};
  ASSERT_EQ(utimensat(AT_FDCWD, Path("a").c_str(), times, 0), 0);
  auto held = HeldFiles::Begin(dir_.path());
  ASSERT_OK(held);
  ASSERT_OK(held->Touch(Path("a")));
  EXPECT_GT(Status("a").st_mtim.tv_sec, 2000);
  ASSERT_OK(held->Restore());
  EXPECT_EQ(Status("a").st_mtim.tv_sec, 2000);
  EXPECT_EQ(Status("a").st_mtim.tv_nsec, 7);
  EXPECT_FALSE(held->Touch(Path("b")).ok());
}

// A killed one leaves its journal behind.
TEST_F(HeldFilesTest, TheNextOnePutsBackWhatAKilledOneHeld) {
  ASSERT_OK(WriteFile(Path("a"), "old"));
  ASSERT_OK(WriteFile(Path("name\nwith lines"), "odd"));
  auto killed = HeldFiles::Begin(dir_.path());
  ASSERT_OK(killed);
  ASSERT_OK(killed->Hold(Path("a")));
  ASSERT_OK(killed->Hold(Path("name\nwith lines")));
  ASSERT_OK(killed->Hold(Path("c")));
  ASSERT_OK(WriteFile(Path("c"), "made"));
  // The last word was being written when the kill came.
  auto journal = OpenFile(Path(".glovebox-held"), O_WRONLY | O_APPEND);
  ASSERT_OK(journal);
  ASSERT_OK(WriteAll(journal->get(), "m" + Path("cut"), "journal"));
  ASSERT_OK(HeldFiles::Begin(dir_.path()));
  EXPECT_EQ(Text("a"), "old");
  EXPECT_EQ(Text("name\nwith lines"), "odd");
  EXPECT_EQ(Text("c"), "none");
  EXPECT_FALSE(FileExists(Path(".glovebox-held")));
  ASSERT_OK(killed->Restore());
  EXPECT_EQ(Text("a"), "old");
}

TEST_F(HeldFilesTest, NothingIsOverwritten) {
  ASSERT_OK(WriteFile(Path("a"), "mine"));
  ASSERT_OK(WriteFile(HeldFiles::HeldName(Path("a")), "somebody's"));
  auto held = HeldFiles::Begin(dir_.path());
  ASSERT_OK(held);
  EXPECT_FALSE(held->Hold(Path("a")).ok());
  ASSERT_OK(held->Restore());
  EXPECT_EQ(Text("a"), "mine");
  EXPECT_EQ(Text("a.glovebox-held"), "somebody's");
}

}  // namespace
}  // namespace glovebox::project
