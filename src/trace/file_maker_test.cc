// What the supervisor makes in a program's place, against what the kernel makes of the same calls.
#include "trace/file_maker.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"
#include "trace/making_ruler.h"
#include "trace/runner_fixture.h"

namespace glovebox::trace {
namespace {

class FileMakerTest : public RunnerFixture {
 protected:
  // Everything is made by the supervisor, or nothing: the same capabilities in both.
  RunRequest Enforced(std::vector<std::string> argv, bool making) {
    RunRequest request = Shell("");
    request.argv = std::move(argv);
    request.policy.mode = policy::Mode::kEnforce;
    if (making)
      request.policy.paths.push_back({policy::PathAccess::kHidden, "/nonexistent/hidden", {"g.toml", 1, 1}});
    return request;
  }
  RunRequest Script(const std::string& script) {
    return Enforced({"/bin/sh", "-c", absl::StrCat("cd ", dir_->path(), " && ", script)}, true);
  }
  int StatusOf(const RunRequest& request) {
    const auto outcome = RunSupervised(request);
    EXPECT_OK(outcome);
    if (!outcome.ok()) return -1;
    EXPECT_EQ(outcome->end.kind, access::ActionEnd::Kind::kExited) << outcome->end.step;
    return outcome->end.status;
  }
  std::string Random(int seed, bool making, int count) {
    const std::string work = Path(absl::StrCat(making ? "made" : "plain", seed));
    const std::string out = work + ".txt";
    const std::string line =
        absl::StrCat("mkdir -m 700 ", work, " && cd ", work, " && exec ",
                     ForEverybody(GLOVEBOX_MAKER_PROBE, dir_->path()), " ", seed, " ", count, " > ", out);
    EXPECT_EQ(chmod(dir_->path().c_str(), 0777), 0);
    // As root it becomes another user first: random calls are no affair of root's.
    EXPECT_EQ(RunAs(OrdinaryUser(), Enforced({"/bin/sh", "-c", line}, making)), 0);
    auto text = ReadFile(out);
    EXPECT_OK(text);
    return text.ok() ? *text : "";
  }
};

TEST_F(FileMakerTest, GivesWhatTheKernelGives) {
  const char* const more = getenv("GLOVEBOX_TEST_SEEDS");
  const int seeds = more != nullptr ? atoi(more) : 4;
  for (int seed = 1; seed <= seeds; ++seed) {
    const std::vector<std::string> plain = absl::StrSplit(Random(seed, false, 1500), '\n');
    const std::vector<std::string> made = absl::StrSplit(Random(seed, true, 1500), '\n');
    ASSERT_GT(plain.size(), 1500u);
    // The directory's own name is the one difference.
    const auto same = [&](std::string a, std::string b) {
      const size_t at = b.find("/made");
      if (at != std::string::npos) b.replace(at, 5, "/plain");
      const size_t again = b.find("/made");
      if (again != std::string::npos) b.replace(again, 5, "/plain");
      return a == b;
    };
    for (size_t i = 0; i < plain.size(); ++i) {
      ASSERT_LT(i, made.size());
      ASSERT_TRUE(same(plain[i], made[i])) << "seed " << seed << " line " << i << "\n"
                                           << plain[i] << "\n"
                                           << made[i];
    }
  }
}

TEST_F(FileMakerTest, IsOnRecordAsMade) {
  ASSERT_EQ(StatusOf(Script("echo x > new && cat new > /dev/null && mv new old && ! cat gone 2>/dev/null")),
            0);
  const auto made = sink_.Of(Op::kOpen, Path("new"));
  ASSERT_EQ(made.size(), 2u);
  EXPECT_EQ(made[0].decision, access::Decision::kEmulated);
  EXPECT_EQ(made[0].sight, access::Sight::kObserved);
  EXPECT_EQ(made[0].result, access::Result::kCreated);
  const auto gone = sink_.Of(Op::kOpen, Path("gone"));
  ASSERT_EQ(gone.size(), 1u);
  EXPECT_EQ(gone[0].result, access::Result::kAbsent);
}

TEST_F(FileMakerTest, AnOpenOfAFifoHoldsUpNobody) {
  EXPECT_EQ(StatusOf(Script("mkfifo p && { cat p > got & echo there > p; wait $!; } && "
                            "test \"$(cat got)\" = there")),
            0);
}

TEST_F(FileMakerTest, AFifoHasNoReaderThatIsDead) {
  // `cat` is killed in its open; nobody reads then, so that an open for writing that does not wait says
  // ENXIO.
  EXPECT_EQ(StatusOf(Script("mkfifo p && { cat p & sleep 0.1; kill -9 $!; wait $!; sleep 0.2; "
                            "! dd if=/dev/zero of=p count=1 oflag=nonblock conv=notrunc 2>err; } && "
                            "grep -q 'No such device or address' err")),
            0);
}

TEST_F(FileMakerTest, OpensTheCallersOwnFilesOfProcfsAndNoOthers) {
  EXPECT_EQ(StatusOf(Script("read x < /proc/self/maps && cat /proc/self/cmdline > /dev/null && "
                            "cat /proc/$$/status > /dev/null && echo y > f && exec 5<f && "
                            "read z < /proc/self/fd/5 && test $z = y && read z < /dev/fd/5 && test $z = y")),
            0);
  EXPECT_NE(StatusOf(Script(absl::StrCat("cat /proc/", getpid(), "/environ > /dev/null 2>&1"))), 0);
  // Not even by a thread's number, which no listing shows.
  std::atomic<pid_t> tid{0};
  std::thread other([&] {
    tid = gettid();
    while (tid != 0) usleep(1000);
  });
  while (tid == 0) usleep(1000);
  EXPECT_NE(StatusOf(Script(absl::StrCat("cat /proc/", tid.load(), "/environ > /dev/null 2>&1"))), 0);
  tid = 0;
  other.join();
  const UniqueFd secret(memfd_create("secret", MFD_CLOEXEC));
  EXPECT_NE(StatusOf(Script(absl::StrCat("cat /proc/", getpid(), "/fd/", secret.get(), " 2>/dev/null"))), 0);
}

TEST_F(FileMakerTest, TakesTheCallersUmask) {
  EXPECT_EQ(StatusOf(Script(
                "umask 077 && : > a && umask 002 && : > b && mkdir c && "
                "test $(stat -c %a a) = 600 && test $(stat -c %a b) = 664 && test $(stat -c %a c) = 775")),
            0);
}

TEST_F(FileMakerTest, FindsWhatTheCallersCapabilitiesLetItFind) {
  if (geteuid() != 0) GTEST_SKIP() << "an ordinary user has none to go without";
  ASSERT_EQ(mkdir(Path("theirs").c_str(), 0700), 0);
  ASSERT_OK(WriteFile(Path("theirs/file"), "x"));
  ASSERT_EQ(chown(Path("theirs").c_str(), kNobody, kNobody), 0);
  const std::string script =
      "! cat theirs/file && ! mkdir theirs/new && ! mv theirs/file here && cat own && test ! -e theirs/file";
  ASSERT_OK(WriteFile(Path("own"), ""));
  EXPECT_EQ(StatusOf(Script(script)), 0);
  RunRequest capable = Script("cat theirs/file && mkdir theirs/new && mv theirs/file here");
  capable.policy.keep_capabilities = {"cap_dac_override"};
  EXPECT_EQ(StatusOf(capable), 0);
}

TEST_F(FileMakerTest, SaysThatTheTableOfDescriptorsIsFull) {
  EXPECT_EQ(StatusOf(Script("ulimit -n 4; ! (exec 3< /dev/null; cat < /dev/null) 2>/dev/null")), 0);
}

TEST_F(FileMakerTest, MakesOnlyWhatAPolicyDeniesBelowAGrant) {
  policy::Policy policy = policy::DefaultPolicy(policy::Role::kRun);
  policy.paths.push_back({policy::PathAccess::kAppend, "/x/*.log", {}});
  EXPECT_EQ(MakingOf({&policy}), Making::kNothing);  // report
  policy.mode = policy::Mode::kEnforce;
  EXPECT_EQ(MakingOf({&policy}), Making::kWrites);
  policy::Policy inner = policy::DefaultPolicy(policy::Role::kTest);
  inner.mode = policy::Mode::kEnforce;
  EXPECT_EQ(MakingOf({&inner}), Making::kNothing);
  inner.strict_inputs = true;
  EXPECT_EQ(MakingOf({&inner, &policy}), Making::kAll);
}

}  // namespace
}  // namespace glovebox::trace
