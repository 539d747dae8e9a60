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

TEST(NamePatterns, ASuiteStandsForItsTestsWhereItIsAllOfThem) {
  const std::set<std::string> three = {"Net.A", "Net.B", "Net.C", "solo"};
  EXPECT_THAT(NamePatterns(three, {"Net.A", "Net.B", "Net.C", "solo", "x"}), ElementsAre("Net.*", "solo"));
  EXPECT_THAT(NamePatterns(three, {"Net.A", "Net.B", "Net.C", "Net.D", "solo"}),
              ElementsAre("Net.A", "Net.B", "Net.C", "solo"));
}

LearnInput Some(Role role) {
  LearnInput input;
  input.places = {"/home/u/p",
                  "/home/u/p/build",
                  "/home/u",
                  "/tmp",
                  {"/usr/lib/gcc/x86_64-linux-gnu/12", "/usr/include"}};
  input.from = {"/state/run"};
  input.roles.emplace_back();
  input.roles[0].role = role;
  input.roles[0].uses[""].actions = 1;
  return input;
}

// The one that all of them are.
Use& Only(LearnInput& input) { return input.roles[0].uses[""]; }

Use::Paths By(const std::string& program, const std::set<std::string>& paths) {
  Use::Paths out;
  for (const std::string& path : paths) out[path] = program;
  return out;
}

TEST(Learn, ACompileIsWhatAPersonWouldWrite) {
  LearnInput input = Some(Role::kCompile);
  Use& use = Only(input);
  use.actions = 2;
  use.read = By("/usr/lib/cc1", {"/home/u/p/src/a.c", "/home/u/p/src/a.h", "/usr/include/stdio.h",
                                 "/usr/lib/gcc/x86_64-linux-gnu/12/cc1", "/usr/bin/x86_64-linux-gnu-gcc-12",
                                 "/usr/lib/x86_64-linux-gnu/libc.so.6", "/etc/ld.so.cache",
                                 "/home/u/p/build/gen.h", "/tmp/cc1.s"});
  use.programs = {"/usr/bin/x86_64-linux-gnu-gcc-12"};
  use.written = By("/usr/bin/as", {"/home/u/p/build/CMakeFiles/x.dir/a.o", "/tmp/cc1.s", "/dev/null"});
  EXPECT_EQ(LearnPolicy(input), R"(# glovebox.toml, learned from /state/run
# What was touched there may be touched again, and nothing else. Read it before you keep it: what a line
# grants was used once, which does not say that it was right. `glovebox policy check` reads it,
# docs/policy-file.md says what the keys mean.

mode = "enforce"     # "report" tells what it would refuse, and refuses nothing

[compile]     # 2 actions
# runs /usr/bin/x86_64-linux-gnu-gcc-12
read = [
  "${toolchain}",       # the compilers, their headers and libraries: by cc1
  "/etc/ld.so.cache",   # by cc1
  "${source}/src/a.c",  # by cc1
  "${source}/src/a.h",  # by cc1
  "/usr/bin",           # x86_64-linux-gnu-gcc-12: by cc1
  "/usr/lib",           # x86_64-linux-gnu/libc.so.6: by cc1
]
write = [
  "/dev/null",  # by as
  "${build}",   # CMakeFiles/x.dir/a.o: by as
  "${tmp}",     # 1 file: by as
]
network = "none"
)");
}

TEST(Learn, ATestMayWriteWhereItWroteAndNotInAllOfTheBuild) {
  LearnInput input = Some(Role::kTest);
  Use& use = Only(input);
  use.made = {"/home/u/p/build/t/work", "/home/u/p/build/t/work/deep"};
  use.written = By("/t", {"/home/u/p/build/t/work/deep/x", "/home/u/p/build/t/work"});
  EXPECT_THAT(LearnPolicy(input), HasSubstr("write = [\"${build}/t\"]"));
  use.made.insert("/home/u/p/build/t");
  use.written["/home/u/p/build/t"] = "/t";
  EXPECT_THAT(LearnPolicy(input), HasSubstr("write = [\"${build}\"]"));
}

TEST(Learn, AFileThatWasOnlyChangedIsGrantedAloneWhereNobodyEmptiesTheDirectory) {
  LearnInput input = Some(Role::kTest);
  Only(input).changed = By("", {"/home/u/.history", "/dev/tty", "/home/u/p/build/db/x"});
  EXPECT_THAT(LearnPolicy(input), HasSubstr("write = [\n  \"/dev/tty\",\n  \"${home}/.history\",\n  "
                                            "\"${build}/db\",       # x\n]\n"));
}

TEST(Learn, ABuildDirectoryBelowTmpIsNamedAllTheSame) {
  LearnInput input = Some(Role::kCompile);
  input.places.build = "/tmp/build";
  Only(input).written = By("", {"/tmp/build/a.o", "/tmp/cc1.s"});
  EXPECT_THAT(LearnPolicy(input), HasSubstr("\"${build}\","));
  EXPECT_THAT(LearnPolicy(input), HasSubstr("\"${tmp}\","));
}

TEST(Learn, ASourceTreeInASystemsDirectoryIsItsOwn) {
  LearnInput input = Some(Role::kCompile);
  input.places.source = "/usr/src/p";
  Only(input).read = By("", {"/usr/src/p/a.c"});
  EXPECT_THAT(LearnPolicy(input), HasSubstr("read = [\"${source}/a.c\"]\n"));
}

TEST(Learn, TheNetworkIsAsNarrowAsCanBe) {
  const struct {
    std::set<std::string> sockets, connects, binds;
    const char* says;
  } rows[] = {
      {{}, {}, {}, "network = \"none\"\n"},
      {{"unix"}, {"unix:/run/x"}, {}, "network = \"unix\"\n"},
      {{"inet"}, {}, {}, "network = \"loopback\"\n"},
      {{"inet"}, {"inet:127.0.0.1:80"}, {"inet6:[::1]:0"}, "network = \"loopback\"     # 127.0.0.1, [::1]\n"},
      {{"inet"},
       {"inet:10.0.0.1:443"},
       {},
       "network = { mode = \"loopback\", connect = [\"10.0.0.1:443\"] }\n"},
      {{"inet6"}, {}, {"inet6:[::]:0"}, "network = { mode = \"loopback\", bind = [\"[::]\"] }\n"},
      {{"netlink"}, {}, {}, "network = \"loopback\"\n"},
      {{"packet"}, {}, {}, "# only \"any\" allows a socket of packet\nnetwork = \"any\"\n"},
  };
  for (const auto& row : rows) {
    LearnInput input = Some(Role::kTest);
    Only(input).sockets = row.sockets;
    Only(input).connects = row.connects;
    Only(input).binds = row.binds;
    EXPECT_THAT(LearnPolicy(input), HasSubstr(row.says));
  }
}

LearnInput Tests(const std::vector<std::string>& names) {
  LearnInput input = Some(Role::kTest);
  input.roles[0].uses.clear();
  for (const std::string& name : names) input.roles[0].uses[name].actions = 1;
  return input;
}

TEST(Learn, OneTestThatNeedsMoreThanTheOthersHasARuleOfItsOwn) {
  LearnInput input = Tests({"a", "b", "c"});
  auto& uses = input.roles[0].uses;
  for (auto& [name, use] : uses) use.written["/home/u/p/build/log/" + name] = "/t";
  uses["a"].read["/home/u/p/data/x"] = "/t";
  uses["a"].read["/usr/share/zoneinfo/UTC"] = "/t";  // the system's files tell nobody apart
  uses["b"].written["/home/u/p/build/b/out"] = "/t";
  uses["b"].read["/home/u/p/build/b/out"] = "/t";
  uses["c"].sockets = {"inet"};
  uses["c"].binds = {"inet:127.0.0.1:0"};
  const std::string text = LearnPolicy(input);
  EXPECT_THAT(text, HasSubstr("[test]     # 3 actions\nread = [\"/usr/share\"]     # zoneinfo/UTC: by "
                              "t\nwrite = [\"${build}/log\"]     # a, b, c: by "
                              "t\nnetwork = \"none\"\n"));
  EXPECT_THAT(text, HasSubstr("test = \"a\"\nread-add = [\"${source}/data/x\"]     # by t\n\n"));
  EXPECT_THAT(text, HasSubstr("test = \"b\"\nwrite-add = [\"${build}/b\"]     # out: by t\n\n"));
  EXPECT_THAT(text, HasSubstr("test = \"c\"\nnetwork = \"loopback\"     # 127.0.0.1\n"));
}

TEST(Learn, WhatMostNeedIsTheRolesAndThoseAlikeShareARule) {
  LearnInput input = Tests({"Net.a", "Net.b", "Net.c", "d", "e", "f", "g"});
  auto& uses = input.roles[0].uses;
  for (const char* name : {"Net.a", "Net.b", "Net.c"}) uses[name].connects = {"inet:10.0.0.1:443"};
  for (const char* name : {"d", "e", "f"}) uses[name].sockets = {"unix"};
  const std::string text = LearnPolicy(input);
  EXPECT_THAT(text, HasSubstr("write = []\nnetwork = \"unix\"\n"));
  EXPECT_THAT(text, HasSubstr("test = \"Net.*\"\nnetwork = { mode = \"loopback\", connect = "
                              "[\"10.0.0.1:443\"] }\n"));
}

TEST(Learn, MoreTestsThanAPersonReadsAreNotListed) {
  std::vector<std::string> names;
  for (size_t i = 0; i < 3 * kMostNamed; ++i) names.push_back("t" + std::to_string(i));
  LearnInput input = Tests(names);
  for (size_t i = 0; i <= kMostNamed; ++i) input.roles[0].uses[names[i]].sockets = {"inet"};
  EXPECT_THAT(LearnPolicy(input), HasSubstr("network = \"loopback\"\n"));
  EXPECT_THAT(LearnPolicy(input), Not(HasSubstr("[[rule]]")));
}

TEST(Learn, ATargetsRuleIsForItsRole) {
  LearnInput input = Some(Role::kCompile);
  input.roles[0].uses = {{"a", {}}, {"b", {}}};
  input.roles[0].uses["b"].read["/srv/sdk/b.h"] = "/usr/lib/cc1";
  EXPECT_THAT(LearnPolicy(input),
              HasSubstr("role = \"compile\"\ntarget = \"b\"\nread-add = [\"/srv/sdk/b.h\"]"));
}

TEST(Learn, BoundsAreSeveralTimesWhatWasUsed) {
  LearnInput input = Some(Role::kTest);
  Only(input).longest_ns = 12'400'000'000;
  Only(input).peak_bytes = 100 << 20;
  EXPECT_THAT(LearnPolicy(input), HasSubstr("wall-clock = \"3m\"     # the longest took 12.4 s\n"
                                            "total-memory = \"400M\"     # the largest had 100 MiB\n"));
}

TEST(Learn, ASectionThatATestAsksForIsThere) {
  LearnInput input = Some(Role::kTest);
  input.asked = {"a policy"};
  EXPECT_THAT(LearnPolicy(input), HasSubstr("[policy.\"a policy\"]"));
}

TEST(Learn, WhatTomlCannotSpellIsGrantedByItsDirectory) {
  LearnInput input = Some(Role::kCustom);
  Only(input).read = By("", {"/srv/a/x\n", "/srv/b/\xff", "/srv/c/*.h", "/srv/d/\"q\""});
  const std::string text = LearnPolicy(input);
  EXPECT_THAT(text, HasSubstr("\"/srv/a\""));
  EXPECT_THAT(text, HasSubstr("\"/srv/b\""));
  EXPECT_THAT(text, HasSubstr("\"/srv/c\""));
  EXPECT_THAT(text, HasSubstr("# x\\n\n"));
  EXPECT_THAT(text, HasSubstr("\"/srv/d\""));
}

TEST(Learn, TheRootOfAllIsNeverGranted) {
  LearnInput input = Some(Role::kRun);
  Only(input).read = By("", {"/"});
  Only(input).written = By("", {"/x"});
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
