#include "policy/policy_file.h"

#include <cstdint>
#include <random>

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "policy/nearest.h"
#include "policy/policy_file_fixture.h"

namespace glovebox::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string Line(const Notice& notice) { return absl::StrCat(OriginText(notice.origin), ": ", notice.text); }

TEST(PolicyFileTest, WhatIsWrongIsSaidWithItsPlaceAndTheMend) {
  for (const BadFile& bad : kBadFiles) {
    const PolicyFile file = ReadPolicyFile(bad.text, TestOptions());
    EXPECT_FALSE(file.set.has_value()) << bad.text;
    ASSERT_FALSE(file.errors.empty()) << bad.text;
    EXPECT_THAT(Line(file.errors.front()), HasSubstr(bad.says)) << bad.text;
    EXPECT_THAT(Line(file.errors.front()), testing::StartsWith("glovebox.toml:")) << bad.text;
  }
  EXPECT_GE(std::size(kBadFiles), 40u);
}

TEST(PolicyFileTest, AllErrorsAreFoundInTheOrderOfTheFile) {
  const PolicyFile file =
      ReadPolicyFile("[test]\nraed = []\n[compile]\nmode = 1\nnetwork = \"x\"\n", TestOptions());
  ASSERT_EQ(file.errors.size(), 3u);
  EXPECT_EQ(file.errors[0].origin.line, 2);
  EXPECT_EQ(file.errors[1].origin.line, 4);
  EXPECT_EQ(file.errors[2].origin.line, 5);
  const auto loaded = LoadPolicy("[test]\nraed = []\n[compile]\nmode = 1\n", TestOptions());
  EXPECT_THAT(loaded.status().message(), HasSubstr("glovebox.toml:2:1: unknown key \"test.raed\""));
  EXPECT_THAT(loaded.status().message(), HasSubstr("(and 1 more: glovebox policy check)"));
}

TEST(PolicyFileTest, AFileMaySayEverythingAndNothing) {
  EXPECT_OK(LoadPolicy("", TestOptions()));
  EXPECT_OK(LoadPolicy("# nothing\n[test]\n[severity]\n", TestOptions()));
  EXPECT_OK(LoadPolicy("\xef\xbb\xbfmode = \"report\"\r\n", TestOptions()));
  const PolicyFile file = ReadPolicyFile(kWholeFile, TestOptions());
  EXPECT_THAT(file.errors, IsEmpty()) << Line(file.errors.front());
  ASSERT_TRUE(file.set.has_value());
  EXPECT_THAT(file.set->notices(), IsEmpty());
}

TEST(PolicyFileTest, EveryKeyIsInTheFileThatSaysEverything) {
  const std::string whole = kWholeFile;
  const std::string end = " =";
  for (const char* key : {"mode",
                          "best-effort",
                          "level",
                          "confine-files",
                          "read",
                          "write",
                          "append-only",
                          "hidden",
                          "hide-by-namespace",
                          "strict-inputs",
                          "private-tmp",
                          "private-home",
                          "network",
                          "wall-clock",
                          "total-memory",
                          "total-processes",
                          "deny-noappend",
                          "restrict-kptr",
                          "restrict-prlimit",
                          "deny-tsc",
                          "scope-signals",
                          "scope-abstract-unix",
                          "reset-signals",
                          "kernel-only",
                          "allow-speculation"}) {
    EXPECT_THAT(whole, HasSubstr(absl::StrCat("\n", key, end))) << key;
  }
}

TEST(PolicyFileTest, AllowancesKeepAllTheySay) {
  const auto set = LoadPolicy(kWholeFile, TestOptions());
  ASSERT_OK(set);
  ASSERT_EQ(set->allowances().size(), 1u);
  const Allowance& one = set->allowances().front();
  EXPECT_EQ(one.rule, "outside-write");
  EXPECT_EQ(one.path, "/home/ann/.cache/ccache/**");
  EXPECT_EQ(one.address, "inet:*");
  EXPECT_EQ(one.owner, "ann");
  EXPECT_EQ(DateText(one.expires), "2026-12-31");
  EXPECT_FALSE(one.expired);
  EXPECT_GT(one.origin.line, 1);
  EXPECT_TRUE(ConcernsSubject(one, {Role::kTest, "t", {"e"}, "x", ""}));
  EXPECT_FALSE(ConcernsSubject(one, {Role::kTest, "t", {"e"}, "y", ""}));
  EXPECT_FALSE(ConcernsSubject(one, {Role::kTest, "t", {}, "x", ""}));
  EXPECT_EQ(set->SeverityOf("missing-input"), Severity::kError);
  EXPECT_EQ(set->SeverityOf("test-fixed-port"), Severity::kOff);
  EXPECT_EQ(set->SeverityOf("other"), std::nullopt);
}

TEST(PolicyFileTest, AnAllowanceIsOneForEachPathThatItsOwnStandsFor) {
  const auto text = [](const char* path) {
    return absl::StrCat(
        "[[allow]]\nrule = \"a\"\nowner = \"b\"\nreason = \"c\"\nexpires = 2027-01-01\npath = \"", path,
        "\"\n");
  };
  auto set = LoadPolicy(text("${toolchain}/**"), TestOptions());
  ASSERT_OK(set);
  ASSERT_EQ(set->allowances().size(), 2u);
  EXPECT_EQ(set->allowances()[0].path, "/cc/bin/**");
  EXPECT_EQ(set->allowances()[1].path, "/cc/lib/**");
  PolicyFileOptions options = TestOptions();
  options.variables.home = "";
  set = LoadPolicy(text("${home}/x"), options);
  ASSERT_OK(set);
  EXPECT_THAT(set->allowances(), IsEmpty());  // not one for every path
  ASSERT_EQ(set->notices().size(), 1u);
  EXPECT_THAT(set->notices()[0].text, HasSubstr("${home} of its path \"${home}/x\" is not known here"));
}

TEST(PolicyFileTest, AnAllowanceThatHasExpiredIsTold) {
  const char* text = "[[allow]]\nrule = \"a\"\nowner = \"ann\"\nreason = \"b\"\nexpires = 2026-06-29\n";
  PolicyFileOptions options = TestOptions();
  auto set = LoadPolicy(text, options);
  ASSERT_OK(set);
  EXPECT_TRUE(set->allowances().front().expired);
  ASSERT_EQ(set->notices().size(), 1u);
  EXPECT_THAT(Line(set->notices().front()),
              HasSubstr("glovebox.toml:1:1: this allowance of a has expired on 2026-06-29"));
  options.today = {2026, 6, 29};  // its last day
  set = LoadPolicy(text, options);
  ASSERT_OK(set);
  EXPECT_FALSE(set->allowances().front().expired);
}

TEST(PolicyFileTest, AVariableThatIsNotKnownLeavesItsPathsOutAndIsTold) {
  PolicyFileOptions options = TestOptions();
  options.variables.home = "";
  options.variables.toolchain = {};
  const auto set = LoadPolicy("read = [\"${home}/x\", \"/y\", \"${toolchain}\"]", options);
  ASSERT_OK(set);
  ASSERT_EQ(set->notices().size(), 1u);
  EXPECT_THAT(set->notices().front().text, HasSubstr("${home} is not known here"));
  const Policy policy = set->For({}).policy;
  ASSERT_FALSE(policy.paths.empty());
  for (const PathRule& rule : policy.paths)
    EXPECT_TRUE(rule.access != PathAccess::kRead || rule.path == "/y");
}

TEST(PolicyFileTest, WhatAVariableStandsForIsNoPattern) {
  PolicyFileOptions options = TestOptions();
  options.variables.build = "/b[1]*";
  const auto set = LoadPolicy("hidden = [\"${build}/*.x\"]\nread = [\"${build}/y\"]", options);
  ASSERT_OK(set);
  std::vector<std::string> paths;
  for (const PathRule& rule : set->For({}).policy.paths) {
    if (rule.origin.line > 0 && !rule.origin.file.empty()) paths.push_back(rule.path);
  }
  EXPECT_THAT(paths, testing::UnorderedElementsAre("/b\\[1\\]\\*/*.x", "/b[1]*/y"));
}

TEST(PolicyFileTest, RulesOfFindingsAreHeldAgainstTheListWhereThereIsOne) {
  PolicyFileOptions options = TestOptions();
  options.rules = {"missing-input", "test-fixed-port"};
  EXPECT_OK(LoadPolicy("[severity]\ntest-fixed-port = \"off\"", options));
  const auto set = LoadPolicy("[severity]\nmising-input = \"off\"", options);
  EXPECT_THAT(set.status().message(), HasSubstr("did you mean \"missing-input\"?"));
}

TEST(NearestTest, OnlyWhatIsNearIsSuggested) {
  const std::vector<std::string> words = {"read", "write", "private-tmp"};
  EXPECT_EQ(Nearest("raed", words), "read");
  EXPECT_EQ(Nearest("PRIVATE_TMP", words), "private-tmp");
  EXPECT_EQ(Nearest("banana", words), "");
  EXPECT_EQ(Nearest(std::string(100000, 'a'), words), "");
  EXPECT_EQ(Nearest("", words), "");
}

// Bytes changed, dropped, doubled, moved, and pieces of two files put together.
std::string Mutated(std::mt19937& random) {
  const auto below = [&random](size_t most) { return most == 0 ? 0 : random() % most; };
  const auto seed = [&] {
    const size_t which = below(std::size(kBadFiles) + 20);
    return std::string(which < std::size(kBadFiles) ? kBadFiles[which].text : kWholeFile);
  };
  std::string text = seed();
  for (size_t rounds = 1 + below(6); rounds > 0; --rounds) {
    const size_t at = below(text.size());
    const size_t size = below(std::min<size_t>(40, text.size() - at + 1));
    static constexpr char kBytes[] = "[]{}\"'=,.\n\\#$*:0-\0\xff\xe2";
    switch (below(6)) {
      case 0:
        if (!text.empty()) text[at] = static_cast<char>(random());
        break;
      case 1:
        text.erase(at, size);
        break;
      case 2:
        text.insert(at, text.substr(at, size));
        break;
      case 3:
        text.insert(at, 1, kBytes[below(sizeof kBytes)]);
        break;
      case 4:
        text = text.substr(0, at);
        break;
      default:
        const std::string other = seed();
        text = text.substr(0, at) + other.substr(below(other.size()));
    }
  }
  return text;
}

TEST(PolicyFileTest, AMutatedFileIsReadOrRefusedAtItsPlace) {
  std::mt19937 random(4711);
  int read = 0;
  for (int round = 0; round < 5000; ++round) {
    const std::string text = Mutated(random);
    const PolicyFile file = ReadPolicyFile(text, TestOptions());
    ASSERT_NE(file.set.has_value(), !file.errors.empty()) << text;
    for (const Notice& error : file.errors) {
      ASSERT_GT(error.origin.line, 0) << text;
      ASSERT_GT(error.origin.column, 0) << text;
      ASSERT_FALSE(error.text.empty()) << text;
    }
    if (!file.set.has_value()) continue;
    ++read;
    for (const Role role : {Role::kCompile, Role::kTest}) {
      const Effective effective =
          file.set->For({role, "gen_x", {"gen/a.cc"}, "Net.x", "slow"}, {Mode::kEnforce, {}, {}});
      ASSERT_TRUE(effective.policy.mode == Mode::kEnforce);
    }
  }
  EXPECT_GT(read, 100);
}

}  // namespace
}  // namespace glovebox::policy
