#include "graph/cmake_condition.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::graph {
namespace {

TEST(EvaluateCMakeCondition, WhatIsKnownDecides) {
  const std::map<std::string, std::string> values = {{"vy", "x"},
                                                     {"vn", "OFF"},
                                                     {"empty", ""},
                                                     {"list", "a;b"},
                                                     {"same", "x"},
                                                     {"words", "vy;AND;vn"},
                                                     {"missing", "x-NOTFOUND"}};
  const CMakeLookup lookup = [&values](const std::string& name) {
    const auto found = values.find(name);
    return found == values.end() ? std::string(1, kAnyText) : found->second;
  };
  struct Case {
    const char* condition;
    CMakeTruth want;
  };
  constexpr CMakeTruth kT = CMakeTruth::kTrue, kF = CMakeTruth::kFalse, kU = CMakeTruth::kUnknown;
  const Case cases[] = {
      {"", kU},
      {"1", kT},
      {"On", kT},
      {"y", kT},
      {"2.5", kT},
      {"0", kF},
      {"FALSE", kF},
      {"x-NOTFOUND", kF},
      {"\"\"", kF},
      {"\"vy\"", kU},  // a string, or a variable by an old policy
      {"vy", kT},
      {"vn", kF},
      {"empty", kF},
      {"list", kT},
      {"missing", kF},
      {"other", kU},
      {"${vy}", kU},
      {"${vn}", kF},
      {"${empty}", kU},
      {"${other}", kU},
      {"\"${other}\"", kU},
      {"${words}", kF},
      {"NOT vn", kT},
      {"NOT NOT vn", kF},
      {"NOT other", kU},
      {"vy AND vn", kF},
      {"other AND vn", kF},
      {"other AND vy", kU},
      {"vy OR other", kT},
      {"vn OR other", kU},
      {"vy OR vy AND vn", kT},
      {"(vy OR vy) AND vn", kF},
      {"NOT (vy AND vn)", kT},
      {"vy STREQUAL same", kT},
      {"vy STREQUAL \"x\"", kT},
      {"vy STREQUAL \"y\"", kF},
      {"vy STREQUAL x", kU},
      {"\"${vy}\" STREQUAL \"${other}\"", kU},
      {"\"a b\" STREQUAL \"a b\"", kT},
      {"vy MATCHES \"x\"", kU},
      {"1 EQUAL 1", kU},
      {"TARGET vy", kU},
      {"NOT DEFINED vy", kU},
      {"TARGET vy AND vn", kF},
      {"other STREQUAL x OR vy", kT},
      // No condition at all.
      {"vy vn", kU},
      {"vy AND", kU},
      {"NOT", kU},
      {"AND", kU},
      {"vy STREQUAL", kU},
      {"DEFINED", kU},
  };
  for (const Case& c : cases) {
    const std::vector<CMakeCommand> commands = ParseCMakeCommands(absl::StrCat("if(", c.condition, ")"));
    ASSERT_EQ(commands.size(), 1u) << c.condition;
    EXPECT_EQ(EvaluateCMakeCondition(commands[0].arguments, lookup), c.want) << c.condition;
  }
  const CMakeArgument open{CMakeArgument::Kind::kUnquoted, "("}, name{CMakeArgument::Kind::kUnquoted, "vy"};
  EXPECT_EQ(EvaluateCMakeCondition({open, name}, lookup), kU);
  EXPECT_EQ(EvaluateCMakeCondition({{CMakeArgument::Kind::kUnquoted, ")"}}, lookup), kU);
  const std::vector<CMakeArgument> deep(100000, open);
  EXPECT_EQ(EvaluateCMakeCondition(deep, lookup), kU);
}

}  // namespace
}  // namespace glovebox::graph
