#include "access/log.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <atomic>
#include <filesystem>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "access/record_codec.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"

namespace glovebox::access {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Access SomeAccess(uint64_t n) {
  Access access;
  access.action = 1;
  access.time_ns = 1000 + n;
  access.pid = access.tid = 4711;
  access.exe = "/usr/bin/cc1plus";
  access.op = Op::kOpen;
  access.syscall = "openat";
  access.path = absl::StrCat("../include/header-", n % 7, ".h");
  access.resolved = absl::StrCat("/src/include/header-", n % 7, ".h");
  access.result = n % 2 == 0 ? Result::kThere : Result::kAbsent;
  access.error = n % 2 == 0 ? 0 : ENOENT;
  return access;
}

std::vector<Record> EveryKind(size_t longest = 100000) {
  RunInfo run{"glovebox 1", {"ninja", "-C", "b"}, "/src", "/src/b", "/home/u", "/tmp",
              "6.18",       1700000000000000000,  1};
  ActionBegin begin;
  begin.action = 1;
  begin.time_ns = 2;
  begin.role = Role::kCompile;
  begin.outputs = {"a.o", std::string("odd\n\xff\0name", 10)};
  begin.argv = {"g++", std::string(longest, 'x'), ""};
  Access odd = SomeAccess(2);
  odd.path = std::string(4096, '\xfe');
  odd.resolved = "line\nbreak";
  odd.path2 = "second";
  odd.resolved2 = "/second";
  odd.tid = 99;
  odd.sight = Sight::kObserved;
  odd.decision = Decision::kDenied;
  odd.flags = ~uint64_t{0};
  Hole hole{1, 2000, 7, "foreign-abi", "syscall 9"};
  ActionEnd end;
  end.action = 1;
  end.time_ns = 3000;
  end.kind = ActionEnd::Kind::kSignaled;
  end.status = 11;
  end.left_over = {"12 /bin/sleep"};
  return {run, begin, SomeAccess(0), SomeAccess(1), odd, hole, end, RunEnd{4000, 2, 1}};
}

class LogTest : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::Create("log-test");
    ASSERT_OK(dir);
    dir_ = std::make_unique<TempDir>(*std::move(dir));
  }
  std::unique_ptr<SegmentWriter> Open(const std::string& name) {
    auto writer = SegmentWriter::Create(dir_->path(), name);
    EXPECT_OK(writer);
    return *std::move(writer);
  }
  std::string File(const std::string& name) const { return absl::StrCat(dir_->path(), "/", name, ".gbx"); }
  Log Read() {
    auto log = ReadLog(dir_->path());
    EXPECT_OK(log);
    return *std::move(log);
  }
  std::unique_ptr<TempDir> dir_;
};

TEST_F(LogTest, EveryKindOfRecordComesBackAsItWas) {
  auto writer = Open("a");
  for (const Record& record : EveryKind()) EXPECT_TRUE(writer->Append(record));
  ASSERT_OK(writer->Seal());
  const Log log = Read();
  EXPECT_EQ(log.records, EveryKind());
  EXPECT_THAT(log.tears, IsEmpty());
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

TEST_F(LogTest, WhateverIsCutOffWhatStandsBeforeItIsRead) {
  auto writer = Open("a");
  for (const Record& record : EveryKind(300)) writer->Append(record);
  ASSERT_OK(writer->Seal());
  ASSERT_OK_AND_ASSIGN(const std::string bytes, ReadFile(File("a")));
  const std::vector<Record> all = EveryKind(300);
  for (size_t cut = 0; cut < bytes.size(); cut += cut < 3000 || cut + 1500 > bytes.size() ? 1 : 7) {
    ASSERT_OK(WriteFile(File("a"), bytes.substr(0, cut)));
    const Log log = Read();
    ASSERT_THAT(log.tears, SizeIs(1)) << cut;
    ASSERT_LE(log.records.size(), all.size());
    for (size_t i = 0; i < log.records.size(); ++i) ASSERT_EQ(log.records[i], all[i]) << cut;
  }
}

TEST_F(LogTest, NoFlippedBitIsTakenForARecord) {
  auto writer = Open("a");
  std::vector<Record> all;
  for (uint64_t n = 0; n < 12; ++n) all.push_back(SomeAccess(n));
  for (const Record& record : all) writer->Append(record);
  ASSERT_OK(writer->Seal());
  ASSERT_OK_AND_ASSIGN(const std::string bytes, ReadFile(File("a")));
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string spoiled = bytes;
    spoiled[at] = static_cast<char>(spoiled[at] ^ (1 << (at % 8)));
    ASSERT_OK(WriteFile(File("a"), spoiled));
    const auto log = ReadLog(dir_->path());
    if (!log.ok()) continue;  // the version became a newer one
    ASSERT_THAT(log->tears, SizeIs(1)) << at;
    for (size_t i = 0; i < log->records.size(); ++i) ASSERT_EQ(log->records[i], all[i]) << at;
  }
}

TEST_F(LogTest, RandomBytesAreNoRecords) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string payload(random() % 200, '\0');
    for (char& byte : payload) byte = static_cast<char>(random());
    RecordDecoder decoder(0);
    (void)decoder.Decode(static_cast<uint8_t>(random() % 8), payload);  // an error or a record, never a crash
  }
}

TEST_F(LogTest, ANewerVersionIsNamedWithTheWayOut) {
  auto writer = Open("a");
  ASSERT_OK(writer->Seal());
  ASSERT_OK_AND_ASSIGN(std::string bytes, ReadFile(File("a")));
  SegmentHeader header;
  header.version = 99;
  bytes.replace(0, kHeaderSize, EncodeHeader(header));
  ASSERT_OK(WriteFile(File("a"), bytes));
  EXPECT_THAT(ReadLog(dir_->path()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("version 99, and this glovebox reads up to version 1")));
}

TEST_F(LogTest, AKilledWriterLosesNothingThatItTook) {
  std::mt19937 random(3);
  for (int round = 0; round < 60; ++round) {
    const std::string name = absl::StrCat("k", round);
    auto* taken = static_cast<std::atomic<uint64_t>*>(
        mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    const pid_t child = fork();
    if (child == 0) {
      auto writer = SegmentWriter::Create(dir_->path(), name);
      for (uint64_t n = 0;; ++n) {
        if (!(*writer)->Append(SomeAccess(n))) _exit(1);
        taken->store(n + 1);
      }
    }
    while (taken->load() == 0) usleep(50);
    usleep(static_cast<useconds_t>(random() % 3000));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    std::vector<Tear> tears;
    uint64_t read = 0;
    ASSERT_OK(ReadSegment(
        File(name),
        [&](Record record) {
          EXPECT_EQ(std::get<Access>(record), SomeAccess(read));
          ++read;
          return true;
        },
        &tears));
    EXPECT_GE(read, taken->load());
    ASSERT_THAT(tears, SizeIs(1));
    EXPECT_THAT(tears[0].reason, testing::AnyOf(HasSubstr("not sealed"), HasSubstr("torn record")));
    munmap(taken, 4096);
  }
}

// In a child whose files may have 200,000 bytes: a full disk as everybody can have it.
TEST_F(LogTest, AFullDiskIsSaidAndWhatFitsIsKept) {
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {200000, 200000};
    setrlimit(RLIMIT_FSIZE, &limit);
    auto writer = SegmentWriter::Create(dir_->path(), "full");
    bool taken = true;
    uint64_t n = 0;
    while (taken && n < 100000) taken = (*writer)->Append(SomeAccess(n++));
    const bool sticky = !(*writer)->Append(SomeAccess(0)) && !(*writer)->Seal().ok();
    _exit(!taken && sticky && (*writer)->status().message().find("EFBIG") != absl::string_view::npos ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  const Log log = Read();
  EXPECT_GT(log.records.size(), 200000u / 40) << "and what the tail held";
  EXPECT_THAT(log.tears, SizeIs(1));
}

TEST_F(LogTest, EveryTamperingIsFoundByTheLivingWriter) {
  struct Case {
    const char* name;
    void (*attack)(const std::string& file);
  };
  const Case kCases[] = {
      {"append",
       [](const std::string& f) {
         close(open(f.c_str(), O_WRONLY));
         std::string s = *ReadFile(f) + "x";
         (void)WriteFile(f, s);
       }},
      {"truncate", [](const std::string& f) { ASSERT_EQ(truncate(f.c_str(), 100), 0); }},
      {"rewrite",
       [](const std::string& f) {
         std::string s = *ReadFile(f);
         s[s.size() / 2] = static_cast<char>(s[s.size() / 2] ^ 1);
         (void)WriteFile(f, s);
       }},
      {"replace",
       [](const std::string& f) {
         const std::string s = *ReadFile(f);
         unlink(f.c_str());
         (void)WriteFile(f, s);
       }},
      {"link", [](const std::string& f) { ASSERT_EQ(link(f.c_str(), (f + ".link").c_str()), 0); }},
      {"delete", [](const std::string& f) { unlink(f.c_str()); }},
      {"consistent",
       [](const std::string& f) {
         // The last record's path with its checksum made to fit: the file is sound by itself.
         std::string s = *ReadFile(f);
         size_t at = kHeaderSize, last = at;
         uint32_t seed = LoadLittle32(s.data() + kHeaderSize - 4), crc = seed;
         while (at < s.size()) {
           last = at;
           seed = crc;
           crc = LoadLittle32(s.data() + at + 4);
           at += kFrameHeaderSize + (LoadLittle32(s.data() + at) & 0xffffffu);
         }
         s.back() = static_cast<char>(s.back() ^ 2);
         StoreLittle32(FrameChecksum(seed, absl::string_view(s).substr(last)), s.data() + last + 4);
         (void)WriteFile(f, s);
       }},
  };
  for (const Case& c : kCases) {
    auto writer = Open(c.name);
    // More than a tail holds: some of it stands in the file.
    for (uint64_t n = 0; n < 5000; ++n) writer->Append(SomeAccess(n));
    c.attack(File(c.name));
    EXPECT_THAT(writer->Seal(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("tampered with"))) << c.name;
  }
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

TEST_F(LogTest, AMissingSegmentIsMissed) {
  auto a = Open("a");
  auto b = Open("b");
  a->Append(RunEnd{1, 0, 2});
  ASSERT_OK(a->Seal());
  ASSERT_OK(b->Seal());
  EXPECT_THAT(Read().tears, IsEmpty());
  unlink(File("b").c_str());
  ASSERT_THAT(Read().tears, SizeIs(1));
  EXPECT_THAT(Read().tears[0].reason, HasSubstr("2 segments, 1 are there"));
}

TEST_F(LogTest, WhatIsNoFileHoldsNobodyUp) {
  ASSERT_EQ(mkfifo(File("fifo").c_str(), 0600), 0);
  ASSERT_OK(Open("a")->Seal());
  ASSERT_THAT(Read().tears, SizeIs(1));
  EXPECT_EQ(Read().tears[0].reason, "no regular file");
}

// Neither a segment nor its tail may lead the reader elsewhere or hold it up.
TEST_F(LogTest, NothingIsFollowedOutOfTheRun) {
  ASSERT_OK_AND_ASSIGN(const TempDir elsewhere, TempDir::Create("log-test-else"));
  ASSERT_OK_AND_ASSIGN(auto other, SegmentWriter::Create(elsewhere.path(), "x"));
  for (uint64_t n = 0; n < 10; ++n) other->Append(SomeAccess(n));
  ASSERT_OK(Open("a")->Seal());
  const std::string away = absl::StrCat(elsewhere.path(), "/x");
  ASSERT_EQ(symlink((away + ".gbx").c_str(), File("link").c_str()), 0);
  ASSERT_EQ(mkdir(File("folder").c_str(), 0700), 0);
  // The segment itself stands here, and its end is to be had elsewhere, or from nobody.
  for (const char* name : {"m", "n"}) std::filesystem::copy_file(away + ".gbx", File(name));
  ASSERT_EQ(symlink((away + ".tail").c_str(), (dir_->path() + "/m.tail").c_str()), 0);
  ASSERT_EQ(mkfifo((dir_->path() + "/n.tail").c_str(), 0600), 0);
  const Log log = Read();
  EXPECT_THAT(log.records, IsEmpty());
  ASSERT_THAT(log.tears, SizeIs(4));
  for (const Tear& tear : log.tears) EXPECT_THAT(tear.reason, HasSubstr("no regular file")) << tear.segment;
}

TEST_F(LogTest, ASegmentIsNamedInsideItsRun) {
  for (const std::string& name : {std::string(), std::string("."), std::string(".."), std::string("../x"),
                                  std::string("a/b"), std::string(".hidden"), std::string("a\0b", 3)}) {
    EXPECT_THAT(SegmentWriter::Create(dir_->path(), name),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no name for a log segment")))
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

}  // namespace
}  // namespace glovebox::access
