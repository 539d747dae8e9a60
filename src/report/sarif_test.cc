#include "report/sarif.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "base/test_scale.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "report/findings.h"
#include "report/test_log.h"
#include "verify/rules.h"

namespace glovebox::report {
namespace {

using access::Role;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
using verify::Severity;

Summary Empty() {
  Summary summary;
  summary.run.source_dir = "/src";
  summary.run.build_dir = "/build";
  summary.run.start_unix_ns = 1'764'244'800'000'000'000;
  summary.judged = true;
  return summary;
}

FindingFacts Facts(const std::string& id, Severity severity = Severity::kError,
                   const std::string& rule = "outside-read") {
  FindingFacts facts;
  facts.finding.rule = rule;
  facts.finding.severity = severity;
  facts.finding.id = id;
  facts.finding.action_name = "gen.h";
  facts.finding.object = "/home/u/" + id;
  facts.finding.what = facts.finding.object + " is read, which the policy does not allow";
  facts.finding.where = "CMakeLists.txt:14 add_custom_command";
  facts.finding.place = "glovebox.toml:4:1 read";
  facts.finding.so = "what is made here depends on a file that another machine does not have";
  facts.finding.repair = "do not read it, or let the policy say so: read = [\"${home}/.rc\"]";
  facts.finding.calls = 3;
  facts.finding.evidence.call = "openat";
  facts.finding.evidence.program = "/usr/bin/cc1";
  return facts;
}

// One of each kind that there is.
Summary Everything() {
  Summary summary = Empty();
  ActionFacts action;
  action.id = 1;
  action.begin.role = Role::kTest;
  action.begin.target = "gen";
  action.name = "gen.h";
  summary.actions.push_back(action);
  summary.findings = {Facts("111111111111"), Facts("222222222222", Severity::kWarning, "test-fixed-tmp"),
                      Facts("333333333333", Severity::kNote, "of-the-future")};
  summary.findings[0].action = 1;
  summary.findings[0].others = {1};
  summary.findings[0].edges = {"gen.h", "b\xff.o"};
  summary.findings[1].finding.objects = {"/tmp/a\xff", "/tmp/b"};
  summary.findings[1].finding.place.clear();
  summary.findings[2].finding.where.clear();
  summary.findings[2].finding.object = "/home/u/\xff\xfe\n";
  summary.findings[2].finding.action_name.clear();
  summary.findings[2].finding.calls = 0;
  summary.tears.push_back({"b.gbx", 17, "torn record"});
  summary.unwrapped = 2;
  return summary;
}

json RunOf(const Summary& summary, const SarifOptions& options = {}) {
  return json::parse(SarifReport(summary, options))["runs"][0];
}

const json& PlaceOf(const json& result) { return result["locations"][0]["physicalLocation"]; }

// What the standard and GitHub demand, as far as it holds of what is written here: without the schema nothing
// else would see it. The words for what is wrong; empty: nothing is.
std::string WrongIn(const json& log) {
  if (log["version"] != "2.1.0" || log["runs"].size() != 1) return "no log of one run";
  const json& run = log["runs"][0];
  const json& rules = run["tool"]["driver"]["rules"];
  std::set<std::string> ids;
  for (const json& rule : rules) {
    const std::string id = rule["id"];
    if (!ids.insert(id).second) return id + " twice";
    if (!rule.contains("shortDescription")) continue;
    for (const char* text : {"shortDescription", "fullDescription", "help"}) {
      if (rule[text]["text"].get<std::string>().empty()) return id + " has no " + text;
    }
    if (rule["shortDescription"]["text"].get<std::string>().size() > 1024) return id + " is too long";
    if (rule["fullDescription"]["text"].get<std::string>().size() > 1024) return id + " is too long";
    if (rule["properties"]["tags"].size() > 10) return id + " has too many tags";
    if (rule["name"] == id) return id + " has its id for a name";
  }
  if (rules.size() > 25'000 || run["results"].size() > 25'000) return "too many";
  std::set<std::string> hashes;
  for (const json& result : run["results"]) {
    const std::string name = result["partialFingerprints"]["gloveboxFinding/v1"];
    if (rules.at(result["ruleIndex"].get<size_t>())["id"] != result["ruleId"]) return name + ": another rule";
    const std::string level = result["level"];
    if (level != "error" && level != "warning" && level != "note") return name + ": " + level;
    if (result["message"]["text"].get<std::string>().empty()) return name + ": no message";
    if (result["locations"].size() != 1) return name + ": not one place";
    const json& place = PlaceOf(result);
    const std::string uri = place["artifactLocation"]["uri"];
    if (uri.find_first_of(" \\<>\"{}|^`#?[]") != std::string::npos) return name + ": no URI: " + uri;
    if (absl::StartsWith(uri, "/") || absl::StrContains(uri, "..")) return name + ": not below: " + uri;
    if (place["artifactLocation"].contains("uriBaseId") == absl::StartsWith(uri, "file:"))
      return name + ": " + uri;
    if (place["region"]["startLine"].get<int>() < 1) return name + ": no line";
    if (!hashes.insert(result["partialFingerprints"]["primaryLocationLineHash"]).second)
      return name + " twice";
  }
  const std::string root = run["originalUriBaseIds"]["SRCROOT"]["uri"];
  if (!absl::StartsWith(root, "file:///") || root.back() != '/') return "no root: " + root;
  if (!run["invocations"][0]["executionSuccessful"].is_boolean()) return "no invocation";
  return "";
}

TEST(Sarif, HoldsWhatItsReadersDemand) {
  EXPECT_EQ(WrongIn(json::parse(SarifReport(Everything(), {.version = "0.1.0"}))), "");
  EXPECT_EQ(WrongIn(json::parse(SarifReport(Empty(), {}))), "");
}

// A check that lets everything pass holds nothing.
TEST(Sarif, TheCheckRefusesWhatGitHubRefuses) {
  const json good = json::parse(SarifReport(Everything(), {}));
  const std::pair<const char*, json> changes[] = {
      {"/runs/0/results/0/locations", json::array()},
      {"/runs/0/results/0/ruleIndex", 1},
      {"/runs/0/results/0/level", "grave"},
      {"/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri", "/src/CMakeLists.txt"},
      {"/runs/0/results/0/locations/0/physicalLocation/region/startLine", 0},
      {"/runs/0/results/0/partialFingerprints", good["runs"][0]["results"][1]["partialFingerprints"]},
      {"/runs/0/tool/driver/rules/0/shortDescription/text", ""}};
  for (const auto& [where, value] : changes) {
    json bad = good;
    bad[json::json_pointer(where)] = value;
    EXPECT_NE(WrongIn(bad), "") << where;
  }
}

// The schema is OASIS's and stands in no package: GLOVEBOX_SARIF_SCHEMA names a copy of
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json.
TEST(Sarif, IsWhatTheSchemaOfTheStandardSays) {
  const char* schema = getenv("GLOVEBOX_SARIF_SCHEMA");
  if (schema == nullptr || *schema == '\0') GTEST_SKIP() << "GLOVEBOX_SARIF_SCHEMA names no schema";
  const std::string program = R"(
import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
validator = jsonschema.validators.validator_for(schema)
errors = list(validator(schema, format_checker=jsonschema.FormatChecker()).iter_errors(json.load(open(sys.argv[2]))))
for error in errors: print("/".join(map(str, error.path)), error.message[:200])
sys.exit(7 if errors else 0)
)";
  const auto dir = TempDir::Create();
  ASSERT_OK(dir);
  const auto validate = [&](const std::string& text) {
    const std::string path = dir->path() + "/x.sarif";
    EXPECT_OK(WriteFile(path, text));
    const int status = system(absl::StrCat("/usr/bin/python3 -c ", ShellQuote(program), " ",
                                           ShellQuote(schema), " ", ShellQuote(path))
                                  .c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  };
  const Summary summary = Everything();
  verify::Baseline baseline;
  baseline.entries = {{"111111111111", "", "", "", {}, "alice@example.org", "issue 12", {}}};
  std::vector<const verify::Finding*> findings;
  for (const FindingFacts& facts : summary.findings) findings.push_back(&facts.finding);
  const verify::BaselineResult compared = verify::Compare(findings, baseline, {});
  const std::string text =
      SarifReport(summary, {.version = "0.1.0", .baseline = &baseline, .compared = &compared});
  EXPECT_EQ(validate(text), 0);
  EXPECT_EQ(validate(SarifReport(Empty(), {})), 0);
  EXPECT_EQ(validate(SarifReport(Summary(), {})), 0);
  json bad = json::parse(text);
  bad["runs"][0]["results"][0]["level"] = "grave";
  EXPECT_EQ(validate(bad.dump()), 7);
}

TEST(Sarif, DescribesEveryRule) {
  const json rules = RunOf(Everything(), {.version = "0.1.0"})["tool"]["driver"]["rules"];
  ASSERT_EQ(rules.size(), verify::AllRules().size() + 1);
  const json& rule = rules[0];
  EXPECT_EQ(rule["id"], "outside-read");
  EXPECT_EQ(rule["name"], "OutsideRead");
  EXPECT_EQ(rule["shortDescription"]["text"],
            "A file was read that the policy does not let the action read.");
  EXPECT_EQ(rule["defaultConfiguration"]["level"], "error");
  EXPECT_THAT(rule["help"]["text"].get<std::string>(), HasSubstr("\nWhat mends it\n"));
  EXPECT_THAT(rule["help"]["markdown"].get<std::string>(), HasSubstr("```\nerror[outside-read]: "));
  // A rule of a log of a newer Glovebox has no words here, and its finding is told all the same.
  EXPECT_EQ(rules.back(), json({{"id", "of-the-future"}}));
}

TEST(Sarif, AResultSaysWhatWhereAndWho) {
  const json run = RunOf(Everything(), {.version = "0.1.0"});
  EXPECT_EQ(run["tool"]["driver"]["name"], "Glovebox");
  EXPECT_EQ(run["tool"]["driver"]["version"], "0.1.0");
  const json& result = run["results"][0];
  EXPECT_EQ(result["ruleId"], "outside-read");
  EXPECT_EQ(result["level"], "error");
  EXPECT_EQ(result["message"]["text"],
            "/home/u/111111111111 is read, which the policy does not allow.\n"
            "Why it matters: what is made here depends on a file that another machine does not have.\n"
            "What mends it: do not read it, or let the policy say so: read = [\"${home}/.rc\"].");
  EXPECT_EQ(result["locations"], json::parse(R"([{
    "physicalLocation": {"artifactLocation": {"uri": "CMakeLists.txt", "uriBaseId": "SRCROOT"},
                         "region": {"startLine": 14, "startColumn": 1, "endLine": 14}},
    "logicalLocations": [{"name": "gen.h", "kind": "test", "fullyQualifiedName": "gen::gen.h"}]}])"));
  EXPECT_EQ(result["relatedLocations"], json::parse(R"([{"id": 1,
    "physicalLocation": {"artifactLocation": {"uri": "glovebox.toml", "uriBaseId": "SRCROOT"},
                         "region": {"startLine": 4, "startColumn": 1, "endLine": 4}},
    "message": {"text": "what the policy says"}}])"));
  EXPECT_EQ(result["partialFingerprints"]["gloveboxFinding/v1"], "111111111111");
  EXPECT_EQ(result["partialFingerprints"]["primaryLocationLineHash"], "111111111111:1");
  EXPECT_EQ(result["occurrenceCount"], 3);
  EXPECT_EQ(result["properties"]["others"], json({"gen.h"}));
  EXPECT_EQ(result["properties"]["edges"], json({"gen.h", "b\\xff.o"}));
  EXPECT_FALSE(result.contains("baselineState"));
  EXPECT_EQ(run["results"][1]["level"], "warning");
  EXPECT_EQ(run["results"][2]["level"], "note");
  EXPECT_EQ(run["results"][1]["properties"]["objects"], json({"/tmp/a\\xff", "/tmp/b"}));
  EXPECT_EQ(run["originalUriBaseIds"]["SRCROOT"]["uri"], "file:///src/");
  EXPECT_EQ(run["invocations"][0]["startTimeUtc"], "2025-11-27T12:00:00Z");
}

TEST(Sarif, EveryFindingHasAPlace) {
  const struct {
    const char* where;
    const char* place;
    const char* root;
    const char* uri;
    int line;
  } rows[] = {
      {"/src/a/CMakeLists.txt:7 add_test", "", "", "a/CMakeLists.txt", 7},
      {"a/CMakeLists.txt:7 add_test", "", "/", "src/a/CMakeLists.txt", 7},
      {"/src/CMakeLists.txt:7 add_test", "", "/work/repo", "file:///src/CMakeLists.txt", 7},
      {"/src/../opt/x.cmake:7 add_test", "", "", "file:///opt/x.cmake", 7},
      {"", "glovebox.toml:12:3 write", "", "glovebox.toml", 12},
      // The policy of all projects is no file of this one.
      {"", "/etc/glovebox.toml:12:3 write", "", "CMakeLists.txt", 1},
      {"", "built in", "", "CMakeLists.txt", 1},
      {"", "", "", "CMakeLists.txt", 1},
      {"nonsense", "", "", "CMakeLists.txt", 1},
      {"/src/a b#\xc3\xa4\xff/x%20:1?.txt:7 add_test", "", "", "a%20b%23%C3%A4%FF/x%2520%3A1%3F.txt", 7},
      {"c:\\x:7 add_test", "", "", "c%3A%5Cx", 7},
  };
  for (const auto& row : rows) {
    Summary summary = Empty();
    summary.findings = {Facts("111111111111")};
    summary.findings[0].finding.where = row.where;
    summary.findings[0].finding.place = row.place;
    const json log = json::parse(SarifReport(summary, {.root = row.root}));
    EXPECT_EQ(WrongIn(log), "");
    const json& place = PlaceOf(log["runs"][0]["results"][0]);
    EXPECT_EQ(place["artifactLocation"]["uri"], row.uri) << row.where;
    EXPECT_EQ(place["region"]["startLine"], row.line) << row.where;
  }
}

TEST(Sarif, NamesAreNeitherLinksNorPlaceholders) {
  Summary summary = Empty();
  summary.findings = {Facts("111111111111")};
  summary.findings[0].finding.what = "/x/[click](https://example.org)/{0}{a}\x1b\xff is read";
  summary.findings[0].finding.so.clear();
  summary.findings[0].finding.repair.clear();
  summary.findings[0].finding.refused = true;
  const std::string text = RunOf(summary)["results"][0]["message"]["text"];
  EXPECT_EQ(text, "/x/[click]\\x28https://example.org)/\\x7b0}{a}\\x1b\\xff is read (it was refused).");
}

TEST(Sarif, WhatWasNotSeenIsSaid) {
  Summary summary = Everything();
  const json notes = RunOf(summary)["invocations"][0]["toolExecutionNotifications"];
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_EQ(notes[0]["descriptor"]["id"], "not-seen");
  EXPECT_EQ(notes[0]["message"]["text"],
            "the log is damaged, 2 commands were not seen at all: there may be more to find.");
  summary.actions[0].why_incomplete = {"no end"};
  summary.edges.resize(2);
  summary.edges[0].verdict = verify::Verdict::kProved;
  EXPECT_THAT(
      RunOf(summary)["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"].get<std::string>(),
      HasSubstr("1 of 1 action was not seen in full, the log is damaged, 1 of 2 edges is incomplete, 2"));
  summary.judged = false;
  const json invocation = RunOf(summary)["invocations"][0];
  EXPECT_EQ(invocation["executionSuccessful"], false);
  EXPECT_EQ(invocation["toolExecutionNotifications"][0]["descriptor"]["id"], "not-judged");
  EXPECT_FALSE(RunOf(Empty())["invocations"][0].contains("toolExecutionNotifications"));
}

TEST(Sarif, WhatTheBaselineKnowsIsToldFromWhatIsNew) {
  Summary summary = Empty();
  summary.findings = {Facts("111111111111"), Facts("222222222222"),
                      Facts("333333333333", Severity::kWarning)};
  verify::Baseline baseline;
  baseline.entries = {{"111111111111", "", "", "", {}, "alice@example.org", "issue 12", {}},
                      {"222222222222", "", "", "", {}, "", "", {2026, 1, 31}}};
  std::vector<const verify::Finding*> findings;
  for (const FindingFacts& facts : summary.findings) findings.push_back(&facts.finding);
  const verify::BaselineResult compared = verify::Compare(findings, baseline, {2026, 11, 27});
  const json results = RunOf(summary, {.baseline = &baseline, .compared = &compared})["results"];
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0]["properties"]["id"], "222222222222");
  EXPECT_EQ(results[0]["baselineState"], "new");
  EXPECT_FALSE(results[0].contains("suppressions"));
  EXPECT_EQ(results[1]["properties"]["id"], "333333333333");
  EXPECT_EQ(results[2]["baselineState"], "unchanged");
  EXPECT_EQ(results[2]["suppressions"][0]["justification"], "issue 12: alice@example.org");
}

// Linear, and never more than is taken: what is left out are the lightest, and it is said.
TEST(Sarif, OfTooManyTheGravestAreTold) {
  const size_t left_out = Many(75'000);
  SarifOptions options;
  options.most_results = Many(kSarifResults);
  const size_t many = options.most_results + left_out;
  Summary summary = Empty();
  summary.findings.reserve(many);
  for (size_t i = 0; i < many; ++i)
    summary.findings.push_back(Facts(absl::StrCat(i), i < many - 10 ? Severity::kWarning : Severity::kError));
  const std::string text = SarifReport(summary, options);
  EXPECT_LT(text.size(), options.most_results * 2000);
  const json log = json::parse(text);
  EXPECT_EQ(WrongIn(log), "");
  const json& run = log["runs"][0];
  ASSERT_EQ(run["results"].size(), options.most_results);
  EXPECT_EQ(run["results"][9]["level"], "error");
  EXPECT_EQ(run["results"][10]["level"], "warning");
  EXPECT_EQ(run["properties"]["findingsLeftOut"], left_out);
  EXPECT_EQ(run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"],
            absl::StrCat(Count(left_out, "finding"), " of ", Thousands(many),
                         " are left out: this file would be larger than its readers take."));
}

TEST(Sarif, LongNamesDoNotMakeItTooLarge) {
  Summary summary = Empty();
  SarifOptions options;
  options.most_bytes = Many(kSarifBytes);
  for (size_t i = 0; i < Many(12'000); ++i) {
    summary.findings.push_back(Facts(absl::StrCat(i)));
    summary.findings.back().finding.object = std::string(4000, '\xff');
    summary.findings.back().finding.what = summary.findings.back().finding.object + " is read";
  }
  const std::string text = SarifReport(summary, options);
  EXPECT_LT(text.size(), options.most_bytes + 1'000'000);
  EXPECT_THAT(text, HasSubstr("are left out: this file would be larger"));
}

TEST(Sarif, TheDiskSaysWhatTheCheckoutIs) {
  const auto dir = TempDir::Create();
  ASSERT_OK(dir);
  Summary summary = Empty();
  summary.run.source_dir = dir->path() + "/repo/cpp";
  ASSERT_OK(MakeDirectories(summary.run.source_dir));
  ASSERT_OK(MakeDirectories(dir->path() + "/repo/.git"));
  ASSERT_OK(WriteFile(summary.run.source_dir + "/meson.build", ""));
  const SarifOptions options = SarifOptionsFor(summary, "0.1.0");
  EXPECT_EQ(options.version, "0.1.0");
  EXPECT_EQ(options.root, dir->path() + "/repo");
  EXPECT_EQ(options.project_file, "meson.build");
  summary.findings = {Facts("111111111111")};
  summary.findings[0].finding.where = "CMakeLists.txt:3 add_test";
  EXPECT_EQ(PlaceOf(RunOf(summary, options)["results"][0])["artifactLocation"]["uri"], "cpp/CMakeLists.txt");
  EXPECT_EQ(SarifOptionsFor(Summary(), "").project_file, "CMakeLists.txt");
}

// As a build that was judged is told, and not as one made by hand.
TEST(Sarif, TellsWhatALogShows) {
  TestLog log;
  log.Begin(1, Role::kCustom, {"gen.h"});
  access::Access access = TestLog::Make(1, Op::kOpen, "/home/u/.rc");
  access.rule = "outside-read: glovebox.toml:4:1 read";
  log.Access(access).End(1);
  const Input input = log.Take();
  Summary summary = Summarize(input);
  AddFindings(input, {}, &summary);
  const json document = json::parse(SarifReport(summary, {}));
  EXPECT_EQ(WrongIn(document), "");
  const json& result = document["runs"][0]["results"].at(0);
  EXPECT_EQ(PlaceOf(result)["artifactLocation"]["uri"], "glovebox.toml");
  EXPECT_EQ(result["locations"][0]["logicalLocations"][0]["name"], "gen.h");
  EXPECT_EQ(result["properties"]["program"], "/usr/bin/cc1");
  EXPECT_FALSE(document["runs"][0]["invocations"][0].contains("toolExecutionNotifications"));
}

}  // namespace
}  // namespace glovebox::report
