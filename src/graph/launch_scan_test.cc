#include "graph/launch_scan.h"

#include "base/files.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"

namespace glovebox::graph {
namespace {

std::vector<std::string> Texts(const std::string& command) {
  std::vector<std::string> texts;
  for (const ShellPart& part : SplitShell(command))
    texts.push_back(part.text + (part.redirects ? " [>]" : ""));
  return texts;
}

TEST(SplitShell, CutsWhereTheShellDoes) {
  const std::pair<const char*, std::vector<std::string>> cases[] = {
      {"", {""}},
      {"a", {"a"}},
      {"a && b | c; d & e || f", {"a", "b", "c", "d", "e", "f"}},
      {"a 'x && y' \"z | \\\" q\" \\; b", {"a 'x && y' \"z | \\\" q\" \\; b"}},
      {"a > f && b", {"a > f [>]", "b"}},
      {"a 2>&1 && b", {"a 2>&1", "b"}},
      {"a &> f", {"a &> f [>]"}},
      {"(a && b) | c", {"(a && b)", "c"}},
      {"a $(b | c)", {"a $(b | c)"}},
      {"a 'open", {"a 'open"}},
      {"a \\", {"a \\"}},
  };
  for (const auto& [command, parts] : cases) EXPECT_EQ(Texts(command), parts) << command;
}

constexpr char kL[] = "\"/with space/glovebox-launch\" --role=custom -- ";

TEST(ScanNinja, EachKindOfGapIsNamed) {
  const std::string l = kL;
  const NinjaGraph graph({{{"ok"}, "C_COMPILER__x_", l + "cc", {}, {}},
                          {{"linked"}, "LINK", ": && " + l + "ar && cd /b && " + l + "post && :", {}, {}},
                          {{"rest"}, "CUSTOM_COMMAND", "cd /b && " + l + "a > f && b | c", {}, {}},
                          {{"own"}, "C_COMPILER__y_", "env F=1 cc", {}, {}},
                          {{"l.so"}, "CMAKE_SYMLINK_LIBRARY", "cmake -E cmake_symlink_library && :", {}, {}},
                          {{"m.dd"}, "CXX_DYNDEP__x_", "cmake -E cmake_ninja_dyndep", {}, {}},
                          {{"build.ninja"}, "RERUN_CMAKE", "cmake", {}, {}},
                          {{"clean"}, "CLEAN", "ninja -t clean", {}, {}},
                          {{"CMakeFiles/test.util"}, "CUSTOM_COMMAND", "cd /b && ctest", {}, {}}},
                         "/b");
  const LaunchScan scan = ScanNinja(graph);
  EXPECT_EQ(scan.commands, 9);
  EXPECT_EQ(scan.wrapped, 2);
  EXPECT_EQ(scan.launched, 3);
  std::vector<std::string> found;
  for (const Unwrapped& u : scan.unwrapped) {
    found.push_back(u.place + " " + std::string(UnwrappedReasonName(u.reason)) + " " +
                    (u.part.find("launch") == std::string::npos ? u.part : "wrapped"));
    EXPECT_NE(UnwrappedReasonText(u.reason), "");
  }
  EXPECT_THAT(found, testing::ElementsAre(
                         "rest redirection wrapped", "rest shell-remainder b", "rest shell-remainder c",
                         "own own-property env F=1 cc", "l.so symlink-library cmake -E cmake_symlink_library",
                         "m.dd dyndep cmake -E cmake_ninja_dyndep", "build.ninja configure cmake",
                         "clean ninja-tool ninja -t clean", "CMakeFiles/test.util utility ctest"));
}

TEST(ScanNinja, ARuleThatIsTakenForAUtilityIsReported) {
  const std::string l = "/b/glovebox-launch --role=custom --target=TARGET_NAME --out= -- ";
  const NinjaGraph graph(
      {{{"CMakeFiles/test.util"},
        "CUSTOM_COMMAND",
        "cd /b && " + l + "ctest --force-new-ctest-process",
        {},
        {}},
       {{"sub/CMakeFiles/install/local.util"}, "CUSTOM_COMMAND", l + "cmake -P cmake_install.cmake", {}, {}},
       {{"m"},
        "LINK",
        ": && " + l + "ctest -N && cd /b && " + l + "cmake -P cmake_install.cmake && :",
        {},
        {}},
       {{"n"}, "LINK", ": && " + l + "/usr/bin/ctest --force-new-ctest-process", {}, {}},
       {{"o"}, "LINK", ": && " + l + "cpack -C Debug --config ./CPackConfig.cmake", {}, {}},
       {{"p"}, "LINK", ": && " + l + "cmake -P /b/cmake_install.cmake", {}, {}},
       {{"CMakeFiles/t"},
        "CUSTOM_COMMAND",
        "/b/glovebox-launch --role=custom --out=CMakeFiles/t -- "
        "ctest --force-new-ctest-process",
        {},
        {}},
       {{"own.util"}, "CUSTOM_COMMAND", "ctest", {}, {}},
       {{"q"}, "CUSTOM_COMMAND", "/b/glovebox-launch --role=custom --out=", {}, {}}},
      "/b");
  std::vector<std::string> found;
  for (const Unwrapped& u : ScanNinja(graph).unwrapped) {
    found.push_back(u.place + " " + std::string(UnwrappedReasonName(u.reason)));
  }
  EXPECT_THAT(found, testing::ElementsAre("m utility-words", "n utility-words", "o utility-words",
                                          "own.util own-property"));
}

TEST(ScanMakefile, RecipesAndLinkScripts) {
  const std::string l = kL;
  const LaunchScan scan = ScanMakefile(
      "CMAKE_COMMAND = /usr/bin/cmake\na.o: a.c\n\t@$(CMAKE_COMMAND) -E "
      "cmake_echo_color x\n\t" +
          l +
          "cc\nb.o: b.c\n\tcc b.c\na.i: cmake_force\n"
          "\tcc -E a.c > a.i\n\nd:\n\tcd /b && $(CMAKE_COMMAND) -E cmake_depends x\n",
      "x/build.make");
  EXPECT_EQ(scan.commands, 2);
  EXPECT_EQ(scan.wrapped, 1);
  ASSERT_EQ(scan.unwrapped.size(), 1u);
  EXPECT_EQ(scan.unwrapped[0].place, "x/build.make:6");
  const LaunchScan link = ScanMakefile(l + "ar qc\nranlib x\n", "link.txt");
  EXPECT_EQ(link.wrapped, 1);
  ASSERT_EQ(link.unwrapped.size(), 1u);
  EXPECT_EQ(link.unwrapped[0].place, "link.txt:2");
}

// include(CTest) gives them an empty RULE_LAUNCH_CUSTOM, which Makefiles heed. A recipe of the project's own
// that resembles them is a gap.
TEST(ScanMakefile, TheDashboardTargetsOfCTestAreUtilities) {
  const auto reason_of = [](const std::string& target, const std::string& recipe) {
    const LaunchScan scan = ScanMakefile("x:\n\t" + recipe + "\n", "b/CMakeFiles/" + target + "/build.make");
    return scan.unwrapped.empty() ? "" : std::string(UnwrappedReasonName(scan.unwrapped[0].reason));
  };
  EXPECT_EQ(reason_of("Experimental.dir", "/usr/bin/ctest -D Experimental"), "utility");
  EXPECT_EQ(reason_of("NightlyTest.dir", "\"/a b/ctest\" -D NightlyTest"), "utility");
  EXPECT_EQ(reason_of("NightlyMemoryCheck.dir", "ctest -D NightlyMemoryCheck"), "utility");
  EXPECT_EQ(reason_of("ContinuousSubmit.dir", "ctest -C Debug -D ContinuousSubmit"), "utility");
  EXPECT_EQ(reason_of("Experimental.dir", "ctest -D Experimental && sh gen.sh"), "own-property");
  EXPECT_EQ(reason_of("Experimental.dir", "ctest -D Nightly"), "own-property");
  EXPECT_EQ(reason_of("Experimental", "ctest -D Experimental"), "own-property");
  EXPECT_EQ(reason_of("mine.dir", "ctest -D mine"), "own-property");
  EXPECT_EQ(reason_of("NightlyMine.dir", "ctest -D NightlyMine"), "own-property");
  EXPECT_EQ(reason_of("Nightly.dir", "sh gen.sh"), "own-property");
}

TEST(ScanBuild, ADirectoryThatIsNotConfiguredIsAnError) {
  ASSERT_OK_AND_ASSIGN(TempDir dir, TempDir::Create());
  EXPECT_THAT(ScanBuild(dir.path()),
              StatusIs(absl::StatusCode::kNotFound, testing::HasSubstr("configure it")));
}

TEST(ScanBuild, WhatIsNoDirectoryIsNotToBeConfigured) {
  ASSERT_OK_AND_ASSIGN(TempDir dir, TempDir::Create());
  const std::string file = dir.path() + "/file";
  ASSERT_OK(WriteFile(file, ""));
  for (const auto& [path, words] :
       {std::pair{dir.path() + "/none", "No such file or directory"}, std::pair{file, "ot a directory"}}) {
    const auto scan = ScanBuild(path);
    EXPECT_THAT(scan, StatusIs(absl::StatusCode::kNotFound, testing::HasSubstr(words)));
    EXPECT_THAT(scan, Not(StatusIs(absl::StatusCode::kNotFound, testing::HasSubstr("cmake -B"))));
  }
}

TEST(ScanBuild, MakefilesAreCountedAsNinjaIs) {
  ASSERT_OK_AND_ASSIGN(TempDir dir, TempDir::Create());
  ASSERT_OK(WriteFile(dir.path() + "/Makefile", ""));
  ASSERT_OK(WriteFile(dir.path() + "/build.make", "a.o: a.c\n\tcc a.c\n"));
  ASSERT_OK_AND_ASSIGN(const LaunchScan without, ScanBuild(dir.path()));
  EXPECT_EQ(without.commands, 1);
  EXPECT_EQ(without.launched, 0);
  ASSERT_OK(WriteFile(dir.path() + "/link.txt", std::string(kL) + "cc > x\n"));
  ASSERT_OK_AND_ASSIGN(const LaunchScan with, ScanBuild(dir.path()));
  EXPECT_EQ(with.commands, 2);
  EXPECT_EQ(with.launched, 1);
}

}  // namespace
}  // namespace glovebox::graph
