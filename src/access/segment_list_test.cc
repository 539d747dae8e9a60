// What a run says when segments of it are missing, doubled or another run's.
#include "access/segment_list.h"

#include <unistd.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "access/action_table.h"
#include "access/log_test_fixture.h"
#include "gtest/gtest.h"

namespace glovebox::access {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class SegmentListTest : public LogTest {
 protected:
  static void WriteAction(const std::string& dir, const std::string& name, ActionId id) {
    ASSERT_OK_AND_ASSIGN(const auto writer, SegmentWriter::Create(dir, name));
    ActionBegin begin;
    begin.action = id;
    begin.time_ns = 10 * id;
    ActionEnd end;
    end.action = id;
    end.time_ns = 10 * id + 1;
    end.kind = ActionEnd::Kind::kExited;
    EXPECT_TRUE(writer->Append(begin) && writer->Append(end));
    ASSERT_OK(writer->Seal());
  }
  // As a collector writes it: what the run is, and its end, stand in main.gbx.
  static void WriteRun(const std::string& dir, bool cut_off = false) {
    ASSERT_OK_AND_ASSIGN(const auto writer, SegmentWriter::Create(dir, "main"));
    EXPECT_TRUE(writer->Append(RunInfo()));
    WriteAction(dir, "actions-001", 1);
    WriteAction(dir, "actions-002", 2);
    if (cut_off) return;
    EXPECT_TRUE(writer->Append(RunEnd{100, 0, 3}));
    ASSERT_OK(writer->Seal());
  }
  void SetUp() override {
    LogTest::SetUp();
    ASSERT_OK_AND_ASSIGN(TempDir other, TempDir::Create("log-test-other"));
    other_ = std::make_unique<TempDir>(std::move(other));
    WriteRun(other_->path());
  }
  std::string OtherFile(const std::string& name) const {
    return absl::StrCat(other_->path(), "/", name, ".gbx");
  }
  std::string List() const { return absl::StrCat(dir_->path(), "/", kSegmentList); }
  void ExpectWhole() {
    EXPECT_THAT(Read().tears, IsEmpty());
    for (const ActionRecord& action : MakeActionTable(Read()).actions) EXPECT_TRUE(action.complete);
  }
  void ExpectEveryActionTaintedBy(const std::string& segment, const std::string& reason) {
    const Log log = Read();
    ASSERT_THAT(log.tears, SizeIs(1)) << reason;
    EXPECT_EQ(log.tears[0].segment, segment);
    EXPECT_THAT(log.tears[0].reason, HasSubstr(reason));
    for (const ActionRecord& action : MakeActionTable(log).actions)
      EXPECT_THAT(action.why_incomplete, HasSubstr(reason));
  }
  std::unique_ptr<TempDir> other_;
};

TEST_F(SegmentListTest, ARunThatNobodyTouchedIsWhole) {
  WriteRun(dir_->path());
  ExpectWhole();
}

TEST_F(SegmentListTest, ARemovedSegmentIsMissedWhicheverItIs) {
  WriteRun(dir_->path());
  for (const char* name : {"main", "actions-001", "actions-002"}) {
    std::filesystem::rename(File(name), OtherFile("kept"));
    ExpectEveryActionTaintedBy("(missing)",
                               absl::StrCat("1 segment of this run cannot be found, first ", name));
    std::filesystem::rename(OtherFile("kept"), File(name));
  }
  unlink(File("main").c_str());
  unlink(File("actions-002").c_str());
  ExpectEveryActionTaintedBy("(missing)", "2 segments of this run cannot be found, first main.gbx");
}

TEST_F(SegmentListTest, ASegmentIsMissedInARunThatWasCutOff) {
  WriteRun(dir_->path(), true);
  ASSERT_THAT(Read().tears, SizeIs(1)) << "main.gbx has no seal";
  unlink(File("actions-002").c_str());
  const Log log = Read();
  ASSERT_THAT(log.tears, SizeIs(2));
  EXPECT_THAT(log.tears[1].reason, HasSubstr("first actions-002.gbx"));
  EXPECT_FALSE(MakeActionTable(log).actions[0].complete);
}

TEST_F(SegmentListTest, ACopyUnderAnotherNameIsFound) {
  WriteRun(dir_->path());
  std::filesystem::copy_file(File("actions-001"), File("actions-003"));
  ExpectEveryActionTaintedBy("actions-003.gbx", "the same segment as actions-001.gbx");
}

// A reason holds a name's own bytes: the report escapes the whole of it.
TEST_F(SegmentListTest, AReasonIsEscapedWhereItIsPrintedAndThereAlone) {
  WriteRun(dir_->path());
  std::filesystem::copy_file(File("actions-001"), File("a\\\n"));
  std::filesystem::rename(File("actions-001"), File("z"));
  ExpectEveryActionTaintedBy("z.gbx", "the same segment as a\\\n.gbx");
}

TEST_F(SegmentListTest, ASegmentOfAnotherRunIsFoundBesideAndInThePlaceOfOnesOwn) {
  WriteRun(dir_->path());
  std::filesystem::copy_file(OtherFile("actions-001"), File("actions-003"));
  ExpectEveryActionTaintedBy("actions-003.gbx", "not of this run");
  unlink(File("actions-003").c_str());
  ExpectWhole();
  std::filesystem::copy_file(OtherFile("actions-001"), File("actions-001"),
                             std::filesystem::copy_options::overwrite_existing);
  const Log log = Read();
  ASSERT_THAT(log.tears, SizeIs(2));
  EXPECT_THAT(log.tears[0].reason, HasSubstr("not of this run"));
  EXPECT_THAT(log.tears[1].reason, HasSubstr("first actions-001.gbx"));
  for (const ActionRecord& action : MakeActionTable(log).actions) EXPECT_FALSE(action.complete);
}

TEST_F(SegmentListTest, ASegmentWhoseHeaderIsDestroyedIsAsGoodAsMissing) {
  WriteRun(dir_->path());
  ASSERT_EQ(truncate(File("actions-001").c_str(), 0), 0);
  ExpectEveryActionTaintedBy("actions-001.gbx", "empty file; no action in it could be read");
}

TEST_F(SegmentListTest, WithoutItsListARunIsNotKnownToBeWhole) {
  WriteRun(dir_->path());
  ASSERT_OK_AND_ASSIGN(const std::string list, ReadFile(List()));
  unlink(List().c_str());
  ExpectEveryActionTaintedBy(kSegmentList, "is not there");
  ASSERT_OK(WriteFile(List(), list + "garbage\n"));
  ExpectEveryActionTaintedBy(kSegmentList, "damaged: a line that is none");
  unlink(List().c_str());
  ASSERT_EQ(symlink((other_->path() + "/" + kSegmentList).c_str(), List().c_str()), 0);
  EXPECT_THAT(Read().tears, testing::Not(IsEmpty()));
  EXPECT_FALSE(MakeActionTable(Read()).actions[0].complete);
}

// Launchers without a collector: nothing is common to their segments but the list.
TEST_F(SegmentListTest, ALooseRunOfManyLaunchersIsWhole) {
  for (ActionId id = 1; id <= 5; ++id) WriteAction(dir_->path(), absl::StrCat("run-", id), 1);
  ExpectWhole();
  unlink(File("run-3").c_str());
  ExpectEveryActionTaintedBy("(missing)", "first run-3.gbx");
}

// Its writer was killed, or goes on this moment, between the header and the list.
TEST_F(SegmentListTest, AnUnlistedSegmentWithoutARecordTaintsNothing) {
  WriteRun(dir_->path());
  const auto late = Open("actions-003");
  ASSERT_OK_AND_ASSIGN(const std::string list, ReadFile(List()));
  ASSERT_OK(WriteFile(List(), list.substr(0, list.rfind('\n', list.size() - 2) + 1)));
  ASSERT_THAT(Read().tears, SizeIs(1));
  EXPECT_FALSE(Read().tears[0].whole_run);
  EXPECT_TRUE(MakeActionTable(Read()).actions[0].complete);
}

// Version 1 had no list; its segments are read as they were.
TEST_F(SegmentListTest, ARunOfTheVersionBeforeIsReadWithoutAList) {
  SegmentHeader header;
  header.version = 1;
  ASSERT_OK(WriteFile(File("main"), EncodeHeader(header)));
  ASSERT_THAT(Read().tears, SizeIs(1));
  EXPECT_THAT(Read().tears[0].reason, HasSubstr("not sealed"));
  EXPECT_FALSE(Read().tears[0].whole_run);
}

}  // namespace
}  // namespace glovebox::access
