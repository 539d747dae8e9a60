// A test of CTest's that is run without a collector: the launcher becomes `glovebox run --launched`.
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>

#include "cli/cli_fixture.h"

namespace glovebox::cli {
namespace {

class LaunchedTest : public Cli {
 protected:
  Outcome RunTest(std::vector<std::string> words) {
    words.insert(words.begin(),
                 {"run", "--launched", "--role=test", "--test=a%20name", "--build=" + Path("build")});
    return Run(std::move(words));
  }
};

TEST_F(LaunchedTest, EndsAsItsProgramDidAndIsSilent) {
  const Outcome passed = RunTest({"--", "sh", "-c", "echo out; exit 3"});
  EXPECT_EQ(passed.exit(), 3);
  EXPECT_EQ(passed.out, "out\n");
  EXPECT_EQ(passed.err, "");
  EXPECT_EQ(WTERMSIG(RunTest({"--", "sh", "-c", "kill -SEGV $$"}).wait_status), SIGSEGV);
}

TEST_F(LaunchedTest, ASetUpThatFailsOrALogThatCannotBeBegunEndsItByASignal) {
  const Outcome absent = RunTest({"--", "/nonexistent/x"});
  EXPECT_EQ(WTERMSIG(absent.wait_status), SIGABRT);
  EXPECT_THAT(absent.err, HasSubstr("cannot run"));
  ASSERT_OK(WriteFile(Path("file"), ""));
  setenv("GLOVEBOX_STATE_DIR", Path("file").c_str(), 1);
  EXPECT_EQ(WTERMSIG(RunTest({"--", "true"}).wait_status), SIGABRT);
  setenv("GLOVEBOX_LEVEL", "nonsense", 1);
  EXPECT_EQ(WTERMSIG(RunTest({"--", "true"}).wait_status), SIGABRT);
  unsetenv("GLOVEBOX_LEVEL");
}

TEST_F(LaunchedTest, SaysWhatWasMeasuredWhereItIsAsked) {
  EXPECT_EQ(RunTest({"--", "true"}).out, "");
  setenv("GLOVEBOX_CTEST_MEASUREMENTS", "1", 1);
  EXPECT_THAT(
      RunTest({"--", "echo", "out"}).out,
      testing::StartsWith("out\n<CTestMeasurement type=\"numeric/double\" name=\"glovebox peak memory\">"));
  unsetenv("GLOVEBOX_CTEST_MEASUREMENTS");
}

// What it starts is a server for other tests: it lives on, is supervised, and holds up nobody.
TEST_F(LaunchedTest, WhatAFixtureStartsLivesOn) {
  const std::string script =
      "(while ! test -e stop; do sleep 0.05; done; : > stopped) < /dev/null > /dev/null "
      "2>&1 & exit 5";
  EXPECT_EQ(RunTest({"--type=fixture", "--", "sh", "-c", script}).exit(), 5);
  ASSERT_OK(WriteFile(Path("build/stop"), ""));
  for (int i = 0; i < 500 && !FileExists(Path("build/stopped")); ++i) usleep(20000);
  EXPECT_TRUE(FileExists(Path("build/stopped"))) << "it was ended, or its calls were refused";
}

TEST_F(LaunchedTest, AFixtureThatLeavesNothingEndsAsAnyTest) {
  EXPECT_EQ(RunTest({"--type=fixture", "--", "sh", "-c", "exit 4"}).exit(), 4);
  EXPECT_EQ(WTERMSIG(RunTest({"--type=fixture", "--", "sh", "-c", "kill -SEGV $$"}).wait_status), SIGSEGV);
  EXPECT_EQ(WTERMSIG(RunTest({"--type=fixture", "--", "/nonexistent/x"}).wait_status), SIGABRT);
}

TEST_F(LaunchedTest, IsInTheJUnitFileByItsName) {
  RunTest({"--", "sh", "-c", "exit 3"});
  EXPECT_EQ(Run({"report", "--junit", Path("junit.xml")}).exit(), 0);
  const auto xml = ReadFile(Path("junit.xml"));
  ASSERT_OK(xml);
  EXPECT_THAT(*xml, HasSubstr("<testcase name=\"a name\""));
  EXPECT_THAT(*xml, HasSubstr("exit status 3"));
}

}  // namespace
}  // namespace glovebox::cli
