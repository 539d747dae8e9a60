#include "graph/build_facts.h"

#include <memory>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "graph/utility_edges.h"
#include "gtest/gtest.h"

namespace glovebox::graph {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

TEST(ParseExplain, TakesTheRootsAndNotWhatFollowsFromThem) {
  const std::vector<DirtyEdge> dirty = ParseExplain(
      "ninja: Entering directory `b'\n"
      "ninja explain: output a doesn't exist\n"
      "ninja explain: output a doesn't exist\n"
      "ninja explain: a is dirty\n"
      "ninja explain: output b c older than most recent input in (1) x (12 vs 13)\n"
      "ninja explain: recorded mtime of r older than most recent input s (1 vs 2)\n"
      "ninja explain: output p of phony edge with no inputs doesn't exist\n"
      "ninja explain: gone.h has no in-edge and is missing\n"
      "ninja explain: command line changed for c\n"
      "ninja explain: deps for 'd' are missing\n"
      "ninja explain: something that a newer Ninja says\n"
      "[1/1] cc\n");
  std::vector<std::string> lines;
  for (const DirtyEdge& edge : dirty) lines.push_back(edge.output + "|" + edge.reason + "|" + edge.because);
  EXPECT_THAT(
      lines,
      ElementsAre("a|is not there|", "b c|is older than its input|in (1) x", "r|is older than its input|s",
                  "p|needs a phony name that stands for nothing|", "gone.h|needs what is not there|",
                  "c|has another command than it was made with|", "d|has no depfile's names|"));
}

class BuildFactsTest : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::Create();
    ASSERT_OK(dir);
    dir_ = std::make_unique<TempDir>(*std::move(dir));
    ASSERT_OK(MakeDirectories(dir_->path() + "/b"));
    for (const char* name : {"in", "x.h"}) ASSERT_OK(WriteFile(dir_->path() + "/" + name, name));
  }
  BuildFacts Load(const std::string& manifest, bool build = true) {
    EXPECT_OK(WriteFile(dir_->path() + "/b/build.ninja", manifest));
    if (build) {
      EXPECT_EQ(system(("ninja -C " + dir_->path() + "/b >/dev/null").c_str()), 0);
    }
    NinjaCall call;
    call.build_dir = dir_->path() + "/b";
    auto graph = LoadNinjaGraph(call);
    EXPECT_OK(graph);
    auto facts = LoadBuildFacts(call, std::make_shared<const NinjaGraph>(*std::move(graph)));
    EXPECT_OK(facts);
    return *std::move(facts);
  }
  std::unique_ptr<TempDir> dir_;
};

TEST_F(BuildFactsTest, WhatNinjaAndTheDiskKnow) {
  const BuildFacts facts = Load(
      "rule cc\n  command = cat $in > $out && echo $out: ../x.h > $out.d\n  depfile = $out.d\n  deps = gcc\n"
      "rule keep\n  command = cat $in > $out && echo $out: ../x.h > $out.d\n  depfile = $out.d\n"
      "build a: cc ../in\nbuild k: keep ../in\n");
  EXPECT_THAT(facts.depfile_inputs.at("a"), ElementsAre("../x.h"));
  EXPECT_THAT(facts.depfile_inputs.at("k"), ElementsAre("../x.h")) << "Ninja leaves this one";
  EXPECT_TRUE(facts.FileOf("a").there);
  EXPECT_EQ(facts.FileOf("../in").path, RealPath(dir_->path()) + "/in");
  EXPECT_THAT(facts.dirty, IsEmpty());
  EXPECT_EQ(SourceDirOf(facts), RealPath(dir_->path()));
  EXPECT_FALSE(facts.FileOf("never").there);
}

TEST_F(BuildFactsTest, WhatIsNoOutputAnyMore) {
  Load("rule cat\n  command = cat $in > $out\nbuild old: cat ../in\n");
  const BuildFacts facts = Load("rule cat\n  command = cat $in > $out\nbuild new: cat ../in\n", false);
  EXPECT_THAT(facts.once_outputs, ElementsAre(RealPath(dir_->path()) + "/b/old"));
  ASSERT_EQ(facts.dirty.size(), 1u);
  EXPECT_EQ(facts.dirty[0].output, "new");
}

TEST_F(BuildFactsTest, DyndepFilesAddToTheGraph) {
  const BuildFacts facts = Load(
      "rule cat\n  command = cat $in > $out; echo > mod\n"
      "rule dd\n  command = printf 'ninja_dyndep_version = 1\\nbuild out | mod: dyndep | ../x.h\\n' > $out\n"
      "build dd: dd\nbuild out: cat ../in || dd\n  dyndep = dd\n");
  const NinjaEdge* edge = facts.ninja->ByOutput("mod");
  ASSERT_NE(edge, nullptr);
  EXPECT_THAT(edge->outputs, UnorderedElementsAre("out", "mod"));
  EXPECT_THAT(edge->inputs, testing::Contains("../x.h"));
}

TEST(UtilityEdges, AreToldByWhatCMakeWrites) {
  EXPECT_TRUE(IsUtility({{"CMakeFiles/test.util"}, "CUSTOM_COMMAND", "ctest", {}, {}}));
  EXPECT_TRUE(IsUtility({{"sub/CMakeFiles/install/strip.util"}, "CUSTOM_COMMAND", "x", {}, {}}));
  EXPECT_TRUE(IsUtility({{"build.ninja"}, "regen", "x", {}, {}}));
  EXPECT_TRUE(IsUtility({{"CMakeFiles/cmake.verify_globs"}, "VERIFY_GLOBS", "x", {}, {}}));
  EXPECT_FALSE(IsUtility({{"test.util"}, "CUSTOM_COMMAND", "x", {}, {}}));
  EXPECT_FALSE(IsUtility({{"install"}, "cc", "x", {}, {}})) << "a name is no sign";
}

}  // namespace
}  // namespace glovebox::graph
