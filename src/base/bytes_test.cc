#include "base/bytes.h"

#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
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

TEST(Bytes, APastedWordIsTheSameWordInBash) {
  if (system("command -v bash >/dev/null") != 0) GTEST_SKIP() << "no bash here";
  std::string all;
  for (int i = 1; i < 256; ++i) all.push_back(static_cast<char>(i));
  const struct {
    std::string word;
    std::string pasted;  // empty: whatever it is
  } rows[] = {
      {"/b/plain-1.c", "/b/plain-1.c"},
      {"", "''"},
      {"/tmp/sp ace's (x) $HOME/mb", R"('/tmp/sp ace'\''s (x) $HOME/mb')"},
      {R"(a\b)", R"('a\b')"},
      {R"(a\nb')", R"('a\nb'\''')"},
      {R"(~/ä `id` "!x" *)", R"('~/ä `id` "!x" *')"},
      {"a\nb", R"($'a\nb')"},
      {"it's\t\\", R"($'it\'s\t\\')"},
      {"\x1b[31mc", R"($'\x1b[31mc')"},
      {"\xff"
       "f",
       R"($'\xfff')"},
      {"\xc2\x9b"
       "1",
       R"($'\xc2\x9b1')"},
      {"-\n$x", ""},
      {all, ""},
  };
  for (const auto& row : rows) {
    const std::string pasted = PasteWord(row.word);
    if (!row.pasted.empty()) {
      EXPECT_EQ(pasted, row.pasted);
    }
    EXPECT_TRUE(IsUtf8(pasted)) << EscapeBytes(pasted);
    EXPECT_EQ(pasted.find_first_of("\n\x1b\t\x7f"), std::string::npos) << EscapeBytes(pasted);
    const std::string command =
        absl::StrCat("exec bash -c ", ShellQuote(absl::StrCat("printf %s. ", pasted)));
    FILE* pipe = popen(command.c_str(), "r");
    ASSERT_NE(pipe, nullptr);
    std::string said;
    char part[1024];
    for (size_t n; (n = fread(part, 1, sizeof part, pipe)) > 0;) said.append(part, n);
    EXPECT_EQ(pclose(pipe), 0) << pasted;
    EXPECT_EQ(said, row.word + ".") << pasted;
  }
}

}  // namespace
}  // namespace glovebox
