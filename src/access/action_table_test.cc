#include "access/action_table.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::access {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

class ActionTableTest : public testing::Test {
 protected:
  void Add(uint32_t segment, Record record) {
    log_.records.push_back(std::move(record));
    log_.segment_of.push_back(segment);
  }
  void Begin(uint32_t segment, ActionId id) {
    ActionBegin begin;
    begin.action = id;
    Add(segment, begin);
    Access access;
    access.action = id;
    Add(segment, access);
  }
  void End(uint32_t segment, ActionId id, ActionEnd::Kind kind = ActionEnd::Kind::kExited) {
    ActionEnd end;
    end.action = id;
    end.kind = kind;
    Add(segment, end);
  }
  void SetUp() override { log_.segments = {"a.gbx", "b.gbx"}; }
  Log log_;
};

TEST_F(ActionTableTest, WhatBeganAndEndedIsComplete) {
  Begin(0, 1);
  End(0, 1);
  const ActionTable table = MakeActionTable(log_);
  ASSERT_THAT(table.actions, SizeIs(1));
  EXPECT_TRUE(table.actions[0].complete);
  EXPECT_THAT(table.actions[0].accesses, SizeIs(1));
}

TEST_F(ActionTableTest, AKilledWriterTaintsWhatWasUnderWayAndNothingElse) {
  Begin(0, 1);
  End(0, 1);
  Begin(0, 2);
  Begin(1, 3);
  End(1, 3);
  log_.tears.push_back({"a.gbx", 99, "not sealed: its writer was killed"});
  const ActionTable table = MakeActionTable(log_);
  ASSERT_THAT(table.actions, SizeIs(3));
  EXPECT_TRUE(table.actions[0].complete);
  EXPECT_FALSE(table.actions[1].complete);
  EXPECT_THAT(table.actions[1].why_incomplete, HasSubstr("not sealed"));
  EXPECT_TRUE(table.actions[2].complete);
}

TEST_F(ActionTableTest, ADamagedSegmentTaintsAllThatStoodInIt) {
  Begin(0, 1);
  End(0, 1);
  log_.tears.push_back({"a.gbx", 99, "checksum: changed"});
  EXPECT_FALSE(MakeActionTable(log_).actions[0].complete);
}

TEST_F(ActionTableTest, HolesFailedSetUpsAndMissingSegmentsAreNeverClean) {
  Begin(0, 1);
  End(0, 1);
  Begin(0, 2);
  Add(0, Hole{2, 0, 0, "foreign-abi", "syscall 9"});
  End(0, 2);
  Begin(0, 3);
  End(0, 3, ActionEnd::Kind::kSandboxFailed);
  const ActionTable table = MakeActionTable(log_);
  EXPECT_TRUE(table.actions[0].complete);
  EXPECT_THAT(table.actions[1].why_incomplete, HasSubstr("foreign-abi: syscall 9"));
  EXPECT_THAT(table.actions[2].why_incomplete, HasSubstr("not set up"));
  log_.tears.push_back({"(missing)", 0, "the run had 3 segments, 2 are there", true});
  EXPECT_FALSE(MakeActionTable(log_).actions[0].complete);
}

TEST_F(ActionTableTest, OneNumberInTwoSegmentsIsTwoActions) {
  Begin(0, 1);
  Begin(1, 1);
  End(1, 1);
  const ActionTable table = MakeActionTable(log_);
  ASSERT_THAT(table.actions, SizeIs(2));
  EXPECT_FALSE(table.actions[0].complete);
  EXPECT_TRUE(table.actions[1].complete);
}

TEST_F(ActionTableTest, HolesOfNoActionAreKept) {
  Add(0, Hole{0, 0, 0, "unwrapped-edge", "a.o"});
  EXPECT_THAT(MakeActionTable(log_).holes, SizeIs(1));
}

TEST_F(ActionTableTest, AHoleThatAnotherWriterFiledIsTheActionsHole) {
  Begin(0, 1);
  Add(1, Hole{1, 2, 0, "unwrapped-edge", "a.o"});
  End(0, 1);
  const ActionTable table = MakeActionTable(log_);
  EXPECT_THAT(table.actions[0].why_incomplete, HasSubstr("unwrapped-edge: a.o"));
  EXPECT_THAT(table.holes, SizeIs(0));
}

TEST_F(ActionTableTest, AHoleThatMayBeOfTwoActionsTaintsBoth) {
  log_.segments.emplace_back("c.gbx");
  for (const uint32_t segment : {0u, 1u}) {
    Begin(segment, 1);
    End(segment, 1);
  }
  Add(2, Hole{1, 2, 0, "foreign-abi", ""});
  for (const ActionRecord& action : MakeActionTable(log_).actions) EXPECT_FALSE(action.complete);
}

TEST_F(ActionTableTest, WhatIsStampedBeforeItsBeginIsNotLost) {
  Access early;
  early.action = 1;
  Add(0, early);
  Add(0, Hole{1, 0, 0, "foreign-abi", ""});
  Begin(0, 1);
  End(0, 1);
  const ActionTable table = MakeActionTable(log_);
  EXPECT_THAT(table.actions[0].accesses, SizeIs(2));
  EXPECT_THAT(table.actions[0].holes, SizeIs(1));
  EXPECT_EQ(table.stray, 0u);
}

TEST_F(ActionTableTest, ANumberThatBeganTwiceIsNotComplete) {
  Begin(0, 1);
  Begin(0, 1);
  End(0, 1);
  const ActionTable table = MakeActionTable(log_);
  ASSERT_THAT(table.actions, SizeIs(2));
  for (const ActionRecord& action : table.actions) EXPECT_FALSE(action.complete);
}

}  // namespace
}  // namespace glovebox::access
