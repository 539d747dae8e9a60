#include "graph/cmake_script.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/test_scale.h"
#include "gmock/gmock.h"
#include "graph/cmake_variables.h"
#include "gtest/gtest.h"

namespace glovebox::graph {
namespace {

// "FILE:LINE target NAME" and "FILE:LINE PATH [of TARGET]", in the order they were met; "?" for what is not
// known.
std::string Walked(const std::map<std::string, std::string>& files, CMakeProject project = {}) {
  project.source_dir = "/s";
  project.build_dir = "/b";
  for (const auto& [path, text] : files) project.files.push_back(path);
  const CMakeScript script =
      WalkCMakeProject(project, [&files](const std::string& path) -> std::optional<std::string> {
        const auto found = files.find(path);
        if (found == files.end()) return std::nullopt;
        return found->second;
      });
  std::string text = script.complete ? "" : "incomplete\n";
  for (const CMakeDeclaration& declaration : script.declarations) {
    absl::StrAppend(&text, declaration.call.file.substr(3), ":", declaration.call.line,
                    declaration.kind == CMakeDeclaration::Kind::kTarget ? " target " : " ",
                    declaration.pattern, declaration.target.empty() ? "" : " of " + declaration.target, "\n");
  }
  return absl::StrReplaceAll(text, {{"CMakeLists.txt", "C"}, {std::string(1, kAnyText), "?"}});
}

// "LINE kind[+] PATTERN" of what is read by a CMakeLists.txt of that text.
std::string Read(const std::string& text) {
  CMakeProject project;
  project.source_dir = "/s";
  project.build_dir = "/b";
  project.files = {"/s/CMakeLists.txt"};
  const CMakeScript script =
      WalkCMakeProject(project, [&text](const std::string&) -> std::optional<std::string> { return text; });
  std::string out;
  for (const CMakeRead& read : script.reads) {
    static constexpr const char* kKinds[] = {" file", " list", " network"};
    absl::StrAppend(&out, read.call.line, kKinds[static_cast<int>(read.kind)], read.below ? "+ " : " ",
                    read.pattern, "\n");
  }
  return absl::StrReplaceAll(out, {{std::string(1, kAnyText), "?"}});
}

TEST(WalkCMakeProject, WhatALineReads) {
  struct Case {
    const char* text;
    const char* want;
  };
  const Case cases[] = {
      {"file(READ VERSION v)\nfile(STRINGS ${CMAKE_CURRENT_LIST_DIR}/x.h v REGEX y)\nfile(SHA256 a/../b h)",
       "1 file /s/VERSION\n2 file /s/x.h\n3 file /s/b\n"},
      {"file(WRITE x y)\nfile(GLOB v CONFIGURE_DEPENDS src/*.c)\nfile(TIMESTAMP x v)", ""},
      {"file(GLOB v RELATIVE ${CMAKE_SOURCE_DIR} LIST_DIRECTORIES true src/*.c b/*/[x]?)\n"
       "file(GLOB_RECURSE v /t/*)",
       "1 list /s/src\n1 list /s/b\n2 list+ /t\n"},
      {"file(COPY data DESTINATION ${CMAKE_BINARY_DIR})", "1 file+ /s/data\n1 list+ /s/data\n"},
      {"execute_process(COMMAND cat x.txt WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} OUTPUT_VARIABLE v)",
       "1 file /s/cat\n1 list /s/cat\n1 file /s/x.txt\n1 list /s/x.txt\n"},
      {"execute_process(COMMAND ${tool} -x /s/y)", "1 file ?\n1 list ?\n1 file /s/y\n1 list /s/y\n"},
      {"file(DOWNLOAD http://h/x y)\nFetchContent_MakeAvailable(z)", "1 network http://h/x\n2 network \n"},
      {"set(v VERSION)\nforeach(f a ${v})\nfile(READ ${f} x)\nendforeach()",
       "3 file /s/a\n3 file /s/VERSION\n"},
      // What it sets is not known afterwards.
      {"set(v x)\nfile(READ f v)\nadd_executable(${v} a.c)\nfile(READ ${v} w)", "2 file /s/f\n4 file ?\n"},
  };
  for (const Case& c : cases) EXPECT_EQ(Read(c.text), c.want) << c.text;
}

TEST(WalkCMakeProject, WhatALineMakes) {
  struct Case {
    const char* text;
    const char* want;
  };
  const Case cases[] = {
      {"", ""},
      {"add_executable(a a.c)\nadd_library(b STATIC b.c)\nadd_custom_target(c ALL COMMAND x BYPRODUCTS y /z)",
       "C:1 target a\nC:2 target b\nC:3 target c\nC:3 /b/y of c\nC:3 /z of c\n"},
      {"add_library(a ALIAS b)\nadd_library(c SHARED IMPORTED GLOBAL)\nadd_executable(d IMPORTED)", ""},
      {"add_custom_command(OUTPUT a ./d/../b ${CMAKE_BINARY_DIR}/c COMMAND OUTPUTS BYPRODUCTS d DEPENDS e)",
       "C:1 /b/a\nC:1 /b/b\nC:1 /b/c\nC:1 /b/d\n"},
      {"add_custom_command(OUTPUT a APPEND DEPENDS b)", ""},
      {"add_custom_command(TARGET t POST_BUILD COMMAND x BYPRODUCTS y)", "C:1 /b/y of t\n"},
      {"set(a x y)\nset(b ${a};z)\nadd_custom_command(OUTPUT ${b} \"${a}\")",
       "C:3 /b/x\nC:3 /b/y\nC:3 /b/z\nC:3 /b/x;y\n"},
      {"project(p C)\nadd_executable(${PROJECT_NAME}-x a.c)", "C:2 target p-x\n"},
      {"add_custom_command(OUTPUT ${u}/a $ENV{X}b $<CONFIG>/c d$<$<BOOL:${u}>:e> ${u}/../f)",
       "C:1 ?/a\nC:1 ?b\nC:1 ?/c\nC:1 /b/d?\nC:1 ?/f\n"},
      // A condition, or a command that is not known, decides.
      {"set(a x)\nif(W)\n set(a y)\n add_executable(${a} 1)\nelse()\n add_executable(${a} 2)\nendif()\n"
       "add_executable(${a} 3)",
       "C:4 target y\nC:6 target x\nC:8 target ?\n"},
      {"set(a x)\nfind_it(a)\nadd_executable(${a} 3)", "C:3 target ?\n"},
      {"set(a x CACHE STRING \"\")\nset(b x)\nunset(b)\nadd_executable(${a} 3)\nadd_executable(${b} 3)",
       "C:4 target ?\nC:5 target ?\n"},
      {"set(a)\nforeach(i 1 2)\n list(APPEND a f${i})\nendforeach()\nadd_custom_command(OUTPUT ${a} COMMAND "
       "x)",
       "C:5 /b/f1\nC:5 /b/f2\n"},
      {"set(l p.x q.x)\nforeach(i IN LISTS l ITEMS r)\n get_filename_component(n ${i} NAME_WE)\n"
       "add_executable(e${n} x)\nendforeach()\nadd_executable(e${i} x)",
       "C:4 target ep\nC:4 target eq\nC:4 target er\nC:6 target e?\n"},
      {"set(a x)\nforeach(i ${u})\n add_executable(${a}${i} y)\n set(a z)\nendforeach()", "C:3 target ?\n"},
      {"set(a x)\nwhile(u)\n add_executable(${a} y)\n set(a z)\nendwhile()", "C:3 target ?\n"},
      {"string(TOUPPER aB c)\nstring(REPLACE . _ d a.b)\nset(e 1)\nstring(REGEX MATCH x e y)\n"
       "add_executable(${c}${d}${e} x)",
       "C:5 target ABa_b?\n"},
      {R"x(string(REGEX REPLACE "\\.fbs$" "_g.h" a a.fbs.fbs)
string(REGEX REPLACE "^a.c" "" b abcabc)
string(REGEX REPLACE "(a)" "\\1" c a)
string(REGEX REPLACE "a\\$" "x" d "a$")
string(REGEX REPLACE "a" "b\\0" e a)
string(REGEX REPLACE "c$" "x" f c)
string(CONCAT g ${a} ${u} "-")
add_executable(${a}/${b}/${c}/${d}/${e}/${f}/${g} x))x",
       "C:8 target a.fbs_g.h/abc/?/x/?/x/?\n"},
      {"set(a x)\nif(a)\n set(b 1)\n add_executable(t 1)\nelse()\n add_executable(t 2)\nendif()\n"
       "if(NOT a)\n add_executable(u 1)\nelseif(W)\n add_executable(u 2)\n set(a y)\nelseif(a)\n "
       "add_executable(u 3)\n"
       "else()\n add_executable(u 4)\nendif()\nadd_executable(v${b}${a} x)",
       "C:4 target t\nC:11 target u\nC:14 target u\nC:18 target v1?\n"},
      {"bison_target(p p.y ${CMAKE_CURRENT_BINARY_DIR}/p.cc)\nExternalProject_Add(e URL u)\n"
       "ExternalProject_Add_Step(e ${u} COMMAND true)\nExternalProject_Add_Step(e look COMMAND true)",
       "C:1 /b/p.cc\nC:2 target e\nC:4 ?/e-look of e\n"},
      // Cut off: what stands in front counts.
      {"add_executable(a a.c)\nif(x)\nadd_executable(b b.c)\n", "C:1 target a\nC:3 target b\n"},
      {"add_executable(a a.c)\nadd_executable(b", "C:1 target a\n"},
  };
  for (const Case& c : cases) EXPECT_EQ(Walked({{"/s/CMakeLists.txt", c.text}}), c.want) << c.text;
}

TEST(WalkCMakeProject, FunctionsAndMacrosAreCalledWithWhatIsKnown) {
  struct Case {
    const char* text;
    const char* want;
  };
  const Case cases[] = {
      {"function(f n)\n add_executable(${n} ${ARGN})\nendfunction()\nf(a x)\nF(b y)",
       "C:2 target a\nC:2 target b\n"},
      {"macro(f n)\n set(r ${n}2)\n add_custom_command(OUTPUT ${ARGV1} ${ARGN} COMMAND x)\nendmacro()\nf(a b "
       "c)\n"
       "add_executable(${r} x)\nadd_executable(${n}3 x)",
       "C:3 /b/b\nC:3 /b/c\nC:6 target a2\nC:7 target ?3\n"},
      {"function(f out)\n set(${out} v PARENT_SCOPE)\n set(in w)\nendfunction()\nset(in 1)\nf(o)\n"
       "add_executable(${o}${in} x)",
       "C:7 target v1\n"},
      // Which arguments are where is not known behind one that may be none or several.
      {"function(f a b)\n add_executable(${a}-${b} x)\nendfunction()\nf(${u} c)\nf(c ${u})\nf(\"${u}\" c)",
       "C:2 target ?-?\nC:2 target c-?\nC:2 target ?-c\n"},
      {"function(f)\n cmake_parse_arguments(A \"FAST\" \"OUT\" \"SRC\" ${ARGN})\n"
       " add_custom_command(OUTPUT ${A_OUT} ${A_SRC} n${A_NO} COMMAND x)\nendfunction()\n"
       "f(SRC a b FAST OUT c)\nf(SRC a ${u} OUT d)",
       "C:3 /b/c\nC:3 /b/a\nC:3 /b/b\nC:3 /b/n?\nC:3 /b/d\nC:3 ?\n"},
      {"function(f x)\n cmake_parse_arguments(PARSE_ARGV 1 A \"\" OUT \"\")\n add_executable(${A_OUT} x)\n"
       "endfunction()\nf(OUT OUT c)",
       "C:3 target c\n"},
      // Nobody calls it here.
      {"function(f n)\n add_executable(${n}x x)\nendfunction()", "C:2 target ?x\n"},
      {"if(u)\nfunction(f n)\n add_executable(${n}1 x)\nendfunction()\nelse()\nfunction(f n)\n"
       " add_executable(${n}2 x)\nendfunction()\nendif()\nf(a)",
       "C:3 target a1\nC:7 target a2\n"},
      {"function(f n)\n f(${n}x)\nendfunction()\nf(a)", "incomplete\n"},
      {"function(f n)\n foreach(i ${u})\n  f(${i})\n  f(${u})\n endforeach()\n add_executable(t "
       "x)\nendfunction()\nf(a)",
       "C:6 target t\n"},
  };
  for (const Case& c : cases) EXPECT_EQ(Walked({{"/s/CMakeLists.txt", c.text}}), c.want) << c.text;
}

TEST(WalkCMakeProject, DirectoriesAndIncludedFilesHaveTheirPlaces) {
  CMakeProject project;
  project.directories = {{"/s/late", "/b/l"}};
  project.cache = {{"opt", "on"}};
  EXPECT_EQ(Walked({{"/s/CMakeLists.txt",
                     "set(v 1)\ninclude(cmake/m.cmake)\ninclude(Own)\nadd_subdirectory(sub)\n"
                     "add_subdirectory(sub2 out)\nadd_subdirectory(${u})\nadd_executable(${v} x)"},
                    {"/s/cmake/m.cmake", "add_executable(m${v} x)\nset(w ${CMAKE_CURRENT_LIST_DIR})"},
                    {"/s/deep/Own.cmake", "add_custom_command(OUTPUT own COMMAND x)"},
                    {"/s/sub/CMakeLists.txt",
                     "set(v 2)\nset(v 3 PARENT_SCOPE)\nadd_custom_command(OUTPUT a${v} ${w}/b COMMAND x)"},
                    {"/s/sub2/CMakeLists.txt", "add_custom_command(OUTPUT a ${opt} COMMAND x)"},
                    {"/s/late/CMakeLists.txt", "add_custom_command(OUTPUT a ${v} COMMAND x)"},
                    {"/s/loose/x.cmake", "add_custom_command(OUTPUT loose COMMAND x)"}},
                   project),
            "cmake/m.cmake:1 target m1\n"
            "deep/Own.cmake:1 /b/own\n"
            "sub/C:3 /b/sub/a2\nsub/C:3 /s/cmake/b\n"
            "sub2/C:1 /b/out/a\nsub2/C:1 /b/out/on\n"
            "C:7 target 3\n"
            "late/C:1 /b/l/a\nlate/C:1 ?\n"
            "loose/x.cmake:1 ?/loose\n");
}

TEST(WalkCMakeProject, EndsSoonOnWhatHasNoEnd) {
  CMakeProject project;
  project.most_commands = Many(project.most_commands);
  std::string deep, loops = "set(a x)\n";
  for (size_t i = 0; i < Many(100'000); ++i) deep += "if(x)\n";
  for (int i = 0; i < 12; ++i)
    loops += absl::StrCat("foreach(i", i, " a b c d e f g h i j)\nset(a ${a}${a})\n");
  for (const std::string& text : {deep, loops, std::string("include(CMakeLists.txt)"),
                                  std::string("add_subdirectory(.)\nadd_subdirectory(.)")}) {
    EXPECT_EQ(Walked({{"/s/CMakeLists.txt", text}}, project), "incomplete\n") << text.substr(0, 40);
  }
}

TEST(ValueBehind, IsOfOneVariableOfTheLastPart) {
  struct Case {
    const char* written;
    const char* path;
    CMakeVariableValues want;
  };
  const Case cases[] = {
      {"x_${n}.c", "/b/x_aes.cbc.c", {{"n", "aes.cbc"}}},
      {"${dir}/${n}", "/b/aes", {{"n", "aes"}}},
      {"${CMAKE_CURRENT_BINARY_DIR}/x.${n}", "/b/y/x.h", {{"n", "h"}}},
      {"x_${n}.c", "/b/x_.c", {}},        // nothing
      {"x_${n}.c", "/b/y_aes.c", {}},     // another file
      {"${a}_${b}.c", "/b/x_y_z.c", {}},  // two
      {"x_${${n}}.c", "/b/x_aes.c", {}},  // a name that is put together
      {"x_$<CONFIG>.c", "/b/x_Debug.c", {}},
      {"x_${n}", "/b/x_", {}},
      {"x.c", "/b/x.c", {}},
      {"", "/b/x.c", {}},
      {"x_${n", "/b/x_aes", {}},
  };
  for (const Case& c : cases) EXPECT_EQ(ValueBehind(c.written, c.path), c.want) << c.written;
}

TEST(WalkCMakeProject, ADeclarationHasTheValuesThatItsLineNames) {
  CMakeProject project;
  project.source_dir = "/s";
  project.build_dir = "/b";
  const std::string text =
      "function(f name)\n set(out ${name}.h)\n set(all 1;2)\n"
      " add_custom_command(OUTPUT ${out} COMMAND x ${name} ${all} ${never_set} "
      "${CMAKE_BINARY_DIR}/y)\nendfunction()\n"
      "f(aes)\n"
      "file(GLOB files *.c)\nforeach(file ${files})\n add_executable(x_${file} y.c)\nendforeach()\n";
  const CMakeScript script = WalkCMakeProject(project, [&text](const std::string&) { return text; });
  ASSERT_EQ(script.declarations.size(), 2u);
  EXPECT_EQ(script.declarations[0].variables,
            (CMakeVariableValues{{"out", "aes.h"}, {"name", "aes"}, {"CMAKE_BINARY_DIR", "/b"}}));
  EXPECT_EQ(script.declarations[0].written, "");
  EXPECT_EQ(script.declarations[1].variables, CMakeVariableValues());
  EXPECT_EQ(script.declarations[1].written, "x_${file}");
}

TEST(MatchesAnyText, AnyTextIsAsLongAsItMustBe) {
  struct Case {
    const char* pattern;
    const char* text;
    bool want;
  };
  const Case cases[] = {{"", "", true},        {"?", "", true},        {"a", "", false},
                        {"a?c", "abbc", true}, {"a?c", "abcd", false}, {"?/x", "/b/x", true},
                        {"?x", "xx", true},    {"a??", "a", true},     {"?a?b", "aab", true},
                        {"?a?b", "ba", false}, {"ab", "abc", false}};
  for (const Case& c : cases) {
    EXPECT_EQ(MatchesAnyText(absl::StrReplaceAll(c.pattern, {{"?", std::string(1, kAnyText)}}), c.text),
              c.want)
        << c.pattern << " " << c.text;
  }
}

}  // namespace
}  // namespace glovebox::graph
