// The library in a real Ninja, with a launcher that only writes down how it was called.
#include <sys/stat.h>
#include <sys/wait.h>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "graph/run_tool.h"
#include "gtest/gtest.h"

namespace glovebox::ninja {
namespace {

class Preload : public testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<TempDir> dir = TempDir::Create();
    ASSERT_OK(dir);
    dir_.emplace(*std::move(dir));
    ASSERT_OK(WriteFile(Path("launch"),
                        "#!/bin/sh\nprintf '%s|' \"$@\" >> launch.log; echo >> launch.log\n"
                        "while [ \"$1\" != -- ]; do shift; done; shift; exec \"$@\"\n"));
    ASSERT_EQ(chmod(Path("launch").c_str(), 0755), 0);
    ASSERT_OK(WriteFile(Path("build.ninja"),
                        "rule r\n  command = echo \"$$LD_PRELOAD\" > $out\nbuild a: r\n"
                        "rule bad\n  command = exit 3\nbuild b: bad\n"
                        "rule con\n  command = echo console\n  pool = console\nbuild c: con\n"));
  }
  std::string Path(const std::string& name) const { return dir_->path() + "/" + name; }
  graph::ToolOutput Run(const std::string& environment, const std::string& target) {
    absl::StatusOr<graph::ToolOutput> output =
        graph::RunTool({"/bin/sh", "-c", absl::StrCat("env ", environment, " ninja ", target)}, dir_->path());
    EXPECT_OK(output);
    return output.ok() ? *output : graph::ToolOutput{};
  }
  std::string Ours(const std::string& rest = "") {
    return absl::StrCat("\"LD_PRELOAD=" GLOVEBOX_PRELOAD, rest, "\" GLOVEBOX_LAUNCH=", Path("launch"));
  }
  std::optional<TempDir> dir_;
};

TEST_F(Preload, EachEdgesShellIsSpawnedThroughTheLauncher) {
  EXPECT_EQ(Run(Ours(), "a").exit_status, 0);
  ASSERT_OK_AND_ASSIGN(const std::string log, ReadFile(Path("launch.log")));
  EXPECT_EQ(log, "--role=edge|--|/bin/sh|-c|echo \"$LD_PRELOAD\" > a|\n");
}

TEST_F(Preload, ChildrenSeeThePreloadOfTheUserAndNotOurs) {
  EXPECT_EQ(Run(Ours(), "a").exit_status, 0);
  ASSERT_OK_AND_ASSIGN(std::string value, ReadFile(Path("a")));
  EXPECT_EQ(value, "\n");
  ASSERT_EQ(remove(Path("a").c_str()), 0);
  EXPECT_EQ(Run(Ours(" libm.so.6:libdl.so.2"), "a").exit_status, 0);
  ASSERT_OK_AND_ASSIGN(value, ReadFile(Path("a")));
  EXPECT_EQ(value, "libm.so.6:libdl.so.2\n");
}

TEST_F(Preload, NothingIsRebuiltWithAndWithoutIt) {
  EXPECT_EQ(Run("", "a").exit_status, 0);
  EXPECT_EQ(Run(Ours(), "a").out, "ninja: no work to do.\n");
  ASSERT_EQ(remove(Path("a").c_str()), 0);
  EXPECT_EQ(Run(Ours(), "a").exit_status, 0);
  EXPECT_EQ(Run("", "a").out, "ninja: no work to do.\n");
}

TEST_F(Preload, OutputAndExitCodeOfAFailingEdgeAreNinjas) {
  const graph::ToolOutput plain = Run("", "b");
  const graph::ToolOutput ours = Run(Ours(), "b");
  EXPECT_EQ(plain.exit_status, 1);
  EXPECT_EQ(ours.exit_status, plain.exit_status);
  EXPECT_EQ(ours.out, plain.out);
  EXPECT_EQ(Run("", "c").out, Run(Ours(), "c").out);
}

TEST_F(Preload, AMissingLauncherFailsTheBuildAndRunsNothing) {
  const graph::ToolOutput output =
      Run("LD_PRELOAD=" GLOVEBOX_PRELOAD " GLOVEBOX_LAUNCH=/nonexistent/launch", "a");
  EXPECT_NE(output.exit_status, 0);
  EXPECT_FALSE(FileExists(Path("a")));
}

TEST_F(Preload, WithoutALauncherItOnlyHidesItself) {
  EXPECT_EQ(Run("LD_PRELOAD=" GLOVEBOX_PRELOAD, "a").exit_status, 0);
  ASSERT_OK_AND_ASSIGN(const std::string value, ReadFile(Path("a")));
  EXPECT_EQ(value, "\n");
  EXPECT_FALSE(FileExists(Path("launch.log")));
}

}  // namespace
}  // namespace glovebox::ninja
