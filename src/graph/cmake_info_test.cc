#include "graph/cmake_info.h"

#include "base/files.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"

namespace glovebox::graph {
namespace {

using testing::ElementsAre;

constexpr char kReply[] =
    R"({"kind":"toolchains","toolchains":[{"language":"C","compiler":{"path":"/usr/bin/cc","id":"GNU",
    "version":"12.2","implicit":{"includeDirectories":["/usr/include","/usr/lib/gcc/x/../y"],
    "linkDirectories":["/lib"]}}},{"language":"RC","compiler":{}}]})";

TEST(ParseToolchainsReply, CompilersAndTheirDirectories) {
  ASSERT_OK_AND_ASSIGN(const auto compilers, ParseToolchainsReply(kReply));
  EXPECT_THAT(compilers,
              ElementsAre(Compiler{
                  "C", "/usr/bin/cc", "GNU", "12.2", {"/usr/include", "/usr/lib/gcc/x/../y"}, {"/lib"}}));
  CMakeInfo info;
  info.compilers = compilers;
  EXPECT_THAT(info.ToolchainRoots(), ElementsAre("/lib", "/usr/bin", "/usr/include", "/usr/lib/gcc/y"));
}

TEST(ParseToolchainsReply, BadInput) {
  for (const char* bad :
       {"", "{", "[]", "null", "{\"kind\":\"toolchains\"}", "{\"kind\":1,\"toolchains\":[]}",
        "{\"kind\":\"toolchains\",\"toolchains\":{}}", "\xff"}) {
    EXPECT_FALSE(ParseToolchainsReply(bad).ok()) << bad;
  }
  ASSERT_OK_AND_ASSIGN(
      const auto none,
      ParseToolchainsReply(
          R"({"kind":"toolchains","toolchains":[1,{},{"compiler":3},{"compiler":{"path":7}}]})"));
  EXPECT_TRUE(none.empty());
}

TEST(ToolchainsFileOf, StaysInTheReplyDirectory) {
  ASSERT_OK_AND_ASSIGN(
      const std::string file,
      ToolchainsFileOf(R"({"objects":[{"kind":"cache"},{"kind":"toolchains","jsonFile":"t.json"}]})"));
  EXPECT_EQ(file, "t.json");
  for (const char* bad : {"", "[]", "{}", "{\"objects\":3}", "{\"objects\":[3]}",
                          R"({"objects":[{"kind":"toolchains","jsonFile":"../../x"}]})"}) {
    EXPECT_FALSE(ToolchainsFileOf(bad).ok()) << bad;
  }
}

TEST(ParseCMakeCache, EntriesOfAllShapes) {
  auto cache = ParseCMakeCache(
      "# c\n//doc\nA:STRING=1\nB:BOOL=\nC-ADVANCED:INTERNAL=1\nD:PATH=a=b:c\n\"E:F\":STRING=x\nG:STRING=' y "
      "'\r\n"
      "broken\n:STRING=1\nH=1\n\"open:STRING=1\n");
  EXPECT_EQ(cache.size(), 6u);
  EXPECT_EQ(cache["A"], "1");
  EXPECT_EQ(cache["D"], "a=b:c");
  EXPECT_EQ(cache["E:F"], "x");
  EXPECT_EQ(cache["G"], " y ");
  EXPECT_TRUE(ParseCMakeCache("").empty());
}

TEST(LoadCMakeInfo, WithoutTheFileApiTheCompilerFilesTell) {
  ASSERT_OK_AND_ASSIGN(TempDir dir, TempDir::Create());
  EXPECT_THAT(LoadCMakeInfo(dir.path()), StatusIs(absl::StatusCode::kNotFound, testing::_));
  ASSERT_OK(WriteFile(dir.path() + "/CMakeCache.txt",
                      "CMAKE_HOME_DIRECTORY:INTERNAL=/src\nCMAKE_GENERATOR:INTERNAL=Ninja\n"));
  ASSERT_OK(MakeDirectories(dir.path() + "/CMakeFiles/3.25.1"));
  ASSERT_OK(WriteFile(dir.path() + "/CMakeFiles/3.25.1/CMakeCXXCompiler.cmake",
                      "set(CMAKE_CXX_COMPILER \"/usr/bin/c++\")\nset(CMAKE_CXX_COMPILER_ID \"GNU\")\n"
                      "set(CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES \"/a;/b\")\n"));
  ASSERT_OK_AND_ASSIGN(CMakeInfo info, LoadCMakeInfo(dir.path()));
  EXPECT_EQ(info.source_dir, "/src");
  EXPECT_EQ(info.generator, "Ninja");
  EXPECT_THAT(info.compilers, ElementsAre(Compiler{"CXX", "/usr/bin/c++", "GNU", "", {"/a", "/b"}, {}}));
  const std::string reply = dir.path() + "/.cmake/api/v1/reply";
  ASSERT_OK(MakeDirectories(reply));
  ASSERT_OK(WriteFile(reply + "/index-2.json", R"({"objects":[{"kind":"toolchains","jsonFile":"t.json"}]})"));
  ASSERT_OK(WriteFile(reply + "/index-1.json", "damaged"));
  ASSERT_OK(WriteFile(reply + "/t.json", kReply));
  ASSERT_OK_AND_ASSIGN(info, LoadCMakeInfo(dir.path()));
  EXPECT_EQ(info.compilers.at(0).path, "/usr/bin/cc");
}

}  // namespace
}  // namespace glovebox::graph
