#include "report/verify_junit.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/test_scale.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "report/findings.h"
#include "report/test_log.h"

namespace glovebox::report {
namespace {

using testing::HasSubstr;
using testing::Not;
using verify::EdgeVerdict;
using verify::Severity;
using verify::Verdict;

FindingFacts Facts(const std::string& id, Severity severity = Severity::kError) {
  FindingFacts facts;
  facts.finding.rule = "outside-read";
  facts.finding.severity = severity;
  facts.finding.id = id;
  facts.finding.action_name = "gen.h";
  facts.finding.what = absl::StrCat("/x/", id, " is read");
  return facts;
}

EdgeVerdict Edge(const std::string& output, Verdict verdict, std::vector<size_t> findings = {}) {
  EdgeVerdict edge;
  edge.outputs = {output, output + ".d"};
  edge.rule = "CUSTOM_COMMAND";
  edge.verdict = verdict;
  edge.findings = std::move(findings);
  edge.where = "a/CMakeLists.txt:14 add_custom_command";
  return edge;
}

size_t CountOf(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

class VerifyJUnit : public testing::Test {
 protected:
  VerifyJUnit() {
    input_ = TestLog().Begin(1, access::Role::kCustom, {"gen.h"}).End(1).Take();
    summary_ = Summarize(input_);
  }
  std::string Xml(const std::vector<EdgeVerdict>& edges, const verify::BaselineResult* compared = nullptr) {
    summary_.edges = edges;
    return VerifyJUnitXml(input_, summary_, compared);
  }
  Input input_;
  Summary summary_;
};

TEST_F(VerifyJUnit, HasOneCaseAnEdge) {
  EdgeVerdict proved = Edge("gen.h", Verdict::kProved);
  proved.actions = {0, 77};
  EdgeVerdict incomplete = Edge("b<.o", Verdict::kIncomplete);
  incomplete.why = "it did not run";
  incomplete.where.clear();
  EXPECT_EQ(Xml({proved, incomplete}), R"(<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="glovebox" tests="2" failures="0" errors="1" time="0.001000">
  <testsuite name="/build" tests="2" failures="0" errors="1" time="0.001000" skipped="0" timestamp="1970-01-01T00:00:00">
    <testcase name="gen.h" classname="glovebox.CUSTOM_COMMAND" time="0.001000">
      <system-out>proved
declared by a/CMakeLists.txt:14 add_custom_command</system-out>
    </testcase>
    <testcase name="b&lt;.o" classname="glovebox.CUSTOM_COMMAND" time="0.000000">
      <error message="it did not run" type="incomplete"></error>
      <system-out>incomplete</system-out>
    </testcase>
  </testsuite>
</testsuites>
)");
}

TEST_F(VerifyJUnit, AFailureCarriesTheFindings) {
  summary_.findings = {Facts("111111111111"), Facts("222222222222"),
                       Facts("333333333333", Severity::kWarning)};
  const std::string xml = Xml({Edge("gen.h", Verdict::kViolated, {0, 1, 2})});
  EXPECT_THAT(xml, HasSubstr("<testsuites name=\"glovebox\" tests=\"1\" failures=\"1\" errors=\"0\""));
  EXPECT_THAT(
      xml, HasSubstr("<failure message=\"/x/111111111111 is read, and 1 more error\" type=\"outside-read\">"
                     "error[outside-read]: /x/111111111111 is read\n"));
  EXPECT_THAT(xml, HasSubstr("\nerror[outside-read]: /x/222222222222 is read\n"));
  EXPECT_THAT(xml,
              HasSubstr("add_custom_command\nwarning[outside-read]: /x/333333333333 is read</system-out>"));
}

// The run does not fail for it either.
TEST_F(VerifyJUnit, WarningsAndWhatIsKnownFailNothing) {
  summary_.findings = {Facts("111111111111"), Facts("222222222222", Severity::kWarning)};
  verify::BaselineResult compared;
  compared.standing = {verify::Standing::kKnown, verify::Standing::kNew};
  const std::string xml = Xml({Edge("gen.h", Verdict::kViolated, {0, 1})}, &compared);
  EXPECT_THAT(xml, Not(HasSubstr("<failure")));
  EXPECT_THAT(xml,
              HasSubstr("\nknown error[outside-read]: /x/111111111111 is read\nwarning[outside-read]: "));
  compared.standing[0] = verify::Standing::kExpired;
  EXPECT_THAT(Xml({Edge("gen.h", Verdict::kViolated, {0, 1})}, &compared), HasSubstr("<failure"));
}

TEST_F(VerifyJUnit, AGapIsAnErrorWhereNothingIsWrong) {
  summary_.findings = {Facts("111111111111"), Facts("222222222222")};
  summary_.findings[0].finding.rule = "trace-incomplete";
  summary_.findings[0].finding.what = "not all was seen";
  EdgeVerdict incomplete = Edge("gen.h", Verdict::kIncomplete, {0});
  incomplete.why = "a foreign ABI";
  EXPECT_THAT(Xml({incomplete, Edge("b", Verdict::kProved, {1})}),
              HasSubstr("<error message=\"a foreign ABI\" type=\"incomplete\">"));
  const std::string xml = Xml({Edge("gen.h", Verdict::kViolated, {1, 0})});
  EXPECT_THAT(xml, Not(HasSubstr("<error")));
  EXPECT_THAT(xml, HasSubstr("<failure message=\"/x/222222222222 is read\" type=\"outside-read\">"));
  EXPECT_THAT(Xml({}), HasSubstr("<error message=\"not all was seen\" type=\"incomplete\">"));
}

TEST_F(VerifyJUnit, WhatIsOfNoEdgeIsToldAllTheSame) {
  summary_.findings = {Facts("111111111111"), Facts("222222222222"), Facts("333333333333")};
  summary_.findings[0].action = summary_.findings[2].action = 1;
  summary_.findings[0].finding.action_name = "net.fetch";
  summary_.findings[0].finding.where = "/src/CMakeLists.txt:7 add_test";
  summary_.findings[1].finding.action_name.clear();
  summary_.findings[1].finding.rule = "allowance-expired";
  const std::string xml = Xml({});
  EXPECT_EQ(CountOf(xml, "<testcase "), 2u);
  EXPECT_THAT(xml, HasSubstr("<testcase name=\"net.fetch\" classname=\"glovebox.no-edge\""));
  EXPECT_THAT(xml, HasSubstr("<system-out>declared by /src/CMakeLists.txt:7 add_test</system-out>"));
  EXPECT_THAT(xml, HasSubstr("/x/111111111111 is read, and 1 more error"));
  EXPECT_THAT(xml, HasSubstr("<testcase name=\"allowance-expired\""));
}

TEST_F(VerifyJUnit, NamesAreEscaped) {
  summary_.findings = {Facts("111111111111")};
  summary_.findings[0].finding.what = "/x\x1b\xff]]>\"\n is read";
  EdgeVerdict edge = Edge("a\x01\xff\"<", Verdict::kViolated, {0, 99});
  const std::string xml = Xml({edge});
  EXPECT_THAT(xml, HasSubstr("name=\"a\\x01\\xff&quot;&lt;\""));
  EXPECT_THAT(xml, HasSubstr("message=\"/x\\x1b\\xff]]&gt;&quot;\\n is read\""));
}

TEST_F(VerifyJUnit, OfManyFindingsSomeAreToldInFull) {
  constexpr size_t kMany = Many(100'000);
  std::vector<size_t> half;
  for (size_t i = 0; i < kMany; ++i) {
    summary_.findings.push_back(Facts(absl::StrCat(i)));
    if (i % 2 == 0) half.push_back(i);
  }
  std::vector<EdgeVerdict> edges = {Edge("gen.h", Verdict::kViolated, half)};
  for (size_t i = 1; i < kMany; i += 2) edges.push_back(Edge(absl::StrCat(i, ".o"), Verdict::kViolated, {i}));
  const std::string xml = Xml(edges);
  EXPECT_EQ(CountOf(xml, "<testcase "), kMany / 2 + 1);
  EXPECT_THAT(xml.substr(0, 200), HasSubstr(absl::StrCat("failures=\"", kMany / 2 + 1, "\"")));
  EXPECT_NE(xml.find(absl::StrCat("\n... and ", Count(kMany / 2 - 20, "more error"), "</failure>")),
            std::string::npos);
  EXPECT_LT(xml.size(), kMany * 400);
}

}  // namespace
}  // namespace glovebox::report
