// Append-only logs: what honest programs do with them goes on, and nothing else has any effect.
#include "trace/append_ruler.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"
#include "trace/another_user.h"
#include "trace/runner_fixture.h"

namespace glovebox::trace {
namespace {

constexpr char kHonest[] = "honest line one\nhonest line two\n";

class AppendTest : public RunnerFixture {
 protected:
  void SetUp() override {
    RunnerFixture::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    ASSERT_EQ(chmod(dir_->path().c_str(), 0777), 0);
    Restore();
  }
  std::string Log() const { return Path("logs/build.log"); }
  // The log as it was, and nothing beside it but another name for it.
  void Restore() {
    const std::string all = absl::StrCat("rm -rf ", Path("*"), " && mkdir -m 777 ", Path("logs"));
    ASSERT_EQ(system(all.c_str()), 0);
    ASSERT_OK(WriteFile(Log(), kHonest));
    ASSERT_EQ(chmod(Log().c_str(), 0666), 0);
    ASSERT_EQ(link(Log().c_str(), Path("alias").c_str()), 0);
    if (uid_ != geteuid()) {
      for (const std::string& path : {Log(), Path("logs"), dir_->path()})
        ASSERT_EQ(chown(path.c_str(), uid_, uid_), 0);
    }
    ASSERT_EQ(stat(Log().c_str(), &before_), 0);
  }
  // Empty, or what has become of it.
  std::string Damage() const {
    struct stat now;
    if (stat(Log().c_str(), &now) != 0) return "gone";
    if (now.st_ino != before_.st_ino) return "another file";
    if (now.st_mode != before_.st_mode) return "another mode";
    if (now.st_nlink != before_.st_nlink) return "another name";
    if (now.st_mtime < 1000) return "another time";
    if (getxattr(Log().c_str(), "user.evil", nullptr, 0) >= 0) return "an attribute";
    const auto text = ReadFile(Log());
    if (!text.ok()) return "unreadable";
    return absl::StartsWith(*text, kHonest) ? "" : "content";
  }
  RunRequest With(const std::string& script, policy::Mode mode = policy::Mode::kEnforce) {
    RunRequest request = Shell(absl::StrCat("cd ", dir_->path(), " && ", script));
    request.policy.mode = mode;
    request.policy.paths.push_back({policy::PathAccess::kAppend, Path("logs/*.log"), {"g.toml", 3, 1}});
    return request;
  }
  // As another user where one is wanted: a run of its own process.
  int StatusOf(const RunRequest& request) const { return RunAs(uid_, request); }
  int Status(const std::string& script) { return StatusOf(With(script)); }

  std::string Attempt(const std::string& kind, const std::string& action) const {
    return absl::StrCat(kind == "inherited" ? "exec 9<>logs/build.log; " : "", "exec ", probe_, " ", Log(),
                        " ", kind, " ", action);
  }
  // Runs it without a sandbox, or inside.
  void Try(const std::string& attempt, bool inside) {
    if (inside) {
      EXPECT_EQ(StatusOf(With(attempt)), 0) << attempt;
      return;
    }
    const int status = StatusAs(uid_, [&] {
      setenv("RACE_MS", "5000", 1);
      execl("/bin/sh", "sh", "-c", absl::StrCat("cd ", dir_->path(), " && ", attempt).c_str(), nullptr);
      return 96;
    });
    EXPECT_EQ(status, 0) << attempt;
  }

  void TryAll() {
    static const char* const kKinds[] = {"plain",   "append",   "openat2", "reopen", "devfd",    "opath",
                                         "symlink", "hardlink", "alias",   "dirfd",  "inherited"};
    static const char* const kActions[] = {
        "write", "pwrite",   "setfl", "setflhigh", "noappend", "iosubmit",  "ftruncate", "punch",
        "zero",  "unresvsp", "mmap",  "mprotect",  "fchmod",   "fsetxattr", "futimens",  "reopen"};
    static const char* const kPaths[] = {
        "trunc",         "rdtrunc",     "creat",    "truncate",     "truncate-alias", "rename",
        "over",          "exchange",    "dir",      "dir-exchange", "unlink",         "unlinkat",
        "chmod",         "fchmodat2",   "setxattr", "utimes",       "link-out",       "race-open",
        "race-truncate", "race-unlink", "race-how", "race-setfl",   "race-ftruncate"};
    std::vector<std::string> attempts;
    for (const char* action : kActions) {
      for (const char* kind : kKinds) {
        // Inherited by the shell inside is opened inside; what comes from outside has a test of its own.
        if (std::string(kind) != "inherited") attempts.push_back(Attempt(kind, action));
      }
    }
    for (const char* action : kPaths) attempts.push_back(Attempt("path", action));
    std::set<std::string> effective;
    for (const std::string& attempt : attempts) {
      Restore();
      Try(attempt, /*inside=*/false);
      const std::string damage = Damage();
      if (damage.empty()) continue;  // this file system or kernel does not know it
      effective.insert(attempt.substr(attempt.rfind(' ') + 1));
      Restore();
      Try(attempt, /*inside=*/true);
      EXPECT_EQ(Damage(), "") << attempt << ": natively " << damage;
    }
    for (const char* action :
         {"write",      "pwrite",        "setfl",          "setflhigh",     "ftruncate",   "mmap",
          "mprotect",   "fchmod",        "futimens",       "reopen",        "trunc",       "rdtrunc",
          "creat",      "truncate",      "truncate-alias", "rename",        "over",        "exchange",
          "dir",        "dir-exchange",  "unlink",         "unlinkat",      "chmod",       "fchmodat2",
          "utimes",     "link-out",      "race-open",      "race-truncate", "race-unlink", "race-how",
          "race-setfl", "race-ftruncate"}) {
      EXPECT_TRUE(effective.count(action) == 1) << action << " has no effect without a sandbox";
    }
  }

  uid_t uid_ = geteuid();
  std::string probe_ = GLOVEBOX_APPEND_PROBE;
  struct stat before_ = {};
};

TEST_F(AppendTest, HonestAppendsByManyProcessesLoseNothing) {
  constexpr int kProcesses = 16, kLines = 200;
  ASSERT_EQ(Status(absl::StrCat("for p in $(seq ", kProcesses, "); do (for i in $(seq ", kLines,
                                "); do echo \"$p $i\" >> logs/build.log; done) & done; wait")),
            0);
  EXPECT_EQ(Damage(), "");
  ASSERT_OK_AND_ASSIGN(const std::string text, ReadFile(Log()));
  const std::vector<std::string> lines = absl::StrSplit(text, '\n', absl::SkipEmpty());
  EXPECT_EQ(std::set<std::string>(lines.begin(), lines.end()).size(), 2u + kProcesses * kLines);
}

TEST_F(AppendTest, WhatHonestProgramsDoGoesOn) {
  EXPECT_EQ(Status("echo a >> logs/build.log && echo b >> alias && grep -q 'line one' logs/build.log && "
                   "tail -1 logs/build.log | grep -q b && touch logs/build.log"),
            0);
  EXPECT_EQ(Damage(), "");
  // A new log, also by who means to begin it anew; a copy of it; other files beside it.
  EXPECT_EQ(
      Status("echo first > logs/new.log && echo second >> logs/new.log && ! true > logs/new.log 2>/dev/null; "
             "test \"$(cat logs/new.log)\" = \"$(printf 'first\\nsecond')\" && cp logs/new.log copy && "
             "echo x > copy && mv copy other && rm other && mkdir logs/sub && rmdir logs/sub && "
             "mv logs/sub x 2>/dev/null; echo y > logs/free && true > logs/free && rm logs/free"),
      0);
}

TEST_F(AppendTest, AnOpenForReadingTooCanOnlyAdd) {
  // fopen("a+") of python: it adds, and reads nothing.
  EXPECT_EQ(Status("perl -e 'open(F, \"+>>\", \"logs/build.log\") or exit 1; syswrite(F, \"more\\n\"); "
                   "sysseek(F, 0, 0); exit(defined(sysread(F, $x, 5)) ? 2 : 0)'"),
            0);
  EXPECT_EQ(Damage(), "");
}

TEST_F(AppendTest, AHostileProgramChangesNothing) { TryAll(); }

TEST_F(AppendTest, NorDoesOneOfAnOrdinaryUser) {
  if (geteuid() != 0) GTEST_SKIP() << "it is one already";
  uid_ = kNobody;
  auto beside = TempDir::Create();
  ASSERT_OK(beside);
  ASSERT_EQ(chmod(beside->path().c_str(), 0755), 0);
  probe_ = ForEverybody(GLOVEBOX_APPEND_PROBE, beside->path());
  Restore();
  TryAll();
}

TEST_F(AppendTest, AnInheritedDescriptorCanOnlyAdd) {
  for (const int flags : {O_RDWR, O_WRONLY, O_RDWR | O_APPEND}) {
    for (const char* action : {"pwrite", "setfl", "ftruncate", "mmap", "reopen"}) {
      Restore();
      const int fd = open(Log().c_str(), flags);
      ASSERT_GE(fd, 0);
      ASSERT_EQ(dup2(fd, 9), 9);
      close(fd);
      RunRequest request = With("");
      request.argv = {GLOVEBOX_APPEND_PROBE, Log(), "inherited", action};
      request.keep_fds = {9};
      EXPECT_EQ(StatusOf(request), 0);
      close(9);
      EXPECT_EQ(Damage(), "") << action << " " << flags;
    }
  }
}

TEST_F(AppendTest, InModeReportItIsRecordedWithItsRule) {
  const auto outcome = RunSupervised(
      With("true > logs/build.log; echo x >> logs/build.log; mv logs/build.log away; mv away logs/build.log",
           policy::Mode::kReport));
  ASSERT_OK(outcome);
  EXPECT_EQ(outcome->end.status, 0);
  int opens = 0, renames = 0;
  for (const access::Access& access : sink_.All<access::Access>()) {
    if (access.rule.empty()) continue;
    EXPECT_EQ(access.rule, absl::StrCat("log-tamper: g.toml:3:1 append ", Path("logs/*.log")));
    EXPECT_EQ(access.decision, access::Decision::kContinued);
    opens += access.op == Op::kOpen ? 1 : 0;
    renames += access.op == Op::kRename ? 1 : 0;
  }
  EXPECT_EQ(opens, 1);
  EXPECT_EQ(renames, 2);
}

TEST_F(AppendTest, ARefusalIsOnRecordWithItsRule) {
  const auto outcome =
      RunSupervised(With("! true > logs/build.log 2>/dev/null; ! rm -f logs/build.log 2>/dev/null; "
                         "perl -e 'use Fcntl; open(F, \">>\", \"logs/build.log\"); "
                         "exit(fcntl(F, F_SETFL, 0) ? 1 : 0)'"));
  ASSERT_OK(outcome);
  EXPECT_EQ(outcome->end.status, 0);
  std::set<Op> refused;
  for (const access::Access& access : sink_.All<access::Access>()) {
    if (access.decision != access::Decision::kDenied) continue;
    EXPECT_EQ(access.rule, absl::StrCat("log-tamper: g.toml:3:1 append ", Path("logs/*.log")));
    EXPECT_EQ(access.resolved, Log());
    EXPECT_EQ(access.error, EPERM);
    refused.insert(access.op);
  }
  EXPECT_EQ(refused, (std::set<Op>{Op::kOpen, Op::kUnlink, Op::kForbidden}));
}

}  // namespace
}  // namespace glovebox::trace
