#include "project/policy_source.h"

#include <unistd.h>

#include <cstdlib>
#include <optional>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::project {
namespace {

using testing::HasSubstr;

class PolicySourceTest : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::Create("glovebox-project");
    ASSERT_OK(dir);
    dir_.emplace(*std::move(dir));
    for (const char* name : {"src", "b", "cc/bin", "cc/libexec", "cc/include"})
      ASSERT_OK(MakeDirectories(Path(name)));
  }
  std::string Path(absl::string_view name) const { return absl::StrCat(dir_->path(), "/", name); }
  void Write(absl::string_view name, absl::string_view text) { ASSERT_OK(WriteFile(Path(name), text)); }
  void WriteCache() {
    Write("b/CMakeCache.txt", absl::StrCat("CMAKE_HOME_DIRECTORY:INTERNAL=", Path("src"), "\n"));
  }

 private:
  std::optional<TempDir> dir_;
};

TEST_F(PolicySourceTest, TheFileAtTheTopOfTheSourceTreeIsFound) {
  WriteCache();
  Write("src/glovebox.toml", "mode = \"observe\"\n");
  Write("b/glovebox.toml", "mode = \"enforce\"\n");
  const auto set = PolicyOf({.build_dir = Path("b")});
  ASSERT_OK(set);
  EXPECT_EQ(set->For({}).policy.mode, policy::Mode::kObserve);
  EXPECT_EQ(set->file(), "glovebox.toml");
}

TEST_F(PolicySourceTest, ABuildDirectoryThatIsNotCMakesHasItsOwn) {
  Write("b/glovebox.toml", "hidden = [\"${source}/x\"]\n");
  const auto set = PolicyOf({.build_dir = Path("b")});
  ASSERT_OK(set);
  ASSERT_EQ(set->For({}).policy.paths.size(), 1u);
  EXPECT_EQ(set->For({}).policy.paths[0].path, Path("b/x"));
}

TEST_F(PolicySourceTest, WithoutAFileWhatIsBuiltInHolds) {
  WriteCache();
  const auto set = PolicyOf({.build_dir = Path("b")});
  ASSERT_OK(set);
  EXPECT_EQ(set->file(), "");
  EXPECT_EQ(set->For({}).policy, policy::DefaultPolicy(policy::Role::kRun));
  Write("src/glovebox.toml", "mode = \"observe\"\n");
  const auto blind = PolicyOf({.build_dir = Path("b"), .look = false});
  ASSERT_OK(blind);
  EXPECT_EQ(blind->file(), "");
}

TEST_F(PolicySourceTest, ANamedFileMustBeThereAndGood) {
  EXPECT_THAT(PolicyOf({.named = Path("none.toml"), .build_dir = Path("b")}).status().message(),
              HasSubstr("it is not there"));
  Write("bad.toml", "\nmoed = 1");
  EXPECT_THAT(PolicyOf({.named = Path("bad.toml"), .build_dir = Path("b")}).status().message(),
              HasSubstr(absl::StrCat(Path("bad.toml"), ":2:1: unknown key \"moed\"")));
  EXPECT_THAT(PolicyOf({.named = Path("src"), .build_dir = Path("b")}).status().message(),
              HasSubstr("policy file"));
}

TEST_F(PolicySourceTest, AnErrorInAFoundFileHasItsWholePath) {
  WriteCache();
  Write("src/glovebox.toml", "moed = 1\n");
  const auto set = PolicyOf({.build_dir = Path("b")});
  EXPECT_EQ(set.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(set.status().message(),
              HasSubstr(absl::StrCat(Path("src/glovebox.toml"), ":1:1: unknown key")));
}

TEST_F(PolicySourceTest, ARuleThatNoFindingHasIsNamed) {
  WriteCache();
  Write("src/glovebox.toml", "[severity]\noutside-rea = \"off\"\n");
  EXPECT_THAT(PolicyOf({.build_dir = Path("b")}).status().message(),
              HasSubstr("did you mean \"outside-read\""));
  Write("src/glovebox.toml", "[severity]\noutside-read = \"off\"\n");
  EXPECT_OK(PolicyOf({.build_dir = Path("b")}));
}

TEST_F(PolicySourceTest, TheToolchainIsTheCompilersOwnDirectories) {
  WriteCache();
  Write("cc/bin/g++-real", "");
  ASSERT_OK(MakeDirectories(Path("b/CMakeFiles/3.25.1")));
  ASSERT_EQ(symlink("cc/bin/g++-real", Path("g++").c_str()), 0);
  Write("b/CMakeFiles/3.25.1/CMakeCXXCompiler.cmake",
        absl::StrCat("set(CMAKE_CXX_COMPILER \"", Path("g++"),
                     "\")\nset(CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES \"", Path("cc/include"), ";",
                     Path("gone"), "\")\n"));
  const auto found = FindPolicy({.build_dir = Path("b")});
  ASSERT_OK(found);
  EXPECT_THAT(found->options.variables.toolchain,
              testing::IsSupersetOf({Path("cc/bin"), Path("cc/include"), Path("cc/libexec")}));
  EXPECT_THAT(found->options.variables.toolchain, testing::Not(testing::Contains(Path("gone"))));
}

}  // namespace
}  // namespace glovebox::project
