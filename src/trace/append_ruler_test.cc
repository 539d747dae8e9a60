// Append-only logs: what honest programs do with them goes on, and nothing else has any effect.
#include "trace/append_ruler.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/types/span.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "base/unique_fd.h"
#include "gtest/gtest.h"
#include "trace/another_user.h"
#include "trace/runner_fixture.h"

namespace glovebox::trace {
namespace {

constexpr size_t kBlock = 4096;  // a range of whole blocks can be taken out of the middle

const std::string& Honest() {
  static const std::string* const kText =
      new std::string(absl::StrCat("honest line one\nhonest line two\n", std::string(3 * kBlock, 'h'), "\n"));
  return *kText;
}

// By what means it comes to a descriptor, "inherited" apart; what it does with one; what needs none.
constexpr const char* kByName[] = {"plain", "append", "openat2", "alias", "dirfd"};
constexpr const char* kByLink[] = {"reopen", "devfd", "opath", "symlink", "hardlink"};
constexpr const char* kActions[] = {"write",     "pwrite",   "setfl",     "setflhigh", "noappend", "iosubmit",
                                    "ftruncate", "punch",    "zero",      "collapse",  "insert",   "unresvsp",
                                    "mmap",      "mprotect", "fchmod",    "fsetxattr", "futimens", "reopen",
                                    "sendfile",  "splice",   "copyrange", "ficlone"};
constexpr const char* kPaths[] = {
    "trunc",         "rdtrunc",     "creat",    "truncate",     "truncate-alias", "rename",
    "over",          "exchange",    "dir",      "dir-exchange", "unlink",         "unlinkat",
    "chmod",         "fchmodat2",   "setxattr", "utimes",       "link-out",       "race-open",
    "race-truncate", "race-unlink", "race-how", "race-setfl",   "race-ftruncate"};

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
    ASSERT_OK(WriteFile(Log(), Honest()));
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
    return absl::StartsWith(*text, Honest()) ? "" : "content";
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
    return absl::StrCat("exec ", probe_, " ", Log(), " ", kind, " ", action);
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

  // Whether this kernel and file system can do it at all, to a file that nobody protects.
  bool CanBeDone(const std::string& action) const {
    static const std::map<std::string, int> kRanges = {{"punch", 0x02 | FALLOC_FL_KEEP_SIZE},
                                                       {"unresvsp", 0x02 | FALLOC_FL_KEEP_SIZE},
                                                       {"zero", 0x10 | FALLOC_FL_KEEP_SIZE},
                                                       {"collapse", 0x08},
                                                       {"insert", 0x20}};
    const std::string path = Path("scratch"), other = Path("scratch2");
    EXPECT_OK(WriteFile(path, Honest()));
    EXPECT_OK(WriteFile(other, Honest()));
    const UniqueFd fd(open(path.c_str(), O_RDWR | O_CLOEXEC)), from(open(other.c_str(), O_RDWR | O_CLOEXEC));
    char byte = 'x';
    iovec piece = {&byte, 1};
    bool can = true;
    if (const auto range = kRanges.find(action); range != kRanges.end()) {
      can = fallocate(fd.get(), range->second, 0, kBlock) == 0;
    } else if (absl::EndsWith(action, "setxattr")) {
      can = fsetxattr(fd.get(), "user.evil", "1", 1, 0) == 0;
    } else if (action == "ficlone") {
      can = ioctl(fd.get(), 0x40049409, from.get()) == 0;
    } else if (action == "noappend" || action == "iosubmit") {
      can = syscall(SYS_pwritev2, fd.get(), &piece, 1, 0, 0, 0x20) == 1;  // RWF_NOAPPEND, Linux 6.9
      unsigned long context = 0;
      if (action == "iosubmit") can = can && syscall(SYS_io_setup, 1, &context) == 0;
      if (context != 0) syscall(SYS_io_destroy, context);
    }
    unlink(path.c_str());
    unlink(other.c_str());
    return can;
  }
  // Each of them was seen to have an effect without a sandbox, but for what this host cannot do.
  void ExpectEffects(const std::set<std::string>& effective, absl::Span<const char* const> actions) const {
    for (const char* action : actions) {
      EXPECT_EQ(effective.contains(action), CanBeDone(action)) << action << " without a sandbox";
    }
  }

  void TryDescriptors(absl::Span<const char* const> kinds) {
    std::vector<std::string> attempts;
    for (const char* action : kActions) {
      // Inherited by the shell inside is opened inside; what comes from outside has a test of its own.
      for (const char* kind : kinds) attempts.push_back(Attempt(kind, action));
    }
    TryAll(attempts, kActions);
  }
  void TryPaths() {
    std::vector<std::string> attempts;
    for (const char* action : kPaths) attempts.push_back(Attempt("path", action));
    TryAll(attempts, kPaths);
  }
  void TryAll(const std::vector<std::string>& attempts, absl::Span<const char* const> actions) {
    std::set<std::string> effective;
    for (const std::string& attempt : attempts) {
      Restore();
      Try(attempt, /*inside=*/false);
      const std::string damage = Damage();
      if (damage.empty()) continue;  // not by this kind of descriptor
      effective.insert(attempt.substr(attempt.rfind(' ') + 1));
      Restore();
      Try(attempt, /*inside=*/true);
      EXPECT_EQ(Damage(), "") << attempt << ": natively " << damage;
    }
    ExpectEffects(effective, actions);
  }
  // From here on by another one, with the probe where that one can run it.
  void BecomeOrdinary() {
    uid_ = kNobody;
    auto beside = TempDir::Create();
    ASSERT_OK(beside);
    beside_ = std::make_unique<TempDir>(*std::move(beside));
    ASSERT_EQ(chmod(beside_->path().c_str(), 0755), 0);
    probe_ = ForEverybody(GLOVEBOX_APPEND_PROBE, beside_->path());
    Restore();
  }

  uid_t uid_ = geteuid();
  std::string probe_ = GLOVEBOX_APPEND_PROBE;
  struct stat before_ = {};
  std::unique_ptr<TempDir> beside_;
};

TEST_F(AppendTest, HonestAppendsByManyProcessesLoseNothing) {
  constexpr int kProcesses = 16, kLines = 200;
  ASSERT_EQ(Status(absl::StrCat("for p in $(seq ", kProcesses, "); do (for i in $(seq ", kLines,
                                "); do echo \"$p $i\" >> logs/build.log; done) & done; wait")),
            0);
  EXPECT_EQ(Damage(), "");
  ASSERT_OK_AND_ASSIGN(const std::string text, ReadFile(Log()));
  const std::vector<std::string> lines = absl::StrSplit(text, '\n', absl::SkipEmpty());
  EXPECT_EQ(std::set<std::string>(lines.begin(), lines.end()).size(), 3u + kProcesses * kLines);
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

TEST_F(AppendTest, AHostileProgramChangesNothingOpenedByName) { TryDescriptors(kByName); }

TEST_F(AppendTest, AHostileProgramChangesNothingOpenedByALink) { TryDescriptors(kByLink); }

TEST_F(AppendTest, AHostileProgramChangesNothingByItsPath) { TryPaths(); }

TEST_F(AppendTest, NorDoesOneOfAnOrdinaryUserOpenedByName) {
  if (geteuid() != 0) GTEST_SKIP() << "it is one already";
  BecomeOrdinary();
  TryDescriptors(kByName);
}

TEST_F(AppendTest, NorDoesOneOfAnOrdinaryUserOpenedByALink) {
  if (geteuid() != 0) GTEST_SKIP() << "it is one already";
  BecomeOrdinary();
  TryDescriptors(kByLink);
}

TEST_F(AppendTest, NorDoesOneOfAnOrdinaryUserByItsPath) {
  if (geteuid() != 0) GTEST_SKIP() << "it is one already";
  BecomeOrdinary();
  TryPaths();
}

TEST_F(AppendTest, AnInheritedDescriptorCanOnlyAdd) {
  std::set<std::string> effective;
  for (const int flags : {O_RDWR, O_WRONLY, O_RDWR | O_APPEND}) {
    for (const char* action : kActions) {
      std::string damage;
      for (const bool inside : {false, true}) {
        Restore();
        const int fd = open(Log().c_str(), flags);
        ASSERT_GE(fd, 0);
        ASSERT_EQ(dup2(fd, 9), 9);
        close(fd);
        if (inside) {
          RunRequest request = With("");
          request.argv = {probe_, Log(), "inherited", action};
          request.keep_fds = {9};
          EXPECT_EQ(StatusOf(request), 0);
          EXPECT_EQ(Damage(), "") << action << " " << flags << ": natively " << damage;
        } else {
          Try(Attempt("inherited", action), false);
          damage = Damage();
          if (!damage.empty()) effective.insert(action);
        }
        close(9);
      }
    }
  }
  ExpectEffects(effective, kActions);
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
