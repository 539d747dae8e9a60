// A name in a message is one line that a terminal only shows.
#include <errno.h>

#include <string>

#include "child/steps.h"
#include "gtest/gtest.h"

namespace glovebox::child {
namespace {

std::string Message(const std::string& name, size_t capacity = 512) {
  std::string text(capacity, '?');
  text.resize(FormatMessage("cannot run", name.c_str(), "why", text.data(), capacity));
  return text;
}

TEST(FormatMessage, EscapesANameAsAReportDoes) {
  const struct {
    const char* name;
    const char* shown;
  } cases[] = {
      {"", ""},
      {"plain name", "plain name"},
      {"a\nb\x1b[31m", "a\\nb\\x1b[31m"},
      {"\t\r\x7f\x01", "\\t\\x0d\\x7f\\x01"},
      {"back\\slash", "back\\\\slash"},
      {"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
      {"\xc2\x85\xc2\x9b", "\\xc2\\x85\\xc2\\x9b"},           // C1 controls
      {"\xc0\xaf\xed\xa0\x80", "\\xc0\\xaf\\xed\\xa0\\x80"},  // overlong, surrogate
      {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},           // above U+10FFFF
      {"\xff\xfe", "\\xff\\xfe"},
      {"\xe2\x82", "\\xe2\\x82"},  // cut short by the end
      {"\xf0\x9f\x98", "\\xf0\\x9f\\x98"},
      {"\xc3", "\\xc3"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Message(c.name), std::string("glovebox: cannot run ") + c.shown + ": why\n");
  }
  char text[64];
  EXPECT_EQ(std::string(text, FormatMessage("x", nullptr, nullptr, text, sizeof text)), "glovebox: x\n");
}

TEST(FormatMessage, CutsBetweenEscapesAndKeepsTheReason) {
  for (const char* piece : {"\n", "\x1b", "\xc3\xa9", "\\", "\xc2\x85"}) {
    std::string name;
    for (int i = 0; i < 200; ++i) name += piece;
    const std::string shown = Message(piece).substr(21);
    const std::string whole = shown.substr(0, shown.find(": why"));
    for (size_t capacity = 40; capacity < 60; ++capacity) {
      const std::string text = Message(name, capacity);
      EXPECT_LE(text.size(), capacity);
      ASSERT_EQ(text.substr(text.size() - 6), ": why\n") << text;
      const std::string middle = text.substr(21, text.size() - 21 - 6);
      // A C1 control is two escapes.
      const size_t unit = whole.size() == 8 ? 4 : whole.size();
      EXPECT_EQ(middle.size() % unit, 0u) << text;
      EXPECT_GT(middle.size() + 8, capacity - 21 - 6) << text;
    }
  }
  EXPECT_EQ(Message("name", 1), "\n");
  EXPECT_EQ(Message("name", 0), "");
}

TEST(FormatFailure, IsOneLineWhateverTheProgramIsCalled) {
  char line[200];
  EXPECT_EQ(std::string(line, FormatFailure(StepCode::kExec, ENOENT, 0, "a\nb\x1b[31m", line, sizeof line)),
            "glovebox: cannot run a\\nb\\x1b[31m: No such file or directory\n");
}

}  // namespace
}  // namespace glovebox::child
