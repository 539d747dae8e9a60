// Real programs with the preloaded library, against the same ones without.
#include "trace/shims.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/test_scale.h"
#include "gmock/gmock.h"
#include "trace/runner_fixture.h"

namespace glovebox::trace {
namespace {

using access::Access;
using testing::HasSubstr;

// What a run has told of its command.
struct Told {
  int status = -1;
  std::string output;
  std::set<std::tuple<std::string, std::string, std::string, int>>
      set;  // operation, spelled, resolved, errno
  size_t observed_links = 0;
  std::vector<std::string> holes;
};

class ShimsTest : public RunnerFixture {
 protected:
  void SetUp() override {
    RunnerFixture::SetUp();
    auto library = ShimLibrary::Open(GLOVEBOX_SHIM);
    ASSERT_OK(library);
    library_ = *std::move(library);
    ASSERT_TRUE(WriteTree());
  }
  bool WriteTree() {
    return mkdir(Path("a").c_str(), 0755) == 0 && mkdir(Path("a/b").c_str(), 0755) == 0 &&
           WriteFile(Path("a/b/file"), "x").ok() && symlink("b", Path("a/link").c_str()) == 0 &&
           symlink(Path("a").c_str(), Path("absolute").c_str()) == 0 &&
           symlink("gone", Path("dangling").c_str()) == 0 && symlink("loop", Path("loop").c_str()) == 0 &&
           symlink("../a/b", Path("a/up").c_str()) == 0;
  }

  // Without the numbers that each run has anew: of pipes and of processes.
  static std::string Plain(std::string name) {
    for (const absl::string_view prefix : {"pipe:[", "/proc/"}) {
      if (!absl::StartsWith(name, prefix)) continue;
      const auto begin = name.begin() + static_cast<ptrdiff_t>(prefix.size());
      const auto end = std::find_if_not(begin, name.end(), [](char c) { return absl::ascii_isdigit(c); });
      if (begin != end) name.replace(begin, end, "N");
    }
    return name;
  }

  Told Run(const std::vector<std::string>& argv, bool with) {
    RecordingSink sink;
    RunRequest request = Shell("");
    request.argv = {"/bin/sh", "-c", "out=$1; shift; exec \"$@\" >\"$out\"", "sh", Path("out")};
    request.argv.insert(request.argv.end(), argv.begin(), argv.end());
    request.policy.level = kernel::Level::kFull;
    request.sink = &sink;
    if (with) {
      request.shim = library_.get();
      OpenGate(request.shim, &request.policy);
    }
    const auto outcome = RunSupervised(request);
    Told told;
    EXPECT_OK(outcome);
    if (!outcome.ok()) return told;
    told.status = outcome->end.status;
    told.output = ReadFile(Path("out")).value_or("");
    for (const Access& access : sink.All<Access>()) {
      // No action ever sees the way by which the library came.
      EXPECT_THAT(access.path, testing::Not(HasSubstr("/dev/null/")));
      EXPECT_THAT(access.resolved, testing::Not(HasSubstr("memfd:")));
      EXPECT_THAT(access.resolved, testing::Not(HasSubstr("glovebox-shim")));
      told.set.emplace(OpName(access.op), Plain(access.path), Plain(access.resolved), access.error);
      if (access.op == Op::kReadlink && access.sight == access::Sight::kObserved) ++told.observed_links;
    }
    for (const access::Hole& hole : sink.All<access::Hole>()) told.holes.push_back(hole.kind);
    return told;
  }
  Told Probe(std::vector<std::string> words, bool with) {
    words.insert(words.begin(), GLOVEBOX_SHIM_PROBE);
    return Run(words, with);
  }
  // The same output, end and set of accesses, with the library and without.
  void ExpectSame(const std::vector<std::string>& words) {
    const Told plain = Probe(words, false), shim = Probe(words, true);
    EXPECT_EQ(plain.status, shim.status);
    EXPECT_EQ(plain.output, shim.output);
    EXPECT_THAT(shim.set, testing::ContainerEq(plain.set));
    EXPECT_THAT(shim.holes, testing::IsEmpty());
    EXPECT_EQ(plain.observed_links, 0u);
    EXPECT_GT(shim.observed_links, 0u);
  }

  std::unique_ptr<ShimLibrary> library_;
};

TEST_F(ShimsTest, ProgramThatImportsRealpathHasTheLibraryAndARing) {
  EXPECT_EQ(Probe({"loaded", "-"}, true).status, 0);
  EXPECT_NE(Probe({"loaded", "-"}, false).status, 0);
}

TEST_F(ShimsTest, NamesOfEveryKindAreToldAndRecordedAsWithout) {
  std::vector<std::string> words = {"tell"};
  for (const char* name :
       {"a/b/file", "a//b///file", "a/link/file", "absolute/b/file", "dangling", "dangling/x", "loop",
        "a/b/missing", "missing/x/y", "a/b/file/x", "a/up/file", "a/./b", "a/../a/b", "a/b/", "a/link/"}) {
    words.push_back(Path(name));
  }
  words.insert(words.end(),
               {"/", "//", "", "relative", ".", std::string(5000, 'x'), "/" + std::string(300, 'y'),
                "/usr/include", "/proc/self/cwd", "/proc/self/exe"});
  ExpectSame(words);
}

TEST_F(ShimsTest, WhatWasAskedBeforeAKillAnExecOrAForkIsOnRecord) {
  for (const char* word : {"die", "exec", "fork", "vfork"}) {
    SCOPED_TRACE(word);
    ExpectSame({word, Path("a/link/file")});
  }
}

TEST_F(ShimsTest, ThreadsAndSignalHandlersMayAskAtOnce) {
  ExpectSame({"threads", Path("a/link/file"), absl::StrCat(Many(300))});
  ExpectSame({"interrupted", Path("a/link/file"), absl::StrCat(Many(4000))});
}

TEST_F(ShimsTest, RingThatIsOverwrittenIsAHole) {
  const Told told = Probe({"scribble", Path("a/b/file")}, true);
  EXPECT_EQ(told.status, 0);
  EXPECT_THAT(told.holes, testing::ElementsAre("shim-damaged"));
}

TEST_F(ShimsTest, NothingButReadlinkPassesTheGate) {
  const Told told = Probe({"misuse", Path("a/b/file")}, true);
  EXPECT_EQ(told.status, 0);
  EXPECT_TRUE(told.set.contains({"open", Path("a/b/file"), Path("a/b/file"), 0}));
}

TEST_F(ShimsTest, EnvironmentAndDescriptorsAreThoseOfTheCommand) {
  for (const std::string script : {"env", "ls -l /proc/self/fd | wc -l", "cat /etc/ld.so.preload 2>&1"}) {
    const std::vector<std::string> words = {"/bin/sh", "-c", script};
    EXPECT_EQ(Run(words, true).output, Run(words, false).output) << script;
  }
}

TEST_F(ShimsTest, WhereNoDescriptorIsLeftTheLinkerSaysWhatItSaysWithout) {
  for (const char* limit : {"3", "4", "5"}) {
    const std::vector<std::string> words = {
        "/bin/sh",       "-c", "ulimit -n $0; exec \"$@\" 2>&1", limit, GLOVEBOX_SHIM_PROBE, "tell",
        Path("a/b/file")};
    EXPECT_EQ(Run(words, true).output, Run(words, false).output) << limit;
  }
}

TEST_F(ShimsTest, SanitizedProgramIsLeftAlone) {
  const std::string program = Path("sanitized");
  const std::string build = "cc -w -fsanitize=address -pthread " GLOVEBOX_SHIM_PROBE_SOURCE " -o " + program;
  if (system(build.c_str()) != 0) GTEST_SKIP() << "this compiler has no ASan";
  const Told told = Run({program, "tell", Path("a/b/file")}, true);
  EXPECT_EQ(told.status, 0);
  EXPECT_EQ(told.observed_links, 0u);
  EXPECT_THAT(told.output, HasSubstr(Path("a/b/file")));
}

TEST_F(ShimsTest, CompilerReadsAndAsksTheSame) {
  ASSERT_OK(
      WriteFile(Path("x.c"), "#include <stdio.h>\n#include <stdlib.h>\nint main(void) { return 0; }\n"));
  const std::vector<std::string> words = {"gcc", "-pipe", "-c", Path("x.c"), "-o", Path("x.o")};
  const Told plain = Run(words, false);
  ASSERT_EQ(unlink(Path("x.o").c_str()), 0);
  const Told shim = Run(words, true);
  EXPECT_EQ(plain.status, 0);
  EXPECT_EQ(shim.status, 0);
  EXPECT_THAT(shim.set, testing::ContainerEq(plain.set));
  EXPECT_GT(shim.observed_links, 10u);
}

}  // namespace
}  // namespace glovebox::trace
