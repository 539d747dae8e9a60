#include "project/build_names.h"

#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "policy/policy_file.h"

namespace glovebox::project {
namespace {

using testing::ElementsAre;

graph::CTestTest Test(const std::string& name, std::vector<std::string> command) {
  graph::CTestTest test;
  test.name = name;
  test.command = std::move(command);
  test.file = "/src/CMakeLists.txt";
  test.line = 6;
  return test;
}

BuildNames Names() {
  BuildNames names;
  names.graph.emplace(
      std::vector<graph::NinjaEdge>{{{"CMakeFiles/app.dir/a.o"}, "CXX_COMPILER__app_Debug", "", {}, {}},
                                    {{"libthing.a"}, "CXX_STATIC_LIBRARY_LINKER__thing_", "", {}, {}},
                                    {{"gen/table.h"}, "CUSTOM_COMMAND", "", {}, {}}},
      "/build", std::vector<graph::PhonyEdge>{{"tables", {"gen/table.h"}, {}}});
  names.tests = {Test("plain", {"/b/plain", "--policy=no"}),
                 Test("Net.Slow", {"/bin/glovebox-launch", "--role=test", "--policy=slow%20one", "--", "/b/t",
                                   "--policy=x"})};
  return names;
}

policy::PolicySet SetOf(const std::string& text) {
  const auto set = policy::LoadPolicy(text, {"glovebox.toml", {}, {}, {}});
  EXPECT_OK(set);
  return set.ok() ? *set : policy::PolicySet::BuiltIn({});
}

std::vector<std::string> Lines(const std::vector<policy::Notice>& notices) {
  std::vector<std::string> lines;
  for (const policy::Notice& one : notices)
    lines.push_back(absl::StrCat(policy::OriginText(one.origin), ": ", one.text));
  return lines;
}

TEST(BuildNames, ATestAsksForWhatItsLauncherIsTold) {
  const TestSubject slow = SubjectOfTest((*Names().tests)[1]);
  EXPECT_TRUE(slow.launched);
  EXPECT_EQ(slow.subject.role, policy::Role::kTest);
  EXPECT_EQ(slow.subject.test, "Net.Slow");
  EXPECT_EQ(slow.subject.named, "slow one");
  const TestSubject plain = SubjectOfTest((*Names().tests)[0]);
  EXPECT_FALSE(plain.launched);
  EXPECT_EQ(plain.subject.named, "") << "an option of its own program";
}

TEST(BuildNames, WhatFitsNothingIsNotedWithItsPlace) {
  const std::string good =
      "[[rule]]\ntarget = [\"app\", \"thing\", \"tables\"]\nnetwork = \"none\"\n"
      "[[rule]]\nedge = \"gen/*\"\ntest = \"Net.*\"\nnetwork = \"none\"\n";
  EXPECT_THAT(NotesOnNames(SetOf(good), Names()), testing::IsEmpty());
  const policy::PolicySet bad = SetOf(
      "[[rule]]\ntarget = [\"app\", \"thign\"]\nnetwork = \"none\"\n[[rule]]\nedge = \"nowhere/at/all\"\n"
      "network = \"none\"\n[[allow]]\nrule = \"hidden\"\nowner = \"a\"\nreason = \"b\"\nexpires = "
      "2100-01-01\ntest = \"Nte.*\"\n");
  EXPECT_THAT(
      Lines(NotesOnNames(bad, Names())),
      ElementsAre(
          "glovebox.toml:2:18: no target of this build is called \"thign\", so this selects nothing: "
          "did you mean \"thing\"?",
          "glovebox.toml:5:8: no edge of this build is called \"nowhere/at/all\", so this selects nothing",
          "glovebox.toml:12:8: no test of this build is called \"Nte.*\", so this selects nothing"));
  EXPECT_THAT(NotesOnNames(bad, {}), testing::IsEmpty()) << "nobody could be asked";
}

TEST(BuildNames, ATestThatAsksForASectionThatIsNotThereIsAnError) {
  EXPECT_THAT(
      Lines(ErrorsOfTests(SetOf("[policy.solw]\nwall-clock = \"1h\"\n"), Names())),
      ElementsAre(testing::AllOf(testing::StartsWith("/src/CMakeLists.txt:6:1: test Net.Slow asks for the "
                                                     "policy \"slow one\""))));
  EXPECT_THAT(ErrorsOfTests(SetOf("[policy.\"slow one\"]\nwall-clock = \"1h\"\n"), Names()),
              testing::IsEmpty());
  EXPECT_THAT(ErrorsOfTests(SetOf(""), {}), testing::IsEmpty());
}

}  // namespace
}  // namespace glovebox::project
