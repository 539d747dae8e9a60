#include "verify/baseline.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/bytes.h"
#include "base/status_matchers.h"
#include "base/test_scale.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::verify {
namespace {

using policy::Date;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Date kToday = {2026, 11, 27};

Finding Found(const std::string& id, Severity severity = Severity::kError) {
  Finding finding;
  finding.id = id;
  finding.rule = "outside-read";
  finding.severity = severity;
  finding.action_name = "gen.h";
  finding.object = "/home/u/" + id;
  return finding;
}

BaselineEntry Entry(const std::string& id, const Date& expires = {}) {
  return {id,           "outside-read",      "gen.h",    "${home}/" + id,
          {2026, 1, 2}, "alice@example.org", "issue 12", expires};
}

Places Here() { return Places("/src", "/build", "/home/u", "/tmp"); }

std::vector<const Finding*> Pointers(const std::vector<Finding>& findings) {
  std::vector<const Finding*> pointers;
  for (const Finding& finding : findings) pointers.push_back(&finding);
  return pointers;
}

const char kId[] = "1f0c6a5be2d7";
const char kOther[] = "aaaaaaaaaaaa";

TEST(Baseline, IsWrittenSortedAndReadBack) {
  Baseline baseline;
  baseline.entries = {Entry(kOther), Entry(kId, {2027, 3, 31})};
  baseline.entries[0].rule = "outside-write";
  baseline.entries[0].reason = "\"quoted\"\\\n\xc3\xbc";
  const std::string text = BaselineText(baseline);
  EXPECT_EQ(text, R"({
"format": "glovebox-baseline",
"version": 1,
"findings": [
{"id": "1f0c6a5be2d7", "rule": "outside-read", "action": "gen.h", "object": "${home}/1f0c6a5be2d7", "since": "2026-01-02", "owner": "alice@example.org", "reason": "issue 12", "expires": "2027-03-31"},
{"id": "aaaaaaaaaaaa", "rule": "outside-write", "action": "gen.h", "object": "${home}/aaaaaaaaaaaa", "since": "2026-01-02", "owner": "alice@example.org", "reason": "\"quoted\"\\\nü", "expires": null}
]
}
)");
  const auto read = ParseBaseline(text, "b.json");
  ASSERT_OK(read);
  EXPECT_THAT(read->entries, ElementsAre(baseline.entries[1], baseline.entries[0]));
  EXPECT_EQ(BaselineText(*read), text);
}

TEST(Baseline, OneWithoutEntriesIsOne) {
  const std::string text = BaselineText({});
  EXPECT_EQ(text, "{\n\"format\": \"glovebox-baseline\",\n\"version\": 1,\n\"findings\": []\n}\n");
  const auto read = ParseBaseline(text, "b.json");
  ASSERT_OK(read);
  EXPECT_THAT(read->entries, IsEmpty());
}

TEST(Baseline, AnEntryNeedsNoMoreThanItsId) {
  const auto read = ParseBaseline(
      R"({"format": "glovebox-baseline", "version": 1, "findings": [{"id": "1f0c6a5be2d7"}]})", "b.json");
  ASSERT_OK(read);
  ASSERT_EQ(read->entries.size(), 1u);
  EXPECT_EQ(read->entries[0].expires, Date());
}

TEST(Baseline, WhatIsWrongIsToldWithItsLine) {
  const std::string head = "{\n\"format\": \"glovebox-baseline\",\n\"version\": 1,\n\"findings\": [\n";
  const struct {
    std::string text;
    const char* message;
  } rows[] = {
      {"", "b.json:1: this is no JSON: "},
      {"[]", "b.json:1: a baseline is an object"},
      {"{\n\"format\": \"glovebox-report\"", "b.json:2: \"glovebox-report\" is no format of a baseline"},
      {"{\n\n\"format\": 7}", "b.json:3: \"format\" is a string"},
      {"{\n\"version\": 2\n\n}", "b.json:2: version 2 is of another Glovebox; this one reads 1"},
      {"{\n\"version\": 1e400}", "b.json:2: "},
      {"{\n\"version\": 18446744073709551615\n}", "b.json:2: version 1000000 is of another Glovebox"},
      {"{\n\"findings\": []}", "b.json:2: say \"format\" and \"version\" before \"findings\""},
      {"{\n\"format\": \"glovebox-baseline\", \"version\": 1\n}",
       "b.json:3: this baseline has no \"findings\""},
      {"{\"version\": 1, \"findings\": []\n}", "b.json:2: this baseline has no \"format\""},
      {"{\n\"entries\": []}", "b.json:2: a baseline has no key \"entries\""},
      {head + "7]}", "b.json:5: \"findings\" is a list of objects"},
      {head + "{}]}", "b.json:5: this entry has no id of a finding: \"\""},
      {head + "{\"id\": \"1F0C6A5BE2D7\"}]}",
       "b.json:5: this entry has no id of a finding: \"1F0C6A5BE2D7\""},
      {head + "{\"id\": \"1f0c6a5be2d7\",\n\"expire\": \"2027-01-01\"}]}",
       "b.json:6: an entry has no key \"expire\"; there are id, rule, "},
      {head + "{\"id\": \"1f0c6a5be2d7\",\n\n\"expires\": \"2027-02-30\"}]}",
       "b.json:7: \"2027-02-30\" is no day: \"expires\": \"2026-12-31\""},
      {head + "{\"id\": \"1f0c6a5be2d7\",\n\"owner\": null}]}", "b.json:6: \"owner\" is a string"},
      {head + "{\"id\": \"1f0c6a5be2d7\",\n\"since\": 20261127\n}]}", "b.json:6: \"since\" is a string"},
      {head + "{\"id\": \"1f0c6a5be2d7\",\n\"owner\": {}}]}", "b.json:6: \"owner\" is a string"},
      {head + "{\"id\": \"1f0c6a5be2d7\"},\n{\"id\": \"1f0c6a5be2d7\"}]}",
       "b.json:6: the finding 1f0c6a5be2d7 stands in line 5 already"},
      {head + "{\"id\": \"1f0c6a5be2d7\"},\n<<<<<<< ours\n]}", "b.json:6: this is no JSON: syntax error"},
      {head + "]} x", "b.json:5: this is no JSON: syntax error"},
      {head + "{\"id\": \"\xff\"}]}", "b.json:5: this is no JSON: syntax error"},
  };
  for (const auto& row : rows) {
    const auto read = ParseBaseline(row.text, "b.json");
    ASSERT_FALSE(read.ok()) << row.text;
    EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(read.status().message()), HasSubstr(row.message)) << row.text;
  }
}

TEST(Baseline, TellsWhatIsNewWhatIsKnownAndWhatHasGone) {
  Baseline baseline;
  baseline.entries = {Entry(kOther), Entry(kId)};
  const std::vector<Finding> findings = {Found("bbbbbbbbbbbb"), Found(kId),
                                         Found("cccccccccccc", Severity::kWarning)};
  const BaselineResult result = Compare(findings, baseline, kToday);
  EXPECT_THAT(result.standing, ElementsAre(Standing::kNew, Standing::kKnown, Standing::kNew));
  EXPECT_THAT(result.entry, ElementsAre(kNoEntry, 1u, kNoEntry));
  EXPECT_THAT(result.gone, ElementsAre(0u));
  EXPECT_EQ(result.fresh, 2u);
  EXPECT_EQ(result.fresh_errors, 1u);
  EXPECT_TRUE(result.IsNew(0));
  EXPECT_FALSE(result.IsNew(1));
  EXPECT_EQ(Compare(Pointers(findings), baseline, kToday).standing, result.standing);
}

TEST(Baseline, AnEntryCountsToTheEndOfItsDay) {
  const std::vector<Finding> findings = {Found(kId)};
  const struct {
    Date expires, today;
    Standing standing;
  } rows[] = {{{2026, 11, 27}, kToday, Standing::kKnown},
              {{2026, 11, 26}, kToday, Standing::kExpired},
              {{2026, 11, 26}, {}, Standing::kKnown},
              {{}, kToday, Standing::kKnown}};
  for (const auto& row : rows) {
    Baseline baseline;
    baseline.entries = {Entry(kId, row.expires)};
    const BaselineResult result = Compare(findings, baseline, row.today);
    EXPECT_THAT(result.standing, ElementsAre(row.standing));
    EXPECT_EQ(result.fresh_errors, row.standing == Standing::kExpired ? 1u : 0u);
    EXPECT_THAT(result.entry, ElementsAre(0u));
    EXPECT_THAT(result.gone, IsEmpty());
  }
}

TEST(Baseline, AnUpdateChangesNothingThatIsKnown) {
  Baseline old;
  old.entries = {Entry(kId), Entry(kOther, {2026, 1, 31}), Entry("dddddddddddd")};
  const std::vector<Finding> findings = {Found(kOther), Found("bbbbbbbbbbbb"), Found(kId),
                                         Found("bbbbbbbbbbbb")};
  BaselineUpdate update = {kToday, "bob@example.org", "first run", {2027, 6, 30}, false};
  const Baseline baseline = UpdateBaseline(old, Pointers(findings), Here(), update);
  BaselineEntry renewed = Entry(kOther, {2027, 6, 30});
  EXPECT_THAT(baseline.entries, ElementsAre(Entry(kId), renewed,
                                            BaselineEntry{"bbbbbbbbbbbb",
                                                          "outside-read",
                                                          "gen.h",
                                                          "${home}/bbbbbbbbbbbb",
                                                          kToday,
                                                          "bob@example.org",
                                                          "first run",
                                                          {2027, 6, 30}}));
  EXPECT_EQ(Compare(findings, baseline, kToday).fresh, 0u);
  // Where not all ran, what was not found may be there still.
  update.keep_gone = true;
  EXPECT_EQ(UpdateBaseline(old, Pointers(findings), Here(), update).entries.size(), 4u);
}

TEST(Baseline, NotesAndGapsAreNoDebts) {
  std::vector<Finding> findings = {Found(kId, Severity::kNote), Found(kOther)};
  findings[1].rule = "trace-incomplete";
  EXPECT_THAT(UpdateBaseline({}, Pointers(findings), Here(), {kToday, "", "", {}, false}).entries, IsEmpty());
  // Nobody can know what was not seen, whatever somebody wrote into the file.
  Baseline baseline;
  baseline.entries = {Entry(kOther)};
  const BaselineResult result = Compare(findings, baseline, kToday);
  EXPECT_THAT(result.standing, ElementsAre(Standing::kNew, Standing::kNew));
  EXPECT_EQ(result.fresh, 1u);
  EXPECT_EQ(result.fresh_errors, 0u);
}

TEST(Baseline, OddNamesAreEscaped) {
  std::vector<Finding> findings = {Found(kId)};
  findings[0].object = "/home/u/\xff\n\"";
  const Baseline baseline = UpdateBaseline({}, Pointers(findings), Here(), {kToday, "", "", {}, false});
  EXPECT_EQ(baseline.entries[0].object, "${home}/\\xff\\n\"");
  const std::string text = BaselineText(baseline);
  EXPECT_TRUE(IsUtf8(text));
  const auto read = ParseBaseline(text, "b.json");
  ASSERT_OK(read);
  EXPECT_EQ(read->entries, baseline.entries);
}

// A comparison of each with each would take hours, as would a line that is counted from the top each time.
TEST(Baseline, HoldsHundredsOfThousands) {
  constexpr size_t kMany = Many(200'000);
  std::vector<Finding> findings;
  findings.reserve(kMany);
  for (size_t i = 0; i < kMany; ++i)
    findings.push_back(Found(absl::StrFormat("%012x", i * 0x9e3779b1u & 0xffffffffffffu)));
  const std::vector<const Finding*> pointers = Pointers(findings);
  const std::string text = BaselineText(UpdateBaseline({}, pointers, Here(), {kToday, "", "", {}, false}));
  EXPECT_EQ(static_cast<size_t>(std::count(text.begin(), text.end(), '\n')), kMany + 6);
  const auto read = ParseBaseline(text, "b.json");
  ASSERT_OK(read);
  const BaselineResult result = Compare(findings, *read, kToday);
  EXPECT_EQ(result.fresh, 0u);
  EXPECT_THAT(result.gone, IsEmpty());
}

}  // namespace
}  // namespace glovebox::verify
