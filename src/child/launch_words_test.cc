#include "child/launch_words.h"

#include <string>
#include <vector>

#include "base/shell_words.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::child {
namespace {

using Strings = std::vector<std::string>;

struct Words {
  explicit Words(Strings words) : text(std::move(words)) {
    for (std::string& word : text) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    options.command = pointers.data();
    options.command_count = text.size();
  }
  Strings text;
  std::vector<char*> pointers;
  LaunchOptions options;
};

TEST(ShellAssignment, IsWhatAShellTakesForOne) {
  for (const char* yes : {"A=1", "_=", "aB_9=x=y", "A=b c\n", "_9= "}) EXPECT_TRUE(IsShellAssignment(yes));
  for (const char* no :
       {"", "=", "=1", "A", "9=1", "A-B=1", "./a=b", "\"A\"=1", "a b=1", "A+=1", "\xc3\xa4=1"})
    EXPECT_FALSE(IsShellAssignment(no)) << no;
}

TEST(ShellWords, ProgramsAreNoneOfThem) {
  for (const char* word : {".", "cd", "export", "exec", ":"}) EXPECT_TRUE(IsShellBuiltin(word)) << word;
  for (const char* word : {"!", "(", "(cd", "{", "if"}) EXPECT_TRUE(IsShellKeyword(word)) << word;
  for (const char* word : {"", "cat", "test", "./cd", "cd/", "echo", "fi(", "!x"}) {
    EXPECT_FALSE(IsShellBuiltin(word) || IsShellKeyword(word)) << word;
  }
}

TEST(TakeAssignments, AreHandedThroughInTheirOrder) {
  Words words({"A=1", "B=", "A=x y", "cc", "C=3"});
  ASSERT_EQ(CountAssignments(words.options), 3u);
  Words environment({"A=0", "PATH=/bin"});
  const AssignmentRoom room = RoomForAssignments(words.options, 3, environment.pointers.data());
  std::vector<char*> entries(room.entries);
  std::string text(room.bytes, '?');
  TakeAssignments(words.options, 3, environment.pointers.data(), entries.data(), text.data());
  ASSERT_EQ(entries.back(), nullptr);
  entries.pop_back();
  EXPECT_THAT(Strings(entries.begin(), entries.end()),
              testing::ElementsAre("A=0", "PATH=/bin", "GLOVEBOX_CHILD_A=1",
                                   "GLOVEBOX_CHILD_B=", "GLOVEBOX_CHILD_A=x y"));
  EXPECT_EQ(words.options.command_count, 2u);
  EXPECT_STREQ(words.options.command[0], "cc");
}

TEST(CountAssignments, EndsAtTheProgramOrNowhere) {
  EXPECT_EQ(CountAssignments(Words({"cc", "A=1"}).options), 0u);
  EXPECT_EQ(CountAssignments(Words({"A=1", "B=2"}).options), 2u);
}

}  // namespace
}  // namespace glovebox::child
