#include "report/html.h"

#include <map>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "report/html_test_support.h"

namespace glovebox::report {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr char kOpening[] = "<script type=\"application/json\" id=\"data\">";

std::string PageOf(const SampleBuild& build) {
  return HtmlReport(build.summary, build.edges, build.compared ? &*build.compared : nullptr);
}

// As a browser cuts it out: up to the first end tag.
std::string DataText(const std::string& page) {
  const size_t begin = page.find(kOpening);
  EXPECT_NE(begin, std::string::npos);
  const size_t from = begin + sizeof(kOpening) - 1;
  return page.substr(from, page.find("</script", from) - from);
}

// A table's rows as objects, its texts in their places.
json Rows(const json& data, const char* table) {
  json rows = json::array();
  for (const json& row : data[table]["rows"]) {
    json entry;
    EXPECT_EQ(row.size(), data[table]["columns"].size());
    for (size_t i = 0; i < row.size(); ++i) {
      std::string name = data[table]["columns"][i];
      json value = row[i];
      if (name.back() == '$') {
        name.pop_back();
        if (value.is_array()) {
          for (json& text : value) text = data["strings"][text.get<size_t>()];
        } else {
          value = data["strings"][value.get<size_t>()];
        }
      }
      entry[name] = value;
    }
    rows.push_back(entry);
  }
  return rows;
}

size_t Times(const std::string& text, const std::string& part) {
  size_t times = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++times;
  return times;
}

TEST(Html, HasEachEdgeWithItsVerdictAndItsNeighbours) {
  const json data = json::parse(DataText(PageOf(SmallBuild())));
  const json edges = Rows(data, "edges");
  std::map<std::string, int> verdicts;
  for (const json& edge : edges) ++verdicts[edge["verdict"]];
  EXPECT_EQ(verdicts, (std::map<std::string, int>{{"proved", 16}, {"violated", 3}, {"incomplete", 1}}));
  EXPECT_THAT(edges[0]["outputs"], ElementsAre("gen/table.h", "gen/table.c"));
  EXPECT_THAT(edges[2]["after"], ElementsAre(0));
  EXPECT_EQ(edges[0]["where"], "CMakeLists.txt:14 add_custom_command");
  const json actions = Rows(data, "actions");
  EXPECT_EQ(actions[edges[2]["actions"][1].get<size_t>()]["role"], "compile");
  EXPECT_EQ(actions[edges[2]["actions"][1].get<size_t>()]["parent"], edges[2]["actions"][0]);
  for (const json& edge : edges) {
    EXPECT_EQ(edge["why"], edge["verdict"] == "incomplete" ? "it did not run" : "");
  }
}

TEST(Html, HasEachFindingWithWhatWhereWhoAndTheRepair) {
  const SampleBuild build = SmallBuild();
  const json data = json::parse(DataText(PageOf(build)));
  const json findings = Rows(data, "findings");
  ASSERT_EQ(findings.size(), 3u);
  EXPECT_EQ(findings[0]["id"], build.summary.findings[0].finding.id);
  EXPECT_EQ(findings[0]["rule"], "undeclared-input");
  EXPECT_EQ(findings[0]["object"], "/build/gen/config.h");
  EXPECT_THAT(findings[0]["repair"].get<std::string>(), HasSubstr("OBJECT_DEPENDS"));
  EXPECT_EQ(findings[0]["result"], "there");
  EXPECT_EQ(findings[2]["result"], "refused");
  EXPECT_EQ(findings[2]["error"], "EACCES");
  EXPECT_EQ(findings[2]["severity"], "warning");
  EXPECT_THAT(findings[0]["edges"], ElementsAre("CMakeFiles/app.dir/app/main.c.o"));
  const json actions = Rows(data, "actions");
  EXPECT_EQ(actions[findings[0]["action"].get<size_t>()]["name"], findings[0]["action_name"]);
  EXPECT_EQ(data["rules"]["outside-read"]["title"],
            "a file was read that the policy does not let the action read");
}

// What html.h says: the places of EdgeVerdict::actions are those of the order in which actions began.
TEST(Html, SaysOfEachFindingWhetherTheBaselineKnowsIt) {
  const json data = json::parse(DataText(PageOf(KnownBuild())));
  EXPECT_EQ(data["run"]["baseline"], json({{"known", 1}, {"new", 2}, {"gone", 1}}));
  const json findings = Rows(data, "findings");
  EXPECT_EQ(findings[0]["known"], true);
  EXPECT_EQ(findings[1]["known"], false);
  EXPECT_EQ(json::parse(DataText(PageOf(SmallBuild())))["run"]["baseline"], nullptr);
}

TEST(Html, ActionsOfAnEdgeAreThoseThatBeganAsItsTableSays) {
  SampleBuild build = SmallBuild();
  build.summary.begun = {3, 1};
  build.edges.resize(1);
  build.edges[0].actions = {0, 1, 2};
  build.edges[0].findings = {1, 77};
  build.edges[0].after = {0, 99};
  const json data = json::parse(DataText(PageOf(build)));
  const json edge = Rows(data, "edges")[0];
  EXPECT_THAT(edge["actions"], ElementsAre(2, 0)) << "rows of #3 and #1; a place that is none is left out";
  EXPECT_THAT(edge["findings"], ElementsAre(1));
  EXPECT_THAT(edge["after"], ElementsAre(0));
}

TEST(Html, NoNameEndsTheElementThatItStandsIn) {
  const std::string harmless = PageOf(EmptyBuild());
  const std::string page = PageOf(HostileBuild());
  EXPECT_EQ(Times(page, "</script"), Times(harmless, "</script"));
  EXPECT_EQ(Times(page, "<script"), Times(harmless, "<script"));
  EXPECT_EQ(Times(page, "<!--"), Times(harmless, "<!--"));
  EXPECT_EQ(page.find("onerror=alert(1)>"), std::string::npos);
  const std::string data = DataText(page);
  EXPECT_EQ(data.find_first_of("<>&"), std::string::npos);
  // U+2028 among them: what older scripts take for the end of a line.
  for (const char c : page) ASSERT_TRUE(c == '\n' || (c >= ' ' && c <= '~')) << static_cast<int>(c);
}

TEST(Html, EveryByteOfANameSurvives) {
  const json data = json::parse(DataText(PageOf(HostileBuild())));
  const json edges = Rows(data, "edges");
  ASSERT_EQ(edges.size(), HostileNames().size());
  for (size_t i = 0; i < edges.size(); ++i) {
    EXPECT_EQ(UnescapeBytes(edges[i]["outputs"][0].get<std::string>()), HostileNames()[i]);
    EXPECT_EQ(UnescapeBytes(edges[i]["rule"].get<std::string>()), HostileNames()[i]);
  }
  for (const json& finding : Rows(data, "findings")) {
    EXPECT_EQ(UnescapeBytes(finding["object"].get<std::string>()),
              "/build/" + UnescapeBytes(finding["objects"][0].get<std::string>()));
  }
  EXPECT_EQ(data["run"]["command"].size(), HostileNames().size());
}

TEST(Html, OfNothingIsAPageTooAndSaysThatNobodyJudged) {
  const json data = json::parse(DataText(PageOf(EmptyBuild())));
  EXPECT_EQ(data["run"]["judged"], false);
  EXPECT_EQ(data["edges"]["rows"].size(), 0u);
  EXPECT_TRUE(data["run"]["exit_status"].is_null());
}

TEST(Html, WhatWasNotSeenIsTold) {
  const json data = json::parse(DataText(PageOf(HostileBuild())));
  EXPECT_THAT(data["unseen"][0].get<std::string>(), HasSubstr("damaged log: "));
  EXPECT_THAT(data["unseen"].dump(), HasSubstr("not done on this host: "));
  EXPECT_EQ(data["endpoints"].size(), 1u);
}

TEST(Html, ATextThatManyShareIsThereOnce) {
  const std::string page = PageOf(LargeBuild(2000));
  EXPECT_EQ(Times(page, "depends on a file that another machine does not have"), 1u);
  EXPECT_LT(page.size(), 2000u * 500);
}

// Nothing is loaded, and nothing of a name is read as HTML: the page's policy and the page's own text.
TEST(Html, ThePageLoadsNothingAndWritesNoHtml) {
  const std::string page = PageOf(EmptyBuild());
  EXPECT_THAT(
      page, HasSubstr("content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
                      "img-src data:; base-uri 'none'; form-action 'none'; "
                      "require-trusted-types-for 'script'\">"));
  EXPECT_LT(page.find("Content-Security-Policy"), page.find("<style"));
  for (const char* loads : {"src=", "@import", "url(h", "url(/", "fetch(", "XMLHttpRequest", "import(",
                            "WebSocket", "sendBeacon", "EventSource", "innerHTML", "outerHTML",
                            "insertAdjacentHTML", "document.write", "eval(", "new Function", "srcdoc", "{{"})
    EXPECT_THAT(page, Not(HasSubstr(loads))) << loads;
  // The names of name spaces, which nobody asks for, are all the addresses there are.
  EXPECT_EQ(Times(page, "http"), Times(page, "'http://www.w3.org/2000/svg'") + Times(page, "http-equiv"));
}

}  // namespace
}  // namespace glovebox::report
