#include "graph/cmake_cache.h"

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::graph {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(CMakeCache, EntriesHaveNameTypeAndValue) {
  EXPECT_THAT(
      CacheEntries(
          "# comment\n//doc\nA:BOOL=ON\n\"B:C\":STRING=x=y\r\nD:STRING=' e '\nodd\nE-ADVANCED:INTERNAL=1\n"),
      ElementsAre(CacheEntry{"A", "BOOL", "ON"}, CacheEntry{"B:C", "STRING", "x=y"},
                  CacheEntry{"D", "STRING", " e "}, CacheEntry{"E-ADVANCED", "INTERNAL", "1"}));
}

TEST(CMakeCache, WhatCMakeMakesItselfIsLeftOut) {
  const std::string script = InitialCache({{"KEPT", "BOOL", "ON"},
                                           {"CMAKE_HOME_DIRECTORY", "INTERNAL", "/s"},
                                           {"x_BINARY_DIR", "STATIC", "/b"},
                                           {"LIB", "FILEPATH", "LIB-NOTFOUND"}},
                                          {{"/b", "/c"}});
  EXPECT_THAT(script, HasSubstr("KEPT"));
  for (const char* name : {"CMAKE_HOME_DIRECTORY", "x_BINARY_DIR", "LIB"})
    EXPECT_THAT(script, Not(HasSubstr(name)));
}

TEST(CMakeCache, TheOtherDirectoryStandsInThePlaceOfTheFirst) {
  const std::string script =
      InitialCache({{"A", "PATH", "/b/x;/b"}, {"B", "PATH", "/bc:/a"}, {"C", "STRING", "-fmap=/b=. /b-x"}},
                   {{"/b", "/other"}});
  EXPECT_THAT(script, HasSubstr("[/other/x;/other]"));
  EXPECT_THAT(script, HasSubstr("[/bc:/a]"));
  EXPECT_THAT(script, HasSubstr("[-fmap=/other=. /b-x]"));
  // Of a build directory inside of the sources both move, each to its own place.
  EXPECT_THAT(InitialCache({{"A", "PATH", "/s/b/x;/s/y"}}, {{"/s", "/copy"}, {"/s/b", "/s/c"}}),
              HasSubstr("[/s/c/x;/copy/y]"));
}

// CMake itself reads it: whatever stands in a value comes out as it was.
TEST(CMakeCache, TheScriptIsReadAsItIsMeant) {
  const std::string odd = "a;b \"q\" ${NOT} ]] ]=] \\ # $ENV{HOME} ]";
  const auto dir = TempDir::Create();
  ASSERT_OK(dir);
  ASSERT_OK(WriteFile(dir->path() + "/CMakeLists.txt",
                      "cmake_minimum_required(VERSION 3.20)\nproject(x NONE)\n"
                      "file(WRITE ${CMAKE_BINARY_DIR}/said \"${ODD}|${PLAIN}\")\n"));
  ASSERT_OK(WriteFile(dir->path() + "/cache",
                      InitialCache({{"ODD", "UNINITIALIZED", odd}, {"PLAIN", "BOOL", "ON"}}, {})));
  const std::string command =
      absl::StrCat("cmake -S ", ShellQuote(dir->path()), " -B ", ShellQuote(dir->path() + "/b"), " -C ",
                   ShellQuote(dir->path() + "/cache"), " >/dev/null 2>&1");
  ASSERT_EQ(system(command.c_str()), 0);
  const auto said = ReadFile(dir->path() + "/b/said");
  ASSERT_OK(said);
  EXPECT_EQ(*said, odd + "|ON");
}

}  // namespace
}  // namespace glovebox::graph
