// `glovebox selftest` as a person and a program meet it. What it tries, and what a run of all of it
// says, is selftest/suite.py's to hold.
#include "cli/cli_fixture.h"

namespace glovebox::cli {
namespace {

class SelftestCommand : public Cli {};

TEST_F(SelftestCommand, SaysOfEachScenarioWhatCameOfIt) {
  const Outcome outcome = Run({"selftest", "--json", "own-listener", "system", "tcp-recorded"});
  EXPECT_EQ(outcome.exit(), 0) << outcome.out << outcome.err;
  const json said = json::parse(outcome.out, nullptr, false);
  ASSERT_TRUE(said.is_object()) << outcome.out;
  EXPECT_EQ(said["schema"], 1);
  EXPECT_TRUE(said["default_policy_holds"].is_null()) << "three scenarios are not the policy";
  EXPECT_EQ(said["host"], json::parse(Run({"host", "--json"}).out)) << "one host, one list";
  std::map<std::string, std::string> verdicts;
  for (const json& row : said["scenarios"]) verdicts[row["name"]] = row["verdict"];
  EXPECT_THAT(verdicts, testing::UnorderedElementsAre(testing::Pair("own-listener", "held"),
                                                      testing::Pair("system", "works"),
                                                      testing::Pair("tcp-recorded", "recorded")));
}

TEST_F(SelftestCommand, TellsAPersonTheHostTheFamiliesAndTheSum) {
  const Outcome outcome = Run({"selftest", "terminals"});
  EXPECT_EQ(outcome.exit(), 0) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("Landlock"));
  EXPECT_THAT(outcome.out, HasSubstr("terminals"));
  EXPECT_THAT(outcome.out, HasSubstr("\n0 of the 5 that were tried are broken; "));
  EXPECT_THAT(outcome.out, Not(HasSubstr("tiocsetd")));
  EXPECT_THAT(Run({"selftest", "--all", "terminals"}).out, HasSubstr("held  tiocsetd: "));
}

TEST_F(SelftestCommand, ANameThatNoScenarioHasIsAUsageError) {
  const Outcome outcome = Run({"selftest", "nonsense"});
  EXPECT_EQ(outcome.exit(), 2);
  EXPECT_EQ(outcome.err, "glovebox: selftest: no scenario or family of that name: nonsense\n");
  EXPECT_EQ(Run({"selftest", "system", "nonsense"}).exit(), 2);
}

// Whether this kernel has the ABI is asked of it here, outside of any sandbox.
TEST_F(SelftestCommand, WhatThisKernelHasNotIsNotTried) {
  const auto has = [&](const std::string& name) {
    return Run({name}, GLOVEBOX_SCENARIO).out.find("\"tried\": true") != std::string::npos;
  };
  const std::map<std::string, bool> there = {{"i386", has("i386-tiocsti")}, {"x32", has("x32-io-uring")}};
  const Outcome outcome = Run({"selftest", "--json", "foreign ABIs"});
  const json said = json::parse(outcome.out, nullptr, false);
  ASSERT_TRUE(said.is_object()) << outcome.out << outcome.err;
  ASSERT_EQ(said["scenarios"].size(), 11U);
  for (const json& row : said["scenarios"]) {
    const std::string name = row["name"];
    EXPECT_EQ(row["verdict"] != "not-tried", there.at(name.substr(0, name.find('-')))) << row;
    EXPECT_NE(row["verdict"], "broken") << row;
  }
  EXPECT_EQ(outcome.exit(), there.at("i386") || there.at("x32") ? 0 : 3);
}

TEST_F(SelftestCommand, APersonIsShownNoPlaceholders) {
  const Outcome outcome = Run({"selftest", "--all", "stat-outside", "i386-open"});
  EXPECT_THAT(outcome.out, HasSubstr("--write SCRATCH/in)"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("@")));
}

// Where a run cannot even start, nothing is taken for held.
TEST_F(SelftestCommand, ASandboxThatDoesNotStartHoldsNothing) {
  const Outcome outcome = Run({"run", "-q", "--", GLOVEBOX_PROGRAM, "selftest", "--json", "answer-itself"});
  const json said = json::parse(outcome.out, nullptr, false);
  ASSERT_TRUE(said.is_object()) << outcome.out << outcome.err;
  EXPECT_TRUE(said["host"]["listener_above"]);
}

}  // namespace
}  // namespace glovebox::cli
