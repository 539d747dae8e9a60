// What is lost, and what is said, when a writer is killed, a disk is full or somebody changes the files.
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <new>
#include <random>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "access/log.h"
#include "access/log_format.h"
#include "access/log_test_fixture.h"
#include "access/record_codec.h"
#include "access/tail_guard.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "base/test_scale.h"
#include "gtest/gtest.h"

namespace glovebox::access {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(LogTest, WhateverIsCutOffWhatStandsBeforeItIsRead) {
  auto writer = Open("a");
  for (const Record& record : EveryKind(300)) writer->Append(record);
  ASSERT_OK(writer->Seal());
  ASSERT_OK_AND_ASSIGN(const std::string bytes, ReadFile(File("a")));
  const std::vector<Record> all = EveryKind(300);
  for (size_t cut = bytes.size(); cut-- > 0;) {
    if (cut >= 3000 && cut + 1500 < bytes.size() && cut % 7 != 0) continue;
    ASSERT_EQ(truncate(File("a").c_str(), static_cast<off_t>(cut)), 0);
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

TEST_F(LogTest, ATailThatIsCutUnderItsWriterCostsNoRecordAndIsSaid) {
  const std::string tail = absl::StrCat(dir_->path(), "/a.tail");
  for (const off_t size : {0, 1, 100, 4096, 40000}) {
    auto writer = Open("a");
    uint64_t taken = 0;
    while (taken < 100 && writer->Append(SomeAccess(taken))) ++taken;
    ASSERT_EQ(taken, 100u);
    ASSERT_EQ(truncate(tail.c_str(), size), 0);
    while (taken < 20000 && writer->Append(SomeAccess(taken))) ++taken;
    EXPECT_LT(taken, 20000u) << size;
    EXPECT_THAT(std::string(writer->status().message()), HasSubstr("was tampered with: its tail was cut"));
    EXPECT_FALSE(writer->Seal().ok());
    writer.reset();
    const Log log = Read();
    EXPECT_GE(log.records.size(), taken) << size;
    for (size_t i = 0; i < log.records.size(); ++i) ASSERT_EQ(log.records[i], Record(SomeAccess(i)));
    EXPECT_FALSE(log.tears.empty());
    unlink(tail.c_str());
    unlink(File("a").c_str());
  }
}

TEST_F(LogTest, WhatIsWrittenOverATailDoesNotReachTheSegment) {
  auto writer = Open("a");
  for (uint64_t n = 0; n < 100; ++n) ASSERT_TRUE(writer->Append(SomeAccess(n)));
  const int fd = open(absl::StrCat(dir_->path(), "/a.tail").c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  const std::string zeros(4096, '\0');
  EXPECT_EQ(pwrite(fd, zeros.data(), zeros.size(), 0), 4096);
  close(fd);
  ASSERT_OK(writer->Seal());
  const Log log = Read();
  EXPECT_THAT(log.records, SizeIs(100));
  EXPECT_THAT(log.tears, IsEmpty());
}

TEST_F(LogTest, ATailThatIsRemovedOrReplacedUnderItsWriterIsSaid) {
  for (const bool replaced : {false, true}) {
    auto writer = Open("a");
    const std::string tail = absl::StrCat(dir_->path(), "/a.tail");
    ASSERT_TRUE(writer->Append(SomeAccess(0)));
    ASSERT_EQ(unlink(tail.c_str()), 0);
    if (replaced) {
      ASSERT_OK(WriteFile(tail, std::string(65536, '\0')));
    }
    EXPECT_THAT(std::string(writer->Seal().message()),
                HasSubstr(replaced ? "its tail was replaced" : "its tail was removed"));
    writer.reset();
    EXPECT_THAT(Read().records, SizeIs(1)) << "it was written to the segment";
    unlink(tail.c_str());
    unlink(File("a").c_str());
  }
}

TEST(TailGuard, AFaultElsewhereStillEndsTheProcess) {
  ASSERT_OK_AND_ASSIGN(const TempDir dir, TempDir::Create("guard"));
  const std::string path = absl::StrCat(dir.path(), "/f");
  ASSERT_OK(WriteFile(path, std::string(4096, 'x')));
  char other[16];
  const TailGuard guard(other, sizeof other);
  EXPECT_DEATH(
      {
        const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
        auto* memory =
            static_cast<volatile char*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
        if (truncate(path.c_str(), 0) == 0) memory[0] = 1;
        _exit(0);
      },
      "");
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

// What a child appends: every so often a record that is larger than a tail and takes another way.
Record RecordOfRound(uint64_t n) {
  if (n % 500 != 499) return SomeAccess(n);
  ActionBegin begin;
  begin.action = n;
  begin.time_ns = 1000 + n;
  begin.argv = {std::string(100000, static_cast<char>('a' + n % 26))};
  return begin;
}

// Appends for ever; *taken is the number of records that Append() took.
[[noreturn]] void AppendUntilKilled(const std::string& run_dir, const std::string& name,
                                    std::atomic<uint64_t>* taken) {
  auto writer = SegmentWriter::Create(run_dir, name);
  if (!writer.ok()) _exit(2);
  for (uint64_t n = 0;; ++n) {
    if (!(*writer)->Append(RecordOfRound(n))) _exit(1);
    taken->store(n + 1);
  }
}

TEST_F(LogTest, AWriterKilledAtAnyOf200PointsLosesNothingThatItTook) {
  std::mt19937 random(3);
  void* shared = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(shared, MAP_FAILED);
  auto* taken = new (shared) std::atomic<uint64_t>;
  for (size_t round = 0; round < Many(200); ++round) {
    const std::string name = absl::StrCat("k", round);
    // A number of records after which the kill comes, not a time: it does not depend on the machine's load.
    const uint64_t until = random() % 1500;
    taken->store(0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) AppendUntilKilled(dir_->path(), name, taken);
    while (taken->load() <= until && waitpid(child, nullptr, WNOHANG) == 0) sched_yield();
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child) << "it ended by itself";
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    std::vector<Tear> tears;
    uint64_t read = 0;
    const auto take = [&read](const Record& record) { return record == RecordOfRound(read++); };
    ASSERT_OK(ReadSegment(File(name), take, &tears));
    ASSERT_GE(read, taken->load());
    ASSERT_LE(read, taken->load() + 1) << "at most the one that was under way";
    ASSERT_THAT(tears, SizeIs(1)) << "every record was read as it was written, up to the end";
    ASSERT_THAT(tears[0].reason, testing::AnyOf(HasSubstr("not sealed"), HasSubstr("torn record")));
    unlink(File(name).c_str());
  }
  munmap(shared, 4096);
}

void LimitFileSize(rlim_t bytes) {
  signal(SIGXFSZ, SIG_DFL);
  const rlimit limit = {bytes, bytes};
  setrlimit(RLIMIT_FSIZE, &limit);
}

// Appends until it is refused; the records that were taken.
uint64_t Fill(SegmentWriter* writer) {
  uint64_t n = 0;
  while (n < 100000 && writer->Append(SomeAccess(n))) ++n;
  return n;
}

bool Says(const absl::Status& status, const char* what) { return absl::StrContains(status.message(), what); }

int StatusOf(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

// In a child whose files may have 200,000 bytes: a full disk as everybody can have it.
TEST_F(LogTest, AFileSizeLimitIsAnErrorInEveryThreadThatWritesAndLosesNothing) {
  const pid_t child = fork();
  if (child == 0) {
    LimitFileSize(200000);
    std::atomic<bool> right = true;
    std::vector<std::thread> threads;
    for (const char* name : {"a", "b", "c"}) {
      threads.emplace_back([this, name, &right] {
        auto writer = SegmentWriter::Create(dir_->path(), name);
        const uint64_t taken = Fill(writer->get());
        const bool sticky = !(*writer)->Append(SomeAccess(0)) && !(*writer)->Seal().ok();
        if (!sticky || !Says((*writer)->status(), "EFBIG")) right = false;
        // The thread's mask is as it was, and nothing waits to strike it later.
        sigset_t left;
        sigpending(&left);
        if (sigismember(&left, SIGXFSZ) != 0) right = false;
        pthread_sigmask(SIG_SETMASK, nullptr, &left);
        if (sigismember(&left, SIGXFSZ) != 0) right = false;
        uint64_t read = 0;
        std::vector<Tear> tears;
        const auto count = [&read](const Record& record) {
          return std::get<Access>(record) == SomeAccess(read++);
        };
        if (!ReadSegment(File(name), count, &tears).ok() || read != taken || tears.size() != 1) right = false;
      });
    }
    for (std::thread& thread : threads) thread.join();
    _exit(right ? 0 : 1);
  }
  EXPECT_EQ(StatusOf(child), 0);
  EXPECT_GT(Read().records.size(), 3 * 200000u / 40) << "and what the tails held";
}

TEST_F(LogTest, ALogThatCannotBeginLeavesNothingBehind) {
  const pid_t child = fork();
  if (child == 0) {
    LimitFileSize(20000);
    _exit(Says(SegmentWriter::Create(dir_->path(), "a").status(), "EFBIG") ? 0 : 1);
  }
  EXPECT_EQ(StatusOf(child), 0);
  EXPECT_FALSE(FileExists(File("a")));
  EXPECT_FALSE(FileExists(dir_->path() + "/a.tail"));
}

TEST_F(LogTest, ARecordLargerThanATailThatDoesNotFitLosesNothingBeforeIt) {
  const pid_t child = fork();
  if (child == 0) {
    LimitFileSize(200000);
    auto writer = SegmentWriter::Create(dir_->path(), "a");
    for (uint64_t n = 0; n < 100; ++n) (*writer)->Append(SomeAccess(n));
    _exit(!(*writer)->Append(EveryKind(300000)[1]) && Says((*writer)->status(), "EFBIG") ? 0 : 1);
  }
  EXPECT_EQ(StatusOf(child), 0);
  EXPECT_THAT(Read().records, SizeIs(100));
  ASSERT_THAT(Read().tears, SizeIs(1));
  EXPECT_EQ(Read().tears[0].reason, "torn record");
}

// Without random numbers there is no key, and no log that could be believed.
TEST_F(LogTest, NoLogIsBegunWithAKeyThatCanBeGuessed) {
  const pid_t child = fork();
  if (child == 0) {
    sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getrandom, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program = {sizeof code / sizeof code[0], code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
      _exit(77);
    _exit(Says(SegmentWriter::Create(dir_->path(), "a").status(), "getrandom") ? 0 : 1);
  }
  const int status = StatusOf(child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << "no seccomp filter here";
  EXPECT_EQ(status, 0);
  EXPECT_FALSE(FileExists(File("a")));
}

// A disk that really is full: a small tmpfs in a mount namespace of its own.
TEST_F(LogTest, AFullTmpfsLosesNoRecordThatWasTaken) {
  const pid_t child = fork();
  if (child == 0) {
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("small", dir_->path().c_str(), "tmpfs", 0, "size=300k") != 0) {
      _exit(77);
    }
    auto writer = SegmentWriter::Create(dir_->path(), "a");
    const uint64_t taken = Fill(writer->get());
    const auto log = ReadLog(dir_->path());
    const bool whole = log.ok() && log->records.size() == taken && log->tears.size() == 1;
    const bool late = SegmentWriter::Create(dir_->path(), "b").ok();
    _exit(whole && taken > 1000 && Says((*writer)->status(), "ENOSPC") && !late ? 0 : 1);
  }
  const int status = StatusOf(child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << "mounting is not allowed here";
  EXPECT_EQ(status, 0);
}

// As a kill between the write of a large record and the tail's word leaves them.
TEST_F(LogTest, AKillAfterALargeRecordWasWrittenIsNoDamage) {
  auto writer = Open("a");
  const std::vector<Record> all = EveryKind(300000);
  writer->Append(SomeAccess(0));
  ASSERT_OK_AND_ASSIGN(std::string tail, ReadFile(dir_->path() + "/a.tail"));
  const uint64_t before = LoadLittle32(tail.data());  // the length: nothing was flushed yet
  writer->Append(all[1]);
  writer.reset();
  ASSERT_OK_AND_ASSIGN(tail, ReadFile(dir_->path() + "/a.tail"));
  const uint64_t word = before << 24;
  memcpy(tail.data(), &word, sizeof word);
  ASSERT_OK(WriteFile(dir_->path() + "/a.tail", tail));
  EXPECT_THAT(Read().records, SizeIs(2));
  EXPECT_THAT(Read().tears[0].reason, HasSubstr("not sealed"));
  ASSERT_EQ(truncate(File("a").c_str(), static_cast<off_t>(before) + 1000), 0);
  EXPECT_THAT(Read().records, SizeIs(1));
  EXPECT_EQ(Read().tears[0].reason, "torn record");
}

TEST_F(LogTest, ADamagedTailHidesNothingThatStandsBeforeItAndIsNotTakenForAKill) {
  auto writer = Open("whole");
  for (uint64_t n = 0; n < 5000; ++n) writer->Append(SomeAccess(n));
  writer.reset();
  ASSERT_OK_AND_ASSIGN(const std::string segment, ReadFile(File("whole")));
  ASSERT_OK_AND_ASSIGN(const std::string tail, ReadFile(dir_->path() + "/whole.tail"));
  std::string lying = tail;
  lying[2] = '\xff';  // a length of 16 MiB
  const struct {
    const char* why;
    std::string segment, tail;
  } kCases[] = {
      {"its tail is cut", segment, tail.substr(0, 4)},
      {"its tail is cut", segment, tail.substr(0, 100)},
      {"its tail is too long", segment, tail + "x"},
      {"impossible length", segment, lying},
      {"bytes behind its tail", segment + std::string(70000, 'x'), tail},
      {"cut before its tail", segment.substr(0, segment.size() - 1), tail},
      {"cut before its tail", segment.substr(0, segment.size() / 2), tail},
  };
  for (const auto& c : kCases) {
    ASSERT_OK(WriteFile(File("whole"), c.segment));
    ASSERT_OK(WriteFile(dir_->path() + "/whole.tail", c.tail));
    const Log log = Read();
    EXPECT_GT(log.records.size(), segment.size() / 2 / 40) << c.why;
    for (size_t i = 0; i < log.records.size(); ++i)
      ASSERT_EQ(std::get<Access>(log.records[i]), SomeAccess(i));
    ASSERT_THAT(log.tears, SizeIs(1)) << c.why;
    EXPECT_THAT(log.tears[0].reason, HasSubstr(c.why));
  }
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

TEST_F(LogTest, AMissingSegmentIsMissed) {
  auto a = Open("a");
  auto b = Open("b");
  a->Append(RunEnd{1, 0, 2});
  ASSERT_OK(a->Seal());
  ASSERT_OK(b->Seal());
  EXPECT_THAT(Read().tears, IsEmpty());
  unlink(File("b").c_str());
  ASSERT_THAT(Read().tears, SizeIs(1));
  EXPECT_THAT(Read().tears[0].reason, HasSubstr("first b.gbx"));
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

}  // namespace
}  // namespace glovebox::access
