#include "graph/depfile.h"

#include <string>
#include <vector>

#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::graph {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Depfile, IsTheRuleThatGccWrites) {
  ASSERT_OK_AND_ASSIGN(const Depfile depfile, ParseDepfile("sub/a.o: ../a.c ../a.h \\\n /usr/include/x.h\n"));
  EXPECT_THAT(depfile.targets, ElementsAre("sub/a.o"));
  EXPECT_THAT(depfile.inputs, ElementsAre("../a.c", "../a.h", "/usr/include/x.h"));
}

TEST(Depfile, EmptyTargetsOfMpAreNoTargets) {
  ASSERT_OK_AND_ASSIGN(const Depfile depfile, ParseDepfile("a.o: a.c a.h\na.h:\n\nb.h:\n"));
  EXPECT_THAT(depfile.targets, ElementsAre("a.o", "b.h"));
  EXPECT_THAT(depfile.inputs, ElementsAre("a.c", "a.h"));
}

TEST(Depfile, NamesAreWhatNinjaTakesThemFor) {
  struct Case {
    const char* text;
    std::vector<std::string> inputs;
  };
  const Case kCases[] = {
      {"a.o: with\\ blank b", {"with blank", "b"}},
      {"a.o: two\\\\ b", {"two\\", "b"}},
      {"a.o: three\\\\\\ b", {"three\\ b"}},
      {"a.o: hash\\#tag", {"hash#tag"}},
      {"a.o: money$$x", {"money$x"}},
      {"a.o: one$x", {"one$x"}},
      {"a.o: c\\:x d:y", {"c:x", "d:y"}},
      {"a.o: dos\\path", {"dos\\path"}},
      {"a.o: b\\\r\n c\r\n", {"b", "c"}},
      {"a.o:\\\n b", {"b"}},
      {"a.o: b\\\nc", {"b", "c"}},
      {"a.o: b b b", {"b"}},
      {"a.o:", {}},
      {"", {}},
      {"\n\n", {}},
      {"a.o: x\\", {"x\\"}},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.text);
    const auto depfile = ParseDepfile(c.text);
    ASSERT_OK(depfile);
    EXPECT_EQ(depfile->inputs, c.inputs);
  }
}

TEST(Depfile, ALineWithoutAColonIsToldWithItsNumber) {
  EXPECT_THAT(ParseDepfile("a.o: b\nc d\n"), StatusIs(absl::StatusCode::kInvalidArgument,
                                                      HasSubstr("line 2: \"c\" is followed by no colon")));
}

TEST(Depfile, NoBytesMakeItHang) {
  const std::string kAlphabet = "ab:\\ \n\r$#\t";
  unsigned state = 1;
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (int i = 0; i < 12; ++i) {
      state = state * 1103515245u + 12345u;
      text += kAlphabet[(state >> 16) % kAlphabet.size()];
    }
    const auto depfile = ParseDepfile(text);
    if (!depfile.ok()) continue;
    for (const std::string& name : depfile->inputs) EXPECT_FALSE(name.empty()) << text;
  }
}

TEST(DepfileOf, IsWhatTheCommandSaysOfIt) {
  EXPECT_EQ(DepfileOf("g++ -MD -MT a.o -MF sub/a.o.d -o a.o -c ../a.cc"), "sub/a.o.d");
  EXPECT_EQ(DepfileOf("cd /b && gen x && /usr/bin/cmake -E cmake_transform_depfile Ninja gccdepfile /s /s /b "
                      "/b /b/x.d /b/CMakeFiles/d/1.d"),
            "/b/CMakeFiles/d/1.d");
  EXPECT_EQ(DepfileOf("cp a b"), "");
  EXPECT_EQ(DepfileOf(""), "");
}

}  // namespace
}  // namespace glovebox::graph
