#include "verify/line_repairs.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "verify/test_graph.h"

namespace glovebox::verify {
namespace {

using graph::CMakeVariableValues;

const CMakeVariableValues kRoots = {{"CMAKE_SOURCE_DIR", "/src"}, {"CMAKE_BINARY_DIR", "/build"}};

TEST(InVariables, WhatAllHaveInCommon) {
  struct Case {
    const char* what;
    std::vector<std::pair<std::string, CMakeVariableValues>> repairs;
    const char* want;
  };
  const Case cases[] = {
      {"a part of a name",
       {{"DEPENDS ${CMAKE_SOURCE_DIR}/t/a.b.txt", {{"n", "a.b"}}},
        {"DEPENDS ${CMAKE_SOURCE_DIR}/t/c.txt", {{"n", "c"}}}},
       "DEPENDS ${CMAKE_SOURCE_DIR}/t/${n}.txt"},
      {"in one of the places where the value stands",
       {{"BYPRODUCTS ${CMAKE_BINARY_DIR}/tests/t.log", {{"n", "t"}}},
        {"BYPRODUCTS ${CMAKE_BINARY_DIR}/tests/u.log", {{"n", "u"}}}},
       "BYPRODUCTS ${CMAKE_BINARY_DIR}/tests/${n}.log"},
      {"in all of them",
       {{"BYPRODUCTS ${CMAKE_BINARY_DIR}/a/a.log", {{"n", "a"}}},
        {"BYPRODUCTS ${CMAKE_BINARY_DIR}/b/b.log", {{"n", "b"}}}},
       "BYPRODUCTS ${CMAKE_BINARY_DIR}/${n}/${n}.log"},
      {"a whole path",
       {{"BYPRODUCTS ${CMAKE_BINARY_DIR}/x/a.h.log", {{"out", "/build/x/a.h"}}},
        {"BYPRODUCTS ${CMAKE_BINARY_DIR}/y/b.h.log", {{"out", "/build/y/b.h"}}}},
       "BYPRODUCTS ${out}.log"},
      {"a target",
       {{"add_dependencies(app gen)", {{"name", "app"}, {"other", "x"}}},
        {"add_dependencies(tool gen)", {{"name", "tool"}, {"other", "x"}}}},
       "add_dependencies(${name} gen)"},
      {"a value that stands in the name of a variable, and in the command",
       {{"DEPENDS ${CMAKE_SOURCE_DIR}/x/E", {{"n", "E"}}}, {"DEPENDS ${CMAKE_SOURCE_DIR}/x/S", {{"n", "S"}}}},
       "DEPENDS ${CMAKE_SOURCE_DIR}/x/${n}"},
      {"nothing",
       {{"DEPENDS ${CMAKE_SOURCE_DIR}/one", {{"n", "a"}}}, {"DEPENDS ${CMAKE_SOURCE_DIR}/two", {{"n", "b"}}}},
       ""},
      {"what two have, and a third has not",
       {{"DEPENDS ${CMAKE_SOURCE_DIR}/a", {{"n", "a"}}},
        {"DEPENDS ${CMAKE_SOURCE_DIR}/b", {{"n", "b"}}},
        {"DEPENDS ${CMAKE_SOURCE_DIR}/x", {{"n", "c"}}}},
       ""},
      {"no variable", {{"DEPENDS ${CMAKE_SOURCE_DIR}/a", {}}, {"DEPENDS ${CMAKE_SOURCE_DIR}/b", {}}}, ""},
      {"nothing at all", {}, ""},
  };
  for (const Case& c : cases) {
    std::vector<RepairOfOne> repairs;
    for (const auto& [text, variables] : c.repairs)
      repairs.push_back({absl::StrCat(repairs.size()), text, variables});
    EXPECT_THAT(InVariables(repairs, repairs.size(), kRoots), testing::Each(c.want)) << c.what;
  }
}

TEST(InVariables, EachOfAnInstanceForItself) {
  const std::vector<RepairOfOne> repairs = {
      {"a.h", "DEPENDS ${CMAKE_SOURCE_DIR}/more.txt", {{"n", "a"}}},
      {"a.h", "DEPENDS ${CMAKE_SOURCE_DIR}/a.txt", {{"n", "a"}}},
      {"b.h", "DEPENDS ${CMAKE_SOURCE_DIR}/b.txt", {{"n", "b"}}},
  };
  const std::string common = "DEPENDS ${CMAKE_SOURCE_DIR}/${n}.txt";
  EXPECT_THAT(InVariables(repairs, 2, kRoots), testing::ElementsAre("", common, common));
  EXPECT_THAT(InVariables(repairs, 3, kRoots), testing::ElementsAre("", "", ""));
}

// Edges of one line, each of which reads a source that it does not declare; the repairs of what is found.
std::vector<std::string> Repairs(const std::vector<std::string>& outputs,
                                 const std::vector<std::string>& read,
                                 const std::vector<CMakeVariableValues>& variables) {
  TestGraph build;
  for (size_t i = 0; i < outputs.size(); ++i) {
    build.Edge(i + 1, {outputs[i]});
    if (!read[i].empty()) build.Read(i + 1, read[i]);
    build.Write(i + 1, "/build/" + outputs[i]);
  }
  build.facts().places.assign(outputs.size(), "CMakeLists.txt:4 add_custom_command");
  graph::CMakePlaceFacts cmake;
  cmake.asked_dir = cmake.build_dir = "/build";
  cmake.source_dir = "/src";
  for (size_t i = 0; i < outputs.size(); ++i) {
    cmake.script.declarations.push_back({graph::CMakeDeclaration::Kind::kOutput,
                                         "/build/" + outputs[i],
                                         "",
                                         {"/src/CMakeLists.txt", 4, "add_custom_command"},
                                         "/build",
                                         variables[i]});
  }
  build.facts().cmake.emplace(std::move(cmake));
  std::vector<std::string> repairs;
  for (const Finding& finding : build.JudgeGraph().findings) repairs.push_back(finding.repair);
  return repairs;
}

TEST(SpellForLines, InVariablesWhereAllHaveTheFault) {
  EXPECT_THAT(
      Repairs({"a.h", "b.h"}, {"/src/a.txt", "/src/b.txt"}, {{{"n", "a"}}, {{"n", "b"}}}),
      testing::ElementsAre("DEPENDS ${CMAKE_SOURCE_DIR}/${n}.txt", "DEPENDS ${CMAKE_SOURCE_DIR}/${n}.txt"));
}

TEST(SpellForLines, OneForAllStays) {
  EXPECT_THAT(
      Repairs({"a.h", "b.h"}, {"/src/all.txt", "/src/all.txt"}, {{{"n", "a"}}, {{"n", "b"}}}),
      testing::ElementsAre("DEPENDS ${CMAKE_SOURCE_DIR}/all.txt", "DEPENDS ${CMAKE_SOURCE_DIR}/all.txt"));
}

TEST(SpellForLines, OfSomeAloneAPersonDecides) {
  const std::string first = "for this one of the 3 that the line makes: DEPENDS ${CMAKE_SOURCE_DIR}/";
  EXPECT_THAT(Repairs({"a.h", "b.h", "c.h"}, {"/src/a.txt", "/src/b.txt", ""},
                      {{{"n", "a"}}, {{"n", "b"}}, {{"n", "c"}}}),
              testing::ElementsAre(first + "a.txt", first + "b.txt"));
}

TEST(SpellForLines, ALineOfOneEdgeIsLeftAlone) {
  EXPECT_THAT(Repairs({"a.h"}, {"/src/a.txt"}, {{{"n", "a"}}}),
              testing::ElementsAre("DEPENDS ${CMAKE_SOURCE_DIR}/a.txt"));
}

}  // namespace
}  // namespace glovebox::verify
