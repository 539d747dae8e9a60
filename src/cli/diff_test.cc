// `glovebox diff` of builds by hand, through the real binaries; CMake's are tried by integration/diff.
#include "cli/cli_fixture.h"

namespace glovebox::cli {
namespace {

class DiffCli : public Cli {
 protected:
  // Another directory than the fixture's, with a manifest of its own.
  void Build(const std::string& name, const std::string& manifest) {
    ASSERT_OK(MakeDirectories(Path(name)));
    ASSERT_OK(WriteFile(Path(name + "/build.ninja"), manifest));
    ASSERT_OK(WriteFile(Path(name + "/in"), "1"));
    ASSERT_EQ(Run({"-C", Path(name)}, GLOVEBOX_NINJA).exit(), 0);
  }
};

constexpr char kSame[] = "rule cat\n  command = cat $in > $out\nbuild x: cat in\nbuild y: cat x\n";
constexpr char kPath[] =
    "rule pwd\n  command = pwd > $out\nrule cat\n  command = cat $in > $out\nbuild x: pwd\nbuild y: cat x\n";

TEST_F(DiffCli, AlikeBuildsDoNotDiffer) {
  Build("one", kSame);
  Build("another", kSame);
  const Outcome diff = Run({"diff", Path("one"), Path("another")});
  EXPECT_EQ(diff.exit(), 0) << diff.err;
  EXPECT_THAT(diff.out, HasSubstr("\nno difference in 2 outputs of 2 edges\n"));
}

TEST_F(DiffCli, TheBuildDirectoryIsToldWhereItBegins) {
  Build("one", kPath);
  Build("another", kPath);
  const Outcome diff = Run({"diff", Path("one"), Path("another")});
  EXPECT_EQ(diff.exit(), 1) << diff.err;
  EXPECT_THAT(diff.out, HasSubstr("2 of 2 outputs differ of 2 edges\n"));
  EXPECT_THAT(diff.out,
              HasSubstr("\n1. the build directory stands in it: 1 place, and through that 1 more\n"));
  EXPECT_THAT(diff.out, HasSubstr("   through  y\n"));
  const json document = json::parse(Run({"diff", "--json", Path("one"), Path("another")}).out);
  EXPECT_EQ(document["causes"].size(), 1u);
  EXPECT_EQ(document["causes"][0]["source"], "build-path");
  const json& cause = document["causes"][0];
  EXPECT_EQ(document["nodes"][cause["origins"][0].get<size_t>()]["name"], "x");
  EXPECT_EQ(document["nodes"][cause["reached"][0].get<size_t>()]["begins"], json::array());
}

TEST_F(DiffCli, WhatIsAskedWronglyIsSaid) {
  Build("one", kSame);
  EXPECT_EQ(Run({"diff"}).exit(), 2);
  EXPECT_EQ(Run({"diff", Path("one")}).exit(), 2);
  EXPECT_EQ(Run({"diff", Path("one"), ""}).exit(), 2);
  EXPECT_EQ(Run({"diff", Path("one"), Path("one"), "--keep"}).exit(), 2);
  ASSERT_OK(MakeDirectories(Path("empty")));
  const Outcome no_run = Run({"diff", Path("one"), Path("empty")});
  EXPECT_EQ(no_run.exit(), 2);
  EXPECT_THAT(no_run.err, HasSubstr("no run recorded for "));
  const Outcome no_cmake = Run({"diff", "--twice", Path("one")});
  EXPECT_EQ(no_cmake.exit(), 2);
  EXPECT_THAT(no_cmake.err, HasSubstr("build it again by hand in another directory"));
}

}  // namespace
}  // namespace glovebox::cli
