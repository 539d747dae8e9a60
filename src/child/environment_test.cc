#include "child/environment.h"

#include <climits>
#include <string>
#include <vector>

#include "child/path_candidates.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::child {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Strings = std::vector<std::string>;

struct Case {
  const char* name;
  Strings environment;
  Strings rules;
  Strings expected;
};

class Environment : public testing::TestWithParam<Case> {};

std::vector<const char*> Pointers(const Strings& strings) {
  std::vector<const char*> result;
  for (const std::string& s : strings) result.push_back(s.c_str());
  result.push_back(nullptr);
  return result;
}

TEST_P(Environment, IsPreparedAsTheRulesSay) {
  const Case& c = GetParam();
  const std::vector<const char*> environment = Pointers(c.environment);
  std::string rules;
  for (const std::string& rule : c.rules) rules += rule + '\0';
  const size_t capacity = EnvironmentCapacity(environment.data(), rules.data(), rules.size());
  std::vector<const char*> out(capacity);
  const size_t count =
      PrepareEnvironment(environment.data(), rules.data(), rules.size(), out.data(), capacity);
  ASSERT_NE(count, kNoRoom);
  ASSERT_EQ(out[count], nullptr);
  EXPECT_EQ(Strings(out.begin(), out.begin() + static_cast<ptrdiff_t>(count)), c.expected);
}

const Case kCases[] = {
    {"Empty", {}, {}, {}},
    {"PassedOn", {"A=1", "PATH=/bin", "odd"}, {}, {"A=1", "PATH=/bin", "odd"}},
    {"OursHidden", {"GLOVEBOX_COLLECTOR=/s", "GLOVEBOX_=x", "GLOVEBOX=1", "A=1"}, {}, {"GLOVEBOX=1", "A=1"}},
    {"TestStays", {"GLOVEBOX_TEST_X=1"}, {}, {"GLOVEBOX_TEST_X=1"}},
    {"HandedThrough", {"GLOVEBOX_CHILD_LD_PRELOAD=/x.so"}, {}, {"LD_PRELOAD=/x.so"}},
    {"HandedThroughReplaces", {"A=old", "B=2", "GLOVEBOX_CHILD_A=new"}, {}, {"A=new", "B=2"}},
    {"HandedThroughIsCleaned",
     {"GLOVEBOX_CHILD_GLOVEBOX_X=1", "GLOVEBOX_CHILD_=1", "GLOVEBOX_CHILD_A"},
     {},
     {}},
    {"HandedThroughTest", {"GLOVEBOX_CHILD_GLOVEBOX_TEST_X=1"}, {}, {"GLOVEBOX_TEST_X=1"}},
    {"AllowList",
     {"A=1", "B=2", "LC_ALL=C", "LC_TIME=C", "GLOVEBOX_TEST_X=1"},
     {"=A", "=LC_*"},
     {"A=1", "LC_ALL=C", "LC_TIME=C", "GLOVEBOX_TEST_X=1"}},
    {"AllowListIsOfWholeNames", {"AB=1", "A=1"}, {"=A"}, {"A=1"}},
    {"AllowListCannotShowOurs", {"GLOVEBOX_X=1"}, {"=*"}, {}},
    {"Unset", {"A=1", "AB=2", "B=3"}, {"-A"}, {"AB=2", "B=3"}},
    {"UnsetMany", {"A=1", "AB=2", "B=3"}, {"-A*"}, {"B=3"}},
    {"Set", {"A=1"}, {"+A=2", "+C=3"}, {"A=2", "C=3"}},
    {"SetBeatsAllowList", {"A=1"}, {"=B", "+C=3"}, {"C=3"}},
    {"InTheirOrder", {}, {"+A=1", "-A", "+B=1", "+B=2"}, {"B=2"}},
    {"SetCannotShowOurs", {}, {"+GLOVEBOX_X=1"}, {}},
    {"UnknownRule", {"A=1"}, {"?A", "", "+A"}, {"A=1"}},
};
INSTANTIATE_TEST_SUITE_P(Cases, Environment, testing::ValuesIn(kCases),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(PrepareEnvironment, SaysWhenThereIsNoRoom) {
  const char* environment[] = {"A=1", "B=2", nullptr};
  const char* out[2];
  EXPECT_EQ(PrepareEnvironment(environment, nullptr, 0, out, 2), kNoRoom);
  EXPECT_EQ(PrepareEnvironment(environment, nullptr, 0, out, 0), kNoRoom);
}

TEST(PassedFds, AreTheGoodNumbersOfOurVariables) {
  const char* environment[] = {"GLOVEBOX_LOG_FD=7",
                               "GLOVEBOX_X_FD=",
                               "GLOVEBOX_Y_FD=-1",
                               "GLOVEBOX_Z_FD=9x",
                               "OTHER_FD=3",
                               "GLOVEBOX_FDS=4",
                               "GLOVEBOX_TEST_A_FD=5",
                               "GLOVEBOX_W_FD=12",
                               "GLOVEBOX_V_FD=99999999999999",
                               "GLOVEBOX_CHILD_A_FD=11",
                               nullptr};
  int out[8];
  ASSERT_EQ(PassedFds(environment, out, 8), 2u);
  EXPECT_EQ(out[0], 7);
  EXPECT_EQ(out[1], 12);
  EXPECT_GE(PassedFdCapacity(environment), 2u);
  EXPECT_EQ(PassedFdCapacity(nullptr), 0u);
}

TEST(PassedFds, AreAllOfThemHoweverMany) {
  Strings variables;
  for (int i = 0; i < 1000; ++i)
    variables.push_back("GLOVEBOX_N" + std::to_string(i) + "_FD=" + std::to_string(i));
  std::vector<const char*> environment;
  for (const std::string& variable : variables) environment.push_back(variable.c_str());
  environment.push_back(nullptr);
  std::vector<int> out(PassedFdCapacity(environment.data()));
  ASSERT_EQ(PassedFds(environment.data(), out.data(), out.size()), 1000u);
  EXPECT_EQ(out[999], 999);
}

Strings Candidates(const char* program, const char* path) {
  const CandidateRoom room = PathCandidateRoom(program, path);
  std::vector<const char*> out(room.entries);
  std::vector<char> text(room.bytes);
  if (!PathCandidates(program, path, out.data(), room.entries, text.data(), room.bytes)) return {"no room"};
  Strings result;
  for (const char* const* at = out.data(); *at != nullptr; ++at) result.emplace_back(*at);
  return result;
}

TEST(PathCandidates, AreWhatExecvpTries) {
  EXPECT_THAT(Candidates("cc", "/a:/b/c"), ElementsAre("/a/cc", "/b/c/cc"));
  EXPECT_THAT(Candidates("cc", nullptr), ElementsAre("/bin/cc", "/usr/bin/cc"));
  EXPECT_THAT(Candidates("cc", ""), ElementsAre("cc"));
  EXPECT_THAT(Candidates("cc", ":/a:"), ElementsAre("cc", "/a/cc", "cc"));
  EXPECT_THAT(Candidates("./cc", "/a"), ElementsAre("./cc"));
  EXPECT_THAT(Candidates("/x/cc", "/a"), ElementsAre("/x/cc"));
  EXPECT_THAT(Candidates("", "/a"), IsEmpty());
  // No call takes an element of PATH_MAX bytes; one byte less is tried, and fails, as execvp has it.
  const std::string longest = "/" + std::string(PATH_MAX - 2, 'x'), too_long = longest + "x";
  EXPECT_THAT(Candidates("cc", (too_long + ":/a").c_str()), ElementsAre("/a/cc"));
  EXPECT_THAT(Candidates("cc", ("/a:" + too_long + "::/b").c_str()), ElementsAre("/a/cc", "cc", "/b/cc"));
  EXPECT_THAT(Candidates("cc", ("/a:" + too_long).c_str()), ElementsAre("/a/cc"));
  EXPECT_THAT(Candidates("cc", too_long.c_str()), IsEmpty());
  EXPECT_THAT(Candidates("cc", (longest + ":/a").c_str()), ElementsAre(longest + "/cc", "/a/cc"));
}

}  // namespace
}  // namespace glovebox::child
