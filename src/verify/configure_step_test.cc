#include "verify/configure_step.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "verify/test_graph.h"

namespace glovebox::verify {
namespace {

using access::Result;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// One configure step, of a build directory that is not there yet.
class Step : public TestLog {
 public:
  explicit Step(bool fresh = true) : TestLog(Run()) {
    Begin(1, access::Role::kConfigure, "");
    By("/usr/bin/cmake", Op::kOpen, "/build/CMakeCache.txt", fresh ? Result::kAbsent : Result::kThere);
    facts.generated = true;
    facts.inputs = {"/src/CMakeLists.txt", "/src/cmake/x.cmake"};
    facts.places = Places({});
    configure_facts = &facts;
  }
  Step& By(const std::string& exe, Op op, const std::string& path, Result result = Result::kThere,
           uint64_t flags = 0) {
    access::Access access = Make(1, op, path, result, flags);
    access.exe = exe;
    Do(access);
    return *this;
  }
  Step& CMake(const std::string& path) { return By("/usr/bin/cmake", Op::kOpen, path); }
  Step& List(const std::string& path, const std::string& exe = "/usr/bin/cmake") {
    return By(exe, Op::kOpen, path, Result::kThere, O_RDONLY | O_DIRECTORY);
  }
  static graph::CMakePlaces Places(std::vector<graph::CMakeRead> reads) {
    graph::CMakePlaceFacts facts;
    facts.source_dir = "/src";
    facts.build_dir = "/build";
    facts.script.reads = std::move(reads);
    return graph::CMakePlaces(facts);
  }
  static graph::CMakeRead At(graph::CMakeRead::Kind kind, const std::string& pattern, int line,
                             const std::string& command = "file", bool below = false) {
    return {kind, pattern, below, {"/src/CMakeLists.txt", line, command}};
  }
  // "severity rule object" of each.
  std::vector<std::string> Told() {
    std::vector<std::string> lines;
    access::ActionEnd end;
    end.action = 1;
    end.kind = access::ActionEnd::Kind::kExited;
    End(end);
    for (const Finding& finding : Findings())
      lines.push_back(absl::StrCat(SeverityName(finding.severity), " ", finding.rule, " ", finding.object));
    return lines;
  }
  graph::ConfigureFacts facts;

 private:
  static access::RunInfo Run() {
    access::RunInfo run;
    run.source_dir = "/src";
    run.build_dir = "/build";
    run.home = "/home/u";
    run.command = {"cmake", "-C", "../src/init.cmake", "-C../src/more.cmake", "/src"};
    return run;
  }
};

TEST(ConfigureFindings, AFileThatDoesNotMakeCMakeRunAgainIsToldWithItsLine) {
  Step step;
  step.facts.places = Step::Places({Step::At(graph::CMakeRead::Kind::kFile, "/src/VERSION", 3)});
  step.CMake("/src/CMakeLists.txt").CMake("/src/cmake/x.cmake").CMake("/src/VERSION").CMake("/src/VERSION");
  EXPECT_THAT(step.Told(), ElementsAre("warning generator-escape /src/VERSION"));
  const Finding finding = step.Findings()[0];
  EXPECT_EQ(finding.where, "CMakeLists.txt:3 file");
  EXPECT_EQ(finding.what, "the configure step reads VERSION, and does not run again when that changes");
  EXPECT_EQ(finding.repair,
            "set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/VERSION)");
  EXPECT_EQ(finding.evidence.program, "/usr/bin/cmake");
}

TEST(ConfigureFindings, WhatIsNobodysInputIsNotTold) {
  Step step;
  step.By("/usr/bin/cmake", Op::kExec, "/home/u/tools/bin/gen");
  for (const char* path :
       {"/usr/share/cmake/Modules/X.cmake", "/proc/self/maps", "/home/u/.gitconfig",
        "/home/u/.cmake/packages/x/1", "/home/u/tools/share/gen/data", "/home/u/lib/libx.so.1",
        "/src/init.cmake", "/src/more.cmake", "/src/CMakePresets.json", "/src/CMakeUserPresets.json",
        "/src/.git/HEAD", "/src/.git", "/src/a/__pycache__/b.pyc", "/build/CMakeFiles/3.25/CMakeSystem.cmake",
        "/build/.cmake/api/v1/query/x"})
    step.CMake(path);
  // Looked for in vain.
  step.By("/usr/bin/cmake", Op::kOpen, "/src/absent", Result::kAbsent);
  // Git looks at each file whose time is near the index's.
  step.By("/usr/bin/git", Op::kOpen, "/src/main.c").List("/src", "/usr/bin/git");
  // try_compile() against somebody's own library.
  step.By("/usr/lib/gcc/12/cc1", Op::kOpen, "/home/u/deps/include/x.h");
  step.By("/usr/bin/x86_64-linux-gnu-ld.bfd", Op::kOpen, "/home/u/deps/lib/libx.a");
  step.By("/usr/bin/ld.gold", Op::kOpen, "/home/u/deps/lib/liby.a");
  // Made by the step itself, under this name or another one.
  step.Write(1, "/build/version.h");
  step.CMake("/build/version.h");
  EXPECT_THAT(step.Told(), IsEmpty());
}

TEST(ConfigureFindings, WhatSomebodyElseHasPutThereIsTold) {
  Step step;
  step.CMake("/home/u/.project.cfg").CMake("/build/preset.txt").CMake("/data/table");
  step.By("/usr/bin/python3", Op::kOpen, "/src/gen.py").By("/usr/bin/cmake", Op::kExec, "/src/run.sh");
  step.By("/usr/lib/gcc/12/cc1", Op::kOpen, "/src/check.c").By("/usr/bin/build.exe", Op::kOpen, "/data/list");
  EXPECT_THAT(step.Told(),
              testing::UnorderedElementsAre(
                  "warning generator-escape /home/u/.project.cfg",
                  "warning generator-escape /build/preset.txt", "warning generator-escape /data/table",
                  "warning generator-escape /src/gen.py", "warning generator-escape /src/run.sh",
                  "warning generator-escape /src/check.c", "warning generator-escape /data/list"));
}

TEST(ConfigureFindings, OfASecondStepTheBuildDirectoryIsCMakesOwn) {
  Step step(/*fresh=*/false);
  step.CMake("/build/version.h").CMake("/src/VERSION");
  EXPECT_THAT(step.Told(), ElementsAre("warning generator-escape /src/VERSION"));
}

TEST(ConfigureFindings, WithoutABuildNothingIsKnownToEscape) {
  Step step;
  step.facts = {};
  step.facts.why_unknown = "no ninja";
  step.CMake("/src/VERSION").Write(1, "/src/made");
  EXPECT_THAT(step.Told(), ElementsAre("error trace-incomplete inputs", "error source-mutation /src/made"));
}

TEST(ConfigureFindings, ManyFilesOfOneCauseAreOneFinding) {
  Step step;
  step.facts.places =
      Step::Places({Step::At(graph::CMakeRead::Kind::kFile, "/src/data", 5, "file", /*below=*/true)});
  for (const char* path : {"/src/data/a", "/src/data/b", "/src/data/c/d", "/src/data/e", "/src/other"})
    step.CMake(path);
  EXPECT_THAT(step.Told(),
              ElementsAre("warning generator-escape /src/data/", "warning generator-escape /src/other"));
  const Finding finding = step.Findings()[0];
  EXPECT_THAT(finding.objects, ElementsAre("/src/data/a", "/src/data/b", "/src/data/c/d", "/src/data/e"));
  EXPECT_THAT(finding.what, HasSubstr("reads 4 files of data,"));
  EXPECT_EQ(finding.where, "CMakeLists.txt:5 file");
}

TEST(ConfigureFindings, AListOfFilesThatIsNotLookedAtAgainIsTold) {
  Step step;
  const auto kList = graph::CMakeRead::Kind::kList;
  step.facts.places =
      Step::Places({Step::At(kList, "/src/a", 2), Step::At(kList, "/src/b", 3, "file", true)});
  step.facts.watched = {{"/src/watched", true}};
  step.List("/src/a").List("/src/b").List("/src/b/c").List("/src/watched/d");
  // CMake looks for libraries there; Python for modules.
  step.List("/src/lib")
      .By("/usr/bin/python3", Op::kOpen, "/src/py/gen.py")
      .List("/src/py", "/usr/bin/python3");
  step.List("/src/ls", "/usr/bin/ls").List("/usr/lib").List("/build");
  EXPECT_THAT(step.Told(), testing::UnorderedElementsAre("warning generator-escape /src/a/",
                                                         "warning generator-escape /src/b/",
                                                         "warning generator-escape /src/ls/",
                                                         "warning generator-escape /src/py/gen.py"));
  for (const Finding& finding : step.Findings()) {
    if (finding.object == "/src/b/") {
      EXPECT_THAT(finding.objects, ElementsAre("/src/b", "/src/b/c"));
      EXPECT_THAT(finding.what, HasSubstr("lists b and a directory below it,"));
      EXPECT_THAT(finding.repair, HasSubstr("CONFIGURE_DEPENDS"));
      EXPECT_EQ(finding.where, "CMakeLists.txt:3 file");
    }
    if (finding.object == "/src/ls/") {
      EXPECT_EQ(finding.repair,
                "set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/ls)");
    }
  }
}

TEST(ConfigureFindings, WritesOutsideOfTheBuildTreeAreTold) {
  Step step;
  step.Write(1, "/build/a").Write(1, "/src/config.h").Write(1, "/src/gone").Do(1, Op::kUnlink, "/src/gone");
  step.Write(1, "/tmp/gone").Do(1, Op::kUnlink, "/tmp/gone").Write(1, "/tmp/left");
  step.Write(1, "/home/u/.x").Write(1, "/home/u/.cmake/packages/x/1").Write(1, "/home/u/.cache/x");
  step.Do(1, Op::kUnlink, "/src/old").Do(1, Op::kChmod, "/src/script");
  // A lock file, which is opened for both; a place that everybody writes to.
  step.Do(Step::Make(1, Op::kOpen, "/src/lock", Result::kThere, O_RDWR)).Write(1, "/dev/shm/x");
  step.Do(Step::Make(1, Op::kOpen, "/dev/null", Result::kThere, O_WRONLY));
  EXPECT_THAT(step.Told(), testing::UnorderedElementsAre(
                               "error source-mutation /src/config.h", "error source-mutation /src/old",
                               "error source-mutation /src/script", "error outside-write /tmp/left",
                               "error outside-write /home/u/.x", "error outside-write /dev/shm/x",
                               "warning outside-write /home/u/.cmake/packages/x/"));
}

TEST(ConfigureFindings, ADirectoryThatIsRenamedTakesItsFilesAlong) {
  Step step;
  step.Do(1, Op::kMkdir, "/build/ex-1", Result::kCreated).Write(1, "/build/ex-1/CMakeLists.txt");
  access::Access rename = Step::Make(1, Op::kRename, "/build/ex-1");
  rename.path2 = rename.resolved2 = "/build/x-src";
  step.Do(rename);
  step.CMake("/build/x-src/CMakeLists.txt");
  EXPECT_THAT(step.Told(), IsEmpty());
}

TEST(ConfigureFindings, TheNetworkIsToldOnceAnAddress) {
  Step step;
  step.facts.places = Step::Places({Step::At(graph::CMakeRead::Kind::kNetwork, "http://x", 7)});
  for (const char* address : {"inet:127.0.0.1:9", "inet:127.0.0.1:9", "unix:/run/nscd"})
    step.By("/usr/bin/cmake", Op::kConnect, address, Result::kThere);
  step.By("/usr/bin/cmake", Op::kSend, "inet:8.8.8.8:53");
  EXPECT_THAT(step.Told(),
              ElementsAre("error network-connect inet:127.0.0.1:9", "error network-send inet:8.8.8.8:53"));
  const Finding finding = step.Findings()[0];
  EXPECT_EQ(finding.where, "CMakeLists.txt:7 file");
  EXPECT_THAT(finding.what, HasSubstr("the configure step connects to inet:127.0.0.1:9, on this machine"));
  EXPECT_THAT(finding.repair, HasSubstr("connect = [\"127.0.0.1:9\"]"));
  step.terms().tells_networks = true;
  EXPECT_THAT(step.Findings(), IsEmpty());
}

TEST(ConfigureFindings, WhereOthersCanReachItIsToldAndWhereThisMachineAloneCanIsNot) {
  Step step;
  for (const char* address :
       {"inet:127.0.0.1:80", "inet6:[::1]:80", "inet6:[::ffff:127.0.0.1]:80", "inet:0.0.0.0:80"})
    step.By("/usr/bin/python3", Op::kBind, address);
  EXPECT_THAT(step.Told(), ElementsAre("error network-bind inet:0.0.0.0:80"));
}

// With a file in it the file is told, and of a tree of directories the uppermost.
TEST(ConfigureFindings, ADirectoryThatIsLeftOutsideIsTold) {
  Step step;
  step.Do(1, Op::kMkdir, "/home/u/.made", Result::kCreated);
  step.Do(1, Op::kMkdir, "/home/u/.tree", Result::kCreated)
      .Do(1, Op::kMkdir, "/home/u/.tree/in", Result::kCreated);
  step.Do(1, Op::kMkdir, "/home/u/.full", Result::kCreated).Write(1, "/home/u/.full/file");
  step.Do(1, Op::kMkdir, "/tmp/gone", Result::kCreated).Do(1, Op::kRmdir, "/tmp/gone");
  step.Do(1, Op::kMkdir, "/build/sub", Result::kCreated);
  EXPECT_THAT(step.Told(), testing::UnorderedElementsAre("error outside-write /home/u/.made",
                                                         "error outside-write /home/u/.tree",
                                                         "error outside-write /home/u/.full/file"));
}

TEST(ConfigureFindings, AHoleIsTold) {
  Step step;
  step.Add(access::Hole{1, 5, 100, "foreign-abi", "i386:open"});
  EXPECT_THAT(step.Told(), ElementsAre("error trace-incomplete foreign-abi"));
  EXPECT_TRUE(IsGap(step.Findings()[0]));
}

TEST(ConfigureFindings, InASourceTreeThatIsTheBuildTreeNothingIsMutated) {
  Step step;
  step.places = Places("/src", "/src", "/home/u", "/tmp");
  step.Write(1, "/src/config.h");
  EXPECT_THAT(step.Told(), IsEmpty());
}

TEST(ConfigureFindings, TheStepThatMadeABuildCountsAsItsOwn) {
  Step step;
  step.CMake("/src/VERSION").CMake("/src/twice").Write(1, "/src/made");
  step.Told();
  const Input configure = step.AsInput();
  TestGraph build;
  build.Edge(1, {"a"}, {"../src/a.in"}).Read(1, "/src/a.in").Write(1, "/build/a");
  build.Edge(2, {"build.ninja"}, {"../src/CMakeLists.txt"}, {}, "RERUN_CMAKE").Read(2, "/src/twice");
  build.facts().configure_inputs = {"../src/CMakeLists.txt"};
  build.configure = &configure;
  EXPECT_THAT(build.Faults(),
              ElementsAre("source-mutation  /src/made", "generator-escape build.ninja /src/twice",
                          "generator-escape build.ninja /src/VERSION"));
  for (const Finding& finding : build.JudgeGraph().findings) {
    if (finding.object == "/src/made") {
      EXPECT_EQ(finding.action, kNoAction);
    }
  }
}

TEST(ConfigureFindings, AllowancesAndGradesHoldAsForABuild) {
  Step step;
  step.terms().severities["generator-escape"] = {policy::Severity::kError, {}};
  policy::Allowance allowance;
  allowance.rule = "source-mutation";
  allowance.path = "/src/made";
  step.terms().allowances = {allowance};
  step.CMake("/src/VERSION").Write(1, "/src/made");
  EXPECT_THAT(step.Told(), ElementsAre("error generator-escape /src/VERSION"));
}

}  // namespace
}  // namespace glovebox::verify
