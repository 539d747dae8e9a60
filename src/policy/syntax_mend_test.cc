#include "policy/syntax_mend.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "policy/policy_file_fixture.h"

namespace glovebox::policy {
namespace {

// The last words of the one error of each: what toml++ says is before them.
TEST(SyntaxMend, ASlipOfThePenIsToldWithItsMend) {
  const struct {
    const char* text;
    const char* mend;
  } rows[] = {
      {"mode = enforce", ": put it in quotes: mode = \"enforce\""},
      {"mode = enforce  # all of it", ": put it in quotes: mode = \"enforce\""},
      {"[test]\nwall-clock = 10m", ": put it in quotes: wall-clock = \"10m\""},
      {"total-memory = 4G", ": put it in quotes: total-memory = \"4G\""},
      {"read = [/usr, \"/opt\"]", ": put it in quotes: read = [\"/usr\", \"/opt\"]"},
      {"read = [\n  \"/usr\",\n  /opt,\n]", ": put it in quotes: \"/opt\""},
      {"mode = \u201cenforce\u201d", ": these are no quotes of TOML's: say it with \""},
      {"best-effort = True", ": in small letters: best-effort = true"},
      {"[[allow]]\nexpires = 2026-31-12", ": a day is year, month and day: expires = 2026-12-31"},
      {"mode =", ": it has no value"},
      {"network: none", ": a key and its value are written key = value"},
      {"mode", ": a key and its value are written key = value"},
      {"read = [\"/a\"", ": close the list with a ]"},
      {"read = [\"/a\" \"/b\"]", ": put a comma between its words, or close it with a ]"},
      {"limits = { nofile = 3", ": close it with a }"},
      {"limits = { nofile = 3,\n as = 1 }", ": between { and } all stands on one line, with commas between"},
      {"mode = \"enforce", ": close it with a \""},
      {"mode = \"enforce\nlevel = \"off\"\n", ": close it with a \""},
      {"mode = 'enforce\nlevel = 'off'\n", ": close it with a '"},
      {"[test\nnetwork = \"none\"", ": say [test]"},
      {"[[rule]\ntest = \"x\"", ": say [[rule]]"},
      {"[policy.very slow]\n", ": a name with a blank stands in quotes: [policy.\"very slow\"]"},
      {"mode = \"report\"\nmode = \"enforce\"", ": it is said already in line 1: take one of them out"},
      {"[test]\nnetwork = \"none\"\n[test]\n",
       ": it is there already in line 1: write what is below both under one"},
      {"hidden = [\"/a\\d\"]", ": in \"...\" a backslash is written twice; in '...' it stands for itself"},
  };
  for (const auto& row : rows) {
    const PolicyFile file = ReadPolicyFile(row.text, TestOptions());
    ASSERT_EQ(file.errors.size(), 1u) << row.text;
    EXPECT_THAT(file.errors[0].text, testing::EndsWith(row.mend)) << row.text;
  }
}

TEST(SyntaxMend, WhereNothingCanBeToldNothingIsSaid) {
  EXPECT_EQ(SyntaxMend("a", 2, "Error while parsing value: x"), "");
  EXPECT_EQ(SyntaxMend("a", 0, "Error while parsing value: x"), "");
  EXPECT_EQ(SyntaxMend("", 1, ""), "");
  EXPECT_EQ(SyntaxMend("a = { b = c }", 1, "Error while parsing value: could not determine value type"), "");
}

}  // namespace
}  // namespace glovebox::policy
