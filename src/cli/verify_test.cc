// Verification of real builds, through the real binaries.
#include "cli/cli_fixture.h"

namespace glovebox::cli {
namespace {

// One edge reads `table`, which it does not name; the other one is right.
constexpr char kManifest[] =
    "rule make\n"
    "  command = cat $in table > $out\n"
    "rule copy\n"
    "  command = cat $in > $out\n"
    "build gen: make in\n"
    "build copy: copy in\n";

class VerifyCli : public Cli {
 protected:
  // A manifest of one directory, built from clean.
  Outcome Build(const std::string& manifest, const std::vector<std::string>& words = {}) {
    EXPECT_OK(WriteFile(Path("build/build.ninja"), manifest));
    for (const char* name : {"in", "table"}) EXPECT_OK(WriteFile(Path(absl::StrCat("build/", name)), name));
    return Run(words, GLOVEBOX_NINJA);
  }
  static std::string Right() {
    std::string text = kManifest;
    return text.replace(text.find("make in\n"), 8, "make in | table\n");
  }
};

TEST_F(VerifyCli, EachEdgeOfARightBuildIsProved) {
  const std::string manifest =
      "rule cat\n  command = cat $in > $out\nbuild a: cat in\nbuild b: cat a table\n";
  ASSERT_EQ(Build(manifest).exit(), 0);
  const Outcome verify = Run({"verify"});
  EXPECT_EQ(verify.exit(), 0);
  EXPECT_EQ(verify.out, "2 edges: 2 proved\n");
  EXPECT_EQ(verify.err, "");
}

TEST_F(VerifyCli, OfARunThatBuiltNothingTheBuildBeforeItIsNamed) {
  ASSERT_EQ(Run({"run", "--", "true"}).exit(), 0);
  EXPECT_THAT(Run({"verify"}).err, Not(HasSubstr("--log")));
  ASSERT_EQ(Build(Right()).exit(), 0);
  ASSERT_EQ(Run({"run", "--", "true"}).exit(), 0);
  const Outcome verify = Run({"verify"});
  EXPECT_EQ(verify.exit(), 4);
  EXPECT_EQ(verify.out, "incomplete: gen, copy: it did not run in this build\n2 edges: 2 incomplete\n");
  const std::string mark = "what was built before it: glovebox verify . --log ";
  const size_t at = verify.err.find(mark);
  ASSERT_NE(at, std::string::npos) << verify.err;
  const std::string run = verify.err.substr(at + mark.size());
  EXPECT_EQ(Run({"verify", "--log", run.substr(0, run.find('\n'))}).out, "2 edges: 2 proved\n");
}

TEST_F(VerifyCli, AFaultIsToldWithItsRepairAndFails) {
  ASSERT_EQ(Build(kManifest).exit(), 0);
  const Outcome verify = Run({"verify"});
  EXPECT_EQ(verify.exit(), 1);
  EXPECT_THAT(verify.out, HasSubstr("error[missing-input]: gen is made from table"));
  EXPECT_THAT(verify.out, HasSubstr("repair  build gen: make ... | table\n"));
  EXPECT_THAT(verify.out, HasSubstr("\n2 edges: 1 proved, 1 violated (1 finding: 1 error)\n"));
  const Outcome json_outcome = Run({"verify", "--json"});
  EXPECT_EQ(json_outcome.exit(), 1);
  const json report = json::parse(json_outcome.out);
  ASSERT_EQ(report["findings"].size(), 1u);
  EXPECT_EQ(report["findings"][0]["edges"], json::array({"gen"}));
  EXPECT_EQ(report["edges"][0]["verdict"], "violated");
  EXPECT_EQ(report["edges"][1]["verdict"], "proved");
  const Outcome explained = Run({"explain", report["findings"][0]["id"].get<std::string>()});
  EXPECT_EQ(explained.exit(), 0);
  EXPECT_THAT(explained.out, HasSubstr("error[missing-input]: gen is made from table"));
}

TEST_F(VerifyCli, ItsRepairMakesItRight) {
  ASSERT_EQ(Build(kManifest).exit(), 0);
  ASSERT_EQ(Run({"verify"}).exit(), 1);
  ASSERT_EQ(Run({"-t", "clean"}, GLOVEBOX_NINJA).exit(), 0);
  ASSERT_EQ(Build(Right()).exit(), 0);
  EXPECT_EQ(Run({"verify"}).exit(), 0);
}

TEST_F(VerifyCli, WhatDidNotRunIsIncomplete) {
  ASSERT_EQ(Build(Right()).exit(), 0);
  ASSERT_EQ(unlink(Path("build/copy").c_str()), 0);
  ASSERT_EQ(Run({}, GLOVEBOX_NINJA).exit(), 0);
  const Outcome verify = Run({"verify"});
  EXPECT_EQ(verify.exit(), 4);
  EXPECT_EQ(verify.out, "incomplete: gen: it did not run in this build\n2 edges: 1 proved, 1 incomplete\n");
}

TEST_F(VerifyCli, WithoutARunOrAGraphThereIsNothingToJudge) {
  EXPECT_EQ(Run({"verify"}).exit(), 2);
  ASSERT_EQ(Run({"run", "-q", "--", "true"}).exit(), 0);
  const Outcome no_graph = Run({"verify"});
  EXPECT_EQ(no_graph.exit(), 2);
  EXPECT_THAT(no_graph.err, HasSubstr("there is no build.ninja in "));
}

TEST_F(VerifyCli, ABaselineLetsOnlyWhatIsNewFail) {
  ASSERT_EQ(Build(kManifest).exit(), 0);
  const std::string file = Path("baseline.json");
  EXPECT_EQ(Run({"verify", "--update-baseline"}).exit(), 2) << "which one?";
  const Outcome missing = Run({"verify", "--baseline", file});
  EXPECT_EQ(missing.exit(), 2);
  EXPECT_THAT(missing.err, HasSubstr("--update-baseline makes one"));
  EXPECT_EQ(Run({"verify", "--baseline", file, "--update-baseline", "--expires", "soon"}).exit(), 2);
  EXPECT_EQ(Run({"verify", "--baseline", file, "--update-baseline", "--expires", "2020-01-31"}).exit(), 1)
      << "expired";
  EXPECT_THAT(ReadFile(file).value_or(""), HasSubstr("\"expires\": \"2020-01-31\""));
  std::filesystem::remove(file);
  EXPECT_EQ(Run({"verify", "--baseline", file, "--update-baseline", "--owner", "a@example.org"}).exit(), 0);
  const Outcome known = Run({"verify", "--baseline", file});
  EXPECT_EQ(known.exit(), 0);
  EXPECT_THAT(known.out, HasSubstr("baseline: 1 known, 0 new\n"));
  EXPECT_THAT(known.out, Not(HasSubstr("error[")));
  ASSERT_OK(WriteFile(file, "{\n\"format\": \"other\"\n"));
  const Outcome broken = Run({"verify", "--baseline", file});
  EXPECT_EQ(broken.exit(), 2);
  EXPECT_THAT(broken.err, HasSubstr("baseline.json:"));
}

TEST_F(VerifyCli, FilesForOtherProgramsAreWritten) {
  ASSERT_EQ(Build(kManifest).exit(), 0);
  EXPECT_EQ(Run({"verify", "--sarif", Path("s"), "--junit", Path("j"), "--html", Path("h")}).exit(), 1);
  const auto sarif = ReadFile(Path("s")), junit = ReadFile(Path("j")), html = ReadFile(Path("h"));
  ASSERT_OK(sarif);
  ASSERT_OK(junit);
  ASSERT_OK(html);
  EXPECT_EQ(json::parse(*sarif)["runs"][0]["results"][0]["ruleId"], "missing-input");
  EXPECT_THAT(*junit, HasSubstr("missing-input"));
  EXPECT_THAT(*html, HasSubstr("missing-input"));
  EXPECT_EQ(Run({"verify", "--sarif", "/nonexistent/s"}).exit(), 2);
  const Outcome no_cmake = Run({"verify", "--fix", Path("f")});
  EXPECT_EQ(no_cmake.exit(), 2);
  EXPECT_THAT(no_cmake.err, HasSubstr("no CMake project"));
}

TEST_F(VerifyCli, TheRepairsOfACMakeProjectAreAPatchThatHealsIt) {
  ASSERT_OK(MakeDirectories(Path("source")));
  ASSERT_OK(WriteFile(Path("source/CMakeLists.txt"),
                      "cmake_minimum_required(VERSION 3.20)\nproject(x NONE)\n"
                      "add_custom_command(OUTPUT gen COMMAND cat ${CMAKE_SOURCE_DIR}/table > gen)\n"
                      "add_custom_target(all_of_it ALL DEPENDS gen)\n"));
  ASSERT_OK(WriteFile(Path("source/table"), "1"));
  const auto build = [this] {
    const std::string command = absl::StrCat("cmake -G Ninja -S ", Path("source"), " -B ", Path("build"),
                                             " >/dev/null 2>&1 && rm -f ", Path("build/gen"));
    return system(command.c_str()) == 0 && Run({}, GLOVEBOX_NINJA).exit() == 0;
  };
  ASSERT_TRUE(build());
  const Outcome faulty = Run({"verify", "--fix", Path("fix")});
  EXPECT_EQ(faulty.exit(), 1) << faulty.err;
  EXPECT_THAT(faulty.err, HasSubstr("fix: 1 finding in the patch, 0 left to you: patch -p1 -d "));
  const std::string apply = absl::StrCat("cd ", Path("source"), " && git apply ", Path("fix"));
  ASSERT_EQ(system(apply.c_str()), 0);
  ASSERT_TRUE(build());
  const Outcome healed = Run({"verify"});
  EXPECT_EQ(healed.exit(), 0) << healed.out;
}

class ProveCli : public VerifyCli {
 protected:
  void Build(const std::string& more) {
    ASSERT_OK(MakeDirectories(Path("source/old")));
    text_ = absl::StrCat("cmake_minimum_required(VERSION 3.20)\nproject(x NONE)\n", more,
                         "add_custom_target(all_of_it ALL DEPENDS gen)\n");
    ASSERT_OK(WriteFile(Path("source/CMakeLists.txt"), text_));
    for (const char* name : {"table", "other", "old/CMakeCache.txt"})
      ASSERT_OK(WriteFile(Path(absl::StrCat("source/", name)), "1"));
    const std::string command =
        absl::StrCat("cmake -G Ninja -S ", Path("source"), " -B ", Path("build"), " >/dev/null 2>&1");
    ASSERT_EQ(system(command.c_str()), 0);
    ASSERT_EQ(Run({}, GLOVEBOX_NINJA).exit(), 0);
    setenv("TMPDIR", Path("tmp").c_str(), 1);
    ASSERT_OK(MakeDirectories(Path("tmp")));
  }
  void TearDown() override {
    unsetenv("TMPDIR");
    // Nothing of the project is another one, and nothing stays behind.
    EXPECT_EQ(ReadFile(Path("source/CMakeLists.txt")).value_or(""), text_);
    EXPECT_TRUE(std::filesystem::is_empty(Path("tmp")));
    EXPECT_EQ(Run({"verify"}).exit(), 1);
  }
  std::string text_;
};

TEST_F(ProveCli, WhatIsMendedIsShownToBeGone) {
  Build("add_custom_command(OUTPUT gen COMMAND cat ${CMAKE_SOURCE_DIR}/table > gen)\n");
  const json report = json::parse(Run({"verify", "--json"}).out);
  const std::string id = report["findings"][0]["id"];
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"verify", "--prove"}, {"verify", "--prove", id}}) {
    const Outcome proved = Run(words);
    EXPECT_EQ(proved.exit(), 0) << proved.err;
    EXPECT_THAT(proved.out,
                testing::StartsWith(absl::StrCat("gone        ", id, "  missing-input: gen is made from ")));
  }
  EXPECT_EQ(Run({"verify", "--prove", "0123456789ab"}).exit(), 2);
}

TEST_F(ProveCli, WhatComesInItsPlaceIsNoProof) {
  Build(
      "file(READ CMakeLists.txt me)\nif(me MATCHES \"DEPENDS [$].*table\")\n  set(more "
      "${CMAKE_SOURCE_DIR}/other)\nendif()\n"
      "add_custom_command(OUTPUT gen COMMAND cat ${CMAKE_SOURCE_DIR}/table ${more} > gen)\n");
  const Outcome proved = Run({"verify", "--prove"});
  EXPECT_EQ(proved.exit(), 1) << proved.err;
  EXPECT_THAT(proved.out, HasSubstr("gone        "));
  EXPECT_THAT(proved.out, HasSubstr("missing-input: gen is made from table"));
  EXPECT_THAT(proved.out, HasSubstr("\nnew         "));
  EXPECT_THAT(proved.out, HasSubstr("missing-input: gen is made from other"));
}

TEST_F(ProveCli, ACopyThatCannotBeBuiltIsTakenAway) {
  Build(
      "file(READ CMakeLists.txt me)\nif(me MATCHES \"DEPENDS [$].*table\")\n  message(FATAL_ERROR "
      "no)\nendif()\n"
      "add_custom_command(OUTPUT gen COMMAND cat ${CMAKE_SOURCE_DIR}/table > gen)\n");
  const Outcome proved = Run({"verify", "--prove"});
  EXPECT_EQ(proved.exit(), 2);
  EXPECT_THAT(proved.err, HasSubstr("configuring in "));
}

TEST_F(ProveCli, WhatIsInterruptedLeavesNothing) {
  // In the directory of the build itself it does not wait.
  ASSERT_OK(MakeDirectories(Path("source")));
  ASSERT_OK(WriteFile(Path("source/wait.sh"), absl::StrCat("[ \"$PWD\" = ", Path("build"), " ] || { touch ",
                                                           Path("waits"), "; sleep 600; }\n")));
  Build(
      "add_custom_command(OUTPUT gen COMMAND cat ${CMAKE_SOURCE_DIR}/table > gen\n"
      "  COMMAND sh ${CMAKE_SOURCE_DIR}/wait.sh DEPENDS wait.sh)\n");
  for (const char* words : {"verify --prove", "diff --twice"}) {
    const std::string waits = Path("waits");
    const Outcome ended =
        Run({"-c", absl::StrCat(GLOVEBOX_PROGRAM, " ", words, " & while ! test -e ", waits,
                                "; do sleep 0.05; done; rm ", waits, "; kill -TERM $!; wait $!")},
            "/bin/sh");
    EXPECT_EQ(ended.exit(), 128 + SIGTERM) << ended.err;
    EXPECT_TRUE(std::filesystem::is_empty(Path("tmp"))) << words;
  }
}

TEST_F(VerifyCli, NinjaTellsTheVerdictWhereItIsAskedFor) {
  const Outcome faulty = Build(kManifest, {"--verify"});
  EXPECT_EQ(faulty.exit(), 1);
  EXPECT_THAT(faulty.err, HasSubstr("error[missing-input]: gen is made from table"));
  EXPECT_THAT(faulty.err,
              testing::EndsWith("\nglovebox: 2 edges: 1 proved, 1 violated (1 finding: 1 error)\n"));
  ASSERT_EQ(Run({"-t", "clean"}, GLOVEBOX_NINJA).exit(), 0);
  EXPECT_EQ(Build(Right(), {"--verify"}).exit(), 0);
  // A build that fails ends as Ninja does.
  EXPECT_EQ(Build("rule no\n  command = false\nbuild x: no\n", {"--verify"}).exit(), 1);
}

}  // namespace
}  // namespace glovebox::cli
