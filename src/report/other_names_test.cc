#include "report/other_names.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "base/files.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "report/test_log.h"

namespace glovebox::report {
namespace {

using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

class OtherNamesTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(TempDir dir, TempDir::Create("other-names"));
    dir_ = std::make_unique<TempDir>(std::move(dir));
    for (const char* name : {"src", "build", "store"}) ASSERT_OK(MakeDirectories(Path(name)));
    log_.Begin(1, access::Role::kEdge, {"out"});
  }
  std::string Path(const std::string& name) const { return dir_->path() + "/" + name; }
  void Link(const std::string& from, const std::string& to) {
    ASSERT_EQ(link(Path(from).c_str(), Path(to).c_str()), 0);
  }
  // The graph names a file.
  void Named(const std::string& name) {
    ASSERT_OK(WriteFile(Path(name), name));
    facts_.files[name] = {Path(name), "", true};
  }
  // As they are looked at when facts are loaded.
  void Look() {
    for (auto& [name, file] : facts_.files) {
      struct stat there = {};
      ASSERT_EQ(stat(file.path.c_str(), &there), 0);
      file.device = there.st_dev;
      file.inode = there.st_ino;
      file.links = there.st_nlink;
    }
  }
  void Read(const std::string& name) { log_.Open(1, Path(name)); }
  absl::flat_hash_map<std::string, std::string> Others() {
    Look();
    Input input = log_.Take();
    input.build.source_dir = Path("src");
    input.build.build_dir = Path("build");
    input.facts = std::make_shared<const graph::BuildFacts>(facts_);
    return OtherNames(input);
  }

  std::unique_ptr<TempDir> dir_;
  TestLog log_;
  graph::BuildFacts facts_;
};

TEST_F(OtherNamesTest, AHardLinkOfWhatTheGraphNames) {
  Named("src/a");
  Named("src/b");
  Link("src/a", "src/other");
  Link("src/b", "src/unread");
  for (const char* name : {"src/a", "src/b", "src/other"}) Read(name);
  EXPECT_THAT(Others(), UnorderedElementsAre(Pair(Path("src/other"), Path("src/a"))));
}

TEST_F(OtherNamesTest, ACopyIsAnotherFile) {
  Named("src/a");
  Link("src/a", "src/other");
  ASSERT_OK(WriteFile(Path("src/copy"), "src/a"));
  Read("src/copy");
  EXPECT_THAT(Others(), IsEmpty());
}

TEST_F(OtherNamesTest, WhatTheBuildMadeIsAFileOfItsOwn) {
  Named("build/lib");
  Link("build/lib", "build/staged");
  log_.Open(1, Path("build/staged"), access::Result::kCreated, O_WRONLY | O_CREAT);
  Read("build/staged");
  EXPECT_THAT(Others(), IsEmpty());
}

TEST_F(OtherNamesTest, ALinkInAStoreOutsideIsNotTheProjects) {
  Named("build/lib");
  Link("build/lib", "store/0815");
  Read("store/0815");
  EXPECT_THAT(Others(), IsEmpty());
}

TEST_F(OtherNamesTest, WithoutAGraphThereIsNone) { EXPECT_THAT(OtherNames(Input()), IsEmpty()); }

TEST(IsMountedTwice, WhereOneDirectoryIsReachedUnderTwoMounts) {
  const std::string root = "26 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n";
  EXPECT_FALSE(IsMountedTwice(root));
  EXPECT_FALSE(IsMountedTwice(root + "27 26 0:21 / /sys rw - sysfs sysfs rw\n"));
  EXPECT_TRUE(IsMountedTwice(root + "28 26 254:0 /home/u/p /src rw - ext4 /dev/vda rw\n"));
  EXPECT_TRUE(IsMountedTwice(root + "28 26 254:0 / /mnt rw - ext4 /dev/vda rw\n"));
  EXPECT_FALSE(
      IsMountedTwice("1 0 0:9 /@ / rw - btrfs /dev/vda rw\n2 1 0:9 /@home /home rw - btrfs /dev/vda rw\n"))
      << "two subvolumes";
  EXPECT_FALSE(IsMountedTwice("")) << "no /proc";
}

}  // namespace
}  // namespace glovebox::report
