#include "trace/file_ruler.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"

namespace glovebox::trace {
namespace {

using access::Result;
using policy::Mode;
using policy::PathAccess;
using testing::HasSubstr;
using testing::StartsWith;

class FileRulerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::Create();
    ASSERT_OK(dir);
    dir_ = std::make_unique<TempDir>(*std::move(dir));
    ASSERT_OK(WriteFile(Path("script"), "#!/bin/sh\n"));
    ASSERT_EQ(chmod(Path("script").c_str(), 0755), 0);
  }
  std::string Path(const std::string& name) const { return dir_->path() + "/" + name; }
  policy::Policy Writes(Mode mode) const {
    policy::Policy policy;
    policy.mode = mode;
    policy.confine_files = true;
    policy.paths = {{PathAccess::kWrite, dir_->path(), {"p.toml", 1, 1}},
                    {PathAccess::kHidden, Path("secret"), {"p.toml", 2, 1}}};
    return policy;
  }
  Ruling Ask(const std::vector<policy::Policy>& policies, Op op, uint64_t flags, const std::string& path,
             Prediction prediction, bool unresolved = false) {
    std::vector<const policy::Policy*> chain;
    for (const policy::Policy& policy : policies) chain.push_back(&policy);
    const std::unique_ptr<Ruler> ruler = MakeFileRuler(chain, {nullptr, nullptr, resolver_.get()});
    if (ruler == nullptr) return {};
    Intent intent;
    intent.op = op;
    intent.flags = flags;
    intent.paths.push_back({AT_FDCWD, path});
    Resolved found;
    found.path = path;
    found.there = prediction.result == Result::kThere;
    found.mode = S_IFREG | 0755;
    seccomp_notif call = {};
    call.pid = static_cast<uint32_t>(getpid());
    process_.tgid = getpid();
    return ruler->Rule({call, process_, intent, &found, nullptr, prediction, unresolved});
  }

  std::unique_ptr<TempDir> dir_;
  std::unique_ptr<Resolver> resolver_ = MakeResolver();
  Process process_;
};

constexpr Prediction kThere = {Result::kThere, 0};

TEST_F(FileRulerTest, ReportLetsGoOnAndNamesTheRule) {
  const Ruling ruling = Ask({Writes(Mode::kReport)}, Op::kOpen, O_RDONLY, "/etc/passwd", kThere);
  EXPECT_EQ(ruling.kind, Ruling::Kind::kGoOn);
  EXPECT_FALSE(ruling.kernel_denies);
  EXPECT_EQ(ruling.rule, "outside-read: no path of the policy");
}

TEST_F(FileRulerTest, EnforceRefusesAndNamesTheRule) {
  const Ruling ruling = Ask({Writes(Mode::kEnforce)}, Op::kOpen, O_WRONLY, "/etc/passwd", kThere);
  EXPECT_EQ(ruling.kind, Ruling::Kind::kRefuse);
  EXPECT_EQ(ruling.error, EACCES);
  EXPECT_EQ(ruling.rule, "outside-write: no path of the policy");
}

TEST_F(FileRulerTest, ObserveSaysNothing) {
  EXPECT_EQ(Ask({Writes(Mode::kObserve)}, Op::kOpen, O_RDONLY, "/etc/passwd", kThere).kind,
            Ruling::Kind::kNone);
}

TEST_F(FileRulerTest, WhatFailsByItselfIsLeftToTheKernel) {
  for (const Prediction& prediction :
       {Prediction{Result::kAbsent, ENOENT}, Prediction{Result::kRefused, EACCES},
        Prediction{Result::kFailed, EEXIST}}) {
    for (const Mode mode : {Mode::kReport, Mode::kEnforce}) {
      EXPECT_EQ(Ask({Writes(mode)}, Op::kOpen, O_RDONLY, "/etc/none", prediction).kind, Ruling::Kind::kNone);
    }
  }
}

TEST_F(FileRulerTest, LooksCountOnlyWhereSomethingIsHidden) {
  for (const Op op : {Op::kStat, Op::kAccess, Op::kReadlink, Op::kChdir}) {
    EXPECT_EQ(Ask({Writes(Mode::kReport)}, op, 0, "/etc/passwd", kThere).kind, Ruling::Kind::kNone);
    const Ruling seen = Ask({Writes(Mode::kReport)}, op, 0, Path("secret"), kThere);
    EXPECT_EQ(seen.kind, Ruling::Kind::kGoOn);
    EXPECT_THAT(seen.rule, StartsWith("hidden: p.toml:2:1"));
    const Ruling hidden = Ask({Writes(Mode::kEnforce)}, op, 0, Path("secret/x"), kThere);
    EXPECT_EQ(hidden.kind, Ruling::Kind::kRefuse);
    EXPECT_EQ(hidden.error, ENOENT);
  }
  const Ruling refused =
      Ask({Writes(Mode::kEnforce)}, Op::kOpen, 0, Path("secret"), {Result::kRefused, EACCES});
  EXPECT_EQ(refused.error, ENOENT) << "a mode tells that it is there";
}

TEST_F(FileRulerTest, AnExecIsHeldToItsInterpreterToo) {
  const std::string script = Path("script");
  const Ruling enforced = Ask({Writes(Mode::kEnforce)}, Op::kExec, 0, script, kThere);
  EXPECT_EQ(enforced.kind, Ruling::Kind::kGoOn) << "the kernel opens it within the call, and refuses";
  EXPECT_TRUE(enforced.kernel_denies);
  EXPECT_EQ(enforced.error, EACCES);
  EXPECT_THAT(enforced.rule, StartsWith("outside-exec: no path of the policy (its interpreter /"));
  const Ruling reported = Ask({Writes(Mode::kReport)}, Op::kExec, 0, script, kThere);
  EXPECT_FALSE(reported.kernel_denies);
  EXPECT_THAT(reported.rule, StartsWith("outside-exec: "));
  policy::Policy all = Writes(Mode::kEnforce);
  all.paths.push_back({PathAccess::kRead, "/", {}});
  EXPECT_EQ(Ask({all}, Op::kExec, 0, script, kThere).kind, Ruling::Kind::kNone);
}

TEST_F(FileRulerTest, ThePoliciesAroundAnActionHoldForItToo) {
  policy::Policy wide = Writes(Mode::kReport);
  wide.paths = {{PathAccess::kWrite, "/", {}}};
  const std::vector<policy::Policy> chain = {wide, Writes(Mode::kEnforce)};
  EXPECT_EQ(Ask(chain, Op::kOpen, O_RDONLY, "/etc/passwd", kThere).kind, Ruling::Kind::kRefuse);
  EXPECT_EQ(Ask(chain, Op::kOpen, O_RDONLY, Path("x"), kThere).kind, Ruling::Kind::kNone);
}

TEST_F(FileRulerTest, MountsAreRefusedByTheKernel) {
  const Ruling ruling = Ask({Writes(Mode::kEnforce)}, Op::kUmount, 0, Path(""), kThere);
  EXPECT_TRUE(ruling.kernel_denies);
  EXPECT_EQ(ruling.error, EPERM);
}

TEST_F(FileRulerTest, WhatCouldNotBeResolvedIsLeftToTheKernel) {
  EXPECT_EQ(Ask({Writes(Mode::kEnforce)}, Op::kOpen, O_RDONLY, "", {Result::kUnknown, ESRCH}, true).kind,
            Ruling::Kind::kNone);
}

TEST_F(FileRulerTest, APolicyWithoutAWordAboutFilesNeedsNoRuler) {
  const policy::Policy policy = policy::DefaultPolicy(policy::Role::kRun);
  EXPECT_EQ(MakeFileRuler({&policy}, {nullptr, nullptr, resolver_.get()}), nullptr);
}

}  // namespace
}  // namespace glovebox::trace
