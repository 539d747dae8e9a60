// Configure steps through the real binaries.
#include <sys/stat.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "cli/cli_fixture.h"

namespace glovebox::cli {
namespace {

constexpr char kProject[] =
    "cmake_minimum_required(VERSION 3.20)\n"
    "project(p NONE)\n"
    "file(READ VERSION version)\n"
    "configure_file(out.in out @ONLY)\n"
    "add_custom_target(all-of-it ALL COMMAND true DEPENDS made)\n"
    "add_custom_command(OUTPUT made COMMAND cat out > made DEPENDS ${CMAKE_BINARY_DIR}/out)\n";
constexpr char kDepends[] = "set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS VERSION)\n";

class CMakeCli : public Cli {
 protected:
  void SetUp() override {
    Cli::SetUp();
    if (std::system("cmake --version > /dev/null 2>&1 && ninja --version > /dev/null 2>&1") != 0)
      GTEST_SKIP() << "no cmake, or no ninja";
    ASSERT_OK(MakeDirectories(Path("src")));
    ASSERT_OK(WriteFile(Path("src/VERSION"), "1.0\n"));
    ASSERT_OK(WriteFile(Path("src/out.in"), "@version@\n"));
    // Whoever runs these tests has settings of their own.
    ASSERT_OK(MakeDirectories(Path("home")));
    const char* home = getenv("HOME");
    home_ = home != nullptr ? home : "";
    setenv("HOME", Path("home").c_str(), 1);
  }
  void TearDown() override {
    if (!home_.empty()) setenv("HOME", home_.c_str(), 1);
  }
  void Project(const std::string& more = "") {
    EXPECT_OK(WriteFile(Path("src/CMakeLists.txt"), absl::StrCat(kProject, more)));
  }
  // In the directory "build", with `options` of ours.
  Outcome Configure(const std::vector<std::string>& options = {}) {
    std::vector<std::string> words = {"cmake"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"-S", Path("src"), "-B", Path("build"), "-G", "Ninja"});
    return Run(words);
  }
  std::string home_;
};

TEST_F(CMakeCli, ACleanStepIsOneLineBehindCMakesOwnOutput) {
  Project(kDepends);
  const Outcome plain = Run({"cmake", "-S", Path("src"), "-B", Path("build"), "-G", "Ninja"}, "/usr/bin/env");
  std::filesystem::remove_all(Path("build"));
  ASSERT_OK(MakeDirectories(Path("build")));
  const Outcome step = Configure();
  EXPECT_EQ(step.exit(), 0);
  if (plain.exit() == 0) {
    EXPECT_EQ(step.out, plain.out);
  }
  EXPECT_THAT(step.err, testing::MatchesRegex("configure: [0-9,]+ files read, no finding\n"));
  EXPECT_EQ(Configure({"-q"}).err, "");
}

TEST_F(CMakeCli, AWarningFailsNothingAndAnErrorDoes) {
  Project();
  const Outcome warned = Configure();
  EXPECT_EQ(warned.exit(), 0);
  EXPECT_THAT(warned.err, HasSubstr("warning[generator-escape]: the configure step reads VERSION, and does "
                                    "not run again when that changes\n  --> CMakeLists.txt:3 file"));
  EXPECT_THAT(warned.err, HasSubstr("read, 1 finding (1 warning)\n"));
  Project(absl::StrCat(kDepends, "file(WRITE ${CMAKE_SOURCE_DIR}/made.h x)\n"));
  const Outcome failed = Configure();
  EXPECT_EQ(failed.exit(), 1);
  EXPECT_THAT(failed.err,
              HasSubstr("error[source-mutation]: the configure step makes made.h in the source tree"));
  EXPECT_EQ(Configure({"-q"}).exit(), 1) << "quiet, and it still fails";
  const Outcome as_json = Configure({"--json"});
  const json report = json::parse(as_json.err, nullptr, false);
  ASSERT_EQ(report["findings"].size(), 1u) << as_json.err;
  EXPECT_EQ(report["findings"][0]["rule"], "source-mutation");
}

TEST_F(CMakeCli, CMakesOwnFailureIsItsExitStatus) {
  Project("message(FATAL_ERROR no)\n");
  const Outcome failed = Configure();
  EXPECT_EQ(failed.exit(), 1);
  EXPECT_THAT(failed.err, HasSubstr("CMake Error"));
  // What the build lists is not known: there is none.
  EXPECT_THAT(failed.err, Not(HasSubstr("generator-escape")));
}

TEST_F(CMakeCli, WhatConfiguresNothingIsAUsageErrorAndIsNotRun) {
  const Outcome build = Run({"cmake", "--build", "."});
  EXPECT_EQ(build.exit(), 2);
  EXPECT_THAT(build.err, HasSubstr("glovebox: cmake: --build configures nothing: glovebox-ninja"));
  EXPECT_EQ(Run({"cmake"}).exit(), 2);
  EXPECT_EQ(Run({"cmake", "--help"}).exit(), 0);
}

TEST_F(CMakeCli, EachWordReachesCMakeAsItIs) {
  ASSERT_OK(WriteFile(Path("cmake"), "#!/bin/sh\nprintf '<%s>' \"$@\"\n"));
  ASSERT_EQ(chmod(Path("cmake").c_str(), 0755), 0);
  const std::string path = absl::StrCat("PATH=", Path(""), ":", getenv("PATH"));
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"-DX=[a,b]", "", "--log-level=DEBUG", "-S", ".", "--", "-q"}, {"--fresh", "-q", "[]"}, {".."}}) {
    std::vector<std::string> all = {path, GLOVEBOX_PROGRAM, "cmake", "-q", "--mode", "observe"};
    std::string want;
    for (const std::string& word : words) absl::StrAppend(&want, "<", word, ">");
    all.insert(all.end(), words.begin(), words.end());
    EXPECT_EQ(Run(all, "/usr/bin/env").out, want);
    all.insert(all.begin() + 6, "--");
    EXPECT_EQ(Run(all, "/usr/bin/env").out, want);
  }
}

TEST_F(CMakeCli, ItIsNotTheLatestRunOfTheBuild) {
  Project();
  const Outcome step = Configure();
  ASSERT_EQ(step.exit(), 0) << step.err;
  EXPECT_THAT(Run({"report"}).err, HasSubstr("no run recorded"));
  // What it has told can be asked for all the same.
  const size_t more = step.err.find("glovebox explain ");
  ASSERT_NE(more, std::string::npos);
  const Outcome explained = Run({"explain", step.err.substr(more + 17, 12)});
  EXPECT_THAT(explained.out, HasSubstr("warning[generator-escape]")) << explained.err;
  ASSERT_EQ(Run({}, GLOVEBOX_NINJA).exit(), 0);
  Configure();
  EXPECT_THAT(Report()["run"]["command"][0].get<std::string>(), HasSubstr("ninja"));
}

TEST_F(CMakeCli, VerifyTellsTheStepThatMadeTheBuildInEachForm) {
  Project("file(WRITE ${CMAKE_SOURCE_DIR}/made.h x)\n");
  EXPECT_EQ(Configure({"-q"}).exit(), 1);
  ASSERT_EQ(Run({}, GLOVEBOX_NINJA).exit(), 0);
  const Outcome verify = Run({"verify", "--sarif", Path("s"), "--html", Path("h"), "--junit", Path("j")});
  EXPECT_EQ(verify.exit(), 1) << verify.err;
  EXPECT_THAT(verify.out, HasSubstr("error[source-mutation]: the configure step makes made.h"));
  EXPECT_THAT(verify.out, HasSubstr("warning[generator-escape]: the configure step reads VERSION"));
  for (const char* name : {"s", "h", "j"}) {
    ASSERT_OK_AND_ASSIGN(const std::string text, ReadFile(Path(name)));
    EXPECT_THAT(text, HasSubstr("the configure step makes made.h")) << name;
  }
  const json report = json::parse(Run({"verify", "--json"}).out);
  EXPECT_EQ(report["findings"].size(), 2u);
  EXPECT_EQ(report["findings"][1]["edges"], json::array({"build.ninja"}));
  EXPECT_EQ(report["findings"][1]["where"], "CMakeLists.txt:3 file");
  // Of a build that was written anew, without a record, that record says nothing.
  ASSERT_EQ(std::system(absl::StrCat("cmake ", Path("build"), " > /dev/null").c_str()), 0);
  EXPECT_EQ(Run({"verify"}).out, "2 edges: 2 proved\n");
}

TEST_F(CMakeCli, APolicyFileOfTheSourceTreeHoldsFromTheFirstStepOn) {
  Project();
  ASSERT_OK(WriteFile(Path("src/glovebox.toml"), "[severity]\ngenerator-escape = \"error\"\n"));
  EXPECT_EQ(Configure().exit(), 1);
  std::filesystem::remove_all(Path("build"));
  ASSERT_OK(MakeDirectories(Path("build")));
  ASSERT_OK(WriteFile(Path("src/glovebox.toml"), "[severity]\ngenerator-escape = \"off\"\n"));
  EXPECT_THAT(Configure().err, HasSubstr("no finding"));
}

TEST_F(CMakeCli, ADirectoryThatIsNotThereYetIsTheBuilds) {
  Project();
  const Outcome step = Run({"cmake", "-S", Path("src"), "-B", Path("new/deep"), "-G", "Ninja"});
  EXPECT_EQ(step.exit(), 0) << step.err;
  EXPECT_THAT(step.err, HasSubstr("1 finding (1 warning)"));
  ASSERT_EQ(Run({"-C", Path("new/deep")}, GLOVEBOX_NINJA).exit(), 0);
  EXPECT_THAT(Run({"verify", Path("new/deep")}).out, HasSubstr("the configure step reads VERSION"));
}

// What is not there can be granted to nobody.
TEST_F(CMakeCli, ADirectoryThatIsNotThereYetIsTheBuildsInModeEnforceToo) {
  Project(kDepends);
  ASSERT_OK(WriteFile(Path("src/glovebox.toml"),
                      "mode = \"enforce\"\n[configure]\nwrite = [\"${build}\", \"/dev/null\"]\n"));
  const Outcome step = Run({"cmake", "-S", Path("src"), "-B", Path("new/deep"), "-G", "Ninja"});
  EXPECT_EQ(step.exit(), 0) << step.err;
  ASSERT_EQ(Run({"-C", Path("new/deep")}, GLOVEBOX_NINJA).exit(), 0);
  // Where CMake has made nothing, nothing is left.
  EXPECT_NE(Run({"cmake", "-S", Path("nowhere"), "-B", Path("other/deep"), "-G", "Ninja"}).exit(), 0);
  EXPECT_FALSE(FileExists(Path("other")));
}

TEST_F(CMakeCli, WhatPolicyInitLearnsOfAStepHoldsForTheNext) {
  Project(kDepends);
  const std::vector<std::string> configure = {"cmake", "-S", Path("src"), "-B", Path("fresh"), "-G", "Ninja"};
  ASSERT_EQ(Run(configure).exit(), 0);
  ASSERT_EQ(Run({"-C", Path("fresh")}, GLOVEBOX_NINJA).exit(), 0);
  const Outcome learned = Run({"policy", "init", "-C", Path("fresh"), "-o", Path("src/glovebox.toml")});
  ASSERT_EQ(learned.exit(), 0) << learned.err;
  EXPECT_THAT(ReadFile(Path("src/glovebox.toml")).value_or(""), HasSubstr("\n[configure]     # 1 action\n"));
  std::filesystem::remove_all(Path("fresh"));
  const Outcome again = Run(configure);
  EXPECT_EQ(again.exit(), 0) << again.err;
  EXPECT_EQ(Run({"-C", Path("fresh")}, GLOVEBOX_NINJA).exit(), 0);
}

TEST_F(CMakeCli, BelowAnotherGloveboxTheRecordIsWithThatOne) {
  Project();
  const Outcome step = Run(
      {"run", "-q", "--", GLOVEBOX_PROGRAM, "cmake", "-S", Path("src"), "-B", Path("build"), "-G", "Ninja"});
  EXPECT_EQ(step.exit(), 0);
  EXPECT_EQ(step.err,
            "glovebox: configure: nothing is judged here: the record is with the Glovebox above this "
            "process: there this is an action of its own\n");
}

TEST_F(CMakeCli, MakefilesAreJudgedByWhatTheyList) {
  Project(kDepends);
  const std::vector<std::string> words = {"cmake", "-S", Path("src"), "-B", Path("make"), "-GUnix Makefiles"};
  const Outcome clean = Run(words);
  if (clean.exit() != 0) GTEST_SKIP() << "no make";
  EXPECT_THAT(clean.err, HasSubstr("no finding"));
  Project();
  EXPECT_THAT(Run(words).err, HasSubstr("warning[generator-escape]: the configure step reads VERSION"));
}

}  // namespace
}  // namespace glovebox::cli
