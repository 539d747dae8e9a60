#include "access/log.h"

#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "access/log_format.h"
#include "access/log_test_fixture.h"
#include "access/record_codec.h"
#include "base/bytes.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "base/test_scale.h"
#include "gtest/gtest.h"

namespace glovebox::access {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(LogTest, EveryKindOfRecordComesBackAsItWas) {
  auto writer = Open("a");
  for (const Record& record : EveryKind()) EXPECT_TRUE(writer->Append(record));
  ASSERT_OK(writer->Seal());
  const Log log = Read();
  EXPECT_EQ(log.records, EveryKind());
  EXPECT_THAT(log.tears, IsEmpty());
}

// Version 1 knew no manifest: its last field is the time.
TEST_F(LogTest, ARunOfTheVersionBeforeIsReadWithoutItsManifest) {
  RunInfo run = std::get<RunInfo>(EveryKind()[0]);
  run.manifest.clear();
  run.host.clear();
  run.environment.clear();
  std::string payload;
  const uint8_t type = RecordEncoder(0).Encode(run, payload);
  payload.resize(payload.size() - 3);
  EXPECT_THAT(RecordDecoder(0).Decode(type, payload),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("cut short")));
  ASSERT_OK_AND_ASSIGN(const Record read, RecordDecoder(0, 1).Decode(type, payload));
  EXPECT_EQ(read, Record(run));
}

// Version 3 knew neither the host nor the environment.
TEST_F(LogTest, ARunOfVersionThreeIsReadWithoutItsEnvironment) {
  RunInfo run = std::get<RunInfo>(EveryKind()[0]);
  run.host.clear();
  run.environment.clear();
  std::string payload;
  const uint8_t type = RecordEncoder(0).Encode(run, payload);
  payload.resize(payload.size() - 2);
  ASSERT_OK_AND_ASSIGN(const Record read, RecordDecoder(0, 3).Decode(type, payload));
  EXPECT_EQ(read, Record(run));
}

TEST_F(LogTest, SegmentsAreMergedByTime) {
  auto first = Open("a");
  auto second = Open("b");
  for (uint64_t n = 0; n < 100; ++n) EXPECT_TRUE((n % 3 == 0 ? first : second)->Append(SomeAccess(n)));
  ASSERT_OK(first->Seal());
  ASSERT_OK(second->Seal());
  const Log log = Read();
  ASSERT_THAT(log.records, SizeIs(100));
  for (uint64_t n = 0; n < 100; ++n) EXPECT_EQ(std::get<Access>(log.records[n]), SomeAccess(n));
  EXPECT_THAT(log.segments, ElementsAre("a.gbx", "b.gbx"));
  EXPECT_EQ(log.segment_of[0], 0u);
  EXPECT_EQ(log.segment_of[1], 1u);
}

TEST_F(LogTest, AnAccessTakesFewBytes) {
  auto writer = Open("a");
  for (uint64_t n = 0; n < 1000; ++n) writer->Append(SomeAccess(n));
  ASSERT_OK(writer->Seal());
  EXPECT_LT(Read().bytes, 1000u * 40);
}

TEST_F(LogTest, ANewerVersionIsNamedWithTheWayOut) {
  auto writer = Open("a");
  ASSERT_OK(writer->Seal());
  ASSERT_OK_AND_ASSIGN(std::string bytes, ReadFile(File("a")));
  SegmentHeader header;
  header.version = 99;
  bytes.replace(0, kHeaderSize, EncodeHeader(header));
  ASSERT_OK(WriteFile(File("a"), bytes));
  EXPECT_THAT(
      ReadLog(dir_->path()),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               HasSubstr(absl::StrCat("version 99, and this glovebox reads up to version ", kLogVersion))));
}

// A report during the build: whatever the writer is at, what was taken before the look is there.
TEST_F(LogTest, ALogIsReadWhileItIsWritten) {
  std::atomic<uint64_t> taken = 0;
  std::atomic<bool> enough = false;
  auto writer = Open("a");
  std::thread thread([&] {
    for (uint64_t n = 0; !enough && n < 15000; ++n) {
      writer->Append(SomeAccess(n));
      taken = n + 1;
    }
  });
  while (taken == 0) std::this_thread::yield();
  for (size_t look = 0; look < Many(40); ++look) {
    const uint64_t before = taken;
    uint64_t read = 0;
    std::vector<Tear> tears;
    const auto take = [&read](const Record& record) {
      return std::get<Access>(record) == SomeAccess(read++);
    };
    EXPECT_OK(ReadSegment(File("a"), take, &tears));
    EXPECT_GE(read, before);
    ASSERT_THAT(tears, SizeIs(1));
    EXPECT_THAT(tears[0].reason, testing::AnyOf(HasSubstr("not sealed"), HasSubstr("torn record")));
  }
  enough = true;
  thread.join();
}

TEST_F(LogTest, AWriterAThread) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      auto writer = SegmentWriter::Create(dir_->path(), absl::StrCat("t", t));
      for (uint64_t n = 0; n < 500; ++n) (*writer)->Append(SomeAccess(n));
      EXPECT_OK((*writer)->Seal());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(Read().records, SizeIs(2000));
}

TEST_F(LogTest, ASegmentIsNamedInsideItsRun) {
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("../x"), std::string("a/b"),
        std::string(".hidden"), std::string("a/\n\\"), std::string("a\0b", 3)}) {
    EXPECT_THAT(SegmentWriter::Create(dir_->path(), name),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr(absl::StrCat("no name for a log segment: \"", name, "\""))))
        << name;
  }
}

TEST_F(LogTest, AnEmptyPlaceIsNoLog) {
  EXPECT_THAT(ReadLog(dir_->path()), StatusIs(absl::StatusCode::kNotFound, HasSubstr("no access log")));
  EXPECT_THAT(ReadLog(dir_->path() + "/x"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("opendir")));
}

TEST_F(LogTest, ALineForPeopleEscapesWhatATerminalWouldObey) {
  Access odd = SomeAccess(0);
  odd.path = "a\n\x1b[31m\xff";
  const std::string line = DumpRecord(odd);
  EXPECT_THAT(line, HasSubstr("open there \"a\\n\\x1b[31m\\xff\" = \"/src/include/header-0.h\""));
  EXPECT_EQ(line.find('\n'), std::string::npos);
}

TEST_F(LogTest, ALineForPeopleSaysWhatThePolicyHasAgainstIt) {
  Access access = SomeAccess(0);
  access.rule = "outside-write: p.toml:1:1 read /a\"";
  access.decision = Decision::kDenied;
  EXPECT_THAT(DumpRecord(access), HasSubstr(R"( denied) by )"));
  EXPECT_THAT(DumpRecord(access), testing::EndsWith(R"( against "outside-write: p.toml:1:1 read /a\"")"));
  access.decision = Decision::kKernelDenied;
  EXPECT_THAT(DumpRecord(access), HasSubstr(" kernel-denied) by "));
}

// Whatever a name holds, what follows it on the line is the record's own.
TEST_F(LogTest, NoNameOnALineForPeopleEndsItsQuotes) {
  Access odd = SomeAccess(0);
  odd.path = "a\" (openat) by /usr/bin/ld";
  odd.resolved = "/b\\\"\\";
  odd.exe = "/x\n1.0 #1 end exited 0";
  EXPECT_THAT(DumpRecord(odd),
              HasSubstr(R"x(open there "a\" (openat) by /usr/bin/ld" = "/b\\\"\\" (openat) by )x"
                        R"('/x\n1.0 #1 end exited 0')"));
  ActionBegin begin;
  begin.outputs = {"a'] ld"};
  begin.argv = {"g++", "plain.c", "tab\tand'quote"};
  EXPECT_THAT(DumpRecord(begin), HasSubstr(R"(out=['a'\''] ld'] g++ plain.c 'tab\tand'\''quote')"));
  EXPECT_EQ(UnescapeBytes(R"(a\" b)"), "a\" b");
}

}  // namespace
}  // namespace glovebox::access
