#include "verify/rules.h"

#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::verify {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Rules, EachHasWordsAndAnExampleOfItself) {
  std::set<std::string> ids;
  for (const Rule& rule : AllRules()) {
    EXPECT_TRUE(ids.insert(rule.id).second) << rule.id << " twice";
    for (const char* text : {rule.title, rule.so, rule.repair, rule.help}) EXPECT_STRNE(text, "") << rule.id;
    EXPECT_THAT(rule.example, HasSubstr(absl::StrCat("[", rule.id, "]"))) << rule.id;
    EXPECT_EQ(FindRule(rule.id), &rule);
    EXPECT_THAT(ListRules(), HasSubstr(absl::StrCat("  ", rule.id, " ")));
  }
  EXPECT_EQ(FindRule("no-such-rule"), nullptr);
  EXPECT_EQ(FindRule(""), nullptr);
}

TEST(Rules, TheWordsOfOneAreToldInFull) {
  const std::string text = ExplainRule(*FindRule("limit-hit"));
  EXPECT_THAT(text, HasSubstr("limit-hit  (error unless the policy says otherwise)\n"));
  EXPECT_THAT(text, HasSubstr("\nExample\n  error[limit-hit]: "));
  EXPECT_THAT(text, HasSubstr("\nWhat mends it\n  do less"));
}

TEST(Rules, WhatSeveralAreCalledNamesThem) {
  EXPECT_THAT(ExplainFamily("network"), HasSubstr("\n  network-connect  "));
  EXPECT_THAT(ExplainFamily("network"), Not(HasSubstr("outside-read")));
  for (const char* rule : {"network-bind", "outside-read", "outside-write", "outside-exec", "hidden",
                           "log-tamper", "forbidden-call", "undeclared-input"}) {
    EXPECT_THAT(ExplainFamily("denied"), HasSubstr(absl::StrCat("\n  ", rule, " ")));
  }
  EXPECT_EQ(ExplainFamily("missing-input"), "") << "a rule";
  EXPECT_EQ(ExplainFamily(""), "");
}

// docs/findings.md has a section for each, and for nothing else.
TEST(Rules, EachStandsInTheDocumentation) {
  const auto doc = ReadFile(GLOVEBOX_FINDINGS_DOC);
  ASSERT_OK(doc);
  size_t sections = 0;
  for (size_t at = doc->find("\n### "); at != std::string::npos; at = doc->find("\n### ", at + 1)) ++sections;
  EXPECT_EQ(sections, AllRules().size());
  for (const Rule& rule : AllRules()) {
    EXPECT_THAT(*doc, HasSubstr(absl::StrCat("\n### ", rule.id, "\n")));
    EXPECT_THAT(*doc, HasSubstr(rule.repair)) << rule.id;
  }
}

}  // namespace
}  // namespace glovebox::verify
