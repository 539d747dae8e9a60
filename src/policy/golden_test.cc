// The filters of the default plan as they stand, in libseccomp's readable form: a change of a table, of a
// rule or of a builder shows as a diff that can be read and judged. They are what `glovebox run --export`
// writes. After a change that is meant:
//
//   GLOVEBOX_TEST_UPDATE_GOLDEN=1 BUILD/src/policy/policy_test --gtest_filter='*Golden*' && git diff
//   src/policy/testdata
#include <cstdlib>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"
#include "policy/compile.h"

namespace glovebox::policy {
namespace {

// Without comments: a newer libseccomp has names for more calls.
std::string Rules(absl::string_view pfc) {
  std::string rules;
  for (const absl::string_view line : absl::StrSplit(pfc, '\n')) {
    if (!absl::StartsWith(absl::StripLeadingAsciiWhitespace(line), "#")) absl::StrAppend(&rules, line, "\n");
  }
  return rules;
}

struct Golden {
  const char* file;    // in testdata/, without .pfc
  const char* filter;  // as ExportFilters() calls it
  kernel::Level level;
  bool logs = false;  // with append-only paths that hold
};

class GoldenFilter : public testing::TestWithParam<Golden> {};

TEST_P(GoldenFilter, StandsAsItWasJudged) {
#if !defined(__x86_64__)
  GTEST_SKIP() << "the numbers in the files are those of x86-64";
#endif
  const Golden& golden = GetParam();
  Policy policy = DefaultPolicy(Role::kRun);
  policy.level = golden.level;
  // Rows 6 to 8 have filters of their own where the kernel is to refuse.
  policy.kernel_only = policy.append_only = policy.restrict_kptr = std::string(golden.filter) != "notify";
  if (golden.logs) {
    policy.mode = Mode::kEnforce;
    policy.paths.push_back({PathAccess::kAppend, "/b/*.log", {}});
  }
  kernel::HostFeatures host;
  host.notify = true;
  host.landlock_abi = 6;
  ASSERT_OK_AND_ASSIGN(const auto filters, ExportFilters(policy, host, {.listener = true}));
  const std::string path = absl::StrCat(GLOVEBOX_POLICY_TESTDATA, "/", golden.file, ".pfc");
  for (const ExportedFilter& filter : filters) {
    if (filter.name != golden.filter) continue;
    if (getenv("GLOVEBOX_TEST_UPDATE_GOLDEN") != nullptr) {
      ASSERT_OK(WriteFile(path, filter.pfc));
    }
    ASSERT_OK_AND_ASSIGN(const std::string expected, ReadFile(path));
    EXPECT_EQ(Rules(filter.pfc), Rules(expected))
        << "if that is meant: GLOVEBOX_TEST_UPDATE_GOLDEN=1 policy_test --gtest_filter='*Golden*'";
    return;
  }
  FAIL() << "no filter " << golden.filter;
}

INSTANTIATE_TEST_SUITE_P(Default, GoldenFilter,
                         testing::Values(Golden{"notify_open", "notify", kernel::Level::kOpen},
                                         Golden{"notify_full", "notify", kernel::Level::kFull},
                                         Golden{"notify_logs", "notify", kernel::Level::kOpen, true},
                                         Golden{"row6_ioctl", "ioctl", kernel::Level::kOpen},
                                         Golden{"row7_append_only", "append_only", kernel::Level::kOpen},
                                         Golden{"row8_kptr", "kptr", kernel::Level::kOpen}),
                         [](const auto& row) { return std::string(row.param.file); });

}  // namespace
}  // namespace glovebox::policy
