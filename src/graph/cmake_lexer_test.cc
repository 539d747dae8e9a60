#include "graph/cmake_lexer.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::graph {
namespace {

// "LINE name u:unquoted q:quoted b:bracket", a call a line.
std::string Written(const std::vector<CMakeCommand>& commands) {
  std::string text;
  for (const CMakeCommand& command : commands) {
    absl::StrAppend(&text, command.line, " ", command.name);
    for (const CMakeArgument& argument : command.arguments) {
      const char* kind = argument.kind == CMakeArgument::Kind::kUnquoted ? "u"
                         : argument.kind == CMakeArgument::Kind::kQuoted ? "q"
                                                                         : "b";
      absl::StrAppend(&text, " ", kind, ":", argument.text);
    }
    text += "\n";
  }
  return text;
}

TEST(ParseCMakeCommands, CallsAreReadAsTheyAreWritten) {
  struct Case {
    const char* text;
    const char* want;
  };
  const Case cases[] = {
      {"", ""},
      {"a()", "1 a\n"},
      {"\xef\xbb\xbf\n  Add_Executable (x\n  y.c z.c)\n\nb()\n", "2 add_executable u:x u:y.c u:z.c\n5 b\n"},
      {"a(x)\r\nb(y)\r\n", "1 a u:x\n2 b u:y\n"},
      {"# a(b)\n#[[ c(d)\n ]] e(f) # g(\n", "3 e u:f\n"},
      {"#[==[\n]] a() ]=]\n]==]\nb()\n", "4 b\n"},
      {"#[ no bracket(\na()\n", "2 a\n"},
      {"#[[ never closed\na()\n", "2 a\n"},  // a comment of one line then
      {"a(\"x y\" \"\" \"p\\\"q\\\\\" z)", "1 a q:x y q: q:p\\\"q\\\\ u:z\n"},
      {"a(\"two\nlines # no comment\")\nb()", "1 a q:two\nlines # no comment\n3 b\n"},
      {"a([[x ${y} \"]] [=[\nz]]]=] [b])", "1 a b:x ${y} \" b:z]] u:[b]\n"},
      {"a(${x}/y ${a${b}} $<CONFIG> $ENV{c} \\; \\# d\\ e)",
       "1 a u:${x}/y u:${a${b}} u:$<CONFIG> u:$ENV{c} u:\\; u:\\# u:d\\ e\n"},
      {"a(-Dx=\"b c\" $(MAKE) e#f\n)", "1 a u:-Dx=\"b c\" u:$(MAKE) u:e\n"},
      {"if((a) OR b)", "1 if u:( u:a u:) u:OR u:b\n"},
      {"a(x) b(y)", "1 a u:x\n1 b u:y\n"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Written(ParseCMakeCommands(c.text)), c.want) << c.text;
  }
}

TEST(ParseCMakeCommands, WhatIsNoCMakeEndsTheList) {
  for (const char* bad : {"(", "x", "x y()", "x(", "x(\"", "x([[", "x(a", "x((a)", "x(\"\\", "x($(a\n)",
                          "x\n()", "+", "x(a\\", "\"q\"", "x(a\"b)"}) {
    EXPECT_EQ(Written(ParseCMakeCommands(absl::StrCat("a(b)\n", bad))), "1 a u:b\n") << bad;
  }
}

TEST(ParseCMakeCommands, EndsSoonOnBracketsThatNeverClose) {
  std::string text = "a(";
  for (int i = 0; i < 200000; ++i) text += "[[ ";
  EXPECT_EQ(ParseCMakeCommands(text + ")").front().arguments.size(), 200000u);
}

TEST(FindCMakeCallEnd, GoesAroundWhatIsNoParenthesis) {
  const auto behind = [](const std::string& text, int line) {
    const size_t at = FindCMakeCallEnd(text, line);
    return at == std::string::npos ? std::string("none") : text.substr(at);
  };
  EXPECT_EQ(behind("a(b)\nc(d) # x\n", 2), ") # x\n");
  EXPECT_EQ(behind("if((A) AND (B))x", 1), ")x");
  EXPECT_EQ(behind("f(\")\\\")\" [=[ ) ]] ]=] # )\n #[[ ) ]] \\) y)z", 1), ")z");
  EXPECT_EQ(behind("a(b", 1), "none");
  EXPECT_EQ(behind("# nothing\na(b)", 1), "none");
  EXPECT_EQ(behind("a(b)", 7), "none");
}

}  // namespace
}  // namespace glovebox::graph
