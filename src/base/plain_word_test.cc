#include "base/plain_word.h"

#include <gtest/gtest.h>

namespace glovebox {
namespace {

TEST(PlainWord, GivesBackWhatWasEscaped) {
  const struct {
    const char* word;
    const char* text;
  } kCases[] = {{"", ""},
                {"plain/word-1", "plain/word-1"},
                {"a%20b", "a b"},
                {"%25%32%30", "%20"},
                {"100%", "100%"},
                {"%4", "%4"},
                {"%zz", "%zz"},
                {"%0a%0A", "\n\n"},
                {"a%00b", "a%00b"},
                {"%3B%5B%5D", ";[]"},
                {"%C3%BC", "\xc3\xbc"}};
  for (const auto& c : kCases) EXPECT_EQ(FromPlainWord(c.word), c.text) << c.word;
}

}  // namespace
}  // namespace glovebox
