// What is written on the command line reaches whom it is for, byte for byte.
#include <sys/stat.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/cli_fixture.h"

namespace glovebox::cli {
namespace {

// CLI11 takes some of them for a list, an option or the end of the options.
const std::vector<std::string> kOddWords = {
    "[x]", "[a,b]", "[]",     "[",           "",     "--",      "-x",  "--level", "--launched", "{}",
    "%%",  "++",    "report", "a\nb\x1b[0m", "\xff", "[\xff,]", "'\"", "a b",     "\\",         "*"};

std::string InBrackets(const std::vector<std::string>& words) {
  return absl::StrCat("<", absl::StrJoin(words, "><"), ">");
}

TEST_F(Cli, ArgumentsReachTheCommandAsTheyAre) {
  const std::vector<std::vector<std::string>> ways = {
      {"run", "-q", "--", "printf", "<%s>"},
      {"run", "-q", "printf", "<%s>"},
      {"run", "--level", "full", "--log", Path("[l]"), "-q", "printf", "<%s>"},
      {"run", "--launched", "--role=test", "--new", "word", "--", "printf", "<%s>"},
  };
  for (const std::vector<std::string>& way : ways) {
    std::vector<std::string> all = way;
    all.insert(all.end(), kOddWords.begin(), kOddWords.end());
    EXPECT_EQ(Run(all).out, InBrackets(kOddWords)) << testing::PrintToString(way);
  }
  for (const std::string& word : kOddWords) {
    EXPECT_EQ(Run({"run", "-q", "--", "printf", "<%s>", word}).out, InBrackets({word}));
  }
  EXPECT_EQ(Run({"run", "-q", "sh", "-c", "exit $1", "sh", "3"}).exit(), 3);
}

TEST_F(Cli, ALaunchersWordsReachTheCommandAndTheLogAsTheyAre) {
  ASSERT_OK(WriteFile(Path("build/build.ninja"), ""));
  std::vector<std::string> all = {"--role=test", "--target=[t]", "--out=[a,b]", "[]",
                                  "{}",          "--",           "printf",      "<%s>"};
  all.insert(all.end(), kOddWords.begin(), kOddWords.end());
  const Outcome outcome = Run(all, Launcher().c_str());
  EXPECT_EQ(outcome.out, InBrackets(kOddWords)) << outcome.err;
  const json action = Report()["actions"][0];
  EXPECT_EQ(action["outputs"], json({"[a,b]", "[]", "{}"}));
  EXPECT_EQ(action["target"], "[t]");
}

TEST_F(Cli, WhatACommandIsCalledIsItsFirstWord) {
  for (const char* name : {"[x]", "[a,b]", "[]", "{}", "report", "run"}) {
    const std::string program = Path(absl::StrCat("build/", name));
    ASSERT_OK(WriteFile(program, "#!/bin/sh\necho \"$0\"\n"));
    ASSERT_EQ(chmod(program.c_str(), 0755), 0);
    const std::string path = absl::StrCat("PATH=", Path("build"), ":", getenv("PATH"));
    EXPECT_EQ(Run({path, GLOVEBOX_PROGRAM, "run", "-q", "--", name}, "/usr/bin/env").out, program + "\n");
    EXPECT_EQ(Run({path, GLOVEBOX_PROGRAM, "run", "-q", name}, "/usr/bin/env").out, program + "\n");
  }
}

TEST_F(Cli, WhatAnOptionIsGivenIsTakenAsItIs) {
  for (const std::string name : {"[x]", "[a,b]", "[]", "{}", "report", "a\nb", "\xff"}) {
    const std::string dir = Path(name);
    ASSERT_OK(MakeDirectories(dir));
    const Outcome ran = Run({"run", "-q", "--log", dir, "--env", absl::StrCat("+WORD=", name), "--", "sh",
                             "-c", "printf %s \"$WORD\" > \"$WORD\"; printf %s \"$WORD\""});
    EXPECT_EQ(ran.out, name) << ran.err;
    const Outcome explained = Run({"explain", "--log", dir, name});
    EXPECT_EQ(explained.exit(), 0) << explained.err;
    EXPECT_THAT(explained.out, HasSubstr(EscapeBytes(name)));
    EXPECT_THAT(Run({"report", "-C", dir}).err, HasSubstr(EscapeBytes(dir)));
    EXPECT_THAT(Run({"cmake-scan", dir}).err, HasSubstr(EscapeBytes(dir)));
  }
  for (const char* name : {"--", "-x", "--all"}) {
    EXPECT_THAT(Run({"run", "-q", "--", "touch", "--", name}).err, "");
    EXPECT_EQ(Run({"explain", "--", name}).exit(), 0) << name;
  }
}

TEST_F(Cli, AnEmptyValueDoesNotTakeTheNextWord) {
  const Outcome outcome = Run({"run", "-q", "--target=", "--lang=", "--", "printf", "x"});
  EXPECT_EQ(outcome.out, "x") << outcome.err;
  EXPECT_EQ(Report()["actions"][0]["target"], "");
}

}  // namespace
}  // namespace glovebox::cli
