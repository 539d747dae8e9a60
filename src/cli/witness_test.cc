// The harm of a finding, through the real binaries. integration/faults shows it for each seed.
#include <sys/stat.h>

#include "cli/cli_fixture.h"

namespace glovebox::cli {
namespace {

// `use` needs `made`, and nothing says so; without it, it waits for somebody who makes it.
constexpr char kRace[] =
    "rule make\n"
    "  command = cp in made\n"
    "rule use\n"
    "  command = test -e made || { touch begun; sleep 50; }; cat made > use; : > note\n"
    "build made: make in\n"
    "build use: use\n";

class WitnessCli : public Cli {
 protected:
  void Build(const std::string& manifest) {
    ASSERT_OK(WriteFile(Path("build/build.ninja"), manifest));
    ASSERT_OK(WriteFile(Path("build/in"), "in"));
    ASSERT_OK(WriteFile(Path("build/table"), "table"));
    ASSERT_EQ(Run({"-j1"}, GLOVEBOX_NINJA).exit(), 0);
  }
  std::string Found() {
    const json report = json::parse(Run({"verify", "--json"}).out);
    return report["findings"].empty() ? "none" : report["findings"][0]["id"].get<std::string>();
  }
};

TEST_F(WitnessCli, WhatIsStaleIsShown) {
  Build("rule make\n  command = cat $in table > $out\nbuild gen: make in\n");
  struct stat before = {}, after = {};
  ASSERT_EQ(stat(Path("build/table").c_str(), &before), 0);
  const std::string id = Found();
  const Outcome shown = Run({"witness", id});
  EXPECT_EQ(shown.exit(), 0) << shown.err;
  EXPECT_THAT(shown.out,
              HasSubstr("  3  ninja gen: no work to do\n"
                        "  =  stale: gen was made from the old table, and Ninja does not make it again\n"));
  ASSERT_EQ(stat(Path("build/table").c_str(), &after), 0);
  EXPECT_EQ(before.st_mtim.tv_sec, after.st_mtim.tv_sec);
  EXPECT_EQ(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
  // Out of date: a change would show nothing.
  ASSERT_EQ(unlink(Path("build/gen").c_str()), 0);
  const Outcome old = Run({"witness", id});
  EXPECT_EQ(old.exit(), 2);
  EXPECT_THAT(old.err, HasSubstr("gen is not up to date"));
}

TEST_F(WitnessCli, ASignalPutsAllBack) {
  Build(kRace);
  const std::string id = Found();
  ASSERT_NE(id, "none");
  // The group's leader alone is told, as `kill PID` does.
  const std::string line =
      absl::StrCat("cd ", Path("build"), " && ", GLOVEBOX_PROGRAM, " witness ", id,
                   " & witness=$!; for i in $(seq 300); do test -e ", Path("build"),
                   "/begun && break; sleep 0.1; done; kill -TERM $witness; wait $witness; echo ended $?");
  const Outcome ended = Run({"-c", line}, "/bin/sh");
  EXPECT_THAT(ended.out, HasSubstr("ended 143\n"));
  EXPECT_EQ(ReadFile(Path("build/made")).value_or("gone"), "in");
  EXPECT_EQ(ReadFile(Path("build/use")).value_or("gone"), "in");
  EXPECT_FALSE(FileExists(Path("build/.glovebox-held")));
  EXPECT_THAT(Run({"-n"}, GLOVEBOX_NINJA).out, HasSubstr("no work to do"));
}

TEST_F(WitnessCli, WhatCannotBeShownIsAnError) {
  Build("rule make\n  command = cat $in > $out; : > other\nbuild gen: make in\n");
  const Outcome unknown = Run({"witness", "0123456789ab"});
  EXPECT_EQ(unknown.exit(), 2);
  EXPECT_THAT(unknown.err, HasSubstr("no finding has the id 0123456789ab"));
  const Outcome other = Run({"witness", Found()});
  EXPECT_EQ(other.exit(), 2);
  EXPECT_THAT(other.err, HasSubstr("there is no witness for a finding of undeclared-output"));
}

}  // namespace
}  // namespace glovebox::cli
