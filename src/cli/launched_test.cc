// A command or test that is run without a collector: the launcher becomes `glovebox run --launched`.
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/cli_fixture.h"
#include "kernel/landlock.h"

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

TEST_F(LaunchedTest, ItsModeIsTheEnvironments) {
  setenv("GLOVEBOX_MODE", "enforce", 1);
  const Outcome outcome = RunTest({"--", "true"});
  unsetenv("GLOVEBOX_MODE");
  EXPECT_EQ(outcome.exit(), 0) << outcome.err;
  const json report = json::parse(Run({"report", "--json", "-C", Path("build")}).out, nullptr, false);
  EXPECT_EQ(report["actions"][0]["mode"], "enforce");
  EXPECT_THAT(Run({"report", "-C", Path("build")}).out, HasSubstr("seen in full  mode enforce\n"));
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
  setenv("GLOVEBOX_MODE", "nonsense", 1);
  EXPECT_EQ(WTERMSIG(RunTest({"--", "true"}).wait_status), SIGABRT);
  unsetenv("GLOVEBOX_MODE");
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

TEST_F(LaunchedTest, ACommandIsSilentAndGoesIntoTheLooseRun) {
  ASSERT_OK(WriteFile(Path("build/build.ninja"), ""));
  const std::string launcher = Launcher();
  const Outcome first = Run({"--role=compile", "--lang=CXX", "--target=app", "--out=a.o", "a.d",
                             "--new-option", "--", "touch", "a.o"},
                            launcher.c_str());
  EXPECT_EQ(first.exit(), 0) << first.err;
  EXPECT_EQ(first.err, "");
  const Outcome second = Run(
      {"run", "--launched", "--role=link", "--from-the-future=1", "--out=app", "--", "sh", "-c", "exit 5"});
  EXPECT_EQ(second.exit(), 5);
  EXPECT_EQ(second.out + second.err, "");
  const json report = Report();
  ASSERT_EQ(report["actions"].size(), 2u);
  EXPECT_EQ(report["run"]["loose"], true);
  EXPECT_EQ(report["actions"][0]["outputs"], json({"a.o", "a.d"}));
  EXPECT_EQ(report["actions"][0]["role"], "compile");
  EXPECT_EQ(report["actions"][0]["language"], "CXX");
  EXPECT_EQ(report["actions"][1]["role"], "link");
  EXPECT_EQ(report["totals"]["complete_actions"], 2);
  // "app" is the target of the first and the output of the second: the output is meant.
  EXPECT_THAT(Run({"explain", "app"}).out, HasSubstr("#2 app"));
}

TEST_F(LaunchedTest, ItsRunIsThatOfTheBuildItNames) {
  const std::string launcher = Launcher();
  const std::string build = Path("build");
  ASSERT_OK(MakeDirectories(Path("a 100%25;'b")));
  ASSERT_OK(MakeDirectories(build + "/inner"));
  ASSERT_OK(WriteFile(build + "/CMakeCache.txt", ""));
  std::filesystem::create_symlink(build, Path("link"));
  const struct {
    std::string word, build_dir;
  } kCases[] = {
      {Path("a%20100%2525%3B%27b"), Path("a 100%25;'b")},
      {build + "/./inner/", build + "/inner"},
      {Path("link/inner"), build + "/inner"},
      // Not there, or no place at all: where the launcher stands decides.
      {Path("gone"), build},
      {Path("build%"), build},
      {Path("build%2"), build},
      {Path("build%zz"), build},
      {Path("build%00/inner"), build},
      {"build", build},
      {"", build},
  };
  for (const auto& one : kCases) {
    const Outcome outcome =
        Run({absl::StrCat("--build=", one.word), "--role=custom", "--out=", "--", "echo", "hi"},
            launcher.c_str());
    EXPECT_EQ(outcome.out + outcome.err, "hi\n") << one.word;
    const json report = json::parse(Run({"report", "--json", "-C", one.build_dir}).out, nullptr, false);
    ASSERT_TRUE(report.is_object()) << one.word;
    EXPECT_EQ(report["run"]["build_dir"], one.build_dir) << one.word;
    std::filesystem::remove_all(Path("state"));
  }
}

TEST_F(LaunchedTest, StandsAloneWithEveryRole) {
  ASSERT_OK(WriteFile(Path("build/build.ninja"), ""));
  const std::string launcher = Launcher();
  const std::vector<std::string> roles = {"run", "edge", "compile", "link", "custom", "test", "configure"};
  for (const std::string& role : roles) {
    const Outcome outcome = Run({absl::StrCat("--role=", role), "--", "echo", "hi"}, launcher.c_str());
    EXPECT_EQ(outcome.out, "hi\n") << role << outcome.err;
  }
  std::vector<std::string> recorded;
  const json report = Report();
  for (const json& action : report["actions"]) recorded.push_back(action["role"]);
  EXPECT_EQ(recorded, roles);
}

TEST_F(LaunchedTest, OnlyAFixturesSignalsReachProcessesOutsideAndNoneInModeEnforce) {
  if (kernel::LandlockAbi() < kernel::kLandlockAbiScope) GTEST_SKIP() << "this kernel has no Landlock scopes";
  const std::string script = absl::StrCat("kill -0 ", getpid(), " 2> /dev/null");
  EXPECT_EQ(RunTest({"--", "sh", "-c", script}).exit(), 1);
  EXPECT_EQ(RunTest({"--type=EXECUTABLE", "--", "sh", "-c", script}).exit(), 1);
  for (const std::string type : {"--type=fixture", "--type=cleanup"}) {
    EXPECT_EQ(RunTest({type, "--", "sh", "-c", script}).exit(), 0) << type;
    // What was refused is on record, and a test for which something was refused has not passed.
    const Outcome refused = RunTest({type, "--mode=enforce", "--write=/", "--", "sh", "-c", script});
    EXPECT_EQ(WTERMSIG(refused.wait_status), SIGABRT) << type;
    EXPECT_THAT(refused.err, HasSubstr(absl::StrCat("refused: kill of process ", getpid(), " ")));
  }
}

}  // namespace
}  // namespace glovebox::cli
