#include "report/json.h"

#include <stdlib.h>

#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/escaping.h"
#include "base/bytes.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "base/test_scale.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "report/findings.h"
#include "report/test_log.h"
#include "report/test_schema.h"

namespace glovebox::report {
namespace {

using access::Role;
using nlohmann::json;

std::string Text(Input input) {
  std::ostringstream out;
  WriteJson(Summarize(input), out);
  return out.str();
}

int Validate(const std::string& document) { return ValidateAgainst(GLOVEBOX_REPORT_SCHEMA, document); }

TestLog Everything() {
  TestLog log;
  log.Begin(1, Role::kEdge, {}, 0, {"/bin/sh", "-c", "x"}).Begin(2, Role::kCompile, {"a.o"}, 1);
  log.Open(2, "/src/a.c").Create(2, "/build/a.o").Open(2, "/src/no.h", access::Result::kAbsent);
  log.Connect(2, "inet:10.0.0.1:80").Hole(2, "foreign-abi", "i386:open");
  access::Access denied = TestLog::Make(2, Op::kForbidden, "/x");
  denied.decision = access::Decision::kDenied;
  denied.error = EPERM;
  log.Access(denied);
  access::ActionEnd end;
  end.action = 2;
  end.kind = access::ActionEnd::Kind::kSandboxFailed;
  end.step = "SetSid";
  end.status = 1;
  end.left_over = {"7 /bin/sleep"};
  end.limit = "wall clock 10 s";
  end.measured = "cgroup v1, memory sampled";
  end.peak_processes = 12;
  end.peak_bytes = 1 << 20;
  log.Add(end).Begin(3, Role::kLink, {"app"});
  log.log().tears.push_back({"b.gbx", 17, "torn record"});
  return log;
}

TEST(Json, IsWhatTheSchemaSays) {
  EXPECT_EQ(Validate(Text(Everything().Take())), 0);
  EXPECT_EQ(Validate(Text(TestLog().Take(false))), 0);
}

TEST(Json, FindingsAreWhatTheSchemaSays) {
  TestLog log = Everything();
  access::Access access = TestLog::Make(3, Op::kOpen, "/x\xff");
  access.rule = "outside-write: glovebox.toml:1:1 write";
  log.Access(access);
  const Input input = log.Take();
  Summary summary = Summarize(input);
  AddFindings(input, {}, &summary);
  std::ostringstream out;
  WriteJson(summary, out);
  EXPECT_EQ(Validate(out.str()), 0);
  const json report = json::parse(out.str());
  ASSERT_EQ(report["findings"].size(), 5u) << report["findings"].dump(1);
  const json& finding = report["findings"].back();
  EXPECT_EQ(finding["rule"], "outside-write");
  EXPECT_EQ(finding["severity"], "error");
  EXPECT_EQ(finding["object"], "/x\\xff");
  EXPECT_TRUE(finding.contains("object_bytes"));
  EXPECT_EQ(finding["policy"], "glovebox.toml:1:1 write");
  EXPECT_EQ(finding["evidence"]["decision"], "continued");
  EXPECT_EQ(report["findings_allowed"], 0);
  json bad = report;
  bad["findings"][0]["severity"] = "grave";
  EXPECT_EQ(Validate(bad.dump()), kInvalid);
}

// A schema that lets everything pass holds nothing.
TEST(Json, TheSchemaRefusesWhatIsNoReport) {
  const json good = json::parse(Text(Everything().Take()));
  json bad = good;
  bad.erase("totals");
  EXPECT_EQ(Validate(bad.dump()), kInvalid);
  bad = good;
  bad["files"][0]["class"] = "elsewhere";
  EXPECT_EQ(Validate(bad.dump()), kInvalid);
  bad = good;
  bad["actions"][0]["number"] = "1";
  EXPECT_EQ(Validate(bad.dump()), kInvalid);
  bad = good;
  bad["actions"][0].erase("limit");
  EXPECT_EQ(Validate(bad.dump()), kInvalid);
  bad = good;
  bad["version"] = 2;
  EXPECT_EQ(Validate(bad.dump()), kInvalid);
}

TEST(Json, SaysWhatHappened) {
  Input input = Everything().Take();
  input.build.unwrapped = 3;
  const json report = json::parse(Text(std::move(input)));
  EXPECT_EQ(report["format"], "glovebox-report");
  EXPECT_EQ(report["run"]["unwrapped"], 3);
  EXPECT_EQ(report["run"]["command"], json({"ninja", "-j2"}));
  EXPECT_EQ(report["totals"]["by_operation"]["open"], 3);
  EXPECT_EQ(report["actions"].size(), 3u);
  EXPECT_EQ(report["actions"][1]["parent"], 1);
  EXPECT_EQ(report["actions"][1]["end"], "sandbox-failed");
  EXPECT_TRUE(report["actions"][2]["end"].is_null());
  EXPECT_EQ(report["denied"][0]["errno_name"], "EPERM");
  EXPECT_EQ(report["tears"][0]["offset"], 17);
  EXPECT_EQ(report["endpoints"][0]["connect"], 1);
  EXPECT_EQ(report["left_over"][0]["process"], "7 /bin/sleep");
  EXPECT_EQ(report["actions"][0]["limit"], "");
  EXPECT_EQ(report["actions"][1]["limit"], "wall clock 10 s");
  EXPECT_EQ(report["actions"][1]["measured"], "cgroup v1, memory sampled");
  EXPECT_EQ(report["actions"][1]["peak_processes"], 12);
}

TEST(Json, ARunThatGoesOnIsToldFromOneThatWasCutOff) {
  for (const bool goes_on : {false, true}) {
    TestLog log;
    log.log().being_written = goes_on;
    log.log().tears.push_back({"a.gbx", 72, "not sealed: ...", false, goes_on});
    const std::string text = Text(log.Take(false));
    EXPECT_EQ(Validate(text), 0);
    json report = json::parse(text);
    EXPECT_EQ(report["run"]["ended"], false);
    EXPECT_EQ(report["run"]["being_written"], goes_on);
    EXPECT_EQ(report["tears"][0]["being_written"], goes_on);
    report["run"].erase("being_written");
    EXPECT_EQ(Validate(report.dump()), kInvalid);
  }
}

TEST(Json, EveryByteOfANameSurvives) {
  TestLog log;
  const std::string names[] = {"/srv/a\nb",     "/srv/\xff\xfe\x80", "/srv/\"q\\",
                               "/srv/\xc3\xa4", "/srv/\x01\x7f",     "/srv/" + std::string(4091, '\xfe')};
  log.Begin(1, Role::kCustom, {"o\xffut"}, 0, {"\xff\n"});
  for (const std::string& name : names) log.Create(1, name);
  const std::string text = Text(log.End(1).Take());
  EXPECT_TRUE(IsUtf8(text));
  EXPECT_EQ(Validate(text), 0);
  const json report = json::parse(text);
  size_t found = 0;
  for (const json& file : report["files"]) {
    const std::string path = UnescapeBytes(file["path"].get<std::string>());
    for (const std::string& name : names) {
      if (path != name) continue;
      ++found;
      EXPECT_EQ(file.contains("path_bytes"), !IsUtf8(name));
      std::string raw;
      if (file.contains("path_bytes")) {
        ASSERT_TRUE(absl::Base64Unescape(file["path_bytes"].get<std::string>(), &raw));
        EXPECT_EQ(raw, name);
      }
    }
  }
  EXPECT_EQ(found, std::size(names));
  EXPECT_EQ(UnescapeBytes(report["actions"][0]["argv"][0].get<std::string>()), "\xff\n");
}

TEST(Json, AHundredThousandFindingsAreALineEach) {
  constexpr size_t kMany = Many(100'000);
  Summary summary;
  summary.judged = true;
  for (size_t i = 0; i < kMany; ++i) {
    FindingFacts facts;
    facts.finding.rule = "outside-read";
    facts.finding.id = std::to_string(i);
    facts.finding.what = std::string(100, 'x');
    summary.findings.push_back(std::move(facts));
  }
  std::ostringstream out;
  WriteJson(summary, out);
  const std::string text = std::move(out).str();
  EXPECT_LT(text.size(), kMany * 500);
  size_t lines = 0;
  for (size_t at = text.find("\n{\"id\":"); at != std::string::npos; at = text.find("\n{\"id\":", at + 1))
    ++lines;
  EXPECT_EQ(lines, kMany);
}

TEST(Json, AFullDiskShowsInTheStream) {
  std::ofstream full("/dev/full");
  TestLog log;
  log.Begin(1, Role::kCustom, {"x"});
  for (int i = 0; i < 5000; ++i) log.Open(1, "/src/" + std::to_string(i));
  WriteJson(Summarize(log.End(1).Take()), full);
  full.flush();
  EXPECT_FALSE(full.good());
}

}  // namespace
}  // namespace glovebox::report
