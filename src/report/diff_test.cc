#include "report/diff.h"

#include <sstream>

#include "base/bytes.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "compare/causes.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "report/test_schema.h"

namespace glovebox::report {
namespace {

using compare::Comparison;
using compare::InputHow;
using compare::Node;
using compare::Source;
using compare::Spot;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

Spot SpotOf(Source source, const std::string& a, const std::string& b, uint64_t line = 0) {
  Spot spot;
  spot.source = source;
  spot.offset_a = spot.offset_b = 4;
  spot.line = line;
  spot.a = a;
  spot.b = b;
  return spot;
}

// A time in a header, which comes through to an object, and a command that changed nothing.
Comparison Some() {
  Comparison comparison;
  comparison.pairs = 3;
  comparison.outputs = 3;
  comparison.different = 2;
  comparison.environment_known = true;
  comparison.environment = {{"LANG", true, true}, {"TOKEN", true, false}};
  comparison.nodes.resize(3);
  Node& header = comparison.nodes[0];
  header.name = "stamp.h";
  header.where = "CMakeLists.txt:3 add_custom_command";
  header.outputs.push_back(
      {"${build}/stamp.h", true, {4, 12, 12, {SpotOf(Source::kTime, "10:00:00", "10:00:\xff", 1)}, {}}});
  header.touched = {"/proc/uptime"};
  Node& object = comparison.nodes[1];
  object.name = "x.o";
  object.outputs.push_back(
      {"${build}/x.o", true, {9, 80, 80, {SpotOf(Source::kTime, "10:00:00", "10:00:01")}, {".symtab"}}});
  object.inputs.push_back({"${build}/stamp.h", InputHow::kContent, 0});
  Node& quiet = comparison.nodes[2];
  quiet.name = "y.o";
  quiet.command_a = "cc -DA=1 y.c";
  quiet.command_b = "cc -DA=2 y.c";
  comparison.causes = compare::FindCauses(&comparison.nodes);
  return comparison;
}

std::string Text(const Comparison& comparison, bool all = false) {
  const compare::Side a, b;
  return DiffText({a, b, comparison}, {}, all);
}

std::string JsonText(const Comparison& comparison) {
  const compare::Side a, b;
  std::ostringstream out;
  WriteDiffJson({a, b, comparison}, out);
  return out.str();
}

int Validate(const std::string& document) { return ValidateAgainst(GLOVEBOX_DIFF_SCHEMA, document); }

TEST(Diff, TellsWhereItBeginsAndWhatItReaches) {
  const std::string text = Text(Some());
  EXPECT_THAT(text, HasSubstr("2 of 3 outputs differ of 3 edges\n"));
  EXPECT_THAT(text, HasSubstr("\n1. a time stands in it: 1 place, and through that 1 more\n"
                              "  --> CMakeLists.txt:3 add_custom_command  stamp.h\n"
                              "   differs  stamp.h, byte 4, line 1: 10:00:00 | 10:00:\\xff\n"
                              "   reads    /proc/uptime\n"
                              "   through  x.o\n"
                              "   repair   take the time from SOURCE_DATE_EPOCH"));
  EXPECT_THAT(text, HasSubstr("\nenvironment: other values of LANG; only A has TOKEN\n"));
  EXPECT_THAT(text, HasSubstr("\n1 edge had another command or read other files, without a difference in "
                              "what it made (--all)\n"));
  EXPECT_THAT(text, Not(HasSubstr("-DA=1")));
  EXPECT_THAT(Text(Some(), true), HasSubstr("  --> y.o\n   command  -DA=1 y.c | -DA=2 y.c\n"));
}

TEST(Diff, SaysWhatCouldNotBeCompared) {
  Comparison comparison;
  comparison.pairs = 2;
  comparison.one_directory = true;
  comparison.unread = 1;
  comparison.partial = 2;
  const std::string text = Text(comparison);
  EXPECT_THAT(text, HasSubstr("no output could be compared of 2 edges\n"));
  EXPECT_THAT(text, HasSubstr("note: A and B are runs of one build directory"));
  EXPECT_THAT(text, HasSubstr("note: 1 edge did not run in both"));
  EXPECT_THAT(text, HasSubstr("note: 2 edges not seen in full"));
  EXPECT_THAT(text, HasSubstr("note: the environment is not on record"));
  EXPECT_EQ(DiffExitStatus(comparison), 4);
  comparison.outputs = 1;
  EXPECT_EQ(DiffExitStatus(comparison), 0);
  comparison.different = 1;
  EXPECT_EQ(DiffExitStatus(comparison), 1);
}

TEST(Diff, JsonIsWhatTheSchemaSays) {
  EXPECT_EQ(Validate(JsonText(Comparison())), 0);
  const json good = json::parse(JsonText(Some()));
  EXPECT_EQ(Validate(good.dump()), 0);
  EXPECT_EQ(good["causes"][0]["source"], "time");
  EXPECT_EQ(good["nodes"][1]["inputs"][0]["from"], 0);
  EXPECT_TRUE(good["nodes"][0]["outputs"][0]["spots"][0].contains("b_bytes"));
  json bad = good;
  bad["causes"][0]["source"] = "weather";
  EXPECT_EQ(Validate(bad.dump()), kInvalid);
  bad = good;
  bad.erase("nodes");
  EXPECT_EQ(Validate(bad.dump()), kInvalid);
}

}  // namespace
}  // namespace glovebox::report
