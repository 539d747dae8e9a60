#include "report/input.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"
#include "report/summary.h"
#include "report/text.h"

namespace glovebox::report {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

// A build directory with three gaps, and a run of one action of it.
class InputTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(TempDir dir, TempDir::Create("input-test"));
    dir_ = std::make_unique<TempDir>(std::move(dir));
    build_ = dir_->path() + "/build";
    ASSERT_OK(MakeDirectories(build_));
  }
  void WriteManifest(const std::string& name) {
    ASSERT_OK(WriteFile(
        build_ + "/" + name,
        "rule CUSTOM_COMMAND\n"
        "  command = /x/glovebox-launch --role=custom -- sh gen.sh > table.h && echo x | cat > y.txt\n"
        "rule CLEAN\n  command = ninja -t clean\n"
        "build table.h: CUSTOM_COMMAND\n"
        "build clean: CLEAN\n"));
  }
  Input LoadRun(const std::string& name, const std::string& manifest = "", const std::string& hole = "") {
    const std::string run = absl::StrCat(dir_->path(), "/", name);
    EXPECT_OK(MakeDirectories(run));
    auto writer = access::SegmentWriter::Create(run, "main");
    EXPECT_OK(writer);
    access::RunInfo info;
    info.build_dir = build_;
    info.manifest = manifest;
    access::ActionBegin begin;
    begin.action = 1;
    access::ActionEnd end;
    end.action = 1;
    end.kind = access::ActionEnd::Kind::kExited;
    (*writer)->Append(info);
    (*writer)->Append(begin);
    (*writer)->Append(end);
    if (!hole.empty()) (*writer)->Append(access::Hole{0, 1, 0, hole, ""});
    EXPECT_OK((*writer)->Seal());
    auto input = Load({build_, run});
    EXPECT_OK(input);
    return *std::move(input);
  }
  std::unique_ptr<TempDir> dir_;
  std::string build_;
};

// Else every source file of a Meson build counted as read from outside of it.
TEST_F(InputTest, MesonIsAskedForTheSourceDirectory) {
  EXPECT_EQ(LoadRun("before").build.source_dir, "");
  ASSERT_OK(MakeDirectories(build_ + "/meson-info"));
  const auto write = [&](const std::string& build) {
    ASSERT_OK(
        WriteFile(build_ + "/meson-info/meson-info.json",
                  absl::StrCat(R"({"directories": {"source": "/src/of it", "build": ")", build, "\"}}")));
  };
  write(build_);
  EXPECT_EQ(LoadRun("there").build.source_dir, "/src/of it");
  write("/where/it/was/before");
  EXPECT_EQ(LoadRun("moved").build.source_dir, "");
}

TEST_F(InputTest, WhatNoLauncherWrapsIsSaidWhereLaunchersAloneRecorded) {
  WriteManifest("build.ninja");
  const std::string told = absl::StrCat(
      "3 commands or redirections of this build are not wrapped and were not seen: glovebox cmake-scan ",
      build_);
  const std::string loose = TextReport(Summarize(LoadRun("loose")), {}, false);
  EXPECT_THAT(loose, HasSubstr(told));
  EXPECT_THAT(loose, HasSubstr("seen in full, but there are gaps beside them"));
  EXPECT_THAT(TextReport(Summarize(LoadRun("static", "", "ninja-not-entered")), {}, false), HasSubstr(told));
  const std::string entered = TextReport(Summarize(LoadRun("entered")), {}, false);
  EXPECT_THAT(entered, Not(HasSubstr("not wrapped")));
  EXPECT_THAT(entered, HasSubstr("The one action was seen in full."));
}

TEST_F(InputTest, ABuildByMakeIsAskedForItsMakefiles) {
  ASSERT_OK(WriteFile(build_ + "/Makefile", ""));
  ASSERT_OK(WriteFile(build_ + "/build.make", "a.o:\n\tcc -c a.c\n"));
  EXPECT_EQ(Summarize(LoadRun("loose")).unwrapped, 1u);
}

TEST_F(InputTest, NinjaIsAskedWithTheManifestOfTheRun) {
  WriteManifest("x.ninja");
  EXPECT_THAT(LoadRun("run", "x.ninja").build.edges, SizeIs(2));
  EXPECT_THAT(LoadRun("unknown").build.edges, SizeIs(0));
}

TEST_F(InputTest, ARunThatWasCutOffAtBirthIsReportedAsNotKnown) {
  const std::string run = dir_->path() + "/2026-11-24T19.36.47.123456-42";
  ASSERT_OK(MakeDirectories(run));
  ASSERT_OK_AND_ASSIGN(const Input input, Load({build_, run}));
  const std::string text = TextReport(Summarize(input), {}, false);
  EXPECT_THAT(text,
              HasSubstr("NOT KNOWN what this run touched: its log is damaged: cut off before its first"));
  EXPECT_FALSE(Load({build_, dir_->path()}).ok());
}

}  // namespace
}  // namespace glovebox::report
