#include "graph/ctest_info.h"

#include "base/files.h"
#include "base/paths.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::graph {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kAnswer[] = R"({
 "backtraceGraph": {"commands": ["add_test"], "files": ["/src/CMakeLists.txt"],
  "nodes": [{"file": 0}, {"command": 0, "file": 0, "line": 4, "parent": 0}]},
 "kind": "ctestInfo",
 "tests": [
  {"backtrace": 1, "command": ["/usr/bin/sh", "-c", "x"], "name": "a", "properties": [
   {"name": "DEPENDS", "value": ["b", "c"]}, {"name": "FIXTURES_SETUP", "value": ["F"]},
   {"name": "FIXTURES_CLEANUP", "value": ["G"]}, {"name": "FIXTURES_REQUIRED", "value": ["H"]},
   {"name": "RESOURCE_LOCK", "value": ["p"]}, {"name": "RUN_SERIAL", "value": true},
   {"name": "TIMEOUT", "value": 3.0}]},
  {"name": "b"}, {"name": ""}, {"command": []}, 7,
  {"name": "c", "backtrace": 99, "properties": [{"name": "DEPENDS", "value": {"x": 1}}, 3]}],
 "version": {"major": 1, "minor": 0}})";

TEST(CTestInfo, TestsHaveTheirPropertiesAndTheirPlace) {
  const auto tests = ParseCTestInfo(kAnswer);
  ASSERT_OK(tests);
  ASSERT_EQ(tests->size(), 3u);
  const CTestTest& a = (*tests)[0];
  EXPECT_EQ(a.name, "a");
  EXPECT_THAT(a.command, ElementsAre("/usr/bin/sh", "-c", "x"));
  EXPECT_THAT(a.depends, ElementsAre("b", "c"));
  EXPECT_THAT(a.fixtures_setup, ElementsAre("F"));
  EXPECT_THAT(a.fixtures_cleanup, ElementsAre("G"));
  EXPECT_THAT(a.fixtures_required, ElementsAre("H"));
  EXPECT_THAT(a.resource_locks, ElementsAre("p"));
  EXPECT_TRUE(a.run_serial);
  EXPECT_EQ(a.file, "/src/CMakeLists.txt");
  EXPECT_EQ(a.line, 4);
  EXPECT_EQ(a.command_name, "add_test");
  // What cannot be read of a test leaves it without.
  EXPECT_EQ((*tests)[1], [] {
    CTestTest b;
    b.name = "b";
    return b;
  }());
  EXPECT_THAT((*tests)[2].depends, IsEmpty());
  EXPECT_EQ((*tests)[2].file, "");
}

TEST(CTestInfo, WhatIsNoAnswerIsAnError) {
  for (const char* text :
       {"", "{", "[]", "{}", R"({"kind":"ctestInfo"})", R"({"kind":"x","version":{"major":1},"tests":[]})",
        R"({"kind":"ctestInfo","version":{"major":2},"tests":[]})",
        R"({"kind":"ctestInfo","version":{"major":"1"},"tests":[]})",
        R"({"kind":"ctestInfo","version":{"major":1},"tests":{}})"}) {
    EXPECT_THAT(ParseCTestInfo(text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("ctest --show-only=json-v1")))
        << text;
  }
}

CTestTest Named(const std::string& name) {
  CTestTest test;
  test.name = name;
  return test;
}

TEST(TestOrder, DependsAndFixturesOrderAlsoThroughOthers) {
  std::vector<CTestTest> tests = {Named("setup"), Named("a"), Named("b"), Named("cleanup"), Named("free")};
  tests[0].fixtures_setup = {"F"};
  tests[1].fixtures_required = {"F"};
  tests[2].depends = {"a", "no-such-test"};
  tests[3].fixtures_cleanup = {"F"};
  const TestOrder order(tests);
  EXPECT_TRUE(order.IsBefore("setup", "a"));
  EXPECT_FALSE(order.IsBefore("a", "setup"));
  EXPECT_TRUE(order.IsBefore("a", "b"));
  EXPECT_TRUE(order.IsBefore("setup", "b"));
  EXPECT_TRUE(order.IsBefore("a", "cleanup"));
  EXPECT_TRUE(order.IsBefore("setup", "cleanup"));
  EXPECT_FALSE(order.IsBefore("free", "a"));
  EXPECT_FALSE(order.IsBefore("a", "a"));
  EXPECT_FALSE(order.MayOverlap("setup", "b"));
  EXPECT_TRUE(order.MayOverlap("b", "cleanup"));
  EXPECT_TRUE(order.MayOverlap("free", "a"));
  EXPECT_TRUE(order.MayOverlap("unknown", "a"));
  EXPECT_FALSE(order.MayOverlap("a", "a"));
  EXPECT_TRUE(order.Knows("a"));
  EXPECT_FALSE(order.Knows("unknown"));
}

TEST(TestOrder, ACircleEnds) {
  std::vector<CTestTest> tests = {Named("a"), Named("b")};
  tests[0].depends = {"b"};
  tests[1].depends = {"a"};
  EXPECT_FALSE(TestOrder(tests).IsBefore("c", "a"));
}

TEST(CTestInfo, AskingLeavesTheBuildAsItIs) {
  const auto dir = TempDir::Create();
  ASSERT_OK(dir);
  EXPECT_THAT(LoadCTestInfo(dir->path()),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("CTestTestfile.cmake")));
  ASSERT_OK(WriteFile(JoinPath(dir->path(), "CTestTestfile.cmake"),
                      "add_test([=[one; two]=] \"sh\" \"-c\" \"true\")\n"
                      "set_tests_properties([=[one; two]=] PROPERTIES RESOURCE_LOCK \"p;q\" "
                      "_BACKTRACE_TRIPLES \"/src/CMakeLists.txt;5;add_test;/src/CMakeLists.txt;0;\")\n"));
  ASSERT_OK(MakeDirectories(JoinPath(dir->path(), "Testing/Temporary")));
  const std::string log = JoinPath(dir->path(), "Testing/Temporary/LastTest.log");
  ASSERT_OK(WriteFile(log, "what the tests said"));
  const auto tests = LoadCTestInfo(dir->path());
  ASSERT_OK(tests);
  ASSERT_EQ(tests->size(), 1u);
  EXPECT_EQ((*tests)[0].name, "one; two");
  EXPECT_THAT((*tests)[0].resource_locks, ElementsAre("p", "q"));
  EXPECT_EQ((*tests)[0].line, 5);
  const auto after = ReadFile(log);
  ASSERT_OK(after);
  EXPECT_EQ(*after, "what the tests said");
}

}  // namespace
}  // namespace glovebox::graph
