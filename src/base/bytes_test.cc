#include "base/bytes.h"

#include "gtest/gtest.h"

namespace glovebox {
namespace {

TEST(Bytes, EscapesWhatATerminalWouldObeyAndKeepsWhatAPersonCanRead) {
  EXPECT_EQ(EscapeBytes("plain/ä.c"), "plain/ä.c");
  EXPECT_EQ(EscapeBytes("a\nb\tc"), "a\\nb\\tc");
  EXPECT_EQ(EscapeBytes("\x1b[31m"), "\\x1b[31m");
  EXPECT_EQ(EscapeBytes("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(EscapeBytes("\xc2\x9b"), "\\xc2\\x9b");
}

TEST(Bytes, EveryByteSurvivesTheRoundTrip) {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  all += "ä\\x41";
  EXPECT_EQ(UnescapeBytes(EscapeBytes(all)), all);
}

TEST(Bytes, Utf8RejectsOverlongFormsSurrogatesAndTheOutOfRange) {
  EXPECT_TRUE(IsUtf8("ä€😀"));
  for (const char* bad : {"\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"}) {
    EXPECT_FALSE(IsUtf8(bad)) << EscapeBytes(bad);
  }
}

TEST(Bytes, ShellQuoteLeavesPlainWordsAlone) {
  EXPECT_EQ(ShellQuote("-O2"), "-O2");
  EXPECT_EQ(ShellQuote(""), "''");
  EXPECT_EQ(ShellQuote("it's"), "'it'\\''s'");
}

}  // namespace
}  // namespace glovebox
