#include "graph/shell_line.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::graph {
namespace {

std::vector<std::string> Texts(const std::string& command) {
  std::vector<std::string> texts;
  for (const ShellPart& part : SplitShell(command))
    texts.push_back(part.text + (part.redirects ? " [>]" : ""));
  return texts;
}

TEST(SplitShell, CutsWhereTheShellDoes) {
  const std::pair<const char*, std::vector<std::string>> cases[] = {
      {"", {""}},
      {"a", {"a"}},
      {"a && b | c; d & e || f", {"a", "b", "c", "d", "e", "f"}},
      {"a 'x && y' \"z | \\\" q\" \\; b", {"a 'x && y' \"z | \\\" q\" \\; b"}},
      {"a > f && b", {"a > f [>]", "b"}},
      {"a 2>&1 && b", {"a 2>&1", "b"}},
      {"a &> f", {"a &> f [>]"}},
      {"(a && b) | c", {"(a && b)", "c"}},
      {"a $(b | c)", {"a $(b | c)"}},
      {"a 'open", {"a 'open"}},
      {"a \\", {"a \\"}},
  };
  for (const auto& [command, parts] : cases) EXPECT_EQ(Texts(command), parts) << command;
}

TEST(SplitShell, FindsWhatTheShellRunsFirst) {
  using Strings = std::vector<std::string>;
  const std::pair<const char*, Strings> cases[] = {
      {"echo `cat x` \"`a | b`\" $(c && d) \"$(e \")\" f)\"", {"cat x", "a | b", "c && d", "e \")\" f"}},
      {"echo '`cat x` $(y)' \\`a\\` \"\\$(b)\" $(( 1 + 2 )) ${c}", {}},
      {"echo `a \\`b\\``", {"a `b`"}},
      {"echo $(a $(b) (c)) d", {"a $(b) (c)"}},
      {"echo $((1 + $(a)))", {"a"}},
      {"echo $(open", {"open"}},
      {"echo `open", {"open"}},
      {"echo $(", {""}},
      {"echo $", {}},
      {"echo \"it's $(a)\"", {"a"}},
  };
  for (const auto& [command, substitutions] : cases) {
    const std::vector<ShellPart> parts = SplitShell(command);
    ASSERT_EQ(parts.size(), 1u) << command;
    EXPECT_EQ(parts[0].text, command);
    EXPECT_EQ(parts[0].substitutions, substitutions) << command;
  }
  EXPECT_EQ(SplitShell("a && b $(c)")[1].substitutions, Strings{"c"});
}

TEST(SplitShell, EndsSoonOnWhatIsNestedWithoutEnd) {
  for (const std::string unit : {"$(", "`", "\"$(", "(", "$(\"`", "\\"}) {
    std::string text;
    while (text.size() < 200000) text += unit;
    EXPECT_FALSE(SplitShell(text).empty());
  }
}

TEST(RecipeToShell, DollarsAreMakes) {
  const std::pair<const char*, const char*> cases[] = {
      {"", ""},
      {"echo $$(cat x) $(CMAKE_COMMAND) $$HOME", "echo $(cat x) ${CMAKE_COMMAND} $HOME"},
      {"$$$$ $@ $", "$$ $@ $"},
      {"$(open", "$(open"},
  };
  for (const auto& [line, shell] : cases) EXPECT_EQ(RecipeToShell(line), shell);
}

}  // namespace
}  // namespace glovebox::graph
