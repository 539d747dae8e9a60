// What comes of a scenario, and what all of them say together: on made-up output and results.
#include "cli/selftest_verdict.h"

#include "cli/print.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::cli {
namespace {

using testing::HasSubstr;

Scenario Row(const std::string& holds, const std::string& options = "", const std::string& record = "") {
  Scenario row;
  row.name = "row";
  row.holds = holds;
  row.options = options;
  row.record = record;
  return row;
}

graph::ToolOutput Said(const std::string& lines) {
  graph::ToolOutput output;
  output.out = lines;
  return output;
}

constexpr char kStarted[] = "{\"started\": true}\n";
constexpr char kEffect[] = "{\"effect\": true, \"errno\": 0, \"detail\": \"done\", \"tried\": true}\n";
constexpr char kNoEffect[] = "{\"effect\": false, \"errno\": 1, \"detail\": \"no\", \"tried\": true}\n";
constexpr char kUntried[] = "{\"effect\": false, \"errno\": 38, \"detail\": \"no ABI\", \"tried\": false}\n";

TEST(JudgeScenario, WhatCouldNotBeTriedSpeaksForNothing) {
  for (const char* holds : {"always", "option", "recorded", "works", "not"}) {
    for (const char* record : {"", "i386:open"}) {
      const Result result =
          JudgeScenario(Row(holds, "", record), Said(absl::StrCat(kStarted, kUntried)), [] { return false; });
      EXPECT_EQ(result.verdict, Verdict::kNotTried) << holds << record;
      EXPECT_EQ(result.detail, "no ABI");
    }
  }
  // What the stage sees from outside afterwards does not make it tried.
  EXPECT_EQ(JudgeScenario(Row("always"), Said(absl::StrCat(kStarted, kUntried, kNoEffect)), nullptr).verdict,
            Verdict::kNotTried);
}

TEST(JudgeScenario, WhatWasTriedIsJudgedByItsRow) {
  const auto judge = [](const Scenario& row, const char* said, bool recorded = true) {
    return JudgeScenario(row, Said(absl::StrCat(kStarted, said)), [recorded] { return recorded; }).verdict;
  };
  EXPECT_EQ(judge(Row("always"), kNoEffect), Verdict::kHeld);
  EXPECT_EQ(judge(Row("always"), kEffect), Verdict::kBroken);
  EXPECT_EQ(judge(Row("always"), ""), Verdict::kHeld) << "killed on its way";
  EXPECT_EQ(judge(Row("option", "--x"), kEffect), Verdict::kBroken);
  EXPECT_EQ(judge(Row("works"), kEffect), Verdict::kWorks);
  EXPECT_EQ(judge(Row("works"), kNoEffect), Verdict::kBroken);
  EXPECT_EQ(judge(Row("recorded", "", "open"), kEffect), Verdict::kRecorded);
  EXPECT_EQ(judge(Row("recorded", "", "open"), kEffect, false), Verdict::kBroken);
  EXPECT_EQ(judge(Row("not"), kEffect), Verdict::kKnown);
  EXPECT_EQ(judge(Row("not"), kNoEffect), Verdict::kHeld);
}

TEST(JudgeScenario, ASandboxThatDidNotStartIsNotHeld) {
  EXPECT_EQ(JudgeScenario(Row("always"), Said(""), nullptr).verdict, Verdict::kBroken);
  EXPECT_EQ(JudgeScenario(Row("always", "--x"), Said(""), nullptr).verdict, Verdict::kNotTried);
}

struct Sums {
  std::vector<Scenario> rows;
  std::vector<Result> results;
  void Add(const Scenario& row, Verdict verdict) {
    rows.push_back(row);
    results.push_back({verdict, ""});
  }
  Claim Full(bool host_can = true) const { return SumUp(rows, results, /*chosen=*/false, host_can); }
  Claim Chosen() const { return SumUp(rows, results, /*chosen=*/true, /*host_can=*/true); }
};

TEST(SumUp, NotTriedMakesTheDefaultPolicyNeitherHeldNorUnheld) {
  Sums sums;
  sums.Add(Row("always"), Verdict::kNotTried);
  EXPECT_EQ(sums.Full().default_holds, std::nullopt);
  EXPECT_EQ(sums.Full().exit_status, kHostCannot);
  EXPECT_EQ(sums.Full().text, "Nothing of the default policy could be tried here.");
  sums.Add(Row("option", "--x"), Verdict::kHeld);
  EXPECT_EQ(sums.Full().default_holds, std::nullopt) << "an option is not the default policy";
  sums.Add(Row("recorded"), Verdict::kRecorded);
  EXPECT_EQ(sums.Full().default_holds, true);
  EXPECT_EQ(sums.Full().exit_status, kOk);
  EXPECT_EQ(sums.Full().text, "The default policy can be held here.");
}

TEST(SumUp, WhatIsBrokenCountsForWhatItHolds) {
  Sums sums;
  sums.Add(Row("always"), Verdict::kHeld);
  sums.Add(Row("option", "--x"), Verdict::kBroken);
  EXPECT_EQ(sums.Full().default_holds, true);
  EXPECT_EQ(sums.Full().exit_status, kOk);
  EXPECT_THAT(sums.Full().text, HasSubstr("can be held here; 1 of the policy's options cannot."));
  EXPECT_EQ(sums.Full(/*host_can=*/false).default_holds, false);
  sums.Add(Row("always"), Verdict::kBroken);
  EXPECT_EQ(sums.Full().default_holds, false);
  EXPECT_EQ(sums.Full().exit_status, kHostCannot);
}

TEST(SumUp, SomeScenariosAloneMakeNoClaimAboutTheWhole) {
  Sums sums;
  sums.Add(Row("always"), Verdict::kNotTried);
  EXPECT_EQ(sums.Chosen().exit_status, kHostCannot);
  EXPECT_EQ(sums.Chosen().text, "None of these could be tried here.");
  sums.Add(Row("always"), Verdict::kHeld);
  EXPECT_EQ(sums.Chosen().default_holds, std::nullopt);
  EXPECT_EQ(sums.Chosen().exit_status, kOk);
  EXPECT_EQ(sums.Chosen().text,
            "0 of the 1 that were tried are broken; of the default policy a run without names says.");
  sums.Add(Row("option", "--x"), Verdict::kBroken);
  EXPECT_EQ(sums.Chosen().default_holds, std::nullopt);
  EXPECT_EQ(sums.Chosen().exit_status, kHostCannot);
}

}  // namespace
}  // namespace glovebox::cli
