#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "access/log.h"
#include "access/run_guard.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/status_matchers.h"
#include "base/unique_fd.h"
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

TEST_F(StateDirTest, ARelativePlaceIsAnErrorThatNamesTheVariable) {
  for (const char* place : {"state", "./state", "~/state", "st\n\\"}) {
    setenv("GLOVEBOX_STATE_DIR", place, 1);
    EXPECT_THAT(StateDirFor(build_),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr(absl::StrCat("GLOVEBOX_STATE_DIR=", place, " is no absolute path"))));
    EXPECT_FALSE(CreateRun(build_).ok());
  }
}

TEST_F(StateDirTest, APlaceThatCannotBeMadeIsToldWithTheWayOut) {
  ASSERT_OK(WriteFile(dir_->path() + "/state", "a file"));
  for (const auto& made : {CreateRun(build_), LooseRun(build_)}) {
    EXPECT_THAT(made.status().message(), HasSubstr("ENOTDIR"));
    EXPECT_THAT(made.status().message(), HasSubstr("set GLOVEBOX_STATE_DIR to one"));
  }
  // Whether there is a run cannot be told.
  EXPECT_THAT(LatestRun(build_).status().message(), HasSubstr("lstat("));
  EXPECT_THAT(LatestRun(build_).status().message(), HasSubstr("ENOTDIR"));
}

TEST_F(StateDirTest, LatestIsTheNewestRun) {
  EXPECT_THAT(LatestRun(build_),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("build it with glovebox-ninja")));
  ASSERT_OK_AND_ASSIGN(std::string first, CreateRun(build_));
  ASSERT_OK_AND_ASSIGN(std::string second, CreateRun(build_));
  EXPECT_NE(first, second);
  ASSERT_OK_AND_ASSIGN(std::string latest, LatestRun(build_));
  EXPECT_EQ(latest, second);
}

TEST_F(StateDirTest, AConfigureRunIsNotTheLatestAndIsNotRemovedWithBuilds) {
  const std::string later = dir_->path() + "/later";
  ASSERT_OK_AND_ASSIGN(std::string early, CreateConfigureRun(later));
  // CMake makes the build directory.
  ASSERT_OK(MakeDirectories(later));
  EXPECT_THAT(ConfigureRuns(later), testing::IsEmpty()) << "it has no segment";
  ASSERT_OK(SegmentWriter::Create(early, "first").status());
  EXPECT_THAT(ConfigureRuns(later), testing::ElementsAre(early));
  EXPECT_EQ(LatestRun(later).status().code(), absl::StatusCode::kNotFound);
  ASSERT_OK_AND_ASSIGN(const std::vector<std::string> builds, KeptRuns(later));
  EXPECT_THAT(builds, testing::IsEmpty());
  setenv("GLOVEBOX_KEEP_RUNS", "1", 1);
  std::string build;
  for (int i = 0; i < 3; ++i) {
    ASSERT_OK_AND_ASSIGN(build, CreateRun(later));
    ASSERT_OK(SegmentWriter::Create(build, "first").status());
  }
  EXPECT_EQ(LatestRun(later).value_or(""), build);
  EXPECT_THAT(ConfigureRuns(later), testing::ElementsAre(early));
  std::string last;
  for (int i = 0; i < 8; ++i) {
    ASSERT_OK_AND_ASSIGN(last, CreateConfigureRun(later));
    ASSERT_OK(SegmentWriter::Create(last, "first").status());
  }
  const std::vector<std::string> kept = ConfigureRuns(later);
  EXPECT_EQ(kept.size(), 5u);
  EXPECT_EQ(kept.back(), last);
  EXPECT_EQ(LatestRun(later).value_or(""), build);
  unsetenv("GLOVEBOX_KEEP_RUNS");
}

TEST_F(StateDirTest, ALooseRunIsTheLatestUntilTheNextBuild) {
  ASSERT_OK(CreateRun(build_));
  ASSERT_OK_AND_ASSIGN(std::string loose, LooseRun(build_));
  ASSERT_OK_AND_ASSIGN(auto writer, SegmentWriter::Create(loose, "one"));
  ASSERT_OK_AND_ASSIGN(std::string latest, LatestRun(build_));
  EXPECT_EQ(latest, loose);
  ASSERT_OK(CreateRun(build_));
  EXPECT_TRUE(FileExists(loose + "/one.gbx")) << "a launcher still writes to it";
  writer.reset();
  ASSERT_OK_AND_ASSIGN(std::string build, CreateRun(build_));
  ASSERT_OK(SegmentWriter::Create(build, "main"));
  EXPECT_FALSE(FileExists(loose + "/one.gbx"));
  ASSERT_OK_AND_ASSIGN(latest, LatestRun(build_));
  EXPECT_EQ(latest, build);
}

TEST_F(StateDirTest, WhatALooseRunHeldIsKeptAsARunOfItsOwn) {
  ASSERT_OK_AND_ASSIGN(std::string loose, LooseRun(build_));
  EXPECT_TRUE(IsLooseRun(loose));
  ASSERT_OK(SegmentWriter::Create(loose, "one"));
  ASSERT_OK_AND_ASSIGN(const std::string build, CreateRun(build_));
  EXPECT_FALSE(IsLooseRun(build));
  EXPECT_OK(SegmentWriter::Create(loose, "two")) << "a launcher on its way in finds its directory";
  int kept = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(Dirname(build)))) {
    if (!FileExists(entry.path().string() + "/one.gbx")) continue;
    ++kept;
    EXPECT_TRUE(IsLooseRun(entry.path().string())) << entry.path();
    EXPECT_LT(entry.path().string(), build);
  }
  EXPECT_EQ(kept, 1);
}

// A build that had nothing to do takes its run back: what was recorded before is the latest again.
TEST_F(StateDirTest, ARunThatWasTakenBackHidesNoOther) {
  ASSERT_OK_AND_ASSIGN(std::string loose, LooseRun(build_));
  ASSERT_OK(SegmentWriter::Create(loose, "one"));
  ASSERT_OK_AND_ASSIGN(const std::string build, CreateRun(build_));
  ASSERT_OK_AND_ASSIGN(std::string latest, LatestRun(build_));
  EXPECT_EQ(latest, build) << "it has recorded nothing, and no older run stands in for it";
  std::filesystem::remove_all(build);
  ASSERT_OK_AND_ASSIGN(latest, LatestRun(build_));
  EXPECT_TRUE(FileExists(latest + "/one.gbx"));
}

// Two numbers that no process has.
constexpr char kOne[] = "boot 1 1";
constexpr char kTwo[] = "boot 2 2";

// Its collector was killed before the first segment.
TEST_F(StateDirTest, ARunThatWasCutOffAtBirthIsReadAsSuch) {
  ASSERT_OK_AND_ASSIGN(const std::string before, CreateRun(build_));
  ASSERT_OK(SegmentWriter::Create(before, "main"));
  ASSERT_OK_AND_ASSIGN(const std::string cut, CreateRun(build_));
  ASSERT_OK_AND_ASSIGN(const std::string loose, LooseRun(build_, kOne));
  for (const std::string& run : {cut, cut + "/", loose}) {
    EXPECT_TRUE(IsRun(run)) << run;
    ASSERT_OK_AND_ASSIGN(const Log log, ReadLog(run));
    EXPECT_TRUE(log.records.empty());
    ASSERT_EQ(log.tears.size(), 1u);
    EXPECT_EQ(log.tears[0].segment, "(none)");
    EXPECT_EQ(log.tears[0].reason, "cut off before its first record");
    EXPECT_TRUE(log.tears[0].whole_run);
    EXPECT_FALSE(log.being_written);
  }
  // A build with nothing to do takes its run back: the one before it is the latest again, and not an older.
  std::filesystem::remove_all(loose);
  ASSERT_OK_AND_ASSIGN(const std::string idle, CreateRun(build_));
  DropRun(idle);
  ASSERT_OK_AND_ASSIGN(const std::string latest, LatestRun(build_));
  EXPECT_EQ(latest, cut);
  // While its maker is about to write it is not cut off.
  {
    UniqueFd lock(open((cut + "/lock").c_str(), O_RDWR | O_CREAT, 0600));
    ASSERT_EQ(flock(lock.get(), LOCK_SH), 0);
    ASSERT_OK_AND_ASSIGN(const Log going, ReadLog(cut));
    ASSERT_EQ(going.tears.size(), 1u);
    EXPECT_TRUE(going.being_written);
    EXPECT_FALSE(going.tears[0].is_damage());
  }
  // Somebody removed what it held: not cut off either.
  {
    ASSERT_OK_AND_ASSIGN(const auto writer, SegmentWriter::Create(cut, "main"));
    ASSERT_TRUE(writer->Append(RunEnd{1, 0, 1}));
    ASSERT_OK(writer->Seal());
  }
  std::filesystem::remove(cut + "/main.gbx");
  ASSERT_OK_AND_ASSIGN(const Log robbed, ReadLog(cut));
  ASSERT_EQ(robbed.tears.size(), 1u);
  EXPECT_THAT(robbed.tears[0].reason, HasSubstr("cannot be found, first main.gbx"));
}

TEST_F(StateDirTest, OnlyADirectoryThatIsARunForCertainMayBeEmpty) {
  const struct {
    const char* name;
    const char* lock;  // null: none
    mode_t mode;
    bool is_run;
  } rows[] = {
      {"2026-11-24T19.36.47.123456-42", nullptr, 0, true},
      {"2026-11-24T19.36.47.123456-loose-42-1", nullptr, 0, true},
      {"2026-11-24T19.36.47.123456-", nullptr, 0, false},
      {"2026-11-24T19.36.47.123456", nullptr, 0, false},
      {"2026-11-24T19.36.47-42", nullptr, 0, false},
      {"2026-11-24", nullptr, 0, false},
      {"logs", nullptr, 0, false},
      {"locked", "", 0600, true},
      {"lists", "", 0640, false},
      {"daemon", "4711\n", 0600, false},
  };
  for (const auto& row : rows) {
    const std::string path = absl::StrCat(dir_->path(), "/", row.name);
    ASSERT_OK(MakeDirectories(path));
    if (row.lock != nullptr) {
      ASSERT_OK(WriteFile(path + "/lock", row.lock));
      ASSERT_EQ(chmod((path + "/lock").c_str(), row.mode), 0);
    }
    EXPECT_EQ(IsRun(path), row.is_run) << path;
    EXPECT_EQ(ReadLog(path).ok(), row.is_run) << path;
  }
  EXPECT_FALSE(IsRun(dir_->path() + "/2026-11-24T19.36.47.123456-43")) << "not there";
  ASSERT_OK(WriteFile(dir_->path() + "/2026-11-24T19.36.47.123456-44", ""));
  EXPECT_FALSE(IsRun(dir_->path() + "/2026-11-24T19.36.47.123456-44")) << "a file";
}

TEST_F(StateDirTest, EachBuilderHasALooseRunOfItsOwnAndTheLatestCounts) {
  ASSERT_OK_AND_ASSIGN(const std::string one, LooseRun(build_, kOne));
  EXPECT_TRUE(IsLooseRun(one));
  ASSERT_OK(SegmentWriter::Create(one, "a"));
  ASSERT_OK_AND_ASSIGN(const std::string again, LooseRun(build_, kOne));
  EXPECT_EQ(again, one);
  ASSERT_OK_AND_ASSIGN(const std::string two, LooseRun(build_, kTwo));
  EXPECT_NE(two, one);
  EXPECT_LT(one, two);
  ASSERT_OK_AND_ASSIGN(std::string latest, LatestRun(build_));
  EXPECT_EQ(latest, two) << "it has recorded nothing, and no older run stands in for it";
  ASSERT_OK(SegmentWriter::Create(two, "b"));
  ASSERT_OK_AND_ASSIGN(latest, LatestRun(build_));
  EXPECT_EQ(latest, two);
  // The first still goes on beside it.
  ASSERT_OK_AND_ASSIGN(const std::string still, LooseRun(build_, kOne));
  EXPECT_EQ(still, one);
  ASSERT_OK_AND_ASSIGN(const Log log, ReadLog(two));
  EXPECT_EQ(log.segments, std::vector<std::string>{"b.gbx"}) << "nothing of the first";
}

TEST_F(StateDirTest, TheFirstLaunchersOfABuilderAgreeOnOneRun) {
  int go[2];
  ASSERT_EQ(pipe(go), 0);
  std::vector<pid_t> children;
  for (int process = 0; process < 8; ++process) {
    children.push_back(fork());
    if (children.back() != 0) continue;
    close(go[1]);
    char byte;
    if (read(go[0], &byte, 1) != 0) _exit(1);  // until all are there
    for (int builder = 0; builder < 10; ++builder) {
      const auto run = LooseRun(build_, absl::StrCat("boot ", builder, " 1"));
      if (!run.ok()) _exit(2);
      const auto writer = SegmentWriter::Create(*run, absl::StrCat("s", process));
      if (!writer.ok() || !(*writer)->Seal().ok()) _exit(3);
    }
    _exit(0);
  }
  close(go[0]);
  close(go[1]);
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0) << "step " << WEXITSTATUS(status);
  }
  ASSERT_OK_AND_ASSIGN(const std::string state, StateDirFor(build_));
  int runs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(state)) {
    if (entry.is_symlink() || !entry.is_directory()) continue;
    ++runs;
    ASSERT_OK_AND_ASSIGN(const Log log, ReadLog(entry.path().string()));
    EXPECT_EQ(log.segments.size(), 8u);
    EXPECT_TRUE(log.tears.empty());
  }
  EXPECT_EQ(runs, 10);
}

TEST_F(StateDirTest, ABuildersRunGoesWithTheOldOnesOnceItHasEnded) {
  setenv("GLOVEBOX_KEEP_RUNS", "1", 1);
  int held[2];
  ASSERT_EQ(pipe(held), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto comm = OpenFile("/proc/self/comm", O_WRONLY);
    _exit(comm.ok() && WriteAll(comm->get(), "make", "comm").ok() && write(held[1], "x", 1) == 1 ? pause()
                                                                                                 : 1);
  }
  char byte;
  ASSERT_EQ(read(held[0], &byte, 1), 1);
  const Builder builder = BuilderAbove(child);
  ASSERT_NE(builder, "");
  ASSERT_OK_AND_ASSIGN(const std::string run, LooseRun(build_, builder));
  ASSERT_OK(SegmentWriter::Create(run, "a"));
  ASSERT_OK(CreateRun(build_));
  ASSERT_OK(LooseRun(build_, kOne));
  EXPECT_TRUE(FileExists(run)) << "between two launchers";
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  ASSERT_OK(LooseRun(build_, kTwo));
  EXPECT_FALSE(FileExists(run));
  close(held[0]);
  close(held[1]);
}

TEST_F(StateDirTest, ANumberOfRunsToKeepThatIsNoneIsToldAndNothingIsMade) {
  for (const char* wanted : {"0", "-1", "abc", "1x", " ", "99999999999999999999"}) {
    setenv("GLOVEBOX_KEEP_RUNS", wanted, 1);
    for (const auto& made : {CreateRun(build_), LooseRun(build_, kOne)}) {
      EXPECT_THAT(made, StatusIs(absl::StatusCode::kInvalidArgument,
                                 HasSubstr(absl::StrCat("GLOVEBOX_KEEP_RUNS=", wanted, " is no number"))));
    }
  }
  ASSERT_OK_AND_ASSIGN(const std::string state, StateDirFor(build_));
  EXPECT_TRUE(!FileExists(state) || std::filesystem::is_empty(state));
  setenv("GLOVEBOX_KEEP_RUNS", "", 1);
  EXPECT_OK(CreateRun(build_));
}

TEST_F(StateDirTest, LaunchersAndBuildsAtTheSameTimeLoseNoSegment) {
  setenv("GLOVEBOX_KEEP_RUNS", "1000", 1);
  std::vector<pid_t> children;
  for (int process = 0; process < 4; ++process) {
    children.push_back(fork());
    if (children.back() != 0) continue;
    for (int round = 0; round < 30; ++round) {
      const auto run = process == 0 ? CreateRun(build_) : LooseRun(build_);
      if (!run.ok()) _exit(1);
      if (process == 0) continue;
      sched_yield();
      const auto writer = SegmentWriter::Create(*run, absl::StrCat(process, "-", round));
      if (!writer.ok()) _exit(2);
      if (!(*writer)->Seal().ok()) _exit(3);
    }
    _exit(0);
  }
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0) << "step " << WEXITSTATUS(status);
  }
  ASSERT_OK_AND_ASSIGN(const std::string state, StateDirFor(build_));
  int segments = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(state)) {
    if (entry.path().extension() == ".gbx") ++segments;
  }
  EXPECT_EQ(segments, 3 * 30);
}

TEST_F(StateDirTest, NamesSortByTimeAlsoWithinASecondAndOverAChangeOfTheClocksZone) {
  std::string last;
  for (const char* zone : {"EAST-9", "UTC", "WEST+9"}) {
    setenv("TZ", zone, 1);
    tzset();
    for (int i = 0; i < 12; ++i) {
      ASSERT_OK_AND_ASSIGN(const std::string run, CreateRun(build_));
      EXPECT_LT(last, run);
      last = run;
    }
  }
  unsetenv("TZ");
  tzset();
}

TEST_F(StateDirTest, ARunIsNotRemovedBeforeItsFirstSegment) {
  setenv("GLOVEBOX_KEEP_RUNS", "1", 1);
  ASSERT_OK_AND_ASSIGN(std::string one, CreateRun(build_));
  ASSERT_OK(CreateRun(build_));
  EXPECT_OK(SegmentWriter::Create(one, "a"));
}

TEST_F(StateDirTest, ARunThatNeverBeganGoesWithTime) {
  setenv("GLOVEBOX_KEEP_RUNS", "1", 1);
  ASSERT_OK_AND_ASSIGN(std::string one, CreateRun(build_));
  timespec times[2] = {};
  times[0].tv_sec = times[1].tv_sec = time(nullptr) - 7200;
  ASSERT_EQ(utimensat(AT_FDCWD, one.c_str(), times, 0), 0);
  ASSERT_OK(CreateRun(build_));
  EXPECT_FALSE(FileExists(one));
}

TEST_F(StateDirTest, ARunSurvivesItsOwnPruneWhenTheClockWentBack) {
  ASSERT_OK_AND_ASSIGN(std::string state, StateDirFor(build_));
  for (int i = 10; i < 30; ++i) {
    const std::string later = absl::StrCat(state, "/2099-01-01T00.00.", i, "-1");
    ASSERT_OK(MakeDirectories(later));
    ASSERT_OK(SegmentWriter::Create(later, "a"));
  }
  ASSERT_OK_AND_ASSIGN(std::string run, CreateRun(build_));
  EXPECT_TRUE(FileExists(run));
}

// Each process makes runs and prunes those of the others, all at once.
TEST_F(StateDirTest, BuildsAtTheSameTimeTakeNoRunFromEachOther) {
  setenv("GLOVEBOX_KEEP_RUNS", "1", 1);
  std::vector<pid_t> children;
  for (int process = 0; process < 4; ++process) {
    children.push_back(fork());
    if (children.back() != 0) continue;
    for (int round = 0; round < 40; ++round) {
      const auto run = CreateRun(build_);
      if (!run.ok()) _exit(1);
      sched_yield();
      const auto writer = SegmentWriter::Create(*run, "a");
      if (!writer.ok()) _exit(2);
      if (!(*writer)->Append(RunEnd{1, 0, 1}) || !(*writer)->Seal().ok()) _exit(3);
      if (!ReadLog(*run).ok()) _exit(4);  // the writer lives still
    }
    _exit(0);
  }
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0) << "step " << WEXITSTATUS(status);
  }
  ASSERT_OK_AND_ASSIGN(std::string last, CreateRun(build_));
  int left = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(Dirname(last)))) {
    if (!entry.is_symlink()) ++left;
  }
  EXPECT_EQ(left, 1) << "old runs go";
}

TEST_F(StateDirTest, WhatARemovalLeftBehindWhenItWasKilledGoesWithTheNext) {
  ASSERT_OK_AND_ASSIGN(std::string state, StateDirFor(build_));
  ASSERT_OK(MakeDirectories(state + "/.removing-2020-01-01T00.00.00-1/deep"));
  ASSERT_OK(CreateRun(build_));
  EXPECT_FALSE(FileExists(state + "/.removing-2020-01-01T00.00.00-1"));
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

TEST_F(StateDirTest, ALinkIntoTheBuildTreeIsRefusedAsWell) {
  ASSERT_OK(MakeDirectories(build_ + "/inside"));
  const std::string link = dir_->path() + "/link";
  ASSERT_EQ(symlink((build_ + "/inside").c_str(), link.c_str()), 0);
  setenv("GLOVEBOX_STATE_DIR", (link + "/not/there/yet").c_str(), 1);
  EXPECT_THAT(StateDirFor(build_), StatusIs(absl::StatusCode::kInvalidArgument, testing::_));
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
