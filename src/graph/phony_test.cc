#include "graph/phony.h"

#include "base/files.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::graph {
namespace {

TEST(Phony, ANameIsFollowedToWhatEdgesMake) {
  ASSERT_OK_AND_ASSIGN(const TempDir dir, TempDir::Create("phony"));
  ASSERT_OK(WriteFile(dir.path() + "/build.ninja",
                      "rule r\n  command = true\n"
                      "build CMakeFiles/chk: r\nbuild sub/CMakeFiles/lint.util: r\nbuild app: r a.c\n"
                      "build chk: phony CMakeFiles/chk\nbuild sub/lint: phony sub/CMakeFiles/lint.util\n"
                      "build lint: phony sub/lint\nbuild all: phony app chk lint app || later\n"
                      "build later: r\nbuild a$ b: phony app\nbuild none: phony\n"));
  NinjaCall call;
  call.build_dir = dir.path();
  const struct {
    const char* name;
    std::vector<std::string> behind;
  } rows[] = {
      {"chk", {"CMakeFiles/chk"}},
      {"lint", {"sub/CMakeFiles/lint.util"}},
      {"all", {"app", "CMakeFiles/chk", "sub/CMakeFiles/lint.util"}},
      {"a b", {"app"}},
      {"none", {}},
      {"app", {}},
      {"nobody", {}},
      {"", {}},
      {"-h", {}},
      {"a.c^", {}},
  };
  for (const auto& row : rows) {
    ASSERT_OK_AND_ASSIGN(const std::vector<std::string> behind, BehindPhony(call, row.name));
    EXPECT_THAT(behind, testing::UnorderedElementsAreArray(row.behind)) << row.name;
  }
  call.manifest = "missing.ninja";
  EXPECT_FALSE(BehindPhony(call, "chk").ok());
}

}  // namespace
}  // namespace glovebox::graph
