#include "access/run_guard.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "access/action_table.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::access {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class RunGuardTest : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::Create("guard-test");
    ASSERT_OK(dir);
    dir_ = std::make_unique<TempDir>(*std::move(dir));
    build_ = dir_->path() + "/build";
    ASSERT_OK(MakeDirectories(build_));
    setenv("GLOVEBOX_STATE_DIR", (dir_->path() + "/state").c_str(), 1);
    old_ = Made("main");
    run_ = Begin();
  }
  void TearDown() override { unsetenv("GLOVEBOX_STATE_DIR"); }

  // A run that has ended.
  std::string Made(const std::string& segment) {
    auto run = CreateRun(build_);
    EXPECT_OK(run);
    auto writer = SegmentWriter::Create(*run, segment);
    EXPECT_OK(writer);
    (*writer)->Append(RunInfo{});
    EXPECT_OK((*writer)->Seal());
    return *run;
  }
  // One that is being written, and guarded.
  std::string Begin() {
    auto run = CreateRun(build_);
    EXPECT_OK(run);
    auto writer = SegmentWriter::Create(*run, "main");
    EXPECT_OK(writer);
    writer_ = *std::move(writer);
    writer_->Append(RunInfo{});
    auto guard = RunGuard::Open(*run, "main.gbx");
    EXPECT_OK(guard);
    guard_ = *std::move(guard);
    return *run;
  }
  std::string HeldLatest() { return guard_->HoldLatest().value_or("cannot be held"); }
  std::string Latest() { return LatestRun(build_).value_or("none"); }
  std::string link() const { return absl::StrCat(Dirname(run_), "/latest"); }

  std::unique_ptr<TempDir> dir_;
  std::string build_, old_, run_;
  std::unique_ptr<SegmentWriter> writer_;
  std::optional<RunGuard> guard_;
};

TEST_F(RunGuardTest, ARunThatWasLeftAloneIsThereAndTheLatest) {
  EXPECT_EQ(guard_->Loss(), "");
  EXPECT_OK(writer_->Seal());
  EXPECT_EQ(guard_->Loss(), "");
  EXPECT_EQ(HeldLatest(), "");
  EXPECT_EQ(Latest(), run_);
}

TEST_F(RunGuardTest, WhateverTakesTheLogAwayIsToldAndMarked) {
  const auto copy = [this] { fs::copy(old_, run_, fs::copy_options::recursive); };
  const struct {
    const char* told;
    std::function<void()> by;
  } kCases[] = {
      {"was removed", [&] { fs::remove_all(run_); }},
      {"was replaced",
       [&] {
         fs::remove_all(run_);
         copy();
       }},
      {"was replaced",
       [&] {
         fs::remove_all(run_);
         fs::create_directory(run_);
       }},
      {"was replaced",
       [&] {
         fs::remove_all(run_);
         ASSERT_OK(WriteFile(run_, "a file"));
       }},
      {"was moved to ", [&] { fs::rename(run_, run_ + ".hidden"); }},
      {"was moved to ",
       [&] {
         fs::rename(run_, run_ + ".hidden");
         copy();
       }},
      {"was moved to ", [&] { fs::rename(std::string(Dirname(run_)), dir_->path() + "/moved"); }},
      {"lost its main.gbx", [&] { fs::remove(run_ + "/main.gbx"); }},
      {"lost its main.gbx",
       [&] {
         for (const auto& file : fs::directory_iterator(run_)) fs::remove(file);
         copy();
       }},
  };
  for (const auto& one : kCases) {
    one.by();
    EXPECT_THAT(guard_->Loss(), HasSubstr(one.told));
    const Record hole = Hole{0, 5, 0, "log-lost", "as a test has it"};
    ASSERT_OK_AND_ASSIGN(const std::string mark, guard_->LeaveMark(build_, {RunInfo{}, hole}));
    EXPECT_EQ(Latest(), mark) << one.told;
    ASSERT_OK_AND_ASSIGN(const Log log, ReadLog(mark));
    EXPECT_THAT(MakeActionTable(log).holes, testing::SizeIs(1));
    ASSERT_EQ(log.tears.size(), 1u);
    EXPECT_TRUE(log.tears[0].whole_run) << "what was recorded is missing";
    old_ = Made("main");
    run_ = Begin();
  }
}

TEST_F(RunGuardTest, AMarkTakesTheNameOfALogThatSomebodyNamed) {
  const std::string named = dir_->path() + "/named";
  ASSERT_OK(MakeDirectories(named));
  ASSERT_OK_AND_ASSIGN(const auto writer, SegmentWriter::Create(named, "one"));
  ASSERT_OK_AND_ASSIGN(const RunGuard guard, RunGuard::Open(named, "one.gbx"));
  fs::remove_all(named);
  fs::copy(old_, named);
  EXPECT_EQ(guard.Loss(), "was replaced");
  ASSERT_OK_AND_ASSIGN(const std::string mark, guard.LeaveMark("", {RunInfo{}}));
  EXPECT_EQ(mark, named);
  ASSERT_OK_AND_ASSIGN(const Log log, ReadLog(named));
  EXPECT_THAT(log.segments, testing::ElementsAre(testing::StartsWith("lost-")));
  EXPECT_TRUE(FileExists(absl::StrCat(named, ".replaced-", getpid(), "/main.gbx"))) << "nothing is removed";
}

TEST_F(RunGuardTest, ALogNamedByALinkIsNoneThatWasReplaced) {
  const std::string named = dir_->path() + "/named";
  fs::create_directory_symlink(run_, named);
  ASSERT_OK_AND_ASSIGN(const RunGuard guard, RunGuard::Open(named, "main.gbx"));
  EXPECT_EQ(guard.Loss(), "");
}

TEST_F(RunGuardTest, LatestIsLedBackWhateverStandsInItsPlace) {
  const std::string state(Dirname(run_));
  const std::string old_name(Basename(old_));
  const struct {
    const char* what;
    std::function<void()> by;
  } kCases[] = {
      {"was removed", [&] {}},
      {"was removed or replaced", [&] { ASSERT_OK(WriteFile(link(), "a file")); }},
      {"was removed or replaced", [&] { fs::copy(old_, link()); }},
      {"was led to", [&] { fs::create_symlink(old_name, link()); }},
      {"was led to", [&] { fs::create_symlink("nothing", link()); }},
      {"was led to", [&] { fs::create_symlink(".", link()); }},
      {"was led to", [&] { fs::create_symlink("../../elsewhere", link()); }},
      {"was led to",
       [&] {
         fs::copy(old_, state + "/2099");
         fs::create_symlink("2099", link());
       }},
  };
  for (const auto& one : kCases) {
    fs::remove_all(link());
    one.by();
    EXPECT_THAT(HeldLatest(), HasSubstr(one.what));
    EXPECT_EQ(Latest(), run_) << one.what;
    EXPECT_EQ(HeldLatest(), "");
  }
}

TEST_F(RunGuardTest, LatestIsLeftToABuildThatBeganLater) {
  const std::string later = Made("main");
  EXPECT_EQ(HeldLatest(), "");
  EXPECT_EQ(Latest(), later);
}

TEST_F(RunGuardTest, ADroppedRunLeavesTheLastOneThatRecorded) {
  ASSERT_OK_AND_ASSIGN(const std::string empty, CreateRun(build_));
  DropRun(empty);
  EXPECT_FALSE(FileExists(empty));
  EXPECT_EQ(fs::read_symlink(link()).string(), Basename(run_));
  ASSERT_OK_AND_ASSIGN(const std::string other, CreateRun(build_));
  const std::string later = Made("main");
  DropRun(other);
  EXPECT_EQ(fs::read_symlink(link()).string(), Basename(later)) << "not ours to move";
}

}  // namespace
}  // namespace glovebox::access
