#include "graph/launch_scan.h"

#include "base/files.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"

namespace glovebox::graph {
namespace {

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

// What GloveboxEnable.cmake has stand before a custom command.
std::string Function(const std::string& launch) {
  return R"(eval "`printf 'glovebox() { case \044{4} in :|cd|eval) shift 3; \042\044@\042;; )"
         R"(*) \042\044@\042;; esac; }'`" && glovebox )" +
         launch;
}

std::vector<std::string> Found(const LaunchScan& scan, const std::string& launcher) {
  std::vector<std::string> found;
  for (const Unwrapped& u : scan.unwrapped) {
    std::string part = u.part;
    if (part.rfind(launcher, 0) == 0) part.replace(0, launcher.size(), "L ");
    found.push_back(std::string(UnwrappedReasonName(u.reason)) + " " + part);
  }
  return found;
}

TEST(ScanNinja, AWordOfTheShellIsWhatItsOwnShellMakesOfIt) {
  struct Case {
    const char* words;
    std::vector<std::string> plain, by_function;  // what is reported
  };
  const Case cases[] = {
      {"cat x", {}, {}},
      {"A=1 B=2 cat x", {}, {}},
      {": && :", {}, {}},
      {"cd /s && cat x", {"cannot-launch L cd /s", "shell-remainder cat x"}, {"shell-remainder cat x"}},
      {"export A=1", {"cannot-launch L export A=1"}, {}},
      {". ./env.sh", {"cannot-launch L . ./env.sh"}, {"shell-word L . ./env.sh"}},
      {"eval 'cat x'", {"cannot-launch L eval 'cat x'"}, {"shell-word L eval 'cat x'"}},
      {"! false", {"cannot-launch L ! false"}, {"shell-word L ! false"}},
      {"! . x", {"cannot-launch L ! . x"}, {"shell-word L ! . x"}},
      {"exec cat x", {"cannot-launch L exec cat x"}, {"shell-word L exec cat x"}},
      {"exec", {"cannot-launch L exec"}, {"cannot-launch L exec"}},
      {"A=1", {"cannot-launch L A=1"}, {"cannot-launch L A=1"}},
      {"A=1 cd x", {"cannot-launch L A=1 cd x"}, {"cannot-launch L A=1 cd x"}},
      {"(cat x && cat y)", {"cannot-launch L (cat x && cat y)"}, {"cannot-launch L (cat x && cat y)"}},
      {"\"(\" cat", {}, {}},
      {"cat x && umask 0 && exec b", {"shell-remainder exec b"}, {"shell-remainder exec b"}},
      {"if true", {"cannot-launch L if true"}, {"cannot-launch L if true"}},
  };
  const std::string l = kL;
  for (const Case& one : cases) {
    const auto scan = [&](const std::string& before) {
      return Found(ScanNinja(NinjaGraph({{{"o"}, "C", "cd /b && " + before + one.words, {}, {}}}, "/b")), l);
    };
    EXPECT_EQ(scan(l), one.plain) << one.words;
    EXPECT_EQ(scan(Function(l)), one.by_function) << one.words;
  }
}

TEST(ScanNinja, EachCommandBehindAFunctionIsLookedAt) {
  const std::string l = kL;
  const NinjaGraph graph(
      {{{"o"},
        "C",
        "cd /b && " + Function(l) + "a && " + Function(l) + "b > f && c && " + Function(l) + "d",
        {},
        {}}},
      "/b");
  const LaunchScan scan = ScanNinja(graph);
  EXPECT_EQ(scan.launched, 1);
  EXPECT_THAT(Found(scan, l), testing::ElementsAre("redirection L b > f", "shell-remainder c"));
}

TEST(ScanNinja, WhatTheShellRunsToBuildALineIsNotWrapped) {
  const std::string l = kL;
  const std::pair<const char*, std::vector<std::string>> cases[] = {
      {"echo `cat x`", {"shell-remainder cat x"}},
      {"echo \"$(cat x | b)\"", {"shell-remainder cat x", "shell-remainder b"}},
      {"echo '$(cat x)' '`cat x`' \\$x", {}},
      {"echo $(: $(cat x))", {"shell-remainder cat x"}},
      {"echo $(< x)", {"shell-remainder < x"}},
      {"echo $(: < x)", {"redirection : < x"}},
  };
  for (const auto& [words, reported] : cases) {
    EXPECT_EQ(Found(ScanNinja(NinjaGraph({{{"o"}, "C", l + words, {}, {}}}, "/b")), l), reported) << words;
  }
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "$(: ";
  ScanNinja(NinjaGraph({{{"o"}, "C", l + deep, {}, {}}}, "/b"));
}

TEST(ScanMakefile, ADollarOfMakeIsNoSubstitution) {
  const std::string l = kL;
  const LaunchScan scan = ScanMakefile("o:\n\t" + l +
                                           "$(CMAKE_COMMAND) -E echo $$(cat x) `cat y` $(ARGS)\n"
                                           "\t" +
                                           Function(l) + "cd /b && b\n",
                                       "build.make");
  EXPECT_EQ(scan.launched, 2);
  EXPECT_THAT(Found(scan, l),
              testing::ElementsAre("shell-remainder cat x", "shell-remainder cat y", "shell-remainder b"));
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
