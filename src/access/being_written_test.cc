// A run is read while somebody writes it: what is not sealed yet is told from what a dead writer left.
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "access/action_table.h"
#include "access/log.h"
#include "access/log_test_fixture.h"
#include "access/run_files.h"
#include "access/segment_list.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"

namespace glovebox::access {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr char kStillWritten[] = "not sealed: still being written";

class BeingWrittenTest : public LogTest {
 protected:
  static Tear TearOf(const Log& log, const std::string& segment) {
    for (const Tear& tear : log.tears) {
      if (tear.segment == segment) return tear;
    }
    ADD_FAILURE() << "no tear in " << segment;
    return {};
  }
  void ExpectStillWritten(const Log& log, const std::string& segment) {
    const Tear tear = TearOf(log, segment);
    EXPECT_EQ(tear.reason, kStillWritten) << segment;
    EXPECT_TRUE(tear.being_written && !tear.is_damage()) << segment;
    EXPECT_TRUE(log.being_written);
  }
  void ExpectDamage(const Log& log, const std::string& segment, const std::string& reason) {
    const Tear tear = TearOf(log, segment);
    EXPECT_THAT(tear.reason, HasSubstr(reason)) << segment;
    EXPECT_TRUE(tear.is_damage()) << segment;
  }
  // A process of its own that is stopped inside `write`.
  template <typename Write>
  pid_t StoppedChild(Write write) {
    const pid_t child = fork();
    if (child == 0) {
      write();
      _exit(1);
    }
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, WUNTRACED), child);
    EXPECT_TRUE(WIFSTOPPED(status)) << "it ended by itself: " << status;
    return child;
  }
  static void Kill(pid_t child) {
    kill(child, SIGKILL);
    EXPECT_EQ(waitpid(child, nullptr, 0), child);
  }
};

TEST_F(BeingWrittenTest, ARunThatGoesOnIsToldFromOneWhoseWriterIsGone) {
  auto writer = Open("a");
  writer->Append(SomeAccess(1));
  ExpectStillWritten(Read(), "a.gbx");
  writer.reset();
  const Log after = Read();
  EXPECT_FALSE(after.being_written);
  ExpectDamage(after, "a.gbx", "not sealed: its writer was killed");
}

// As launchers on their own: each has its segment, all of them one run.
TEST_F(BeingWrittenTest, AKilledWriterIsSaidWhileAnotherLives) {
  const pid_t child = StoppedChild([this] {
    auto writer = SegmentWriter::Create(dir_->path(), "b");
    ActionBegin begin;
    begin.action = 7;
    (*writer)->Append(begin);
    raise(SIGSTOP);
  });
  const auto living = Open("a");
  living->Append(SomeAccess(1));
  const Log both = Read();
  ExpectStillWritten(both, "a.gbx");
  ExpectStillWritten(both, "b.gbx");
  EXPECT_EQ(MakeActionTable(both).actions[0].why_incomplete, absl::StrCat("its log is ", kStillWritten));
  Kill(child);
  const Log one = Read();
  ExpectStillWritten(one, "a.gbx");
  ExpectDamage(one, "b.gbx", "not sealed: its writer was killed");
  EXPECT_THAT(one.records, SizeIs(2));
}

// A disk that is full for it and for nobody else.
TEST_F(BeingWrittenTest, AWriterThatTakesNothingMoreIsNoLivingOne) {
  const pid_t child = StoppedChild([this] {
    signal(SIGXFSZ, SIG_DFL);
    const rlimit limit = {200000, 200000};
    setrlimit(RLIMIT_FSIZE, &limit);
    auto writer = SegmentWriter::Create(dir_->path(), "a");
    for (uint64_t n = 0; n < 100000 && (*writer)->Append(SomeAccess(n)); ++n) continue;
    raise(SIGSTOP);
    _exit((*writer)->status().ok() ? 0 : 1);  // it lived until here
  });
  const Log log = Read();
  EXPECT_FALSE(log.being_written);
  EXPECT_FALSE(log.tears.empty());
  Kill(child);
}

// Readers, and who would remove old runs, take the run's lock for a moment.
TEST_F(BeingWrittenTest, ALockOfTheRunAloneIsNoWriter) {
  Open("a")->Append(SomeAccess(1));
  ASSERT_OK_AND_ASSIGN(const UniqueFd lock, OpenFile(dir_->path() + "/lock", O_RDWR));
  ASSERT_EQ(flock(lock.get(), LOCK_EX), 0);
  EXPECT_FALSE(Read().being_written);
}

// Nor is it one who can only read the segment.
TEST_F(BeingWrittenTest, ALockForReadingIsNoWriter) {
  Open("a")->Append(SomeAccess(1));
  ASSERT_OK_AND_ASSIGN(const UniqueFd segment, OpenFile(File("a"), O_RDONLY));
  struct flock lock = {};
  lock.l_type = F_RDLCK;
  ASSERT_EQ(fcntl(segment.get(), F_OFD_SETLK, &lock), 0);
  EXPECT_FALSE(Read().being_written);
}

void StopHere(int) { raise(SIGSTOP); }

// From here on the system call stops the caller.
bool StopAt(int number) {
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(number), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program = {sizeof code / sizeof code[0], code};
  signal(SIGSYS, StopHere);
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

// A segment is there before its header is: between the two its writer may wait for the disk.
TEST_F(BeingWrittenTest, ASegmentWithoutItsHeaderYetIsNoDamage) {
  const pid_t child = StoppedChild([this] {
    if (StopAt(SYS_fallocate)) (void)SegmentWriter::Create(dir_->path(), "main");
  });
  Log log = Read();
  ExpectStillWritten(log, "main.gbx");
  Kill(child);
  const auto other = Open("b");
  log = Read();
  ExpectStillWritten(log, "b.gbx");
  ExpectDamage(log, "main.gbx", "its tail is cut");
}

// And before its lock is: then the run's lock must do.
TEST_F(BeingWrittenTest, ASegmentWithoutItsLockYetIsNoDamage) {
  const pid_t child = StoppedChild([this] {
    if (StopAt(SYS_fcntl)) (void)SegmentWriter::Create(dir_->path(), "main");
  });
  ExpectStillWritten(Read(), "main.gbx");
  Kill(child);
  const Log log = Read();
  EXPECT_FALSE(log.being_written);
  ExpectDamage(log, "main.gbx", "empty file");
}

TEST_F(BeingWrittenTest, AnEmptySegmentIsDamageWhereNobodyWrites) {
  ASSERT_OK(Open("a")->Seal());
  ASSERT_OK(WriteFile(File("b"), ""));
  EXPECT_FALSE(Read().being_written);
  ExpectDamage(Read(), "b.gbx", "empty file");
}

// What is in the list has had a header, and perhaps records.
TEST_F(BeingWrittenTest, ASegmentThatWasEmptiedIsDamageWhoeverWrites) {
  ASSERT_OK(Open("a")->Seal());
  const auto living = Open("b");
  ASSERT_EQ(truncate(File("a").c_str(), 0), 0);
  const Log log = Read();
  ExpectDamage(log, "a.gbx", "no action in it could be read");
  ExpectStillWritten(log, "b.gbx");
}

TEST_F(BeingWrittenTest, ASegmentThatIsBegunWhileOthersAreReadIsWhole) {
  const auto writer = Open("a");
  std::vector<Tear> tears;
  CheckSegmentList(dir_->path(), {{"a.gbx", std::nullopt, false}}, &tears);
  EXPECT_THAT(tears, IsEmpty());
}

}  // namespace
}  // namespace glovebox::access
