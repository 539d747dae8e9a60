// What the launcher does that stays beside a command.
#include <signal.h>
#include <sys/wait.h>

#include <cerrno>

#include "child/launch_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::child {
namespace {

using testing::HasSubstr;

Ended RunTest(FakeCollector& collector, const std::string& script, const Strings& options = {}) {
  Strings words = {"--role=test"};
  words.insert(words.end(), options.begin(), options.end());
  for (const char* word : {"--", "/bin/sh", "-c"}) words.emplace_back(word);
  words.push_back(script);
  collector.Start();
  Ended ended = Launch(words, {"PATH=/usr/bin:/bin", "GLOVEBOX_COLLECTOR=" + collector.path()});
  collector.Join();
  return ended;
}

TEST(Stayer, SaysThatItStays) {
  FakeCollector collector;
  RunTest(collector, "exit 0");
  EXPECT_EQ(collector.hello.flags, kHelloStays);
}

TEST(Stayer, PrintsTheVerdictBehindTheOutputAndFailsByASignal) {
  FakeCollector collector;
  collector.text = "glovebox: refused: open /x\n";
  collector.verdict.flags = kVerdictFails;
  const Ended ended = RunTest(collector, "echo output; exit 0");
  EXPECT_EQ(ended.out, "output\nglovebox: refused: open /x\n");
  ASSERT_TRUE(WIFSIGNALED(ended.status));
  EXPECT_EQ(WTERMSIG(ended.status), SIGABRT);
}

TEST(Stayer, ATextAloneChangesNoEnd) {
  FakeCollector collector;
  collector.text = "glovebox: a word\n";
  const Ended ended = RunTest(collector, "exit 7");
  EXPECT_EQ(ended.out, "glovebox: a word\n");
  EXPECT_EQ(WEXITSTATUS(ended.status), 7);
}

// A build that goes on must not take "nobody has said anything" for "all is well".
TEST(Stayer, ASupervisorThatSaysNothingFailsTheTest) {
  FakeCollector collector;
  collector.judges = false;
  const Ended ended = RunTest(collector, "exit 0");
  EXPECT_THAT(ended.out, HasSubstr("gave no verdict"));
  ASSERT_TRUE(WIFSIGNALED(ended.status));
  EXPECT_EQ(WTERMSIG(ended.status), SIGABRT);
}

TEST(Stayer, ANonsensicalVerdictFailsTheTest) {
  FakeCollector collector;
  collector.verdict.magic = 1;
  ASSERT_TRUE(WIFSIGNALED(RunTest(collector, "exit 0").status));
}

TEST(Stayer, ASetUpThatFailsEndsATestByASignal) {
  const struct {
    Strings words, environment;
    bool collects;
  } kCases[] = {
      {{"--role=test", "--", "/nonexistent/x"}, {}, true},
      {{"--role=test", "--", "/bin/true"}, {"GLOVEBOX_COLLECTOR=/nonexistent/s"}, false},
      {{"--role=test", "--", "/bin/true"}, {"GLOVEBOX_EXPORT=1"}, false},
      {{"--role=test"}, {}, false},
      {{"--role=test", "--", "A=1"}, {}, false},
      {{"--role=test", "--"}, {}, false},
  };
  for (const auto& c : kCases) {
    FakeCollector collector;
    Strings environment = c.environment;
    if (c.collects) {
      collector.Start();
      environment.push_back("GLOVEBOX_COLLECTOR=" + collector.path());
    }
    const Ended ended = Launch(c.words, environment);
    EXPECT_TRUE(WIFSIGNALED(ended.status)) << c.words.back() << ended.out;
    EXPECT_EQ(WTERMSIG(ended.status), SIGABRT) << c.words.back();
    EXPECT_THAT(ended.out, HasSubstr("glovebox: "));
  }
}

TEST(Stayer, ACollectorThatRefusesEndsATestByASignal) {
  for (const int kind : {0, 1, 2}) {
    FakeCollector collector;
    if (kind == 0) collector.reply.error = EPERM;
    if (kind == 1) collector.truncated_plan = true;
    if (kind == 2) ++collector.buffer.plan().version;
    const Ended ended = RunTest(collector, "echo ran");
    EXPECT_TRUE(WIFSIGNALED(ended.status)) << kind;
    EXPECT_THAT(ended.out, testing::Not(HasSubstr("ran\n")));
  }
}

TEST(Stayer, EndsWhatATestLeavesBehindAndNamesIt) {
  FakeCollector collector;
  const std::string script = "setsid sleep 1000 > /dev/null 2>&1 & (setsid sleep 1001 > /dev/null 2>&1 &);";
  const Ended ended = RunTest(collector, script + " echo done");
  EXPECT_EQ(ended.out, "done\n");
  EXPECT_EQ(ended.status, 0);
  ASSERT_GE(collector.after.size(), 2 * sizeof(LeftOverNote));
  LeftOverNote left;
  memcpy(static_cast<void*>(&left), collector.after.data(), sizeof left);
  EXPECT_EQ(left.magic, kLeftOverMagic);
  EXPECT_EQ(kill(left.pid, 0), -1) << "it still runs";
  EXPECT_EQ(errno, ESRCH);
  EXPECT_THAT(collector.after, HasSubstr("sleep"));
}

TEST(Stayer, WhatAFixtureLeavesBehindStays) {
  FakeCollector collector;
  const Ended ended = RunTest(collector, "sleep 1000 > /dev/null 2>&1 & echo $!", {"--type=fixture"});
  EXPECT_EQ(ended.status, 0);
  const pid_t pid = std::stoi(ended.out);
  EXPECT_EQ(kill(pid, SIGKILL), 0);
}

TEST(Stayer, GivesATestDirectoriesOfItsOwnAndRemovesThem) {
  FakeCollector collector;
  collector.buffer.plan().flags |= kPrivateTmp | kPrivateHome;
  const Ended ended =
      RunTest(collector,
              "echo $TMPDIR; test $TMPDIR = $TMP && test $HOME != $TMPDIR && mkdir -p $TMPDIR/a/b && "
              "touch $HOME/f && chmod 500 $TMPDIR/a $HOME");
  EXPECT_EQ(ended.status, 0);
  const std::string path = ended.out.substr(0, ended.out.find('\n'));
  EXPECT_THAT(path, testing::StartsWith("/tmp/gb-"));
  EXPECT_NE(access(path.c_str(), F_OK), 0);
}

TEST(Stayer, ATestKeepsItsDirectoriesWithoutThePlan) {
  FakeCollector collector;
  EXPECT_EQ(RunTest(collector, "test -z \"$TMPDIR$HOME\"").status, 0);
}

}  // namespace
}  // namespace glovebox::child
