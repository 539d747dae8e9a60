#include "build_record.h"

#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"

namespace glovebox::ninja {
namespace {

TEST(BuildRecord, TheSummaryCountsOneAsOne) {
  trace::CollectorSummary one;
  one.actions = one.complete = one.accesses = one.holes = 1;
  one.left_over = {"7 /bin/sleep"};
  EXPECT_EQ(SummaryLine(one, "/b"),
            "glovebox: 1 action: 1 seen in full, 1 access, 1 hole, 1 process outlived its command - report: "
            "glovebox report -C /b");
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

}  // namespace
}  // namespace glovebox::ninja
