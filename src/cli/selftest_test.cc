// `glovebox selftest` as a person and a program meet it. What it tries is selftest/suite.py's to hold.
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
  EXPECT_TRUE(said["default_policy_holds"]);
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
  EXPECT_THAT(outcome.out, HasSubstr("The default policy can be held here.\n"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("tiocsetd")));
  EXPECT_THAT(Run({"selftest", "--all", "terminals"}).out, HasSubstr("held  tiocsetd: "));
}

TEST_F(SelftestCommand, ANameThatNoScenarioHasIsAUsageError) {
  const Outcome outcome = Run({"selftest", "nonsense"});
  EXPECT_EQ(outcome.exit(), 2);
  EXPECT_EQ(outcome.err, "glovebox: selftest: no scenario or family of that name: nonsense\n");
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
