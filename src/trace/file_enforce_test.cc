// Hostile programs and files (file_probe.c): each way takes effect without Glovebox, takes effect and is
// recorded with its rule in mode report, and fails in mode enforce.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "base/unique_fd.h"
#include "gtest/gtest.h"
#include "kernel/landlock.h"
#include "policy/landlock_rules.h"
#include "trace/runner_fixture.h"

namespace glovebox::trace {
namespace {

using access::Access;
using access::ActionEnd;
using policy::Mode;
using policy::PathAccess;
using testing::AnyOf;
using testing::HasSubstr;
using testing::StartsWith;

struct Way {
  const char* word;
  const char* id;  // of the rule on the record; null: only the kernel knows
};

const Way kWays[] = {
    {"read", "outside-read"},          {"write", "outside-write"},
    {"append", "outside-write"},       {"empty", "outside-write"},
    {"create", "outside-write"},       {"unnamed", "outside-write"},
    {"symlink-read", "outside-read"},  {"symlink-write", "outside-write"},
    {"dotdot", "outside-read"},        {"proc-root", "outside-read"},
    {"proc-cwd", "outside-read"},      {"path-fd", "outside-read"},
    {"dev-fd", "outside-read"},        {"fchdir", "outside-read"},
    {"openat", "outside-read"},        {"list", "outside-read"},
    {"link-out", "outside-write"},     {"link-in", "outside-write"},
    {"rename-out", "outside-write"},   {"rename-in", "outside-write"},
    {"exchange", "outside-write"},     {"unlink", "outside-write"},
    {"rmdir", "outside-write"},        {"mkdir", "outside-write"},
    {"symlink", "outside-write"},      {"mknod", "outside-write"},
    {"bind", "outside-write"},         {"truncate", "outside-write"},
    {"chmod", "outside-write"},        {"utimes", "outside-write"},
    {"fchmod", "outside-write"},       {"futimens", "outside-write"},
    {"exec", "outside-exec"},          {"ioctl", nullptr},
    {"race", "outside-read"},          {"swap", "outside-read"},
    {"connect", "outside-write"},      {"send", "outside-write"},
    {"sendmsg", "outside-write"},      {"connect-race", "outside-write"},
    {"connect-swap", "outside-write"},
};

// Ways for which Landlock has no right: only a supervisor holds them.
bool NeedsSupervisor(const std::string& word) {
  for (const char* part : {"chmod", "utime", "connect", "send"}) {
    if (absl::StrContains(word, part)) return true;
  }
  return false;
}

class FileEnforceTest : public RunnerFixture {
 protected:
  void SetUp() override {
    RunnerFixture::SetUp();
    if (kernel::LandlockAbi() < kernel::kLandlockAbiScope) GTEST_SKIP() << "Landlock ABI below 6";
  }
  void Plant() {
    for (const char* name : {"outside", "inside"}) {
      std::filesystem::remove_all(Path(name));
      ASSERT_OK(MakeDirectories(Path(name)));
    }
    ASSERT_OK(MakeDirectories(Path("outside/dir")));
    ASSERT_OK(WriteFile(Path("outside/secret"), "secret"));
    ASSERT_OK(WriteFile(Path("outside/victim"), "victim"));
    ASSERT_OK(WriteFile(Path("inside/ok"), "okay!!"));
    std::filesystem::copy_file("/bin/true", Path("outside/tool"));
    sockets_.clear();
    Serve("outside", "stream.out", SOCK_STREAM);
    Serve("outside", "dgram.out", SOCK_DGRAM);
    Serve("inside", "dgram.in", SOCK_DGRAM);
    before_ = Outside();
  }
  // A long path fits into no address: it goes by its directory.
  void Serve(const char* directory, const char* name, int type) {
    const UniqueFd dir(open(Path(directory).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", dir.get(), name);
    sockets_.emplace_back(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    const int fd = sockets_.back().get();
    ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0) << strerror(errno);
    if (type == SOCK_STREAM) {
      ASSERT_EQ(listen(fd, 8), 0);
    }
  }
  // Names, sizes, modes and times of what must not change.
  std::map<std::string, std::string> Outside() const {
    std::map<std::string, std::string> all;
    struct stat itself = {};
    stat(Path("outside").c_str(), &itself);
    all["."] = absl::StrCat(itself.st_mode, " ", itself.st_mtim.tv_nsec);
    for (const auto& entry : std::filesystem::directory_iterator(Path("outside"))) {
      struct stat info = {};
      lstat(entry.path().c_str(), &info);
      all[entry.path().filename()] =
          absl::StrCat(info.st_size, " ", info.st_mode, " ", info.st_nlink, " ", info.st_mtim.tv_nsec);
    }
    return all;
  }
  policy::Policy Confined(Mode mode) const {
    policy::Policy policy = policy::DefaultPolicy(policy::Role::kRun);
    policy.mode = mode;
    policy.confine_files = true;
    for (const char* path : {"/usr", "/lib", "/lib64", "/bin", "/etc", "/proc", "/dev", GLOVEBOX_FILE_PROBE})
      policy.paths.push_back({PathAccess::kRead, path, {"p.toml", 1, 1}});
    policy.paths.push_back({PathAccess::kWrite, Path("inside"), {"p.toml", 2, 1}});
    return policy;
  }
  std::vector<std::string> Words(const std::string& word) const {
    return {GLOVEBOX_FILE_PROBE, word, Path("outside"), Path("inside")};
  }
  // Its exit status; descriptor 9 is the outer directory.
  int Free(const std::string& word) const {
    std::vector<std::string> words = Words(word);
    std::vector<char*> argv;
    for (std::string& each : words) argv.push_back(each.data());
    argv.push_back(nullptr);
    const pid_t child = fork();
    if (child == 0) {
      dup2(open(Path("outside").c_str(), O_RDONLY | O_DIRECTORY), 9);
      execv(argv[0], argv.data());
      _exit(252);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
  }
  int Held(const policy::Policy& policy, const std::string& word) {
    RunRequest request = Shell("");
    request.policy = policy;
    request.argv = Words(word);
    request.keep_fds = {9};
    const int directory = open(Path("outside").c_str(), O_RDONLY | O_DIRECTORY);
    dup2(directory, 9);
    const size_t before = sink_.All<Access>().size();
    const auto outcome = RunSupervised(request);
    close(directory);
    close(9);
    EXPECT_OK(outcome);
    if (!outcome.ok()) return -1;
    EXPECT_EQ(outcome->end.kind, ActionEnd::Kind::kExited) << outcome->end.step;
    const std::vector<Access> all = sink_.All<Access>();
    seen_.assign(all.begin() + static_cast<ptrdiff_t>(before), all.end());
    return outcome->end.status;
  }
  // Accesses of the last run with a rule.
  std::vector<Access> Ruled() const {
    std::vector<Access> ruled;
    for (const Access& access : seen_) {
      if (!access.rule.empty()) ruled.push_back(access);
    }
    return ruled;
  }

  std::map<std::string, std::string> before_;
  std::vector<UniqueFd> sockets_;
  std::vector<Access> seen_;
};

TEST_F(FileEnforceTest, EveryWayWorksWithoutGlovebox) {
  for (const Way& way : kWays) {
    Plant();
    EXPECT_EQ(Free(way.word), 0) << way.word;
  }
}

TEST_F(FileEnforceTest, EveryWayIsHeldAndRecordedWithItsRule) {
  for (const Way& way : kWays) {
    Plant();
    const int status = Held(Confined(Mode::kEnforce), way.word);
    EXPECT_NE(status, 0) << way.word;
    EXPECT_EQ(Outside(), before_) << way.word;
    if (way.id == nullptr) continue;
    const std::vector<Access> ruled = Ruled();
    ASSERT_FALSE(ruled.empty()) << way.word;
    for (const Access& access : ruled) {
      // The address of a socket is read twice: by who judges its path and by who connects. They must agree.
      EXPECT_THAT(access.rule, AnyOf(StartsWith(absl::StrCat(way.id, ": ")),
                                     "network-connect: built in the path changed while it was looked at"))
          << way.word;
      EXPECT_EQ(access.decision, access::Decision::kDenied) << way.word;
      EXPECT_EQ(access.result, access::Result::kRefused) << way.word;
      EXPECT_EQ(access.sight, access::Sight::kObserved) << way.word;
    }
    EXPECT_THAT(status, AnyOf(255, ruled.back().error)) << way.word;
  }
}

// Without a supervisor, what Landlock knows is held all the same.
TEST_F(FileEnforceTest, TheKernelHoldsItAlone) {
  policy::Policy policy = Confined(Mode::kEnforce);
  policy.level = kernel::Level::kOff;
  for (const Way& way : kWays) {
    const std::string word = way.word;
    if (NeedsSupervisor(word)) continue;
    Plant();
    EXPECT_NE(Held(policy, word), 0) << word;
    EXPECT_EQ(Outside(), before_) << word;
    EXPECT_TRUE(Ruled().empty());
  }
}

// ... and what it does not know is no secret.
TEST_F(FileEnforceTest, WithoutASupervisorTheRecordSaysWhatIsNotHeld) {
  policy::Policy policy = Confined(Mode::kEnforce);
  policy.level = kernel::Level::kOff;
  Plant();
  Held(policy, "read");
  ASSERT_EQ(sink_.All<ActionEnd>().size(), 1U);
  EXPECT_THAT(sink_.All<ActionEnd>()[0].step, HasSubstr("who connects to a unix socket by its path"));
}

// Whatever network there is: its file is a file.
TEST_F(FileEnforceTest, ASocketOutsideIsReachedInNoNetwork) {
  policy::Policy policy = Confined(Mode::kEnforce);
  for (const policy::NetworkMode mode :
       {policy::NetworkMode::kAny, policy::NetworkMode::kLoopback, policy::NetworkMode::kUnix}) {
    policy.network.mode = mode;
    for (const char* word : {"connect", "send", "sendmsg", "connect-race", "connect-swap"}) {
      Plant();
      EXPECT_NE(Held(policy, word), 0) << word;
      EXPECT_FALSE(Ruled().empty()) << word;
    }
  }
  Plant();
  policy.paths.push_back({PathAccess::kRead, Path("outside"), {"p.toml", 3, 1}});
  EXPECT_EQ(Held(policy, "connect"), EACCES);  // as the kernel wants it, who connects must be able to write
  policy.paths.back().access = PathAccess::kWrite;
  EXPECT_EQ(Held(policy, "connect"), 0);
}

TEST_F(FileEnforceTest, ReportLetsItHappenAndNamesTheRule) {
  for (const Way& way : kWays) {
    if (way.id == nullptr) continue;
    Plant();
    EXPECT_EQ(Held(Confined(Mode::kReport), way.word), 0) << way.word;
    const std::vector<Access> ruled = Ruled();
    ASSERT_FALSE(ruled.empty()) << way.word;
    EXPECT_THAT(ruled[0].rule, StartsWith(absl::StrCat(way.id, ": "))) << way.word;
    EXPECT_EQ(ruled[0].decision, access::Decision::kContinued) << way.word;
  }
}

TEST_F(FileEnforceTest, ObserveNamesNothing) {
  Plant();
  EXPECT_EQ(Held(Confined(Mode::kObserve), "read"), 0);
  EXPECT_TRUE(Ruled().empty());
}

TEST_F(FileEnforceTest, WhatOnlyTheKernelRefusesIsForetold) {
  policy::Policy policy = Confined(Mode::kEnforce);
  for (policy::PathRule& rule : policy.paths) {
    if (rule.path == "/lib64" || rule.path == "/lib" || rule.path == "/usr") rule.path = "/usr/share";
  }
  RunRequest request = Shell("");
  request.policy = policy;
  request.argv = {GLOVEBOX_FILE_PROBE, "read", Path("outside"), Path("inside")};
  ASSERT_OK_AND_ASSIGN(const RunOutcome outcome, RunSupervised(request));
  EXPECT_EQ(outcome.end.kind, ActionEnd::Kind::kSandboxFailed);
  EXPECT_EQ(outcome.end.status, EACCES);
  bool told = false;
  for (const Access& access : sink_.All<Access>()) {
    if (access.rule.empty()) continue;
    told = true;
    EXPECT_EQ(access.decision, access::Decision::kKernelDenied);
    EXPECT_THAT(access.rule, HasSubstr("(its interpreter /"));
    EXPECT_EQ(access.error, EACCES);
  }
  EXPECT_TRUE(told);
}

// Where the network is held, the supervisor binds: whose own rights would be enough for any place.
TEST_F(FileEnforceTest, ASocketComesToBeWhereItWasJudgedWhateverItsPathMeansByThen) {
  Plant();
  ASSERT_EQ(Free("race-bind"), 0);
  policy::Policy policy = Confined(Mode::kEnforce);
  for (const policy::NetworkMode mode : {policy::NetworkMode::kAny, policy::NetworkMode::kUnix}) {
    Plant();
    policy.network.mode = mode;
    EXPECT_EQ(Held(policy, "race-bind"), 255);
    EXPECT_EQ(Outside(), before_);
  }
}

// What copies files with their modes and times does so by descriptors.
TEST_F(FileEnforceTest, ADescriptorOfWhatMayBeWrittenOrHasNoNameChangesAsEver) {
  Plant();
  RunRequest request = Shell(absl::StrCat(
      "cd ", Path("inside"),
      " && chmod 640 ok && touch -d @1000 ok && cp -p ok copy && install -m 711 ok tool && "
      "test \"$(stat -c '%a %Y' copy)\" = '640 1000' && test $(stat -c %a tool) = 711 && "
      "python3 -c 'import os; os.fchmod(os.pipe()[0], 0o600); f = os.open(\"ok\", 0); os.unlink(\"ok\"); "
      "os.fchmod(f, 0o600); os.fchown(f, -1, -1)'"));
  request.policy = Confined(Mode::kEnforce);
  ASSERT_OK_AND_ASSIGN(const RunOutcome outcome, RunSupervised(request));
  EXPECT_EQ(outcome.end.status, 0);
  for (const Access& access : sink_.All<Access>()) {
    if (access.op != Op::kExec) {
      EXPECT_EQ(access.rule, "") << access.syscall;
    }
  }
}

TEST_F(FileEnforceTest, EnforceTakesEveryCapability) {
  // The bounding set can be emptied by root alone, and nobody else needs to.
  const std::string sets = geteuid() == 0 ? "(Inh|Prm|Eff|Bnd|Amb)" : "(Inh|Prm|Eff|Amb)";
  RunRequest request = Shell(absl::StrCat("! grep -Eq 'Cap", sets, ":.*[1-9a-f]' /proc/self/status"));
  request.policy = Confined(Mode::kEnforce);
  ASSERT_OK_AND_ASSIGN(const RunOutcome outcome, RunSupervised(request));
  EXPECT_EQ(outcome.end.status, 0);
}

TEST_F(FileEnforceTest, ABestEffortSaysWhatItGoesWithout) {
  Plant();
  RunRequest request = Shell(absl::StrCat("cat ", Path("outside/secret")));
  request.policy = Confined(Mode::kEnforce);
  request.policy.scope_signals = false;
  request.host.landlock_abi = 0;
  EXPECT_THAT(RunSupervised(request), StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("ABI 5")));
  request.policy.best_effort = true;
  ASSERT_OK_AND_ASSIGN(const RunOutcome outcome, RunSupervised(request));
  EXPECT_THAT(outcome.end.step, HasSubstr("; skipped files are confined by Landlock: ABI 5"));
  EXPECT_EQ(outcome.end.status, 1) << "the supervisor refuses all the same";
}

// A launcher inside gets the same policy: neither a second domain nor less.
TEST_F(FileEnforceTest, AnInnerActionIsHeldByTheSameRules) {
  Plant();
  // Deeper than Landlock has layers.
  std::string script;
  for (int depth = 0; depth < 17; ++depth) absl::StrAppend(&script, GLOVEBOX_LAUNCH, " --role=edge -- ");
  RunRequest request = Shell(absl::StrCat(script, "cat ", Path("outside/secret")));
  request.policy = Confined(Mode::kEnforce);
  request.policy.paths.push_back({PathAccess::kRead, GLOVEBOX_LAUNCH, {}});
  ASSERT_OK_AND_ASSIGN(const RunOutcome outcome, RunSupervised(request));
  EXPECT_EQ(outcome.end.status, 1);
  const std::vector<Access> opens = sink_.Of(Op::kOpen, Path("outside/secret"));
  ASSERT_EQ(opens.size(), 1u);
  EXPECT_THAT(opens[0].rule, StartsWith("outside-read: "));
  EXPECT_EQ(opens[0].action, 18u) << "of the innermost";
}

TEST_F(FileEnforceTest, APrivateDirectoryIsGrantedWithoutBeingNamed) {
  Plant();
  for (const bool hides : {false, true}) {  // whether the supervisor makes the calls on files
    RunRequest request =
        Shell("echo x > $TMPDIR/f && cat $TMPDIR/f > /dev/null && mv $TMPDIR/f $HOME/f && rm $HOME/f");
    request.policy = Confined(Mode::kEnforce);
    request.policy.paths.push_back({PathAccess::kWrite, "/dev/null", {}});
    if (hides) request.policy.paths.push_back({PathAccess::kHidden, Path("inside/hidden"), {}});
    request.policy.private_tmp = request.policy.private_home = true;
    const auto outcome = RunSupervised(request);
    ASSERT_OK(outcome);
    EXPECT_EQ(outcome->end.status, 0) << outcome->verdict.text;
    EXPECT_EQ(outcome->verdict.text, "");
  }
}

}  // namespace
}  // namespace glovebox::trace
