#include "policy/learn.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(Fold, ADirectoryStandsForWhatIsUsedOfItWhereThatIsMost) {
  const auto entries = [](size_t count) { return [count](const std::string&) { return count; }; };
  const std::set<std::string> two = {"/opt/sdk/a", "/opt/sdk/b"};
  EXPECT_THAT(Fold(two, {}, entries(4)), ElementsAre("/opt/sdk"));
  EXPECT_THAT(Fold(two, {}, entries(5)), ElementsAre("/opt/sdk/a", "/opt/sdk/b"));
  EXPECT_THAT(Fold(two, {}, {}), ElementsAre("/opt/sdk/a", "/opt/sdk/b"));
  EXPECT_THAT(Fold(two, {"/opt/sdk"}, entries(2)), ElementsAre("/opt/sdk/a", "/opt/sdk/b"));
}

TEST(Fold, ManyFilesAreOneDirectoryAndManyDirectoriesTheOneAbove) {
  std::set<std::string> paths;
  for (char c = 'a'; c < 'a' + 6; ++c) {
    for (char d = 'a'; d < 'a' + 6; ++d) paths.insert(std::string("/srv/x/") + c + "/" + d);
  }
  EXPECT_THAT(Fold(paths, {}, {}), ElementsAre("/srv/x"));
  EXPECT_EQ(Fold(paths, {"/srv/x"}, {}).size(), 6u);
}

TEST(Fold, WhatLiesBelowAnotherIsGone) {
  EXPECT_THAT(Fold({"/a", "/a-b", "/a/b", "/a/b/c"}, {}, {}), ElementsAre("/a", "/a-b"));
}

LearnInput Some(Role role) {
  LearnInput input;
  input.places = {"/home/u/p",
                  "/home/u/p/build",
                  "/home/u",
                  "/tmp",
                  {"/usr/lib/gcc/x86_64-linux-gnu/12", "/usr/include"}};
  input.from = "/state/run";
  input.roles.emplace_back();
  input.roles[0].role = role;
  input.roles[0].actions = 1;
  return input;
}

TEST(Learn, ACompileIsWhatAPersonWouldWrite) {
  LearnInput input = Some(Role::kCompile);
  RoleUse& use = input.roles[0];
  use.actions = 2;
  use.read = {"/home/u/p/src/a.c",
              "/home/u/p/src/a.h",
              "/usr/include/stdio.h",
              "/usr/lib/gcc/x86_64-linux-gnu/12/cc1",
              "/usr/bin/x86_64-linux-gnu-gcc-12",
              "/usr/lib/x86_64-linux-gnu/libc.so.6",
              "/etc/ld.so.cache",
              "/home/u/p/build/gen.h",
              "/tmp/cc1.s"};
  use.programs = {"/usr/bin/x86_64-linux-gnu-gcc-12"};
  use.written = {"/home/u/p/build/CMakeFiles/x.dir/a.o", "/tmp/cc1.s", "/dev/null"};
  EXPECT_EQ(LearnPolicy(input), R"(# glovebox.toml, learned from /state/run
# What this run touched may be touched again, and nothing else. Read it before you keep it: what a line
# grants was used once, which does not say that it was right. `glovebox policy check` reads it.

mode = "enforce"     # "report" tells what it would refuse, and refuses nothing

[compile]     # 2 actions
# runs /usr/bin/x86_64-linux-gnu-gcc-12
read = [
  "${toolchain}",
  "/etc/ld.so.cache",
  "${source}/src/a.c",
  "${source}/src/a.h",
  "/usr/bin",
  "/usr/lib",
]
write = [
  "/dev/null",
  "${build}",
  "${tmp}",
]
network = "none"
)");
}

TEST(Learn, ATestMayWriteWhereItWroteAndNotInAllOfTheBuild) {
  LearnInput input = Some(Role::kTest);
  input.made = {"/home/u/p/build/t/work", "/home/u/p/build/t/work/deep"};
  input.roles[0].written = {"/home/u/p/build/t/work/deep/x", "/home/u/p/build/t/work"};
  EXPECT_THAT(LearnPolicy(input), HasSubstr("write = [\"${build}/t\"]\n"));
  input.made.insert("/home/u/p/build/t");
  input.roles[0].written.insert("/home/u/p/build/t");
  EXPECT_THAT(LearnPolicy(input), HasSubstr("write = [\"${build}\"]\n"));
}

TEST(Learn, AFileThatWasOnlyChangedIsGrantedAlone) {
  LearnInput input = Some(Role::kTest);
  input.roles[0].changed = {"/home/u/.history", "/dev/tty", "/home/u/p/build/db"};
  EXPECT_THAT(LearnPolicy(input),
              HasSubstr("write = [\n  \"/dev/tty\",\n  \"${home}/.history\",\n  \"${build}/db\",\n]\n"));
}

TEST(Learn, TheNetworkIsAsNarrowAsCanBe) {
  const struct {
    std::set<std::string> sockets, connects, binds;
    const char* says;
  } rows[] = {
      {{}, {}, {}, "network = \"none\"\n"},
      {{"unix"}, {"unix:/run/x"}, {}, "network = \"unix\"\n"},
      {{"inet"}, {}, {}, "network = \"loopback\"\n"},
      {{"inet"}, {"inet:127.0.0.1:80"}, {"inet6:[::1]:0"}, "network = \"loopback\"\n"},
      {{"inet"},
       {"inet:10.0.0.1:443"},
       {},
       "network = { mode = \"loopback\", connect = [\"10.0.0.1:443\"] }\n"},
      {{"inet6"}, {}, {"inet6:[::]:0"}, "network = { mode = \"loopback\", bind = [\"[::]\"] }\n"},
      {{"netlink"},
       {},
       {},
       "# a socket of \"netlink\" was made, which only network = \"any\" allows\nnetwork = \"none\"\n"},
  };
  for (const auto& row : rows) {
    LearnInput input = Some(Role::kTest);
    input.roles[0].sockets = row.sockets;
    input.roles[0].connects = row.connects;
    input.roles[0].binds = row.binds;
    EXPECT_THAT(LearnPolicy(input), HasSubstr(row.says));
  }
}

TEST(Learn, WhatTomlCannotSpellIsGrantedByItsDirectory) {
  LearnInput input = Some(Role::kCustom);
  input.roles[0].read = {"/srv/a/x\n", "/srv/b/\xff", "/srv/c/*.h", "/srv/d/\"q\""};
  const std::string text = LearnPolicy(input);
  EXPECT_THAT(text, HasSubstr("\"/srv/a\""));
  EXPECT_THAT(text, HasSubstr("\"/srv/b\""));
  EXPECT_THAT(text, HasSubstr("\"/srv/c\""));
  EXPECT_THAT(text, Not(HasSubstr("\"q\"")));
}

TEST(Learn, TheRootOfAllIsNeverGranted) {
  LearnInput input = Some(Role::kRun);
  input.roles[0].read = {"/"};
  input.roles[0].written = {"/x"};
  const std::string text = LearnPolicy(input);
  EXPECT_THAT(text, HasSubstr("# \"/\" itself was listed or written"));
  EXPECT_THAT(text, HasSubstr("read = []\nwrite = []\n"));
}

TEST(Learn, WhatWasNotSeenIsSaid) {
  LearnInput input = Some(Role::kRun);
  input.incomplete = "1 of 3 actions\n";
  EXPECT_THAT(LearnPolicy(input), HasSubstr("# NOT ALL WAS SEEN: 1 of 3 actions\\n."));
}

}  // namespace
}  // namespace glovebox::policy
