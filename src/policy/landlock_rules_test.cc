#include "policy/landlock_rules.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/status_matchers.h"
#include "child/plan.h"
#include "gtest/gtest.h"
#include "kernel/abi.h"
#include "kernel/landlock.h"
#include "policy/compile.h"

namespace glovebox::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

kernel::HostFeatures Host(int abi) {
  kernel::HostFeatures host;
  host.notify = host.wait_killable = host.pidfd_getfd = true;
  host.landlock_abi = abi;
  return host;
}

class LandlockRules : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::Create();
    ASSERT_OK(dir);
    dir_ = std::make_unique<TempDir>(*std::move(dir));
    ASSERT_OK(MakeDirectories(Path("w")));
    ASSERT_OK(MakeDirectories(Path("r")));
    ASSERT_OK(WriteFile(Path("r/file"), "x"));
    policy_ = DefaultPolicy(Role::kRun);
    policy_.mode = Mode::kEnforce;
    policy_.confine_files = true;
  }
  std::string Path(const std::string& name) const { return dir_->path() + "/" + name; }
  void Allow(PathAccess access, const std::string& name) {
    policy_.paths.push_back({access, Path(name), {"p.toml", static_cast<int>(policy_.paths.size()) + 1, 1}});
  }
  void Connect(uint16_t first, uint16_t last) {
    Endpoint endpoint;
    endpoint.connect = true;
    endpoint.first_port = first;
    endpoint.last_port = last;
    policy_.network.endpoints.push_back(endpoint);
  }
  absl::StatusOr<Ruleset> Make(const Policy* outer = nullptr) {
    skipped_.clear();
    return MakeRuleset(policy_, Host(kernel::LandlockAbi()), 0, outer, &skipped_);
  }
  template <typename Probe>
  static int Inside(const UniqueFd& ruleset, const Probe& probe) {
    const pid_t child = fork();
    if (child == 0) {
      prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
      if (syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) _exit(200);
      _exit(probe());
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
  }
  static int Open(const UniqueFd& ruleset, const std::string& path, int flags) {
    return Inside(ruleset, [&] { return open(path.c_str(), flags, 0600) >= 0 ? 0 : errno; });
  }

  std::unique_ptr<TempDir> dir_;
  Policy policy_;
  std::vector<std::string> skipped_;
};

bool NoLandlock() { return kernel::LandlockAbi() < kLandlockAbiFiles; }

TEST_F(LandlockRules, ReadAndWritePathsAreGrantedAndNothingElse) {
  if (NoLandlock()) GTEST_SKIP() << "Landlock ABI below 5";
  ASSERT_EQ(symlink("r", Path("link").c_str()), 0);
  Allow(PathAccess::kRead, "link");
  Allow(PathAccess::kWrite, "w");
  ASSERT_OK_AND_ASSIGN(const Ruleset made, Make());
  EXPECT_EQ(Open(made.fd, Path("r/file"), O_RDONLY), 0);
  EXPECT_EQ(Open(made.fd, Path("r/file"), O_WRONLY), EACCES);
  EXPECT_EQ(Open(made.fd, Path("w/new"), O_RDWR | O_CREAT | O_TRUNC), 0);
  EXPECT_EQ(Open(made.fd, Path("new"), O_RDWR | O_CREAT), EACCES);
  EXPECT_EQ(Open(made.fd, "/etc/passwd", O_RDONLY), EACCES);
  EXPECT_THAT(skipped_, IsEmpty());
}

// What a rename or a link across tells, by which cp and mv decide to copy: the evaluator says the same.
TEST_F(LandlockRules, ALinkFromWhereOneMayOnlyReadIsAcrossDevices) {
  if (NoLandlock()) GTEST_SKIP() << "Landlock ABI below 5";
  Allow(PathAccess::kRead, "r");
  Allow(PathAccess::kWrite, "w");
  ASSERT_OK_AND_ASSIGN(const Ruleset made, Make());
  ASSERT_OK_AND_ASSIGN(const FileRules rules, FileRules::Make(policy_, made.grants));
  const std::string from = Path("r/file"), to = Path("w/file");
  const FileObject first = {from, true, S_IFREG}, second = {to, false, 0};
  EXPECT_EQ(rules.Judge({Op::kLink, "link", 0, true, &first, &second}).error, EXDEV);
  EXPECT_EQ(Inside(made.fd, [&] { return link(from.c_str(), to.c_str()) == 0 ? 0 : errno; }), EXDEV);
  EXPECT_EQ(rules.Judge({Op::kRename, "rename", 0, true, &first, &second}).error, EACCES);
  EXPECT_EQ(Inside(made.fd, [&] { return rename(from.c_str(), to.c_str()) == 0 ? 0 : errno; }), EACCES);
}

TEST_F(LandlockRules, AnAppendOnlyFileCanBeReadByTheKernelsLeave) {
  if (NoLandlock()) GTEST_SKIP() << "Landlock ABI below 5";
  Allow(PathAccess::kAppend, "r/file");
  Allow(PathAccess::kAppend, "w/*.log");
  ASSERT_OK_AND_ASSIGN(const Ruleset made, Make());
  EXPECT_EQ(Open(made.fd, Path("r/file"), O_RDONLY), 0);
  EXPECT_EQ(Open(made.fd, Path("r/file"), O_WRONLY | O_APPEND), EACCES);
  EXPECT_EQ(made.grants.size(), 1u);
}

// A rule on the directory above would grant its other names too.
TEST_F(LandlockRules, APathThatIsMissingIsGrantedToNobodyAndSaid) {
  if (NoLandlock()) GTEST_SKIP() << "Landlock ABI below 5";
  Allow(PathAccess::kWrite, "w");
  Allow(PathAccess::kWrite, "out/deep");
  ASSERT_OK_AND_ASSIGN(const Ruleset made, Make());
  EXPECT_THAT(skipped_, ElementsAre(HasSubstr("path " + Path("out/deep") + " (p.toml:2:1): ENOENT")));
  EXPECT_FALSE(FileExists(Path("out")));
  EXPECT_EQ(Inside(made.fd, [this] { return mkdir(Path("out").c_str(), 0700) == 0 ? 0 : errno; }), EACCES);
  // Once somebody has made it, the ruleset is not what the policy says any more.
  EXPECT_TRUE(StillTrue(made.grants));
  ASSERT_OK(MakeDirectories(Path("out/deep")));
  EXPECT_FALSE(StillTrue(made.grants));
  ASSERT_OK_AND_ASSIGN(const Ruleset again, Make());
  EXPECT_EQ(Open(again.fd, Path("out/deep/x"), O_WRONLY | O_CREAT), 0);
}

TEST_F(LandlockRules, AReplacedDirectoryNeedsANewRuleset) {
  if (NoLandlock()) GTEST_SKIP() << "Landlock ABI below 5";
  Allow(PathAccess::kWrite, "w");
  ASSERT_OK_AND_ASSIGN(const Ruleset made, Make());
  ASSERT_EQ(rename(Path("w").c_str(), Path("old").c_str()), 0);
  ASSERT_OK(MakeDirectories(Path("w")));
  EXPECT_FALSE(StillTrue(made.grants));
  EXPECT_EQ(Open(made.fd, Path("w/x"), O_WRONLY | O_CREAT), EACCES);
}

TEST_F(LandlockRules, NothingIsHeldWhereThePolicyOnlyReports) {
  Allow(PathAccess::kRead, "r");
  policy_.network.mode = NetworkMode::kNone;
  for (const Mode mode : {Mode::kObserve, Mode::kReport}) {
    policy_.mode = mode;
    ASSERT_OK_AND_ASSIGN(const Ruleset made, Make());
    EXPECT_FALSE(made.fd.valid());
  }
  policy_.mode = Mode::kEnforce;
  policy_.confine_files = false;
  policy_.network.mode = NetworkMode::kAny;
  ASSERT_OK_AND_ASSIGN(const Ruleset made, Make());
  EXPECT_FALSE(made.fd.valid());
}

TEST_F(LandlockRules, AHostThatCannotIsAnErrorUnlessThePolicyMakesDo) {
  Allow(PathAccess::kRead, "r");
  policy_.scope_signals = false;
  for (const int abi : {0, 2}) {
    policy_.best_effort = false;
    EXPECT_THAT(CompilePlan(policy_, Host(abi), {}),
                StatusIs(absl::StatusCode::kUnimplemented,
                         HasSubstr("ABI 5 (Linux 6.10) is needed, this host has " + std::to_string(abi))));
    if (abi == 0 || NoLandlock()) continue;
    policy_.best_effort = true;
    ASSERT_OK_AND_ASSIGN(const CompiledPlan plan, CompilePlan(policy_, Host(abi), {}));
    EXPECT_EQ(plan.unheld, plan.skipped);
    EXPECT_THAT(plan.skipped, ElementsAre(HasSubstr("neither truncate(2) nor ioctl")));
  }
  policy_.best_effort = true;
  ASSERT_OK_AND_ASSIGN(const CompiledPlan plan, CompilePlan(policy_, Host(0), {}));
  EXPECT_FALSE(plan.ruleset.valid());
}

TEST_F(LandlockRules, WhatOnlyASupervisorHoldsNeedsOne) {
  policy_.confine_files = policy_.scope_signals = false;
  Allow(PathAccess::kHidden, "r/*");
  const kernel::HostFeatures host = Host(kernel::LandlockAbi());
  EXPECT_OK(CompilePlan(policy_, host, {}));
  EXPECT_OK(CompilePlan(policy_, host, {.listener = false, .outer = &policy_}));
  EXPECT_THAT(CompilePlan(policy_, host, {.listener = false}),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("p.toml:1:1: hidden path ")));
  policy_.best_effort = true;
  ASSERT_OK_AND_ASSIGN(const CompiledPlan plan, CompilePlan(policy_, host, {.listener = false}));
  EXPECT_THAT(plan.unheld, ElementsAre(HasSubstr("none listens here")));
  policy_.strict_inputs = true;
  policy_.network.mode = NetworkMode::kLoopback;
  ASSERT_OK_AND_ASSIGN(const CompiledPlan more, CompilePlan(policy_, host, {.listener = false}));
  EXPECT_THAT(more.unheld, ElementsAre(HasSubstr("the addresses are not seen"), HasSubstr("strict inputs"),
                                       HasSubstr("hidden path")));
  EXPECT_EQ(more.unheld, more.skipped);
  policy_.paths.clear();
  policy_.best_effort = false;
  policy_.network.mode = NetworkMode::kAny;
  EXPECT_THAT(CompilePlan(policy_, host, {.listener = false}),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("strict inputs")));
}

TEST_F(LandlockRules, ABadPatternIsAnErrorOfThePlan) {
  Allow(PathAccess::kHidden, "r/[x");
  EXPECT_THAT(CompilePlan(policy_, Host(7), {}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("p.toml:1:1")));
}

TEST_F(LandlockRules, ItsScopeIsInTheSameLayer) {
  if (kernel::LandlockAbi() < kernel::kLandlockAbiScope) GTEST_SKIP() << "Landlock ABI below 6";
  Allow(PathAccess::kRead, "r");
  ASSERT_OK_AND_ASSIGN(const CompiledPlan plan, CompilePlan(policy_, Host(kernel::LandlockAbi()), {}));
  EXPECT_TRUE(plan.ruleset.valid());
  EXPECT_EQ(reinterpret_cast<const child::ChildPlan*>(plan.bytes.data())->landlock_scope, 0u);
  const pid_t parent = getpid();
  EXPECT_EQ(Inside(plan.ruleset, [parent] { return kill(parent, 0) == 0 ? 0 : errno; }), EPERM);
  // An ABI that has no scope: the child asks for it by itself, and tells that it was refused.
  policy_.best_effort = true;
  ASSERT_OK_AND_ASSIGN(const CompiledPlan old, CompilePlan(policy_, Host(5), {}));
  EXPECT_EQ(reinterpret_cast<const child::ChildPlan*>(old.bytes.data())->landlock_scope, 2u);
}

TEST_F(LandlockRules, AnInnerActionGetsNoDomainThatHoldsNothingMore) {
  if (NoLandlock()) GTEST_SKIP() << "Landlock ABI below 5";
  Allow(PathAccess::kRead, "r");
  Allow(PathAccess::kWrite, "w");
  const Policy outer = policy_;
  const auto needs_one = [&] {
    const auto made = Make(&outer);
    EXPECT_OK(made);
    return made->fd.valid();
  };
  EXPECT_FALSE(needs_one());
  policy_.paths.pop_back();
  EXPECT_TRUE(needs_one()) << "narrower";
  policy_.paths = {{PathAccess::kWrite, dir_->path(), {}}};
  EXPECT_FALSE(needs_one()) << "wider";
  policy_.paths = {{PathAccess::kRead, dir_->path(), {}}};
  EXPECT_TRUE(needs_one()) << "reads only";
  policy_.network.mode = NetworkMode::kNone;
  policy_.paths = outer.paths;
  EXPECT_TRUE(needs_one()) << "the network";
  Policy reports = outer;
  reports.mode = Mode::kReport;
  ASSERT_OK_AND_ASSIGN(const Ruleset made, Make(&reports));
  EXPECT_TRUE(made.fd.valid()) << "nothing is held around it";
}

int TryConnect(uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  return connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
}
int TryBind(uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  return bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
}

// Ports on loopback where nobody listens: what may be asked for is refused by nobody, ECONNREFUSED.
TEST_F(LandlockRules, PortsAreGrantedWhereTheyCanBeListed) {
  if (kernel::LandlockAbi() < 4) GTEST_SKIP() << "Landlock ABI below 4";
  policy_.confine_files = false;
  policy_.network.mode = NetworkMode::kUnix;
  {
    ASSERT_OK_AND_ASSIGN(const Ruleset none, Make());
    EXPECT_EQ(Inside(none.fd, [] { return TryConnect(1); }), EACCES);
    EXPECT_EQ(Inside(none.fd, [] { return TryBind(0); }), EACCES);
  }
  policy_.network.mode = NetworkMode::kNamed;
  Connect(1, 2);
  {
    ASSERT_OK_AND_ASSIGN(const Ruleset some, Make());
    EXPECT_EQ(Inside(some.fd, [] { return TryConnect(2); }), ECONNREFUSED);
    EXPECT_EQ(Inside(some.fd, [] { return TryConnect(3); }), EACCES);
    EXPECT_EQ(Inside(some.fd, [] { return TryBind(0); }), EACCES) << "no endpoint to bind";
  }
  Connect(0, 65535);
  {
    ASSERT_OK_AND_ASSIGN(const Ruleset any, Make());
    EXPECT_EQ(Inside(any.fd, [] { return TryConnect(3); }), ECONNREFUSED);
    EXPECT_EQ(Inside(any.fd, [] { return TryBind(0); }), EACCES);
  }
  policy_.network = {};
  policy_.network.mode = NetworkMode::kLoopback;
  ASSERT_OK_AND_ASSIGN(const Ruleset loopback, Make());
  EXPECT_FALSE(loopback.fd.valid()) << "only an address says it";
  policy_.network.mode = NetworkMode::kNone;
  EXPECT_OK(MakeRuleset(policy_, Host(3), 0, nullptr, &skipped_));
  EXPECT_THAT(skipped_, ElementsAre(HasSubstr("TCP ports: Landlock ABI 4")));
}

}  // namespace
}  // namespace glovebox::policy
