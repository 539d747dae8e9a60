// Places in builds that a real CMake has configured, with its file API and without.
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/status_matchers.h"
#include "graph/cmake_places.h"
#include "graph/run_tool.h"
#include "gtest/gtest.h"

namespace glovebox::graph {
namespace {

// A line that makes something ends with "# @NAME".
const std::map<std::string, std::string>& ProjectFiles() {
  static const auto* const files = new std::map<std::string, std::string>{
      {"CMakeLists.txt", R"(cmake_minimum_required(VERSION 3.20)
project(places C)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
list(APPEND CMAKE_MODULE_PATH ${CMAKE_CURRENT_SOURCE_DIR}/cmake)
include(Helpers)
add_library(objects OBJECT o.c)  # @objects
add_executable(main  # @main
  main.c gen.c
  $<TARGET_OBJECTS:objects>)
# add_custom_command(OUTPUT gen.c COMMAND comment)
#[[ add_custom_command(OUTPUT gen.c COMMAND comment) ]]
set(template [==[ add_custom_command(OUTPUT gen.c COMMAND text) ]==])
set(generated ${CMAKE_CURRENT_BINARY_DIR}/gen.c)
add_custom_command(  # @gen
  OUTPUT ${generated} "${PROJECT_BINARY_DIR}/gen.h"
  COMMAND ${CMAKE_COMMAND} -E touch ${generated} gen.h
  BYPRODUCTS gen.log)
add_custom_command(OUTPUT ${generated} APPEND DEPENDS o.c)
add_custom_target(stamp ALL COMMAND ${CMAKE_COMMAND} -E touch by.txt BYPRODUCTS by.txt)  # @stamp
add_custom_command(TARGET main POST_BUILD COMMAND ${CMAKE_COMMAND} -E touch post.txt  # @post
  BYPRODUCTS post.txt)
add_library(unity STATIC u1.c u2.c)  # @unity
set_target_properties(unity PROPERTIES UNITY_BUILD ON)
add_library(shared SHARED u1.c)  # @shared
set_target_properties(shared PROPERTIES VERSION 1.2.3 SOVERSION 1)
helper_program(from_function)
helper_macro(from_macro)
foreach(n one two)
  add_custom_command(OUTPUT each_${n}.txt COMMAND ${CMAKE_COMMAND} -E touch each_${n}.txt)  # @each
endforeach()
add_custom_target(eachs ALL DEPENDS each_one.txt each_two.txt)  # @eachs
file(GLOB globbed RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} u*.c)
foreach(g ${globbed})
  add_custom_command(OUTPUT globbed_${g} COMMAND ${CMAKE_COMMAND} -E touch globbed_${g})  # @glob
endforeach()
add_custom_target(globs ALL DEPENDS globbed_u1.c globbed_u2.c)  # @globs
if(NOT_SET)
  add_custom_command(OUTPUT branch.txt COMMAND false)
else()
  add_custom_command(OUTPUT branch.txt COMMAND ${CMAKE_COMMAND} -E touch branch.txt)
endif()
add_custom_target(branch ALL DEPENDS branch.txt)  # @branch
if(NOT_SET)
  add_subdirectory(not_taken)
endif()
add_subdirectory(sub)
add_subdirectory(odd_name elsewhere EXCLUDE_FROM_ALL)
include(ExternalProject)
ExternalProject_Add(outside  # @outside
  SOURCE_DIR ${CMAKE_CURRENT_SOURCE_DIR} CONFIGURE_COMMAND "" BUILD_COMMAND "" INSTALL_COMMAND "")
ExternalProject_Add_Step(outside check  # @step
  COMMAND ${CMAKE_COMMAND} -E touch checked.txt BYPRODUCTS checked.txt DEPENDEES build)
)"},
      {"cmake/Helpers.cmake", R"(
function(helper_program name)
  cmake_parse_arguments(A "" "LANGUAGE" "" ${ARGN})
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${name}_gen.c)
  add_custom_command(OUTPUT ${out} COMMAND ${CMAKE_COMMAND} -E touch ${out})  # @function_gen
  add_executable(${name} ${CMAKE_SOURCE_DIR}/main.c ${out})  # @function
endfunction()
macro(helper_macro name)
  add_executable(${name} main.c)  # @macro
endmacro()
)"},
      {"sub/CMakeLists.txt", R"(add_library(inner STATIC ../u1.c)  # @inner
add_custom_command(OUTPUT sub.h COMMAND ${CMAKE_COMMAND} -E touch sub.h)  # @sub_h
add_custom_target(inner_headers DEPENDS sub.h ${CMAKE_CURRENT_BINARY_DIR}/x/deep.h)  # @inner_headers
add_custom_command(OUTPUT x/deep.h COMMAND ${CMAKE_COMMAND} -E touch x/deep.h)  # @deep
helper_program(in_sub)
)"},
      {"odd_name/CMakeLists.txt", R"(add_custom_command(OUTPUT sub.h COMMAND touch sub.h)  # @else_h
add_custom_target(other DEPENDS sub.h)  # @other
)"},
      {"not_taken/CMakeLists.txt", "add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/gen.c COMMAND false)\n"},
      {"main.c", "int main(void) { return 0; }\n"},
      {"o.c", "int o;\n"},
      {"u1.c", "int u1;\n"},
      {"u2.c", "int u2;\n"},
  };
  return *files;
}

// "CMakeLists.txt:7" for "@main".
std::string LineOf(absl::string_view mark) {
  for (const auto& [path, text] : ProjectFiles()) {
    const std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
    for (size_t i = 0; i < lines.size(); ++i) {
      if (absl::EndsWith(lines[i], absl::StrCat("# ", mark))) return absl::StrCat(path, ":", i + 1);
    }
  }
  return absl::StrCat("no ", mark);
}

struct Want {
  const char* output;
  const char* mark;  // "": no place
  const char* target;
  bool target_by_api = false;  // of a custom command only the file API says it
};
constexpr Want kWant[] = {
    {"CMakeFiles/objects.dir/o.c.o", "@objects", "objects"},
    {"CMakeFiles/main.dir/main.c.o", "@main", "main"},
    {"bin/main", "@main", "main"},
    {"gen.c", "@gen", "main", true},
    {"gen.h", "@gen", "", false},
    {"gen.log", "@gen", "", false},
    {"CMakeFiles/stamp", "@stamp", "stamp"},
    {"by.txt", "@stamp", "stamp"},
    {"post.txt", "@post", "main"},
    {"CMakeFiles/unity.dir/Unity/unity_0_c.c.o", "@unity", "unity"},
    {"libunity.a", "@unity", "unity"},
    {"libshared.so.1.2.3", "@shared", "shared"},
    {"libshared.so", "@shared", "shared"},
    {"bin/from_function", "@function", "from_function"},
    {"from_function_gen.c", "@function_gen", "from_function", true},
    {"bin/from_macro", "@macro", "from_macro"},
    {"each_one.txt", "@each", "eachs", true},
    {"each_two.txt", "@each", "eachs", true},
    {"globbed_u2.c", "@glob", "globs", true},
    {"branch.txt", "", "branch", true},  // both lines can have made it
    {"sub/CMakeFiles/inner.dir/__/u1.c.o", "@inner", "inner"},
    {"sub/libinner.a", "@inner", "inner"},
    {"sub/sub.h", "@sub_h", "inner_headers", true},
    {"elsewhere/sub.h", "@else_h", "other", true},
    {"sub/x/deep.h", "@deep", "inner_headers", true},
    {"sub/in_sub_gen.c", "@function_gen", "in_sub", true},
    {"bin/in_sub", "@function", "in_sub"},
    {"outside-prefix/src/outside-stamp/outside-build", "@outside", "outside"},
    {"CMakeFiles/outside-complete", "@outside", "outside"},
    {"outside-prefix/src/outside-stamp/outside-check", "@step", "outside"},
    {"CMakeFiles/edit_cache.util", "", ""},
    {"build.ninja", "", ""},
};

void WriteProject(const std::string& source) {
  for (const auto& [path, text] : ProjectFiles()) {
    ASSERT_OK(MakeDirectories(std::string(Dirname(JoinPath(source, path)))));
    ASSERT_OK(WriteFile(JoinPath(source, path), text));
  }
}

void Configure(const std::string& source, const std::string& build, const std::string& generator,
               bool query) {
  const std::string client = JoinPath(build, ".cmake/api/v1/query/client-test");
  ASSERT_OK(MakeDirectories(client));
  if (query) {
    ASSERT_OK(WriteFile(client + "/codemodel-v2", ""));
    ASSERT_OK(WriteFile(client + "/cmakeFiles-v1", ""));
  }
  ASSERT_OK_AND_ASSIGN(const ToolOutput output,
                       RunTool({"cmake", "-G", generator, "-S", source, "-B", build}, source));
  ASSERT_EQ(output.exit_status, 0) << output.out << output.err;
}

// Where a configuration puts what a target makes: "bin/Debug/main", "CMakeFiles/main.dir/Debug/main.c.o".
std::string InDebug(const std::string& output) {
  const size_t objects = output.find(".dir/");
  if (objects != std::string::npos) {
    return absl::StrCat(output.substr(0, objects + 5), "Debug/", output.substr(objects + 5));
  }
  const std::string name(Basename(output));
  const bool of_target = absl::StartsWith(output, "bin/") || absl::StartsWith(name, "lib");
  if (!of_target) return output;
  return CleanPath(absl::StrCat(Dirname(output), "/Debug/", name));
}

void ExpectTheLineOfEachEdge(const std::string& generator, bool query) {
  ASSERT_OK_AND_ASSIGN(TempDir dir, TempDir::Create());
  const std::string source = dir.path() + "/s", build = dir.path() + "/b";
  WriteProject(source);
  Configure(source, build, generator, query);
  if (testing::Test::HasFatalFailure()) return;
  ASSERT_OK_AND_ASSIGN(const CMakePlaces places, LoadCMakePlaces(build));
  const bool multi = generator == "Ninja Multi-Config";
  for (const Want& want : kWant) {
    const std::string output = multi ? InDebug(want.output) : want.output;
    for (const std::string& spelled : {output, JoinPath(build, output)}) {
      const std::optional<CMakePlace> place = places.OfOutput(spelled);
      const std::string at = place.has_value() ? absl::StrCat(place->file, ":", place->line) : "";
      EXPECT_EQ(at, want.mark[0] == '\0' ? "" : LineOf(want.mark)) << spelled;
      const std::string target = places.TargetOfOutput(spelled).value_or("");
      EXPECT_EQ(target, want.target_by_api && !query ? "" : want.target) << spelled;
    }
  }
  const auto value = [&](const std::string& output, const std::string& name) {
    for (const auto& [variable, text] : places.VariablesOf({{output}, "", "", {}, {}})) {
      if (variable == name) return text;
    }
    return std::string();
  };
  EXPECT_EQ(value("from_function_gen.c", "out"), build + "/from_function_gen.c");
  EXPECT_EQ(value("each_two.txt", "n"), "two");
  EXPECT_EQ(value("globbed_u2.c", "g"), "u2.c");  // by its name: no list of files is known
  EXPECT_EQ(value(multi ? InDebug("bin/in_sub") : "bin/in_sub", "name"), "in_sub");
  const std::optional<CMakePlace> main = places.OfTarget("main");
  ASSERT_TRUE(main.has_value());
  EXPECT_EQ(main->how, query ? "file-api" : "text");
  EXPECT_EQ(main->command, "add_executable");
  EXPECT_FALSE(places.OfTarget("edit_cache").has_value());
}

TEST(LoadCMakePlaces, NinjaWithAReply) { ExpectTheLineOfEachEdge("Ninja", true); }
TEST(LoadCMakePlaces, NinjaWithoutAReply) { ExpectTheLineOfEachEdge("Ninja", false); }
TEST(LoadCMakePlaces, SeveralConfigurationsWithAReply) {
  ExpectTheLineOfEachEdge("Ninja Multi-Config", true);
}
TEST(LoadCMakePlaces, SeveralConfigurationsWithoutAReply) {
  ExpectTheLineOfEachEdge("Ninja Multi-Config", false);
}
TEST(LoadCMakePlaces, MakefilesWithoutAReply) { ExpectTheLineOfEachEdge("Unix Makefiles", false); }

TEST(LoadCMakePlaces, AnotherBuildHasNoPlaces) {
  ASSERT_OK_AND_ASSIGN(TempDir dir, TempDir::Create());
  EXPECT_THAT(LoadCMakePlaces(dir.path()),
              StatusIs(absl::StatusCode::kNotFound, testing::HasSubstr("CMakeCache.txt")));
}

}  // namespace
}  // namespace glovebox::graph
