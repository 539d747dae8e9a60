// What the tests of the runner share: a scratch directory, a sink in memory, a request for a shell script.
#ifndef GLOVEBOX_TRACE_RUNNER_FIXTURE_H_
#define GLOVEBOX_TRACE_RUNNER_FIXTURE_H_

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"
#include "trace/another_user.h"
#include "trace/recording_sink.h"
#include "trace/runner.h"

namespace glovebox::trace {

class RunnerFixture : public testing::Test {
 protected:
  // Asked once a program.
  static const kernel::HostFeatures& Host() {
    static const auto* const kHost = new kernel::HostFeatures(kernel::ProbeHost());
    return *kHost;
  }
  void SetUp() override {
    if (Host().listener_above) GTEST_FAIL() << "these tests need a task tree without a listener above";
    auto dir = TempDir::Create("runner-test");
    ASSERT_OK(dir);
    dir_ = std::make_unique<TempDir>(*std::move(dir));
  }
  RunRequest Shell(const std::string& script) {
    RunRequest request;
    request.argv = {"/bin/sh", "-c", script};
    request.policy = policy::DefaultPolicy(policy::Role::kRun);
    request.host = Host();
    request.sink = &sink_;
    request.begin.action = 1;
    return request;
  }
  // The exit status of a run that `uid` makes, in a process of its own; 98: it did not come to an end of its
  // own.
  static int RunAs(uid_t uid, const RunRequest& request) {
    return StatusAs(uid, [&request] {
      const auto outcome = RunSupervised(request);
      const bool exited = outcome.ok() && outcome->end.kind == access::ActionEnd::Kind::kExited;
      return exited ? static_cast<int>(outcome->end.status) : 98;
    });
  }
  std::string Path(const std::string& name) const { return absl::StrCat(dir_->path(), "/", name); }

  std::unique_ptr<TempDir> dir_;
  RecordingSink sink_;
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_RUNNER_FIXTURE_H_
