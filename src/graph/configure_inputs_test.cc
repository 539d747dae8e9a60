#include "graph/configure_inputs.h"

#include <algorithm>

#include "base/files.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"

namespace glovebox::graph {
namespace {

using testing::HasSubstr;

constexpr char kRule[] = "rule again\n  command = true\n  generator = 1\n";

TEST(ConfigureInputs, AreThoseOfTheManifestsOwnEdge) {
  ASSERT_OK_AND_ASSIGN(TempDir dir, TempDir::Create());
  ASSERT_OK(WriteFile(dir.path() + "/x.ninja", std::string(kRule) +
                                                   "build x.ninja other: again | /src/b$ b /src/./a sub/../c "
                                                   "/src/a || ordered\n"
                                                   "build made: again | y.ninja\n"));
  const std::vector<std::string> want = {"/src/a", "/src/b b", dir.path() + "/c"};
  const NinjaCall call = {"ninja", dir.path(), "x.ninja"};
  ASSERT_OK_AND_ASSIGN(std::vector<std::string> inputs, LoadConfigureInputs(call));
  EXPECT_THAT(inputs, testing::UnorderedElementsAreArray(want));
  EXPECT_TRUE(std::is_sorted(inputs.begin(), inputs.end()));
  ASSERT_OK_AND_ASSIGN(const NinjaGraph graph, LoadNinjaGraph(call));
  ASSERT_OK_AND_ASSIGN(const std::vector<std::string> of_graph, ConfigureInputs(graph, "x.ninja"));
  EXPECT_EQ(of_graph, inputs);
  EXPECT_THAT(ConfigureInputs(graph, "y.ninja"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no edge makes y.ninja")));
}

TEST(ConfigureInputs, OfAManifestThatNothingMakesThereAreNone) {
  ASSERT_OK_AND_ASSIGN(TempDir dir, TempDir::Create());
  // In the second the manifest is an input: Ninja knows its name.
  for (const char* text : {"", "build o: again build.ninja\n"}) {
    ASSERT_OK(WriteFile(dir.path() + "/build.ninja", std::string(kRule) + text));
    EXPECT_THAT(LoadConfigureInputs({"ninja", dir.path(), "build.ninja"}),
                StatusIs(absl::StatusCode::kNotFound, HasSubstr("no edge makes build.ninja")))
        << text;
  }
  ASSERT_OK(WriteFile(dir.path() + "/build.ninja", "bild\n"));
  EXPECT_THAT(LoadConfigureInputs({"ninja", dir.path(), "build.ninja"}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("build.ninja:1")));
}

}  // namespace
}  // namespace glovebox::graph
