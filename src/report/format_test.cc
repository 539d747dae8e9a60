#include "report/format.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "gtest/gtest.h"

namespace glovebox::report {
namespace {

TEST(Format, NumbersReadWell) {
  EXPECT_EQ(Thousands(0), "0");
  EXPECT_EQ(Thousands(999), "999");
  EXPECT_EQ(Thousands(1000), "1,000");
  EXPECT_EQ(Thousands(18446744073709551615u), "18,446,744,073,709,551,615");
  EXPECT_EQ(Count(1, "file"), "1 file");
  EXPECT_EQ(Count(0, "file"), "0 files");
  EXPECT_EQ(Count(1234, "entry", "entries"), "1,234 entries");
  EXPECT_EQ(Size(0), "0 B");
  EXPECT_EQ(Size(1023), "1023 B");
  EXPECT_EQ(Size(1024), "1.0 KiB");
  EXPECT_EQ(Size(1024 * 1024 - 1), "1.0 MiB");
  EXPECT_EQ(Size(12u << 20), "12 MiB");
  EXPECT_EQ(Size(18446744073709551615u), "16 EiB");
  EXPECT_EQ(Duration(0), "0 ns");
  EXPECT_EQ(Duration(850'000), "850 us");
  EXPECT_EQ(Duration(12'000'000), "12 ms");
  EXPECT_EQ(Duration(999'600'000), "1.00 s");
  EXPECT_EQ(Duration(59'960'000'000), "1 min 00 s");
  EXPECT_EQ(Duration(3'725'000'000'000), "1 h 02 min");
}

TEST(Format, WidthsCountColumnsNotBytes) {
  EXPECT_EQ(DisplayWidth("abc"), 3);
  EXPECT_EQ(DisplayWidth("\xc3\xa4"), 1);
  EXPECT_EQ(DisplayWidth("e\xcc\x81"), 1);
  EXPECT_EQ(DisplayWidth("\xe6\xbc\xa2"), 2);
  EXPECT_EQ(DisplayWidth("\xff"), 1);
  EXPECT_EQ(PadRight("\xc3\xa4", 3), "\xc3\xa4  ");
  EXPECT_EQ(PadLeft("abcd", 3), "abcd");
}

TEST(Format, ShortenKeepsBothEnds) {
  EXPECT_EQ(Shorten("abcdefghij", 0), "abcdefghij");
  EXPECT_EQ(Shorten("abcdefghij", 10), "abcdefghij");
  EXPECT_EQ(Shorten("abcdefghij", 9), "ab...ghij");
  EXPECT_EQ(Shorten("abcdefghij", 2), "..");
  for (int width = 1; width < 40; ++width) {
    // No character is ever torn, and the width holds, also where wide ones do not fit exactly.
    const std::string text =
        Shorten("\xe6\xbc\xa2\xe6\xbc\xa2 \xc3\xa4/\xe6\xbc\xa2/x\xe6\xbc\xa2yz\xe6\xbc\xa2", width);
    EXPECT_LE(DisplayWidth(text), width);
    for (size_t i = 0; i < text.size(); ++i) EXPECT_FALSE(i == 0 && (text[i] & 0xc0) == 0x80) << text;
  }
}

class Environment : public testing::Test {
 protected:
  void TearDown() override {
    unsetenv("NO_COLOR");
    unsetenv("COLUMNS");
    setenv("TERM", "xterm", 1);
  }
};
using StyleTest = Environment;

TEST_F(StyleTest, APipeIsNeverColouredAndNeverCut) {
  int pipe_fds[2];
  ASSERT_EQ(pipe(pipe_fds), 0);
  const UniqueFd in(pipe_fds[0]);
  const UniqueFd out(pipe_fds[1]);
  unsetenv("COLUMNS");
  EXPECT_FALSE(StyleFor(out.get()).colour);
  EXPECT_EQ(StyleFor(out.get()).width, 0);
  setenv("COLUMNS", "72", 1);
  EXPECT_EQ(StyleFor(out.get()).width, 0);
}

TEST_F(StyleTest, ATerminalIsColouredUnlessItShallNot) {
  const UniqueFd master(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  ASSERT_TRUE(master.valid());
  ASSERT_EQ(grantpt(master.get()), 0);
  ASSERT_EQ(unlockpt(master.get()), 0);
  const UniqueFd terminal(open(ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
  ASSERT_TRUE(terminal.valid());
  unsetenv("NO_COLOR");
  setenv("TERM", "xterm", 1);
  EXPECT_TRUE(StyleFor(terminal.get()).colour);
  setenv("NO_COLOR", "", 1);
  EXPECT_TRUE(StyleFor(terminal.get()).colour);
  setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(StyleFor(terminal.get()).colour);
  unsetenv("NO_COLOR");
  setenv("TERM", "dumb", 1);
  EXPECT_FALSE(StyleFor(terminal.get()).colour);
  const winsize size = {25, 90, 0, 0};
  ASSERT_EQ(ioctl(terminal.get(), TIOCSWINSZ, &size), 0);
  unsetenv("COLUMNS");
  EXPECT_EQ(StyleFor(terminal.get()).width, 90);
  setenv("COLUMNS", "72", 1);
  EXPECT_EQ(StyleFor(terminal.get()).width, 72);
  setenv("COLUMNS", "-1", 1);
  EXPECT_EQ(StyleFor(terminal.get()).width, 90);
}

}  // namespace
}  // namespace glovebox::report
