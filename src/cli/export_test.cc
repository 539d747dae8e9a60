// `glovebox run --export` and `--explain`: nothing is run.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cli/cli_fixture.h"

namespace glovebox::cli {
namespace {

TEST_F(Cli, ExportWritesFiltersAndRunsNothing) {
  const Outcome outcome =
      Run({"run", "--export", Path("filters"), "--append-only", "--kernel-only", "--", "touch", "x"});
  ASSERT_EQ(outcome.exit(), 0) << outcome.err;
  EXPECT_FALSE(FileExists(Path("build/x")));
  for (const char* name : {"notify", "ioctl", "append_only"}) {
    const auto bpf = ReadFile(Path(absl::StrCat("filters/", name, ".bpf")));
    ASSERT_OK(bpf);
    EXPECT_GT(bpf->size(), 0u);
    EXPECT_EQ(bpf->size() % 8, 0u);  // struct sock_filter
    const auto pfc = ReadFile(Path(absl::StrCat("filters/", name, ".pfc")));
    ASSERT_OK(pfc);
    EXPECT_THAT(*pfc, HasSubstr("# pseudo filter code"));
  }
}

// More open files than the kernel has for anybody.
const std::vector<std::string> kFails = {
    "--restrict-prlimit", "--limit", "NOFILE=18446744073709551614", "--", "touch", "x"};

TEST_F(Cli, ExportSetsUpAsARunDoesAndASetUpThatFailsWritesNothing) {
  std::vector<std::string> command = {"run", "--export", Path("filters")};
  command.insert(command.end(), kFails.begin(), kFails.end());
  const Outcome outcome = Run(command);
  EXPECT_EQ(outcome.exit(), EPERM);
  EXPECT_EQ(outcome.err, "glovebox: cannot set the limit NOFILE: Operation not permitted\n");
  EXPECT_FALSE(FileExists(Path("filters/notify.bpf")));
  EXPECT_EQ(Run({"report"}).exit(), 1) << "nothing is recorded";
}

TEST_F(Cli, TheReportNamesTheLimitThatCouldNotBeSet) {
  std::vector<std::string> command = {"run", "-q"};
  command.insert(command.end(), kFails.begin(), kFails.end());
  ASSERT_EQ(Run(command).exit(), EPERM);
  EXPECT_EQ(Report()["actions"][0]["step"], "SetResourceLimits: cannot set the limit NOFILE");
  EXPECT_THAT(Run({"report"}).out, HasSubstr("cannot set the limit NOFILE"));
  EXPECT_THAT(Run({"explain", "#1"}).out, HasSubstr("cannot set the limit NOFILE"));
}

#if defined(__x86_64__)
TEST_F(Cli, ExportWritesTheFiltersThatWereJudged) {
  for (const std::string level : {"open", "full"}) {
    ASSERT_EQ(Run({"run", "--export", Path(level), "--level", level, "--", "true"}).exit(), 0);
    const auto written = ReadFile(Path(absl::StrCat(level, "/notify.pfc")));
    const auto golden = ReadFile(absl::StrCat(GLOVEBOX_POLICY_TESTDATA, "/notify_", level, ".pfc"));
    ASSERT_OK(written);
    ASSERT_OK(golden);
    // Only the names in comments may differ (a newer libseccomp knows more of them).
    const auto rules = [](const std::string& pfc) {
      std::vector<std::string> lines = absl::StrSplit(pfc, '\n');
      lines.erase(
          std::remove_if(lines.begin(), lines.end(),
                         [](const std::string& l) { return l.find_first_not_of(' ') == l.find('#'); }),
          lines.end());
      return lines;
    };
    EXPECT_EQ(rules(*written), rules(*golden)) << level;
  }
}
#endif

TEST_F(Cli, ExplainShowsEveryStepInOrderAndRunsNothing) {
  const Outcome outcome = Run({"run", "--explain", "--deny-tsc", "--", "touch", "x"});
  EXPECT_EQ(outcome.exit(), 0);
  EXPECT_FALSE(FileExists(Path("build/x")));
  const std::vector<std::string> lines = absl::StrSplit(outcome.out, '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 25u);
  for (size_t row = 0; row < lines.size(); ++row) EXPECT_EQ(std::stoul(lines[row]), row);
  EXPECT_TRUE(absl::StartsWith(lines[16], "16  on ")) << lines[16];
  EXPECT_TRUE(absl::StartsWith(lines[17], "17  off ")) << lines[17];
}

TEST_F(Cli, ExplainSaysWhatThePlanInForceDoes) {
  const auto row = [this](size_t number, std::vector<std::string> options) {
    options.insert(options.begin(), {"run", "--explain"});
    const std::vector<std::string> lines = absl::StrSplit(Run(options).out, '\n');
    return number < lines.size() ? lines[number] : "";
  };
  EXPECT_THAT(row(6, {"--level", "off"}), HasSubstr("on   ioctl deny list  (refused in the kernel"));
  EXPECT_THAT(row(20, {"--level", "off"}), HasSubstr("a filter that only refuses"));
  EXPECT_THAT(row(22, {}), HasSubstr("nothing is set"));
  EXPECT_THAT(row(22, {"--limit", "NOFILE=64"}), HasSubstr("sets the named limits"));
  const json host = json::parse(Run({"host", "--json"}).out, nullptr, false);
  if (host["listener_above"] == true) GTEST_SKIP() << "a listener is above us already";
  EXPECT_THAT(row(6, {}), HasSubstr("supervisor refuses"));
  EXPECT_THAT(row(20, {}), HasSubstr("a filter with a listener"));
}

}  // namespace
}  // namespace glovebox::cli
