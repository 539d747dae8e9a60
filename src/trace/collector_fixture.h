// What the tests of the collector share: one that runs, the real launcher, the log that they leave.
#ifndef GLOVEBOX_TRACE_COLLECTOR_FIXTURE_H_
#define GLOVEBOX_TRACE_COLLECTOR_FIXTURE_H_

#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "access/log.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "child/wire.h"
#include "gtest/gtest.h"
#include "trace/collector.h"

extern char** environ;

namespace glovebox::trace {

inline const kernel::HostFeatures& CollectorHost() {
  static const auto* const kHost = new kernel::HostFeatures(kernel::ProbeHost());
  return *kHost;
}

class CollectorFixture : public testing::Test {
 protected:
  void SetUp() override {
    if (CollectorHost().listener_above)
      GTEST_FAIL() << "these tests need a task tree without a listener above";
    auto dir = TempDir::Create("collector-test");
    ASSERT_OK(dir);
    dir_ = std::make_unique<TempDir>(*std::move(dir));
    ASSERT_OK(MakeDirectories(Path("run")));
    ASSERT_OK(WriteFile(Path("input"), "x"));
    Start();
  }
  void Start() {
    CollectorOptions options;
    options.run_dir = Path("run");
    options.run.tool = "test";
    options.host = host_;
    options.cgroups = cgroups_;
    options.policy_for = [this](const access::ActionBegin& begin) {
      const access::Role role = begin.role;
      if (!begin.policy.empty())
        return absl::StatusOr<policy::Policy>(absl::InvalidArgumentError("no [policy." + begin.policy + "]"));
      policy::Policy policy = policy::DefaultPolicy(static_cast<policy::Role>(role));
      policy.stop = stop_;
      policy.mode = mode_;
      policy.best_effort = best_effort_;
      policy.private_tmp = policy.private_home = private_;
      if (role == access::Role::kCompile && private_in_compile_) policy.private_tmp = true;
      if (role == access::Role::kEdge) policy.scope_signals = edge_scope_;
      if (role == access::Role::kTest || !test_budget_only_) policy.budget = budget_;
      if (role == access::Role::kEdge) policy.limits = edge_limits_;
      if (role == limited_role_) policy.limits = test_limits_;
      if (role == access::Role::kCompile) policy.restrict_prlimit = policy.append_only = compile_refuses_;
      if (role == access::Role::kCompile) policy.deny_tsc = compile_denies_tsc_;
      policy.mode = paths_.empty() ? policy.mode : policy::Mode::kEnforce;
      policy.confine_files = !paths_.empty();
      policy.paths = paths_;
      return absl::StatusOr<policy::Policy>(policy);
    };
    auto collector = Collector::Start(std::move(options));
    ASSERT_OK(collector);
    collector_ = *std::move(collector);
  }
  // With what a test has changed since.
  void StartAgain() {
    collector_->Stop(0, 0);
    ASSERT_EQ(rename(Path("run").c_str(), Path("old").c_str()), 0);
    ASSERT_OK(MakeDirectories(Path("run")));
    Start();
  }
  std::string Path(const std::string& name) const { return absl::StrCat(dir_->path(), "/", name); }

  // Starts `/bin/sh -c SCRIPT` through the launcher.
  pid_t Launch(const std::string& script, const std::string& role = "edge") {
    const std::string variable = absl::StrCat("GLOVEBOX_COLLECTOR=", collector_->socket_path());
    std::vector<char*> environment;
    for (char** entry = environ; *entry != nullptr; ++entry) environment.push_back(*entry);
    environment.push_back(const_cast<char*>(variable.c_str()));
    environment.push_back(nullptr);
    const std::string role_option = absl::StrCat("--role=", role);
    const char* argv[] = {
        GLOVEBOX_LAUNCH, role_option.c_str(), "--out=out.o", "--", "/bin/sh", "-c", script.c_str(), nullptr};
    pid_t pid = -1;
    EXPECT_EQ(
        posix_spawn(&pid, GLOVEBOX_LAUNCH, nullptr, nullptr, const_cast<char**>(argv), environment.data()),
        0);
    return pid;
  }
  static int Wait(pid_t pid) {
    int status = -1;
    EXPECT_EQ(waitpid(pid, &status, 0), pid);
    return status;
  }
  int Connect() {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, collector_->socket_path().c_str());
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  // A launcher as far as its hello, and that it was answered.
  void SayHello(int fd) {
    child::HelloHeader header;
    const std::string payload("/\0\0\0\0\0\0\0", 8);
    header.payload_size = static_cast<uint32_t>(payload.size());
    ASSERT_OK(WriteAll(fd, std::string(reinterpret_cast<char*>(&header), sizeof header) + payload, "hello"));
    child::Reply reply;
    ASSERT_EQ(read(fd, &reply, sizeof reply), static_cast<ssize_t>(sizeof reply));
    EXPECT_EQ(reply.error, 0);
  }
  // Stops, and reads the log that it left.
  CollectorSummary Stop(int grace_ms = 5000) {
    const CollectorSummary summary = collector_->Stop(0, grace_ms);
    EXPECT_OK(summary.log);
    auto log = access::ReadLog(Path("run"));
    EXPECT_OK(log);
    if (log.ok()) log_ = *std::move(log);
    EXPECT_THAT(log_.tears, testing::IsEmpty());
    return summary;
  }
  template <typename T>
  std::vector<T> All() const {
    std::vector<T> all;
    for (const access::Record& record : log_.records) {
      if (const T* one = std::get_if<T>(&record)) all.push_back(*one);
    }
    return all;
  }
  size_t Opens(const std::string& path) const {
    size_t count = 0;
    for (const access::Access& access : All<access::Access>())
      count += access.op == Op::kOpen && access.resolved == path;
    return count;
  }

  kernel::HostFeatures host_ = CollectorHost();
  std::atomic<bool> stop_{false};
  policy::Mode mode_ = policy::Mode::kReport;
  bool private_ = false;
  bool private_in_compile_ = false;
  bool best_effort_ = true;
  bool edge_scope_ = true;
  policy::Budget budget_;
  bool test_budget_only_ = false;
  decltype(policy::Policy::limits) edge_limits_, test_limits_;
  access::Role limited_role_ = access::Role::kTest;  // gets test_limits_
  bool cgroups_ = true;
  bool compile_refuses_ = false;
  bool compile_denies_tsc_ = false;
  std::vector<policy::PathRule> paths_;  // all that there is, in mode enforce; empty: not confined
  std::unique_ptr<TempDir> dir_;
  std::unique_ptr<Collector> collector_;
  access::Log log_;
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_COLLECTOR_FIXTURE_H_
