// The real launcher against a collector made of one thread.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

#include "child/launch_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::child {
namespace {

// What came over the connection is the report of one failed step, and nothing beside it.
void ExpectOneFailure(const std::string& bytes, StepCode code) {
  ASSERT_EQ(bytes.size(), sizeof(StepFailure));
  StepFailure failure;
  memcpy(&failure, bytes.data(), sizeof failure);
  EXPECT_EQ(failure.magic, kFailureMagic);
  EXPECT_EQ(failure.step, static_cast<uint32_t>(code));
}

TEST(Launcher, SaysWhoItIsAndBecomesTheCommand) {
  FakeCollector collector;
  collector.Start();
  const Ended ended = Launch({"--role=compile", "--lang=C", "--target=t", "--out=a.o", "b.o", "--dep=a.d",
                              "--", "sh", "-c", "echo $A $GLOVEBOX_COLLECTOR; exit 9"},
                             {"A=1", "PATH=/bin", "GLOVEBOX_COLLECTOR=" + collector.path()});
  collector.Join();
  EXPECT_EQ(ended.out, "1\n");
  EXPECT_EQ(WEXITSTATUS(ended.status), 9);
  EXPECT_EQ(collector.hello.role, Role::kCompile);
  EXPECT_EQ(collector.hello.output_count, 2u);
  EXPECT_EQ(collector.hello.argv_count, 3u);
  char cwd[4096];
  ASSERT_NE(getcwd(cwd, sizeof cwd), nullptr);
  EXPECT_THAT(collector.strings, testing::ElementsAre(cwd, "t", "", "C", "a.d", "", "", "a.o", "b.o", "sh",
                                                      "-c", "echo $A $GLOVEBOX_COLLECTOR; exit 9"));
  EXPECT_EQ(collector.after, "") << "the connection ends with exec";
}

TEST(Launcher, HandsItsListenerOver) {
  if (!CanListen()) GTEST_SKIP() << "a listener is above us already";
  for (const Strings& role : {Strings{"--role=edge"}, Strings{"--role=test"}}) {
    FakeCollector collector;
    collector.buffer.SetFilter(&ChildPlan::notify_filter, FilterOf(SYS_getpgid, SECCOMP_RET_USER_NOTIF));
    collector.buffer.plan().flags |= kWantListener;
    collector.Start();
    const Ended ended = Launch({role[0], "--", GLOVEBOX_CHILD_PROBE, "call", std::to_string(SYS_getpgid)},
                               {"GLOVEBOX_COLLECTOR=" + collector.path()});
    collector.Join();
    EXPECT_NE(ended.out.find("result 77 errno 0"), std::string::npos) << ended.out;
  }
}

TEST(Launcher, AFailureGoesToTheCollectorAndIsTheExitStatus) {
  FakeCollector collector;
  collector.Start();
  const Ended ended = Launch({"--", "/nonexistent/x"}, {"GLOVEBOX_COLLECTOR=" + collector.path()});
  collector.Join();
  EXPECT_EQ(ended.out, "glovebox: cannot run /nonexistent/x: No such file or directory\n");
  EXPECT_EQ(WEXITSTATUS(ended.status), ENOENT);
  ExpectOneFailure(collector.after, StepCode::kExec);
}

// As execvp: whether PATH's directories are there does not matter.
TEST(Launcher, ANameThatNoDirectoryHoldsIsLookedForNowhere) {
  FakeCollector collector;
  collector.Start();
  const Ended ended = Launch({"--", std::string(NAME_MAX + 1, 'x')},
                             {"PATH=/nonexistent", "GLOVEBOX_COLLECTOR=" + collector.path()});
  collector.Join();
  EXPECT_EQ(WEXITSTATUS(ended.status), ENAMETOOLONG);
  ExpectOneFailure(collector.after, StepCode::kExec);
}

// A socket that came by the number 2 would get the message for people as well.
TEST(Launcher, WithClosedStandardStreamsNoMessageGoesIntoTheConnection) {
  FakeCollector collector;
  collector.Start();
  const Ended ended =
      Launch({"--", "/nonexistent/x"}, {"GLOVEBOX_COLLECTOR=" + collector.path()}, nullptr, [] {
        for (const int stream : {0, 1, 2}) close(stream);
      });
  collector.Join();
  EXPECT_EQ(ended.out, "");
  EXPECT_EQ(WEXITSTATUS(ended.status), ENOENT);
  ExpectOneFailure(collector.after, StepCode::kExec);
}

TEST(Launcher, TheCommandFindsClosedWhatWasClosed) {
  FakeCollector collector;
  collector.Start();
  const Ended ended =
      Launch({"--", GLOVEBOX_CHILD_PROBE}, {"GLOVEBOX_COLLECTOR=" + collector.path()}, nullptr, [] {
        close(0);
        close(2);
      });
  collector.Join();
  EXPECT_EQ(ended.out.find("fd 0\n"), std::string::npos);
  EXPECT_NE(ended.out.find("fd 1\n"), std::string::npos);
  EXPECT_EQ(ended.out.find("fd 2\n"), std::string::npos);
}

// Row 11. Nine is somebody else's, and stays.
TEST(Launcher, TheCommandCannotUseADescriptorThatWasPassedToUs) {
  for (const char* const name : {"GLOVEBOX_LOG_FD", "GLOVEBOX_X_FD", "X_FD"}) {
    FakeCollector collector;
    collector.Start();
    const Ended ended =
        Launch({"--role=edge", "--", "/bin/sh", "-c", "echo nine >&9; echo eight >&8"},
               {std::string(name) + "=8", "GLOVEBOX_COLLECTOR=" + collector.path()}, nullptr, [] {
                 dup2(1, 8);
                 dup2(1, 9);
               });
    EXPECT_EQ(ended.out, *name == 'X' ? "nine\neight\n" : "nine\n/bin/sh: 1: 8: Bad file descriptor\n")
        << name;
  }
}

TEST(Launcher, NorOneOfManyThatWerePassed) {
  constexpr int kFirst = 100, kCount = 150;
  FakeCollector collector;
  collector.Start();
  Strings environment = {"GLOVEBOX_COLLECTOR=" + collector.path()};
  for (int i = 0; i < kCount; ++i) {
    environment.push_back("GLOVEBOX_N" + std::to_string(i) + "_FD=" + std::to_string(kFirst + i));
  }
  const Ended ended = Launch({"--role=edge", "--", "/bin/ls", "/proc/self/fd"}, environment, nullptr, [] {
    for (int i = 0; i <= kCount; ++i) dup2(1, kFirst + i);  // one more than was named
  });
  EXPECT_EQ(ended.status, 0);
  for (int i = 0; i <= kCount; ++i) {
    EXPECT_EQ(ended.out.find("\n" + std::to_string(kFirst + i) + "\n") == std::string::npos, i < kCount)
        << kFirst + i;
  }
}

// Rows 13 and 14.
TEST(Launcher, TheCommandSeesWhatIsHandedThroughAndNothingOfOurs) {
  for (const bool allow_list : {false, true}) {
    FakeCollector collector;
    if (allow_list) collector.buffer.SetEnvironmentRules({"=HANDED", "=REPLACED", "+ADDED=5"});
    collector.Start();
    const Ended ended = Launch({"--role=edge", "--", "/usr/bin/env"},
                               {"A=1", "REPLACED=old", "GLOVEBOX_CHILD_REPLACED=2", "GLOVEBOX_CHILD_HANDED=3",
                                "GLOVEBOX_CHILD_GLOVEBOX_EXPORT=1", "GLOVEBOX_SECRET=1", "GLOVEBOX_X_FD=99",
                                "GLOVEBOX_TEST_DATA=4", "GLOVEBOX_COLLECTOR=" + collector.path()});
    EXPECT_EQ(ended.status, 0);
    Strings lines;
    for (size_t at = 0, end; (end = ended.out.find('\n', at)) != std::string::npos; at = end + 1) {
      lines.push_back(ended.out.substr(at, end - at));
    }
    const Strings with_list = {"REPLACED=2", "HANDED=3", "GLOVEBOX_TEST_DATA=4", "ADDED=5"};
    const Strings without = {"A=1", "REPLACED=2", "HANDED=3", "GLOVEBOX_TEST_DATA=4"};
    EXPECT_THAT(lines, testing::UnorderedElementsAreArray(allow_list ? with_list : without));
  }
}

TEST(Launcher, RunsNothingWhenTheCollectorRefusesOrSendsNoPlan) {
  for (const int kind : {0, 1, 2, 3}) {
    FakeCollector collector;
    if (kind == 0) collector.reply.error = EPERM;
    if (kind == 1) collector.truncated_plan = true;
    if (kind == 2) ++collector.buffer.plan().version;
    if (kind == 3) collector.reply.error = 256;  // no errno; as a status it would be that of success
    if (kind == 3) collector.reason = "since it is so";
    collector.Start();
    const Ended ended = Launch({"--", "/bin/echo", "ran"}, {"GLOVEBOX_COLLECTOR=" + collector.path()});
    collector.Join();
    EXPECT_TRUE(ended.out.starts_with("glovebox: ")) << ended.out;
    EXPECT_EQ(ended.out.find("ran"), std::string::npos);
    if (kind == 3) {
      EXPECT_EQ(ended.out, "glovebox: the collector refuses this action: since it is so\n");
    }
    const int expected[] = {EPERM, EPROTO, EPROTO, ENOSYS};
    EXPECT_EQ(WEXITSTATUS(ended.status), expected[kind]);
  }
}

TEST(Launcher, ATestEndsAsItsProgramDid) {
  FakeCollector collector;
  collector.Start();
  const Ended ended = Launch({"--role=test", "--", "/bin/sh", "-c", "kill -USR1 $$"},
                             {"GLOVEBOX_COLLECTOR=" + collector.path()});
  EXPECT_TRUE(WIFSIGNALED(ended.status));
  EXPECT_EQ(WTERMSIG(ended.status), SIGUSR1);
  EXPECT_EQ(ended.out, "");
}

// A script that is sent signals: it says in a fifo of the file system that its traps are set.
class SignalledTest : public testing::Test {
 protected:
  SignalledTest() {
    unlink(fifo_.c_str());
    EXPECT_EQ(mkfifo(fifo_.c_str(), 0600), 0);
    collector_.buffer.plan().flags = kRestoreSigmask;
    collector_.Start();
  }
  ~SignalledTest() override { unlink(fifo_.c_str()); }
  // Runs `traps`, then waits for some seconds, then says "survived". The launcher gets the signals.
  Ended Run(const std::string& traps, const std::vector<int>& numbers,
            const std::function<void()>& before = nullptr) {
    const std::string wait =
        "; i=0; while [ $i -lt 300 ]; do /bin/sleep 0.01; i=$((i+1)); done; echo survived";
    return Launch(
        {"--role=test", "--", "/bin/sh", "-c", traps + "; echo up > " + fifo_ + wait},
        {"GLOVEBOX_COLLECTOR=" + collector_.path()},
        [&](pid_t pid) {
          const int fd = open(fifo_.c_str(), O_RDONLY);
          EXPECT_EQ(Drain(fd), "up\n");
          close(fd);
          for (const int number : numbers) kill(pid, number);
        },
        before);
  }

 private:
  FakeCollector collector_;
  const std::string fifo_ = collector_.path() + ".fifo";
};

class PassedSignal : public SignalledTest, public testing::WithParamInterface<int> {};

TEST_P(PassedSignal, ReachesTheTestAndTheLauncherEndsAsItDoes) {
  const Ended ended = Run("trap 'echo caught; exit 5' " + std::to_string(GetParam()), {GetParam()});
  EXPECT_EQ(ended.out, "caught\n");
  EXPECT_TRUE(WIFEXITED(ended.status));
  EXPECT_EQ(WEXITSTATUS(ended.status), 5);
}

INSTANTIATE_TEST_SUITE_P(Launcher, PassedSignal,
                         testing::Values(SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGABRT,
                                         SIGPWR),
                         [](const auto& row) { return std::string(sigabbrev_np(row.param)); });

// Signals that are sent together are taken in the order of their numbers: a hang-up would come first.
TEST_F(SignalledTest, WhatTheLaunchersStarterIgnoredIsNotPassedOn) {
  const Ended ended = Run("trap 'echo hangup' HUP; trap 'echo terminated; exit 5' TERM", {SIGHUP, SIGTERM},
                          [] { signal(SIGHUP, SIG_IGN); });
  EXPECT_EQ(ended.out, "terminated\n");
  EXPECT_EQ(WEXITSTATUS(ended.status), 5);
}

class DeadlySignal : public SignalledTest, public testing::WithParamInterface<int> {};

TEST_P(DeadlySignal, ThatEndsTheLauncherLeavesNoTestBehind) {
  const Ended ended = Run(":", {GetParam()});
  EXPECT_EQ(ended.out, "") << "the test went on without anybody who waits for it";
  ASSERT_TRUE(WIFSIGNALED(ended.status));
  EXPECT_EQ(WTERMSIG(ended.status), GetParam());
}

INSTANTIATE_TEST_SUITE_P(Launcher, DeadlySignal, testing::Values(SIGSEGV, SIGPIPE, SIGKILL),
                         [](const auto& row) { return std::string(sigabbrev_np(row.param)); });

TEST(Launcher, RefusesWhatItMust) {
  const Ended exported = Launch({"--", "/bin/echo", "ran"}, {"GLOVEBOX_EXPORT=1"});
  EXPECT_EQ(WEXITSTATUS(exported.status), 2);
  EXPECT_EQ(exported.out,
            "glovebox: GLOVEBOX_EXPORT is set: a launcher that only sets up would make every test pass\n");
  const Ended unreachable = Launch({"--", "/bin/echo", "ran"}, {"GLOVEBOX_COLLECTOR=/nonexistent/s"});
  EXPECT_EQ(WEXITSTATUS(unreachable.status), ENOENT);
  EXPECT_EQ(unreachable.out,
            "glovebox: cannot reach the collector at /nonexistent/s: No such file or directory\n");
  EXPECT_EQ(WEXITSTATUS(Launch({"--role=edge"}, {}).status), 2);
}

TEST(Launcher, ObeysAssignmentsBeforeTheCommandAsAShellDoes) {
  FakeCollector collector;
  collector.Start();
  const Ended ended = Launch({"--role=custom", "--", "A=2", "B=x y", "PATH=/usr/bin:/bin", "sh", "-c",
                              "echo \"$A,$B,$C,${GLOVEBOX_CHILD_A-none}\""},
                             {"A=1", "C=3", "PATH=/nonexistent", "GLOVEBOX_COLLECTOR=" + collector.path()});
  collector.Join();
  EXPECT_EQ(ended.out, "2,x y,3,none\n");
  EXPECT_EQ(collector.hello.argv_count, 3u) << "the program is sh";
}

TEST(Launcher, SaysWhyItCannotRunAWordOfTheShell) {
  for (const char* word : {"cd", ".", "export", "!", "(", "if", "A=1"}) {
    const Ended ended = Launch({"--role=custom", "--", word}, {"PATH=/nonexistent"});
    EXPECT_EQ(WEXITSTATUS(ended.status), 127) << word;
    EXPECT_THAT(ended.out, testing::StartsWith(std::string("glovebox: cannot run ") + word + ": it "));
    EXPECT_THAT(ended.out, testing::HasSubstr("COMMAND sh -c \"...\""));
  }
  const Ended nothing = Launch({"--role=custom", "--", ":", "x"}, {"PATH=/nonexistent"});
  EXPECT_TRUE(WIFEXITED(nothing.status) && WEXITSTATUS(nothing.status) == 0);
  EXPECT_EQ(nothing.out, "");
}

TEST(Launcher, RunsAProgramThatIsNamedAsAWordOfTheShell) {
  std::string directory =
      std::string(getenv("TMPDIR") != nullptr ? getenv("TMPDIR") : "/tmp") + "/gbx-words-XXXXXX";
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  const std::string program = directory + "/cd";
  const int fd = open(program.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
  ASSERT_GE(fd, 0);
  const std::string script = "#!/bin/sh\necho mine\n";
  EXPECT_EQ(write(fd, script.data(), script.size()), static_cast<ssize_t>(script.size()));
  close(fd);
  FakeCollector collector;
  collector.Start();
  const Ended ended = Launch({"--role=custom", "--", "cd", "/"},
                             {"PATH=" + directory, "GLOVEBOX_COLLECTOR=" + collector.path()});
  collector.Join();
  EXPECT_EQ(ended.out, "mine\n");
  unlink(program.c_str());
  rmdir(directory.c_str());
}

TEST(Launcher, RunsCMakesOwnTargetsUnwatched) {
  const Ended ended =
      Launch({"--role=custom", "--out=CMakeFiles/test.util", "--", "sh", "-c", "echo $GLOVEBOX_X"},
             {"PATH=/bin", "GLOVEBOX_X=kept"});
  EXPECT_EQ(ended.out, "kept\n");
}

}  // namespace
}  // namespace glovebox::child
