#include "trace/verdict.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "child/wire.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::trace {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

access::Access Refused(const std::string& path) {
  access::Access access;
  access.op = Op::kOpen;
  access.flags = O_WRONLY | O_CREAT;
  access.path = path;
  access.resolved = path;
  access.exe = "/usr/lib/gcc/cc1";
  access.decision = access::Decision::kDenied;
  access.rule = "outside-write: glovebox.toml:3:1 write";
  return access;
}

TEST(Verdict, NamesEachRuleAndPathOnce) {
  Refusals refusals;
  for (int i = 0; i < 3; ++i) refusals.Add(Refused("/home/u/x"), true);
  refusals.Add(Refused("/home/u/new\nline"), true);
  EXPECT_THAT(
      refusals.lines(),
      ElementsAre(
          "refused: open /home/u/x for writing: outside-write: glovebox.toml:3:1 write; by cc1",
          "refused: open /home/u/new\\nline for writing: outside-write: glovebox.toml:3:1 write; by cc1"));
  EXPECT_TRUE(refusals.fails());
}

TEST(Verdict, NamesAForbiddenCallAndEachProcessThatItIsOf) {
  Refusals refusals;
  access::Access call;
  call.op = Op::kForbidden;
  call.syscall = call.path2 = "bpf";
  call.exe = "/usr/bin/a";
  call.decision = access::Decision::kDenied;
  call.rule = "forbidden-call: built in";
  refusals.Add(call, true);
  call.syscall = "kill";
  call.decision = access::Decision::kKernelDenied;
  for (const char* target : {"process 7 (/bin/b)", "process 7 (/bin/b)", "process 8 (/bin/b)"}) {
    call.path2 = target;
    refusals.Add(call, true);
  }
  EXPECT_THAT(refusals.lines(),
              ElementsAre("refused: bpf: forbidden-call: built in; by a",
                          "refused: kill of process 7 (/bin/b): forbidden-call: built in; by a",
                          "refused: kill of process 8 (/bin/b): forbidden-call: built in; by a"));
}

TEST(Verdict, IsSilentWhereNothingWasRefusedByThePolicy) {
  Refusals refusals;
  access::Access observed = Refused("/x");
  observed.decision = access::Decision::kContinued;  // observe, report: on record only
  refusals.Add(observed, true);
  access::Access built_in = Refused("/x");
  built_in.rule.clear();  // io_uring_setup: programs do without
  refusals.Add(built_in, true);
  const VerdictText verdict = VerdictOf(refusals, {});
  EXPECT_EQ(verdict.text, "");
  EXPECT_FALSE(verdict.fails);
}

TEST(Verdict, ANoteIsSaidOnceAndFailsNothing) {
  Refusals refusals;
  refusals.Note("");
  for (int i = 0; i < 2; ++i) refusals.Note("/bin/a\nb is setuid root");
  const VerdictText verdict = VerdictOf(refusals, {});
  EXPECT_EQ(verdict.text, "glovebox: note: /bin/a\\nb is setuid root\n");
  EXPECT_FALSE(verdict.fails);
  for (size_t i = 0; i < 2 * Refusals::kMaxLines; ++i) refusals.Note(absl::StrCat(i));
  EXPECT_EQ(refusals.notes().size(), Refusals::kMaxLines);
}

TEST(Verdict, SaysHowManyMoreThereWere) {
  Refusals refusals;
  for (size_t i = 0; i < Refusals::kMaxLines + 5; ++i) refusals.Add(Refused(absl::StrCat("/x", i)), true);
  EXPECT_EQ(refusals.lines().size(), Refusals::kMaxLines);
  EXPECT_THAT(VerdictOf(refusals, {}).text, testing::HasSubstr("refused: 5 more"));
}

TEST(Verdict, ALimitFailsInEveryMode) {
  access::ActionEnd end;
  end.limit = "wall clock 10 s";
  const VerdictText verdict = VerdictOf({}, end);
  EXPECT_EQ(verdict.text, "glovebox: ended by its limit: wall clock 10 s\n");
  EXPECT_TRUE(verdict.fails);
}

TEST(Verdict, GoesOverTheConnectionInOnePieceAndToNobodyWithoutASignal) {
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  Refusals refusals;
  refusals.Add(Refused("/x"), true);
  SendVerdict(pair[0], refusals, {}, 7);
  child::Verdict verdict;
  ASSERT_EQ(read(pair[1], &verdict, sizeof verdict), static_cast<ssize_t>(sizeof verdict));
  EXPECT_EQ(verdict.magic, child::kVerdictMagic);
  EXPECT_EQ(verdict.flags, child::kVerdictFails);
  EXPECT_EQ(verdict.accesses, 7u);
  std::string text(verdict.text_size, '\0');
  ASSERT_EQ(read(pair[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  EXPECT_EQ(text, VerdictOf(refusals, {}).text);
  close(pair[1]);
  SendVerdict(pair[0], refusals, {}, 7);
  close(pair[0]);
}

}  // namespace
}  // namespace glovebox::trace
