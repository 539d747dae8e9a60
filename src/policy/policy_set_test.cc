#include "policy/policy_set.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "child/plan.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "policy/name_pattern.h"
#include "policy/policy_file_fixture.h"

namespace glovebox::policy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Role kAllRoles[] = {Role::kRun,    Role::kEdge, Role::kCompile,  Role::kLink,
                              Role::kCustom, Role::kTest, Role::kConfigure};

PolicySet SetOf(absl::string_view text) {
  auto set = LoadPolicy(text, TestOptions());
  EXPECT_OK(set);
  return set.ok() ? *set : PolicySet::BuiltIn({});
}

std::vector<std::string> PathsOf(const Policy& policy, PathAccess access) {
  std::vector<std::string> paths;
  for (const PathRule& rule : policy.paths) {
    if (rule.access == access) paths.push_back(rule.path);
  }
  return paths;
}

// "VALUE ORIGIN" of each setting of the key.
std::vector<std::string> Told(const Effective& effective, absl::string_view key) {
  std::vector<std::string> told;
  for (const Setting& setting : effective.settings) {
    if (setting.key == key) told.push_back(absl::StrCat(setting.value, " ", OriginText(setting.origin)));
  }
  return told;
}

TEST(PolicySetTest, WithoutAFileEachRoleHasItsDefaultPolicyAndNothingElse) {
  const PolicySet none = PolicySet::BuiltIn(TestOptions().variables);
  for (const Role role : kAllRoles)
    EXPECT_EQ(none.For({.role = role}).policy, DefaultPolicy(role)) << RoleName(role);
  EXPECT_EQ(none.file(), "");
}

TEST(PolicySetTest, AFileThatConfinesNothingChangesNothingOfThat) {
  const PolicySet set = SetOf("[severity]\na = \"off\"\n[compile]\n");
  for (const Role role : kAllRoles)
    EXPECT_EQ(set.For({.role = role}).policy, DefaultPolicy(role)) << RoleName(role);
}

// Where a line has to stand that grants more: earlier ones may be replaced by what this section says.
TEST(PolicySetTest, APolicyKnowsItsSection) {
  const PolicySet set = SetOf(
      "mode = \"enforce\"\nread = [\"/a\"]\n[test]\nnetwork = \"none\"\n[[rule]]\ntest = \"x\"\nwrite-add = "
      "[\"/b\"]\n[policy.slow]\nnetwork = \"any\"\n[policy.quick]\nnetwork = \"unix\"\nread = []\n");
  const auto sections = [&set](const Subject& subject) {
    const Policy policy = set.For(subject).policy;
    return absl::StrCat(policy.files_section, ", ", policy.network.section);
  };
  EXPECT_EQ(sections({Role::kLink}), "[link], [link]");
  EXPECT_EQ(sections({Role::kTest}), "[test], [test]");
  EXPECT_EQ(sections({Role::kTest, "", {}, "x"}), "the [[rule]] at glovebox.toml:5, [test]");
  EXPECT_EQ(sections({Role::kTest, "", {}, "x", "slow"}), "the [[rule]] at glovebox.toml:5, ");
  EXPECT_EQ(sections({Role::kTest, "", {}, "x", "quick"}), "[policy.quick], [policy.quick]");
}

TEST(PolicySetTest, WhatIsBuiltInCountsInEnforce) {
  const PolicySet none = PolicySet::BuiltIn(TestOptions().variables);
  for (const Role role : kAllRoles) {
    const Effective effective = none.For({.role = role}, {Mode::kEnforce, {}, {}});
    const Policy& policy = effective.policy;
    EXPECT_EQ(policy.mode, Mode::kEnforce);
    EXPECT_TRUE(policy.confine_files);
    const bool tame =
        role == Role::kCompile || role == Role::kLink || role == Role::kCustom || role == Role::kConfigure;
    EXPECT_EQ(policy.network.mode, tame ? NetworkMode::kNone : NetworkMode::kLoopback) << RoleName(role);
    EXPECT_THAT(PathsOf(policy, PathAccess::kRead),
                testing::IsSupersetOf({"/usr", "/etc", "/src", "/cc/bin", "/cc/lib"}));
    EXPECT_THAT(PathsOf(policy, PathAccess::kWrite), testing::IsSupersetOf({"/b", "/tmp", "/dev/null"}));
    EXPECT_THAT(Told(effective, "mode"), ElementsAre("enforce command line"));
    EXPECT_THAT(Told(effective, "confine-files"), ElementsAre("true command line"));
    EXPECT_THAT(Told(effective, "network"), ElementsAre(tame ? "none built in" : "loopback built in"));
  }
}

TEST(PolicySetTest, APathOfTheFileConfinesItsSubjectsOnTopOfWhatIsBuiltIn) {
  const PolicySet set = SetOf("[test]\nwrite-add = [\"/srv/x\"]\n");
  const Effective test = set.For({.role = Role::kTest});
  EXPECT_EQ(test.policy.mode, Mode::kReport);
  EXPECT_TRUE(test.policy.confine_files);
  EXPECT_THAT(PathsOf(test.policy, PathAccess::kWrite), testing::IsSupersetOf({"/b", "/srv/x"}));
  EXPECT_THAT(Told(test, "confine-files"), ElementsAre("true glovebox.toml:2:14"));
  EXPECT_EQ(test.policy.network.mode, NetworkMode::kAny);
  EXPECT_FALSE(set.For({.role = Role::kCompile}).policy.confine_files);
  EXPECT_THAT(set.For({.role = Role::kCompile}).policy.paths, IsEmpty());
}

TEST(PolicySetTest, ConfineFilesOfTheFileDecidesAlone) {
  EXPECT_FALSE(SetOf("confine-files = false\nread = [\"/a\"]").For({}).policy.confine_files);
  EXPECT_FALSE(SetOf("mode = \"enforce\"\nconfine-files = false").For({}).policy.confine_files);
  EXPECT_TRUE(SetOf("confine-files = true").For({}).policy.confine_files);
}

TEST(PolicySetTest, AListReplacesAndAddAdds) {
  const PolicySet set = SetOf(
      "read-add = [\"/d\"]\nread = [\"/a\", \"/b\"]\n[compile]\nread = [\"/c\"]\n[link]\nread-add = "
      "[\"/e\"]\n"
      "[test]\nread = []\n");
  EXPECT_THAT(PathsOf(set.For({.role = Role::kRun}).policy, PathAccess::kRead),
              ElementsAre("/a", "/b", "/d"));
  EXPECT_THAT(PathsOf(set.For({.role = Role::kCompile}).policy, PathAccess::kRead), ElementsAre("/c"));
  EXPECT_THAT(PathsOf(set.For({.role = Role::kLink}).policy, PathAccess::kRead),
              ElementsAre("/a", "/b", "/d", "/e"));
  EXPECT_THAT(PathsOf(set.For({.role = Role::kTest}).policy, PathAccess::kRead), IsEmpty());
  const Effective link = set.For({.role = Role::kLink});
  EXPECT_THAT(Told(link, "read"), ElementsAre("/a glovebox.toml:2:9", "/b glovebox.toml:2:15",
                                              "/d glovebox.toml:1:13", "/e glovebox.toml:6:13"));
  EXPECT_EQ(link.policy.paths.back().origin, (Origin{"glovebox.toml", 6, 13}));
}

TEST(PolicySetTest, LaterAndMoreSpecificWins) {
  const PolicySet set = SetOf(R"(
[policy.wild]
network = "any"
[[rule]]
test = "Net.*"
network = "loopback"
[[rule]]
test = "*.Bind"
role = "test"
network = "unix"
[test]
network = "none"
)");
  const auto mode = [&set](const Subject& subject) { return set.For(subject).policy.network.mode; };
  EXPECT_EQ(mode({.role = Role::kCompile}), NetworkMode::kAny);
  EXPECT_EQ(mode({.role = Role::kTest, .test = "X"}), NetworkMode::kNone);
  EXPECT_EQ(mode({.role = Role::kTest, .test = "Net.X"}), NetworkMode::kLoopback);
  EXPECT_EQ(mode({.role = Role::kTest, .test = "Net.Bind"}), NetworkMode::kUnix);
  EXPECT_EQ(mode({.role = Role::kTest, .test = "Net.Bind", .named = "wild"}), NetworkMode::kAny);
  const Effective bind = set.For({.role = Role::kTest, .test = "Net.Bind"});
  EXPECT_EQ(bind.policy.network.origin.line, 10);
  EXPECT_THAT(Told(bind, "network"), ElementsAre("unix glovebox.toml:10:11"));
}

TEST(PolicySetTest, AllSelectorsOfARuleMustHoldAndAnyWordOfOne) {
  const PolicySet set = SetOf(
      "[[rule]]\ntarget = [\"a\", \"b*\"]\nedge = \"gen/*.cc\"\nrole = [\"custom\", "
      "\"compile\"]\nprivate-tmp = true\n");
  const auto selected = [&set](const Subject& subject) { return set.For(subject).policy.private_tmp; };
  EXPECT_TRUE(selected({Role::kCustom, "a", {"x", "gen/sub/y.cc"}, "", ""}));
  EXPECT_TRUE(selected({Role::kCompile, "bb", {"gen/y.cc"}, "", ""}));
  EXPECT_FALSE(selected({Role::kLink, "a", {"gen/y.cc"}, "", ""}));
  EXPECT_FALSE(selected({Role::kCustom, "c", {"gen/y.cc"}, "", ""}));
  EXPECT_FALSE(selected({Role::kCustom, "a", {"y.cc"}, "", ""}));
  EXPECT_FALSE(selected({Role::kCustom, "a", {}, "", ""}));
}

TEST(PolicySetTest, APolicyThatIsAskedForAndNotThereIsTold) {
  const PolicySet set = SetOf("[policy.a]\nmode = \"observe\"\n");
  EXPECT_FALSE(set.For({}).named_missing);
  EXPECT_FALSE(set.For({.named = "a"}).named_missing);
  EXPECT_EQ(set.For({.named = "a"}).policy.mode, Mode::kObserve);
  EXPECT_TRUE(set.For({.named = "b"}).named_missing);
  EXPECT_THAT(set.Names(), ElementsAre("a"));
}

TEST(PolicySetTest, EveryKeyReachesThePolicy) {
  const PolicySet set = SetOf(kWholeFile);
  const Policy p = set.For({.role = Role::kTest}).policy;
  EXPECT_TRUE(p.mode == Mode::kEnforce && p.best_effort && p.level == kernel::Level::kFull &&
              p.confine_files);
  EXPECT_TRUE(p.strict_inputs && p.private_tmp && p.private_home && p.append_only);
  EXPECT_TRUE(p.scope_signals && p.scope_abstract_unix && p.restore_sigmask);
  EXPECT_EQ(p.budget.wall_ns, 3'600'000'000'000u);
  EXPECT_EQ(p.budget.memory_bytes, uint64_t{2} << 30);
  EXPECT_EQ(p.budget.processes, 64u);
  EXPECT_EQ(p.budget.memory_origin.line, 15);
  EXPECT_THAT(p.environment, ElementsAre("=PATH", "=LC_*", "-LC_ALL", "+TZ=UTC"));
  EXPECT_EQ(p.limits[static_cast<size_t>(child::Limit::kNofile)], 1024u);
  EXPECT_EQ(p.limits[static_cast<size_t>(child::Limit::kAs)], uint64_t{4} << 30);
  EXPECT_EQ(p.limits[static_cast<size_t>(child::Limit::kCore)], std::nullopt);
  EXPECT_TRUE(p.drop_all_capabilities);
  EXPECT_THAT(p.keep_capabilities, ElementsAre("chown"));
  EXPECT_THAT(PathsOf(p, PathAccess::kHidden), ElementsAre("/home/ann/.ssh", "/src/**/*.key"));
  EXPECT_THAT(PathsOf(p, PathAccess::kAppend), ElementsAre("/b/Testing/Temporary/*.log"));
  EXPECT_TRUE(p.network.mode == NetworkMode::kLoopback && p.network.own_namespace);
  const Network network = set.For({.role = Role::kConfigure}).policy.network;
  EXPECT_EQ(network.mode, NetworkMode::kUnix);
  ASSERT_EQ(network.endpoints.size(), 3u);
  const auto bind = std::find_if(network.endpoints.begin(), network.endpoints.end(),
                                 [](const Endpoint& one) { return one.bind; });
  ASSERT_NE(bind, network.endpoints.end());
  EXPECT_EQ(bind->text, "127.0.0.1:8000-8010");
  EXPECT_FALSE(bind->connect);
  EXPECT_EQ(set.For({.role = Role::kTest, .named = "slow"}).policy.budget.wall_ns, 7'200'000'000'000u);
  EXPECT_TRUE(set.MayRecordFull());
}

// RWF_NOAPPEND goes around O_APPEND: a path that can only be added to would be none.
TEST(PolicySetTest, APathThatIsAppendOnlyRefusesTheWriteAroundIt) {
  EXPECT_TRUE(SetOf("append-only = [\"/l\"]").For({}).policy.append_only);
  EXPECT_FALSE(SetOf("append-only = []").For({}).policy.append_only);
}

TEST(PolicySetTest, VariablesAndLimitsOfALaterSectionAddTo) {
  const PolicySet set = SetOf(
      "variables = { unset = [\"A\"], set = { B = \"1\", C = \"1\" } }\nlimits = { nofile = 1, cpu = \"1m\" "
      "}\n"
      "[test]\nvariables = { unset = [\"C\"], set = { A = \"2\", B = \"2\" } }\nlimits = { nofile = "
      "\"inherit\" }\n"
      "wall-clock = \"5s\"\n[[rule]]\ntest = \"x\"\nwall-clock = \"unlimited\"\n");
  const Policy p = set.For({.role = Role::kTest}).policy;
  // The child applies them in this order.
  EXPECT_THAT(p.environment, ElementsAre("+C=1", "-C", "+A=2", "+B=2"));
  EXPECT_EQ(p.limits[static_cast<size_t>(child::Limit::kNofile)], std::nullopt);
  EXPECT_EQ(p.limits[static_cast<size_t>(child::Limit::kCpu)], 60u);
  EXPECT_TRUE(p.budget.wall_ns.has_value());
  EXPECT_FALSE(set.For({.role = Role::kTest, .test = "x"}).policy.budget.wall_ns.has_value());
}

TEST(PolicySetTest, TheCommandLineOutranksTheFile) {
  const PolicySet set = SetOf("mode = \"enforce\"\nlevel = \"full\"\n[policy.a]\nmode = \"enforce\"");
  const Effective effective =
      set.For({.named = "a"}, {.mode = Mode::kReport, .best_effort = true, .level = kernel::Level::kOpen});
  EXPECT_EQ(effective.policy.mode, Mode::kReport);
  EXPECT_FALSE(effective.policy.confine_files);
  EXPECT_EQ(effective.policy.level, kernel::Level::kOpen);
  EXPECT_TRUE(effective.policy.best_effort);
  EXPECT_THAT(Told(effective, "level"), ElementsAre("open command line"));
}

TEST(NamePatternTest, StarsAndQuestionMarksAreAllThereIs) {
  const struct {
    const char* pattern;
    const char* name;
    bool matches;
  } cases[] = {{"a", "a", true},       {"a", "ab", false},
               {"*", "", true},        {"Net.*", "Net.X/0", true},
               {"*.o", "a/b.o", true}, {"?", "", false},
               {"a?c", "abc", true},   {"a*b*c", "aXbYbZc", true},
               {"a*b", "acd", false},  {"[a]", "a", false},
               {"**", "xy", true},     {"", "", true},
               {"", "a", false},       {"*a*a*a*a*b", "aaaaaaaaaaaaaaaa", false}};
  for (const auto& one : cases)
    EXPECT_EQ(MatchesName(one.pattern, one.name), one.matches) << one.pattern << " " << one.name;
}

}  // namespace
}  // namespace glovebox::policy
