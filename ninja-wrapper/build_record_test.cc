#include "build_record.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"
#include "kernel/landlock.h"

namespace glovebox::ninja {
namespace {

TEST(BuildRecord, TheSummaryCountsOneAsOne) {
  trace::CollectorSummary one;
  one.actions = one.complete = one.accesses = one.holes = 1;
  one.left_over = {"7 /bin/sleep"};
  EXPECT_EQ(SummaryLine(one, "/b"),
            "glovebox: 1 action: 1 seen in full, 1 access, 1 hole, 1 process outlived its command - report: "
            "glovebox report -C /b");
  EXPECT_THAT(SummaryLine(one, "/b", "2 findings (1 error, 1 warning)"),
              testing::HasSubstr(", 2 findings (1 error, 1 warning) - report: "));
  trace::CollectorSummary many;
  many.actions = 1234;
  many.complete = 1232;
  many.accesses = 5000;
  many.holes = 2;
  many.left_over = {"7 /bin/sleep", "8 /bin/sleep"};
  many.log = absl::DataLossError("access log /s\n was tampered with");
  EXPECT_EQ(SummaryLine(many, "/b\n"),
            "glovebox: 1,234 actions: 1,232 seen in full, 2 incomplete, 5,000 accesses, 2 holes, 2 processes "
            "outlived their commands, the log is not whole (access log /s\\n was tampered with) - report: "
            "glovebox report "
            "-C $'/b\\n'");
  EXPECT_THAT(SummaryLine(one, "/sp ace's (x) $HOME/mb"),
              testing::EndsWith(R"( -C '/sp ace'\''s (x) $HOME/mb')"));
}

TEST(BuildRecord, AnErrorIsOneLineThatNamesItsCause) {
  ASSERT_OK_AND_ASSIGN(const TempDir dir, TempDir::Create("build-record"));
  ASSERT_OK(WriteFile(dir.path() + "/build.ninja", "rule r\n  command = true\nbuild a: r\n"));
  const std::string command =
      absl::StrCat("cd ", ShellQuote(dir.path()), " && GLOVEBOX_STATE_DIR=", ShellQuote("st\n\\"), " ",
                   ShellQuote(GLOVEBOX_NINJA_PROGRAM), " 2>&1");
  FILE* pipe = popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  char output[4096];
  const size_t size = fread(output, 1, sizeof output, pipe);
  const int status = pclose(pipe);
  const std::string said(output, size);
  EXPECT_EQ(WEXITSTATUS(status), 3) << said;
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
  EXPECT_THAT(said, testing::StartsWith("glovebox-ninja: GLOVEBOX_STATE_DIR=st\\n\\\\ is no absolute path"));
  EXPECT_THAT(said, testing::HasSubstr("nothing was built"));
}

TEST(BuildRecord, ALogThatAnEdgeTookAwayIsToldAndTheBuildSucceeds) {
  if (system("command -v ninja >/dev/null") != 0) GTEST_SKIP() << "no ninja here";
  ASSERT_OK_AND_ASSIGN(const TempDir dir, TempDir::Create("build-record"));
  const std::string state = dir.path() + "/state";
  const std::string build = dir.path() + "/build";
  ASSERT_OK(MakeDirectories(build));
  const std::string build_it =
      absl::StrCat("cd ", ShellQuote(build), " && GLOVEBOX_STATE_DIR=", ShellQuote(state), " ",
                   ShellQuote(GLOVEBOX_NINJA_PROGRAM), " -v 2>&1; echo exit $?");
  const auto build_with = [&](const std::string& command) {
    EXPECT_OK(WriteFile(build + "/build.ninja",
                        absl::StrCat("rule r\n  command = ", command, "\nbuild a: r\nbuild b: r | a\n")));
    FILE* pipe = popen(build_it.c_str(), "r");
    std::string said;
    char part[4096];
    for (size_t n; (n = fread(part, 1, sizeof part, pipe)) > 0;) said.append(part, n);
    pclose(pipe);
    return said;
  };
  const std::string before = build_with("true old");
  if (before.find(" seen in full") == std::string::npos)
    GTEST_SKIP() << "nothing is recorded here: " << before;
  const std::string lost = build_with(absl::StrCat("rm -rf ", state, "/*/2*"));
  EXPECT_THAT(lost, testing::HasSubstr("2 actions: 0 seen in full, 2 incomplete"));
  EXPECT_THAT(lost, testing::HasSubstr("was removed while the build ran"));
  EXPECT_THAT(lost, testing::HasSubstr("exit 0\n"));
  const std::string led = build_with(absl::StrCat("rm ", state, "/*/latest; true"));
  EXPECT_THAT(led, testing::HasSubstr("it leads to this run again\n"));
  EXPECT_THAT(led, testing::HasSubstr("2 actions: 2 seen in full"));
}

// The edge's program is one that asks for true names.
TEST(BuildRecord, LevelFullGivesTheLibraryAndTheOthersDoNot) {
  ASSERT_OK_AND_ASSIGN(const TempDir dir, TempDir::Create("build-record"));
  ASSERT_OK(MakeDirectories(dir.path() + "/b"));
  ASSERT_OK(WriteFile(dir.path() + "/b/build.ninja",
                      absl::StrCat("rule r\n  command = ", GLOVEBOX_SHIM_PROBE, " loaded -\nbuild a: r\n")));
  const auto build_at = [&](const std::string& level) {
    return system(absl::StrCat("cd ", ShellQuote(dir.path() + "/b"), " && GLOVEBOX_STATE_DIR=",
                               ShellQuote(dir.path()), "/state ", ShellQuote(GLOVEBOX_NINJA_PROGRAM),
                               " --glovebox-level=", level, " >../said 2>&1")
                      .c_str());
  };
  EXPECT_EQ(build_at("full"), 0) << ReadFile(dir.path() + "/said").value_or("");
  EXPECT_NE(build_at("strict"), 0);
  EXPECT_NE(build_at("open"), 0);
}

class PolicyOfABuild : public testing::Test {
 protected:
  void SetUp() override {
    if (system("command -v ninja >/dev/null") != 0) GTEST_SKIP() << "no ninja here";
    auto dir = TempDir::Create("build-record");
    ASSERT_OK(dir);
    dir_.emplace(*std::move(dir));
    for (const char* name : {"/src", "/b"}) ASSERT_OK(MakeDirectories(dir_->path() + name));
    ASSERT_OK(WriteFile(dir_->path() + "/b/build.ninja",
                        "rule r\n  command = echo \"$$MARK\" > out\nbuild out: r\n"));
    ASSERT_OK(WriteFile(dir_->path() + "/b/CMakeCache.txt",
                        absl::StrCat("CMAKE_HOME_DIRECTORY:INTERNAL=", dir_->path(), "/src\n")));
  }
  // What the edge saw; what was said goes to `said`, with the exit status.
  std::string Build(const std::string& options) {
    unlink((dir_->path() + "/b/out").c_str());
    (void)system(absl::StrCat("cd ", ShellQuote(dir_->path()),
                              " && env -u GLOVEBOX_POLICY -u GLOVEBOX_LEVEL "
                              "GLOVEBOX_STATE_DIR=",
                              ShellQuote(dir_->path()), "/state ", options,
                              " >said 2>&1; echo exit $? >>said")
                     .c_str());
    return ReadFile(dir_->path() + "/b/out").value_or("not built");
  }
  std::string Said() const { return ReadFile(dir_->path() + "/said").value_or(""); }
  void Policy(const std::string& name, const std::string& text) {
    ASSERT_OK(WriteFile(dir_->path() + name, text));
  }
  const std::string ninja_ = absl::StrCat(ShellQuote(GLOVEBOX_NINJA_PROGRAM), " -C b ");

 private:
  std::optional<TempDir> dir_;
};

TEST_F(PolicyOfABuild, IsTheFileAtTheTopOfTheSourceTreeUnlessAnotherIsNamed) {
  EXPECT_EQ(Build(ninja_), "\n") << Said();
  Policy("/src/glovebox.toml", "[edge]\nvariables.set.MARK = \"source\"\n");
  EXPECT_EQ(Build(ninja_), "source\n") << Said();
  Policy("/named.toml", "[edge]\nvariables.set.MARK = \"named\"\n[compile]\nvariables.set.MARK = \"no\"\n");
  EXPECT_EQ(Build("GLOVEBOX_POLICY=named.toml " + ninja_), "named\n") << Said();
  EXPECT_EQ(Build(ninja_ + "--glovebox-policy named.toml"), "named\n") << Said();
}

TEST_F(PolicyOfABuild, HasRulesForATargetAndForAnOutputThatHoldForTheEdge) {
  const auto manifest = [this](const std::string& rule) {
    Policy("/b/build.ninja",
           absl::StrCat("rule ", rule, "\n  command = echo \"$$MARK\" > out\nbuild out: ", rule, "\n"));
  };
  Policy("/src/glovebox.toml",
         "[[rule]]\ntarget = \"app\"\nvariables.set.MARK = \"by target\"\n"
         "[[rule]]\ntarget = \"other\"\nvariables.set.MARK = \"wrong\"\n");
  for (const char* rule : {"CXX_COMPILER__app_Debug", "CXX_EXECUTABLE_LINKER__app_Debug"}) {
    manifest(rule);
    EXPECT_EQ(Build(ninja_), "by target\n") << Said();
  }
  manifest("CXX_COMPILER__no_Debug");
  EXPECT_EQ(Build(ninja_), "\n") << Said();
  Policy("/src/glovebox.toml", "[[rule]]\nedge = \"o*\"\nvariables.set.MARK = \"by output\"\n");
  EXPECT_EQ(Build(ninja_), "by output\n") << Said();
  Policy("/src/glovebox.toml",
         "[[rule]]\nrole = \"compile\"\nedge = \"o*\"\nvariables.set.MARK = \"inside alone\"\n");
  EXPECT_EQ(Build(ninja_), "\n") << Said();
}

TEST_F(PolicyOfABuild, FindingsAreCountedInTheLineAtTheEnd) {
  Policy("/b/build.ninja", "rule r\n  command = cat /etc/passwd > out\nbuild out: r\n");
  Build(ninja_);
  EXPECT_THAT(Said(), testing::Not(testing::HasSubstr("finding"))) << Said();
  Policy("/src/glovebox.toml", "hidden = [\"/etc/passwd\"]\n");
  Build(ninja_);
  EXPECT_THAT(Said(), testing::HasSubstr(", 1 finding (1 error) - report: glovebox report ")) << Said();
  Policy("/src/glovebox.toml", "hidden = [\"/etc/passwd\"]\n[severity]\nhidden = \"off\"\n");
  Build(ninja_);
  EXPECT_THAT(Said(), testing::Not(testing::HasSubstr("finding"))) << Said();
}

// Where the action around the tests does not keep signals in, each test's own policy does.
TEST_F(PolicyOfABuild, OfItsTestsAFixtureAloneMaySignalWhatIsOutsideOfIt) {
  if (kernel::LandlockAbi() < kernel::kLandlockAbiScope) GTEST_SKIP() << "this kernel has no Landlock scopes";
  Policy("/src/glovebox.toml", "[edge]\nscope-signals = false\n");
  for (const std::string type : {"EXECUTABLE", "fixture", "cleanup"}) {
    Policy("/b/build.ninja",
           absl::StrCat("rule r\n  command = ", GLOVEBOX_LAUNCH, " --role=test --type=", type,
                        " -- sh -c \"kill -0 ", getpid(), "\"; echo $$? > out\nbuild out: r\n"));
    EXPECT_EQ(Build(ninja_), type == "EXECUTABLE" ? "1\n" : "0\n") << type << Said();
  }
}

TEST_F(PolicyOfABuild, ThatIsBrokenIsOneErrorAndNothingIsBuilt) {
  Policy("/src/glovebox.toml", "\nmoed = \"report\"\nraed = []\n");
  EXPECT_EQ(Build(ninja_), "not built");
  EXPECT_THAT(Said(),
              testing::HasSubstr("/src/glovebox.toml:2:1: unknown key \"moed\": did you mean \"mode\"? "
                                 "(and 1 more: glovebox policy check); nothing was built\nexit 2\n"));
  const std::string said = Said();
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 2) << said;
  EXPECT_EQ(Build("GLOVEBOX_POLICY=none.toml " + ninja_), "not built");
  EXPECT_THAT(Said(), testing::HasSubstr("policy file none.toml: it is not there"));
}

TEST_F(PolicyOfABuild, SaysTheRecordLevelUnlessTheCommandLineDoes) {
  Policy("/src/glovebox.toml", "level = \"off\"\n");
  Build(ninja_);
  EXPECT_THAT(Said(), testing::HasSubstr("0 accesses")) << Said();
  Build(ninja_ + "--glovebox-level=open");
  EXPECT_THAT(Said(), testing::Not(testing::HasSubstr(" 0 accesses"))) << Said();
}

}  // namespace
}  // namespace glovebox::ninja
