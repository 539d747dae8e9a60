#include "policy/limits.h"

#include <sys/resource.h>

#include <cctype>
#include <string>

#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::policy {
namespace {

using child::Limit;
using testing::HasSubstr;

TEST(ParseLimit, ReadsEveryLimitInItsUnit) {
  const struct {
    const char* text;
    Limit limit;
    uint64_t value;
  } kCases[] = {
      {"AS=4G", Limit::kAs, 4ull << 30},
      {"CORE=0", Limit::kCore, 0},
      {"CPU=10s", Limit::kCpu, 10},
      {"CPU=2m", Limit::kCpu, 120},
      {"CPU=1h", Limit::kCpu, 3600},
      {"DATA=512k", Limit::kData, 512ull << 10},
      {"FSIZE=1T", Limit::kFsize, 1ull << 40},
      {"MEMLOCK=65536", Limit::kMemlock, 65536},
      {"MSGQUEUE=1M", Limit::kMsgqueue, 1 << 20},
      {"NICE=40", Limit::kNice, 40},
      {"NOFILE=1024", Limit::kNofile, 1024},
      {"RLIMIT_NOFILE=7", Limit::kNofile, 7},
      {"nproc=3", Limit::kNproc, 3},
      {"RTPRIO=99", Limit::kRtprio, 99},
      {"RTTIME=5ms", Limit::kRttime, 5000},
      {"SIGPENDING=1", Limit::kSigpending, 1},
      {"STACK=unlimited", Limit::kStack, RLIM_INFINITY},
      {"FSIZE=18446744073709551614", Limit::kFsize, 18446744073709551614ull},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.text);
    ASSERT_OK_AND_ASSIGN(const ParsedLimit limit, ParseLimit(c.text));
    EXPECT_EQ(limit, (ParsedLimit{c.limit, c.value}));
    ASSERT_OK_AND_ASSIGN(const ParsedLimit again, ParseLimit(FormatLimit(limit)));
    EXPECT_EQ(again, limit) << FormatLimit(limit);
  }
}

TEST(ParseLimit, SaysWhatIsWrong) {
  const struct {
    std::string text;
    const char* message;
  } kCases[] = {
      {"", "has no value"},
      {"NOFILE", "limit 'NOFILE' has no value (as in NOFILE=1024)"},
      {"=5", "no limit is called ''; there are AS, CORE"},
      {"FILES=5", "no limit is called 'FILES'"},
      {"RSS=5", "no limit is called 'RSS'"},
      {"NOFILE=", "limit NOFILE: '' is no number"},
      {"NOFILE=-1", "'-1' is no number"},
      {"NOFILE=+1", "'+1' is no number"},
      {"NOFILE= 1", "is no number"},
      {"NOFILE=0x10", "ends in 'x10', but takes no unit"},
      {"NOFILE=1K", "ends in 'K', but takes no unit"},
      {"NOFILE=1024 ", "ends in ' ', but takes no unit"},
      {"AS=4GB", "ends in 'GB', but takes one of the units K, M, G, T (as in AS=4G"},
      {"AS=1.5G", "ends in '.5G'"},
      {"CPU=10ms", "takes one of the units s, m, h"},
      {"RTTIME=1h", "takes one of the units us, ms, s"},
      {"AS=18446744073709551615", "is too large"},
      {"AS=18446744073709551616", "is too large"},
      {"AS=16777216T", "is too large"},
      {"AS=99999999999999999999999999", "is too large"},
      {"NICE=0", "is not between 1 and 40"},
      {"NICE=41", "is not between 1 and 40"},
      {"RTPRIO=100", "is not between 0 and 99"},
      {"NOFILE=1\x1b", "ends in '\x1b'"},  // escaped where it is printed, and there alone
      {"NO\nFILE=1", "no limit is called 'NO\nFILE'"},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.text);
    EXPECT_THAT(ParseLimit(c.text), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.message)));
  }
}

TEST(LimitText, NamesAllFourteen) {
  EXPECT_EQ(LimitText(Limit::kAs), "AS");
  EXPECT_EQ(LimitText(Limit::kRttime), "RTTIME");
  EXPECT_EQ(LimitText(Limit::kStack), "STACK");
}

}  // namespace
}  // namespace glovebox::policy
