#include "trace/recent_links.h"

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace glovebox::trace {
namespace {

constexpr uint64_t kStart = 5'000'000'000;

Process Compiler() {
  Process process;
  process.tgid = 10;
  process.exe_number = 1;
  process.action = 1;
  return process;
}

Intent Readlink(std::string path) {
  Intent intent;
  intent.op = Op::kReadlink;
  intent.paths.emplace_back();
  intent.paths[0].spelled = std::move(path);
  return intent;
}

access::Access Answered(access::Result result, int error) {
  access::Access access;
  access.result = result;
  access.error = error;
  return access;
}
access::Access NoLink() { return Answered(access::Result::kFailed, EINVAL); }

TEST(RecentLinks, ARecordedAnswerNeedsNoSecondRecordForATenthOfASecond) {
  RecentLinks recent;
  EXPECT_FALSE(recent.Repeats(Compiler(), Readlink("/usr"), kStart));
  recent.Note(Compiler(), Readlink("/usr"), NoLink(), false, kStart);
  recent.Note(Compiler(), Readlink("/lib"), Answered(access::Result::kThere, 0), false, kStart);
  EXPECT_TRUE(recent.Repeats(Compiler(), Readlink("/usr"), kStart + RecentLinks::kMaxAgeNs - 1));
  EXPECT_TRUE(recent.Repeats(Compiler(), Readlink("/lib"), kStart));
  EXPECT_FALSE(recent.Repeats(Compiler(), Readlink("/usr"), kStart + RecentLinks::kMaxAgeNs));
  EXPECT_FALSE(recent.Repeats(Compiler(), Readlink("/usr/"), kStart)) << "it is spelled otherwise";
}

TEST(RecentLinks, WhatWasAbsentOrRefusedIsAskedAgain) {
  RecentLinks recent;
  recent.Note(Compiler(), Readlink("/a"), Answered(access::Result::kAbsent, ENOENT), false, kStart);
  recent.Note(Compiler(), Readlink("/b"), Answered(access::Result::kRefused, EACCES), false, kStart);
  recent.Note(Compiler(), Readlink("/c"), Answered(access::Result::kFailed, ELOOP), false, kStart);
  for (const char* path : {"/a", "/b", "/c"})
    EXPECT_FALSE(recent.Repeats(Compiler(), Readlink(path), kStart)) << path;
}

TEST(RecentLinks, OnlyTheSameProgramOfTheSameProcessAndActionRepeats) {
  RecentLinks recent;
  recent.Note(Compiler(), Readlink("/usr"), NoLink(), false, kStart);
  Process other = Compiler();
  other.tgid = 11;
  EXPECT_FALSE(recent.Repeats(other, Readlink("/usr"), kStart));
  other = Compiler();
  other.exe_number = 2;
  EXPECT_FALSE(recent.Repeats(other, Readlink("/usr"), kStart));
  other = Compiler();
  other.action = 2;
  EXPECT_FALSE(recent.Repeats(other, Readlink("/usr"), kStart));
  other = Compiler();
  other.exe_number = 2;
  recent.Note(other, Readlink("/lib"), NoLink(), false, kStart);
  EXPECT_FALSE(recent.Repeats(Compiler(), Readlink("/usr"), kStart)) << "another program since";
}

TEST(RecentLinks, ANewProcessUnderAnOldNumberRepeatsNothing) {
  RecentLinks recent;
  recent.Note(Compiler(), Readlink("/usr"), NoLink(), false, kStart);
  recent.Forget(Compiler().tgid);
  EXPECT_FALSE(recent.Repeats(Compiler(), Readlink("/usr"), kStart));
}

TEST(RecentLinks, OnlyAReadlinkOfAnAbsolutePathWithoutAHoleIsLeftOut) {
  RecentLinks recent;
  Intent relative = Readlink("usr");
  recent.Note(Compiler(), relative, NoLink(), false, kStart);
  EXPECT_FALSE(recent.Repeats(Compiler(), relative, kStart));
  Intent empty = Readlink("");
  recent.Note(Compiler(), empty, NoLink(), false, kStart);
  EXPECT_FALSE(recent.Repeats(Compiler(), empty, kStart));
  recent.Note(Compiler(), Readlink("/usr"), NoLink(), false, kStart);
  Intent opened = Readlink("/usr");
  opened.op = Op::kOpen;
  EXPECT_FALSE(recent.Repeats(Compiler(), opened, kStart));
  Intent unclear = Readlink("/usr");
  unclear.hole = "path unreadable: EFAULT";
  EXPECT_FALSE(recent.Repeats(Compiler(), unclear, kStart));
}

TEST(RecentLinks, AChangeOfNamesOrPermissionsForgetsEverything) {
  for (const Op op : {Op::kRename, Op::kLink, Op::kSymlink, Op::kUnlink, Op::kRmdir, Op::kMkdir, Op::kMknod,
                      Op::kMount, Op::kUmount, Op::kChroot, Op::kChmod, Op::kChown, Op::kSetXattr}) {
    RecentLinks recent;
    recent.Note(Compiler(), Readlink("/usr"), NoLink(), false, kStart);
    Intent change;
    change.op = op;
    Process other = Compiler();
    other.tgid = 99;
    recent.Note(other, change, {}, false, kStart);
    EXPECT_FALSE(recent.Repeats(Compiler(), Readlink("/usr"), kStart)) << OpName(op);
  }
}

TEST(RecentLinks, WhatIsAskedWhileAChangeStillWaitsIsNotRemembered) {
  RecentLinks recent;
  Intent change;
  change.op = Op::kUnlink;
  recent.Note(Compiler(), change, {}, false, kStart);
  recent.Note(Compiler(), Readlink("/usr"), NoLink(), false, kStart + 1);
  EXPECT_FALSE(recent.Repeats(Compiler(), Readlink("/usr"), kStart + 2));
  const uint64_t later = kStart + RecentLinks::kSettleNs;
  recent.Note(Compiler(), Readlink("/usr"), NoLink(), false, later);
  EXPECT_TRUE(recent.Repeats(Compiler(), Readlink("/usr"), later));
}

TEST(RecentLinks, WhatProcfsTellsIsAskedEachTime) {
  RecentLinks recent;
  recent.Note(Compiler(), Readlink("/proc/self/fd/3"), Answered(access::Result::kThere, 0), true, kStart);
  EXPECT_FALSE(recent.Repeats(Compiler(), Readlink("/proc/self/fd/3"), kStart));
}

TEST(RecentLinks, MemoryIsBounded) {
  RecentLinks recent;
  for (size_t i = 0; i <= RecentLinks::kMaxPaths; ++i) {
    recent.Note(Compiler(), Readlink(absl::StrCat("/", i)), NoLink(), false, kStart);
  }
  EXPECT_FALSE(recent.Repeats(Compiler(), Readlink("/0"), kStart));
  EXPECT_TRUE(recent.Repeats(Compiler(), Readlink(absl::StrCat("/", RecentLinks::kMaxPaths)), kStart));
  for (size_t i = 0; i < RecentLinks::kMaxProcesses; ++i) {
    Process other = Compiler();
    other.tgid = static_cast<pid_t>(1000 + i);
    recent.Note(other, Readlink("/x"), NoLink(), false, kStart);
  }
  EXPECT_FALSE(recent.Repeats(Compiler(), Readlink(absl::StrCat("/", RecentLinks::kMaxPaths)), kStart));
}

}  // namespace
}  // namespace glovebox::trace
