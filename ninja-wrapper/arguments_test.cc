#include "arguments.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::ninja {
namespace {

struct Case {
  std::vector<std::string> words;
  std::string directory;
  std::string manifest;
  bool direct;
};

TEST(Arguments, MeanWhatTheyMeanToNinja) {
  const Case cases[] = {
      {{}, "", "build.ninja", false},
      {{"-C", "b"}, "b", "build.ninja", false},
      {{"-Cb"}, "b", "build.ninja", false},
      {{"-vCb"}, "b", "build.ninja", false},
      {{"-C", "a", "-C", "b"}, "b", "build.ninja", false},
      {{"-f", "x.ninja"}, "", "x.ninja", false},
      {{"-j4", "-fx", "all", "-C", "b"}, "b", "x", false},
      {{"--", "-C", "b"}, "", "build.ninja", false},
      {{"-j", "-C"}, "", "build.ninja", false},
      {{"-k0", "--verbose", "--quiet"}, "", "build.ninja", false},
      {{"-C", "b", "-t", "clean", "-C", "x"}, "b", "build.ninja", true},
      {{"-n"}, "", "build.ninja", true},
      {{"-vn"}, "", "build.ninja", true},
      {{"--version"}, "", "build.ninja", true},
      {{"--vers"}, "", "build.ninja", true},
      {{"-h"}, "", "build.ninja", true},
      {{"--help"}, "", "build.ninja", true},
      {{"--unknown"}, "", "build.ninja", true},
      {{"-C"}, "", "build.ninja", true},
      {{"cmTC_a1b2c"}, "", "build.ninja", true},
      {{"--", "cmTC_a1b2c"}, "", "build.ninja", true},
  };
  for (const Case& c : cases) {
    std::vector<std::string> argv = {"glovebox-ninja"};
    argv.insert(argv.end(), c.words.begin(), c.words.end());
    const Arguments arguments = ParseArguments(argv);
    SCOPED_TRACE(testing::PrintToString(c.words));
    EXPECT_EQ(arguments.directory, c.directory);
    EXPECT_EQ(arguments.manifest, c.manifest);
    EXPECT_EQ(arguments.direct, c.direct);
    EXPECT_EQ(arguments.forwarded, c.words);
    EXPECT_EQ(arguments.error, "");
  }
}

TEST(Arguments, OurOwnOptionIsTakenOut) {
  const Arguments arguments = ParseArguments({"g", "-C", "b", "--glovebox-level=full", "all"});
  EXPECT_EQ(arguments.level, "full");
  EXPECT_THAT(arguments.forwarded, testing::ElementsAre("-C", "b", "all"));
  for (const char* level : {"open", "full", "strict"}) {
    const Arguments one = ParseArguments({"g", absl::StrCat("--glovebox-level=", level)});
    EXPECT_EQ(one.level, level);
    EXPECT_EQ(one.error, "");
  }
  EXPECT_THAT(ParseArguments({"g", "--", "--glovebox-level=full"}).forwarded,
              testing::ElementsAre("--", "--glovebox-level=full"));
}

TEST(Arguments, PolicyAndModeAreOursWithTheirValueInTheSameWordOrTheNext) {
  const Arguments one =
      ParseArguments({"g", "--glovebox-policy=p.toml", "-C", "b", "--glovebox-mode=enforce", "all"});
  EXPECT_EQ(one.policy, "p.toml");
  EXPECT_EQ(one.mode, "enforce");
  EXPECT_EQ(one.directory, "b");
  EXPECT_THAT(one.forwarded, testing::ElementsAre("-C", "b", "all"));
  const Arguments two =
      ParseArguments({"g", "--glovebox-policy", "p.toml", "--glovebox-mode", "observe", "all"});
  EXPECT_EQ(two.policy, "p.toml");
  EXPECT_EQ(two.mode, "observe");
  EXPECT_THAT(two.forwarded, testing::ElementsAre("all"));
  for (const char* word : {"--glovebox-policy", "--glovebox-policy=", "--glovebox-policyfile=x",
                           "--glovebox-mode", "--glovebox-mode=", "--glovebox-mode=enforced"}) {
    EXPECT_THAT(ParseArguments({"g", word}).error, testing::HasSubstr(word));
  }
  EXPECT_THAT(ParseArguments({"g", "--", "--glovebox-mode=x"}).forwarded,
              testing::ElementsAre("--", "--glovebox-mode=x"));
}

TEST(Arguments, AWrongLevelIsNamed) {
  for (const char* word : {"--glovebox-level", "--glovebox-level=", "--glovebox-level=all"}) {
    EXPECT_THAT(ParseArguments({"g", word}).error, testing::HasSubstr(word));
  }
}

}  // namespace
}  // namespace glovebox::ninja
