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

TEST_F(Cli, ExportLeavesNoFilterOfAnEarlierPolicyAndNoOtherFileIsTouched) {
  const std::string all[] = {"run",           "--export",        Path("filters"),
                             "--kernel-only", "--restrict-kptr", "--append-only"};
  ASSERT_EQ(Run({std::begin(all), std::end(all)}).exit(), 0);
  ASSERT_OK(WriteFile(Path("filters/kptr.txt"), "mine"));
  ASSERT_EQ(Run({"run", "--export", Path("filters")}).exit(), 0);
  for (const char* name : {"ioctl", "append_only", "kptr"}) {
    EXPECT_FALSE(FileExists(Path(absl::StrCat("filters/", name, ".bpf")))) << name;
    EXPECT_FALSE(FileExists(Path(absl::StrCat("filters/", name, ".pfc")))) << name;
  }
  EXPECT_TRUE(FileExists(Path("filters/notify.bpf")));
  EXPECT_TRUE(FileExists(Path("filters/kptr.txt")));
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
  EXPECT_EQ(Report()["actions"][0]["step"], "SetResourceLimits: cannot set the limit NOFILE: EPERM");
  EXPECT_THAT(Run({"report"}).out, HasSubstr("cannot set the limit NOFILE"));
  EXPECT_THAT(Run({"explain", "#1"}).out, HasSubstr("cannot set the limit NOFILE"));
}

// An unset $DIR must not run what was only to be looked at.
TEST_F(Cli, AnEmptyDirectoryIsAUsageErrorAndNothingIsRun) {
  const std::vector<std::string> cases[] = {
      {"run", "-q", "--export", "", "--", "touch", "x"},
      {"run", "-q", "--export=", "--", "touch", "x"},
      {"run", "-q", "--export", "", "touch", "x"},
      {"run", "-q", "--log", "", "--", "touch", "x"},
      {"report", "--log", ""},
      {"report", "-C", ""},
      {"explain", "--log=", "x"},
      {"cmake-scan", ""},
  };
  for (const auto& arguments : cases) {
    const Outcome outcome = Run(arguments);
    EXPECT_EQ(outcome.exit(), 2) << testing::PrintToString(arguments);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, HasSubstr("an empty DIR"));
    EXPECT_FALSE(FileExists(Path("build/x")));
  }
}

TEST_F(Cli, ExportBelowAListenerWritesWhatCanBeLoadedThereAndAnnouncesNoAction) {
  if (json::parse(Run({"host", "--json"}).out, nullptr, false)["listener_above"] == true) {
    GTEST_SKIP() << "a listener is above us already";
  }
  const auto below = [this](std::vector<std::string> words) {
    words.insert(words.begin(), {"run", "-q", "--", GLOVEBOX_PROGRAM, "run"});
    return Run(words);
  };
  const Outcome outcome = below({"--export", Path("below"), "--", "touch", "x"});
  ASSERT_EQ(outcome.exit(), 0) << outcome.err;
  EXPECT_FALSE(FileExists(Path("build/x")));
  EXPECT_EQ(Report()["actions"].size(), 1u) << "a command that did not run";
  // Without a listener the kernel refuses, as it does at level off; and the calls on a listener as well,
  // since one is above.
  ASSERT_EQ(Run({"run", "--export", Path("off"), "--level", "off"}).exit(), 0);
  ASSERT_EQ(Run({"run", "--export", Path("open")}).exit(), 0);
  const auto written = [this](const char* file) { return ReadFile(Path(file)).value_or("none"); };
  EXPECT_GT(written("below/ioctl.bpf").size(), written("off/ioctl.bpf").size());
  // SECCOMP_IOCTL_NOTIF_RECV, as the pseudo code writes it.
  EXPECT_THAT(written("below/ioctl.pfc"), HasSubstr("== 3226476800)"));
  EXPECT_THAT(written("off/ioctl.pfc"), Not(HasSubstr("== 3226476800)")));
  EXPECT_EQ(written("below/notify.bpf"), written("off/notify.bpf"));
  EXPECT_TRUE(FileExists(Path("below/ioctl.bpf")));
  EXPECT_TRUE(FileExists(Path("open/notify.bpf")));
  EXPECT_FALSE(FileExists(Path("open/ioctl.bpf")));
  const std::string steps = below({"--explain"}).out;
  EXPECT_THAT(steps, HasSubstr(" 6  on   ioctl deny list  (refused in the kernel"));
  EXPECT_THAT(steps, HasSubstr("20  on   notify filter  (no listener"));
}

TEST_F(Cli, ExportSaysWhichStepThisHostCouldNotDo) {
  const Outcome outcome =
      Run({"layers", GLOVEBOX_PROGRAM, "run", "--export", Path("filters")}, GLOVEBOX_TRACE_PROBE);
  if (outcome.exit() == 99) GTEST_SKIP() << "this kernel has no Landlock scopes";
  EXPECT_EQ(outcome.exit(), 0);
  EXPECT_EQ(
      outcome.err,
      "glovebox: skipped LandlockScope: cannot enter the Landlock domain: E2BIG, 16 Landlock layers stand "
      "above already\n");
  EXPECT_TRUE(FileExists(Path("filters/notify.bpf")));
}

TEST_F(Cli, ExportLeavesStandardInputToOthers) {
  const std::string script = absl::StrCat("printf 'one\\ntwo\\n' | { ", GLOVEBOX_PROGRAM,
                                          " run --pty --export ", Path("filters"), " >&2; cat; }");
  EXPECT_EQ(Run({"-c", script}, "/bin/sh").out, "one\ntwo\n");
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
  const json host = json::parse(Run({"host", "--json"}).out, nullptr, false);
  const bool denied = host["denies_tsc"] == true;
  ASSERT_EQ(lines.size(), denied ? 25u : 26u);
  for (size_t row = 0; row < 25; ++row) EXPECT_EQ(std::stoul(lines[row]), row);
  EXPECT_TRUE(absl::StartsWith(lines[16], denied ? "16  on " : "16  off ")) << lines[16];
  EXPECT_TRUE(denied || absl::StartsWith(lines[25], "skipped: deny-tsc: ")) << lines.back();
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
