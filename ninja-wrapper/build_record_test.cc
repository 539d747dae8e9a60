#include "build_record.h"

#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
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
            "glovebox: 1 action: 1 seen in full, 1 access, 1 hole, 1 left-over process ended - report: "
            "glovebox report -C /b");
  trace::CollectorSummary many;
  many.actions = 1234;
  many.complete = 1232;
  many.accesses = 5000;
  many.holes = 2;
  many.left_over = {"7 /bin/sleep", "8 /bin/sleep"};
  many.log = absl::DataLossError("access log /s\n was tampered with");
  EXPECT_EQ(
      SummaryLine(many, "/b\n"),
      "glovebox: 1,234 actions: 1,232 seen in full, 2 incomplete, 5,000 accesses, 2 holes, 2 left-over "
      "processes ended, the log is not whole (access log /s\\n was tampered with) - report: glovebox report "
      "-C '/b\\n'");
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

}  // namespace
}  // namespace glovebox::ninja
