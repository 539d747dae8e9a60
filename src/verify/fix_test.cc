#include "verify/fix.h"

#include <map>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::verify {
namespace {

Finding Repairable(const std::string& where, const std::string& repair) {
  Finding finding;
  finding.rule = "missing-input";
  finding.where = where;
  finding.repair = repair;
  return finding;
}

// What patch(1) makes of it; the patch itself where it does not apply.
std::string Patched(const std::string& text, const std::vector<Finding>& findings, FixPatch* result) {
  std::vector<const Finding*> all;
  for (const Finding& finding : findings) all.push_back(&finding);
  *result = PatchFor(all, "/src", [&text](const std::string& path) -> absl::StatusOr<std::string> {
    if (path == "/src/CMakeLists.txt") return text;
    return absl::NotFoundError(path);
  });
  auto dir = TempDir::Create();
  EXPECT_OK(dir);
  EXPECT_OK(WriteFile(dir->path() + "/CMakeLists.txt", text));
  EXPECT_OK(WriteFile(dir->path() + "/fix", result->patch));
  if (result->patch.empty()) return text;
  const std::string command = "cd " + dir->path() + " && git apply --whitespace=nowarn fix 2>&1";
  if (system(command.c_str()) != 0) return result->patch;
  const std::string patched = ReadFile(dir->path() + "/CMakeLists.txt").value_or("");
  EXPECT_EQ(result->texts["/src/CMakeLists.txt"], patched);
  return patched;
}

TEST(Fix, WritesIntoTheCallAndBehindIt) {
  const std::string text =
      "project(x C)\n"
      "add_custom_command(OUTPUT a COMMAND gen > a)\n"
      "add_custom_command(\n"
      "  OUTPUT b\n"
      "  COMMAND gen \"(\" > b # )\n"
      "  VERBATIM\n"
      ")\n"
      "if(TRUE)\n"
      "  add_executable(app main.c)\n"
      "endif()\n";
  FixPatch result;
  EXPECT_EQ(Patched(text,
                    {Repairable("CMakeLists.txt:2 add_custom_command", "DEPENDS ${CMAKE_SOURCE_DIR}/x"),
                     Repairable("CMakeLists.txt:2 add_custom_command", "DEPENDS ${CMAKE_SOURCE_DIR}/y"),
                     Repairable("CMakeLists.txt:2 add_custom_command", "DEPENDS ${CMAKE_SOURCE_DIR}/y"),
                     Repairable("CMakeLists.txt:3 add_custom_command", "BYPRODUCTS log"),
                     Repairable("CMakeLists.txt:9 add_executable", "add_dependencies(app gen)")},
                    &result),
            "project(x C)\n"
            "add_custom_command(OUTPUT a COMMAND gen > a DEPENDS ${CMAKE_SOURCE_DIR}/x DEPENDS "
            "${CMAKE_SOURCE_DIR}/y)\n"
            "add_custom_command(\n"
            "  OUTPUT b\n"
            "  COMMAND gen \"(\" > b # )\n"
            "  VERBATIM\n"
            "  BYPRODUCTS log\n"
            ")\n"
            "if(TRUE)\n"
            "  add_executable(app main.c)\n"
            "  add_dependencies(app gen)\n"
            "endif()\n");
  EXPECT_EQ(result.fixed(), 5u);
  EXPECT_EQ(result.left, 0u);
}

TEST(Fix, WhatComesWithARepairIsWrittenAtItsOwnLine) {
  const std::string text =
      "add_custom_command(OUTPUT a COMMAND one)\n"
      "add_custom_command(OUTPUT b COMMAND two)\n";
  FixPatch result;
  EXPECT_EQ(Patched(text,
                    {Repairable("CMakeLists.txt:1 add_custom_command",
                                "BYPRODUCTS x, and at CMakeLists.txt:2 add_custom_command: DEPENDS x")},
                    &result),
            "add_custom_command(OUTPUT a COMMAND one BYPRODUCTS x)\n"
            "add_custom_command(OUTPUT b COMMAND two DEPENDS x)\n");
  EXPECT_EQ(result.fixed(), 1u);
  EXPECT_EQ(result.left, 0u);
}

TEST(Fix, WhatComesWithARepairAndCannotBeWrittenLeavesAllToAPerson) {
  FixPatch result;
  Patched("add_custom_command(OUTPUT a COMMAND one)\n",
          {Repairable("CMakeLists.txt:1 add_custom_command",
                      "BYPRODUCTS x, and at CMakeLists.txt:7 add_custom_target: DEPENDS x")},
          &result);
  EXPECT_EQ(result.fixed(), 0u);
  EXPECT_EQ(result.left, 1u);
}

TEST(Fix, FarApartAreHunksOfTheirOwn) {
  std::string text = "a(1)\n";
  for (int i = 0; i < 20; ++i) text += "# line\n";
  text += "b(2)";  // no newline at the end
  text += "\n";
  FixPatch result;
  const std::string patched = Patched(text,
                                      {Repairable("CMakeLists.txt:1 a", "add_dependencies(x y)"),
                                       Repairable("CMakeLists.txt:22 b", "add_dependencies(z y)")},
                                      &result);
  EXPECT_THAT(patched, testing::StartsWith("a(1)\nadd_dependencies(x y)\n# line\n"));
  EXPECT_THAT(patched, testing::EndsWith("# line\nb(2)\nadd_dependencies(z y)\n"));
}

TEST(Fix, WhatCannotBeWrittenIsCounted) {
  Finding note = Repairable("CMakeLists.txt:1 add_custom_command", "DEPENDS x");
  note.severity = Severity::kNote;
  FixPatch result;
  Patched(
      "add_custom_command(OUTPUT a)\n",
      {Repairable("", "DEPENDS x"), Repairable("CMakeLists.txt:7 add_custom_command", "DEPENDS x"),
       Repairable("CMakeLists.txt:1 gen", "DEPENDS x"), Repairable("CMakeLists.txt:1 a", "think about it"),
       Repairable("CMakeLists.txt:1 a", "build a.o: cc ... | x"),
       Repairable("/elsewhere/x.cmake:1 a", "add_dependencies(x y)"), note},
      &result);
  EXPECT_EQ(result.patch, "");
  EXPECT_EQ(result.fixed(), 0u);
  EXPECT_EQ(result.left, 6u);
}

}  // namespace
}  // namespace glovebox::verify
