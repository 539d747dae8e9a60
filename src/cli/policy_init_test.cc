// A policy learned from a real run, through the real binary.
#include "cli/cli_fixture.h"

namespace glovebox::cli {
namespace {

class PolicyInit : public Cli {};

TEST_F(PolicyInit, IsLearnedFromTheLatestRun) {
  ASSERT_OK(MakeDirectories(Path("other")));
  ASSERT_OK(WriteFile(Path("other/in.txt"), "1"));
  ASSERT_EQ(Run({"run", "-q", "--", "sh", "-c", absl::StrCat("cat ", Path("other/in.txt"), " > out")}).exit(),
            0);
  const Outcome shown = Run({"policy", "init"});
  EXPECT_EQ(shown.exit(), 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("mode = \"enforce\""));
  EXPECT_THAT(shown.out, HasSubstr("\n[run]     # 1 action\n# runs /"));
  EXPECT_THAT(shown.out, HasSubstr("other/in.txt\","));
  EXPECT_THAT(shown.out, HasSubstr("write = [\"${build}\"]     # out: by "));
  EXPECT_THAT(shown.out, HasSubstr("network = \"none\"\n"));
}

TEST_F(PolicyInit, WritesOverNothingUnlessToldTo) {
  ASSERT_EQ(Run({"run", "-q", "--", "true"}).exit(), 0);
  const std::string file = Path("glovebox.toml");
  EXPECT_EQ(Run({"policy", "init", "-o", file}).exit(), 0);
  EXPECT_TRUE(FileExists(file));
  const Outcome again = Run({"policy", "init", "-o", file});
  EXPECT_EQ(again.exit(), 1);
  EXPECT_THAT(again.err, HasSubstr("is there already; --force"));
  EXPECT_EQ(Run({"policy", "init", "-o", file, "--force"}).exit(), 0);
}

TEST_F(PolicyInit, TestsAreLearnedWithTheBuildBeforeThem) {
  const auto launched = [&](const std::string& role, const std::string& name, const std::string& what) {
    return Run({"run", "--launched", "--role=" + role, name, "--", "sh", "-c", what}).exit();
  };
  // Each of them is a run of its own: the test's words are nobody's but a launcher's.
  ASSERT_EQ(Run({"run", "-q", "--role=compile", "--target=app", "--", "sh", "-c", "echo 1 > a.o"}).exit(), 0);
  ASSERT_EQ(launched("test", "--test=t", "cat a.o"), 0);
  const Outcome shown = Run({"policy", "init"});
  EXPECT_THAT(shown.out, HasSubstr("\n[compile]     # 1 action\n")) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("\n[test]     # 1 action\n"));
  EXPECT_THAT(shown.out, HasSubstr("\"${build}/a.o\","));
  EXPECT_THAT(shown.out, HasSubstr("\n#   and /"));
}

TEST_F(PolicyInit, SeveralRunsAreNamedByTheirLogs) {
  for (const char* name : {"one", "two"})
    ASSERT_EQ(Run({"run", "-q", "--log", Path(name), "--", "true"}).exit(), 0);
  const Outcome shown = Run({"policy", "init", "--log", Path("one"), "--log", Path("two")});
  EXPECT_THAT(shown.out, HasSubstr("\n[run]     # 2 actions\n")) << shown.err;
}

TEST_F(PolicyInit, WhatWasRefusedIsNotLearned) {
  ASSERT_OK(WriteFile(Path("p.toml"), "network = \"none\"\nmode = \"enforce\"\n"));
  Run({"run", "-q", "--policy", Path("p.toml"), "--", "bash", "-c", "exec 3<>/dev/udp/127.0.0.1/9"});
  EXPECT_THAT(Run({"policy", "init"}).out, HasSubstr("network = \"none\"\n"));
}

TEST_F(PolicyInit, WithoutARunThereIsNothingToLearn) {
  const Outcome none = Run({"policy", "init"});
  EXPECT_EQ(none.exit(), 1);
  EXPECT_THAT(none.err, HasSubstr("no run recorded"));
  EXPECT_EQ(Run({"policy"}).exit(), 2);
}

}  // namespace
}  // namespace glovebox::cli
