// A supervisor in a thread of its own, fed by a test. Tests only.
#ifndef GLOVEBOX_TRACE_SUPERVISOR_FIXTURE_H_
#define GLOVEBOX_TRACE_SUPERVISOR_FIXTURE_H_

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "child/wire.h"
#include "gtest/gtest.h"
#include "kernel/abi.h"
#include "kernel/fake_memory.h"
#include "kernel/fake_notify.h"
#include "trace/recording_sink.h"
#include "trace/supervisor.h"

namespace glovebox::trace {

inline constexpr uint32_t kArch = kernel::kNativeArch;

// Finds everything at the place where it is spelled.
class FakeResolver final : public Resolver {
 public:
  Resolved Resolve(pid_t, pid_t, const PathRef& path) override {
    if (during) during();
    Resolved found;
    found.path = "/resolved/" + path.spelled;
    found.error = path.spelled == missing ? ENOENT : error;
    found.there = found.error == 0;
    found.mode = mode;
    found.reach = reach;
    found.uid = geteuid();
    return found;
  }
  void Forget() override { ++forgotten; }
  std::function<void()> during;
  int forgotten = 0;
  int error = 0;
  std::string missing;  // a path that is not there
  std::string reach;    // what permissions are asked of
  mode_t mode = S_IFREG | 0666;
};

class FakeAnnouncer final : public Announcer {
 public:
  access::ActionId NextAction() override { return ++last; }
  absl::StatusOr<InnerPlan> ReplyTo(int socket, const policy::Policy&,
                                    const access::ActionBegin& begin) override {
    child::Reply reply;
    reply.action = begin.action;
    if (write(socket, &reply, sizeof reply) != sizeof reply) return absl::UnavailableError("gone");
    return InnerPlan{&inner, {}};
  }
  policy::Policy inner = policy::DefaultPolicy(policy::Role::kCompile);
  access::ActionId last = 1;
};

// Feeds a supervisor that runs in a thread of its own. This process stands in for the tracee.
class SupervisorTest : public testing::Test {
 protected:
  SupervisorTest() {
    options_.action = 1;
    options_.root = getpid();
    options_.policy = &policy_;
    options_.sink = &sink_;
    options_.announcer = &announcer_;
    options_.memory = &memory_;
    options_.resolver = &resolver_;
    policy_ = policy::DefaultPolicy(policy::Role::kEdge);
  }
  ~SupervisorTest() override {
    if (thread_.joinable()) Finish();
  }
  void Start() {
    auto fake = std::make_unique<kernel::FakeNotify>();
    feed_ = fake.get();
    supervisor_ = std::make_unique<Supervisor>(std::move(fake), options_);
    thread_ = std::thread([this] { result_ = supervisor_->Serve(); });
  }
  SupervisorResult Finish() {
    feed_->HangUp();
    thread_.join();
    return result_;
  }
  seccomp_notif Call(int number, std::vector<uint64_t> args) {
    seccomp_notif call = {};
    call.pid = static_cast<uint32_t>(getpid());
    call.data.nr = number;
    call.data.arch = kArch;
    for (size_t i = 0; i < args.size(); ++i) call.data.args[i] = args[i];
    return call;
  }
  seccomp_notif Open(const std::string& path) {
    return Call(SYS_openat, {static_cast<uint64_t>(AT_FDCWD), memory_.PutString(path), O_RDONLY});
  }

  policy::Policy policy_;
  RecordingSink sink_;
  FakeAnnouncer announcer_;
  kernel::FakeMemory memory_;
  FakeResolver resolver_;
  SupervisorOptions options_;
  kernel::FakeNotify* feed_ = nullptr;
  std::unique_ptr<Supervisor> supervisor_;
  std::thread thread_;
  SupervisorResult result_;
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_SUPERVISOR_FIXTURE_H_
