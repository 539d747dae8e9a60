#include "trace/runner.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <future>
#include <map>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "base/unique_fd.h"
#include "child/connect.h"
#include "child/context.h"
#include "child/inherited.h"
#include "child/passed_signals.h"
#include "child/pipeline.h"
#include "child/private_directory.h"
#include "kernel/process.h"
#include "policy/compile.h"
#include "policy/denied_calls.h"
#include "trace/budget.h"
#include "trace/cgroup.h"
#include "trace/clock.h"
#include "trace/descriptor_limit.h"
#include "trace/handshake.h"
#include "trace/leave_to_outer.h"
#include "trace/left_over.h"
#include "trace/own_files.h"
#include "trace/prepared.h"
#include "trace/process_usage.h"
#include "trace/pty_relay.h"
#include "trace/run_announcer.h"
#include "trace/seize.h"
#include "trace/signal_guard.h"
#include "trace/strangers.h"
#include "trace/supervised_action.h"
#include "trace/supervisor.h"
#include "trace/wake.h"

namespace glovebox::trace {
namespace {

// How long what the command started may still run after it before it counts as left over.
constexpr int kLeftOverMs = 200;
// Of at least 20 ms each: a process can start another before it is killed.
constexpr int kKillRounds = 100;
// How often what was orphaned is looked for while it may live on.
constexpr int kOrphanMs = 100;

struct Channel {
  UniqueFd ours;
  UniqueFd theirs;
};

// Socket pairs serve as the handshake pipes: the helper task can then send the listener over one, and a write
// to a child that has died gives EPIPE without a signal.
absl::StatusOr<Channel> MakeChannel() {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    return ErrnoStatus("socketpair", "handshake", errno);
  return Channel{UniqueFd(pair[0]), UniqueFd(pair[1])};
}

child::ChildPlan& PlanIn(policy::CompiledPlan& compiled) {
  return *reinterpret_cast<child::ChildPlan*>(compiled.bytes.data());
}

class Run {
 public:
  explicit Run(const RunRequest& request) : request_(request), announcer_(request, request.begin.action) {}
  ~Run() {
    limit_.Restore();
    child::RemovePrivateDirectory(private_);
  }
  absl::StatusOr<RunOutcome> Execute();

 private:
  absl::Status Prepare();
  absl::Status Fork();
  [[noreturn]] void Child();
  void CloseInherited() const;
  const child::ChildPlan& Announce();
  void HearAnnouncement();
  void AddHole(const char* kind, std::string why);
  absl::Status Handshake();
  void StartServing(UniqueFd listener);
  void KeepBudget();
  bool Reap();
  bool ReapOthers();
  bool ReapOther(pid_t child);
  bool Gone(int ms);
  void WaitForCommand();
  void Forward(const siginfo_t& info);
  void EndLeftOver();
  void LetLeftOverLive();
  void FillEnd();
  void FillUsage();

  const RunRequest& request_;
  RunAnnouncer announcer_;
  SignalGuard signals_;
  DescriptorLimit limit_;
  Strangers strangers_;  // looked for before the fork
  child::PrivateDirectory private_;
  policy::Policy policy_;  // the request's, and that directory
  policy::CompiledPlan plan_;
  policy::CompiledPlan inside_;  // what is left of it below a supervisor of ours that refuses by default
  policy::CompiledPlan inside_enforce_;  // ... and calls by name, too
  std::unique_ptr<Prepared> prepared_;
  child::ChildContext context_;
  Channel ack_, number_, status_;
  std::unique_ptr<PtyRelay> pty_;
  access::ActionBegin begin_;
  pid_t pid_ = 0;
  bool reaped_ = false;  // from then on its number may be another's
  UniqueFd pidfd_;
  int wait_status_ = 0;
  rusage usage_ = {};
  uint64_t others_cpu_ns_ = 0;  // of what was orphaned to us
  uint64_t others_peak_bytes_ = 0;
  std::unique_ptr<ActionGroup> group_;  // until the keeper has it
  SetupReport report_;
  std::unique_ptr<Resolver> resolver_;
  std::unique_ptr<Supervisor> supervisor_;
  std::future<SupervisorResult> served_;
  std::thread thread_;
  std::atomic<bool> root_ended_{false};
  std::atomic<bool> stop_{false};
  std::map<pid_t, std::string> left_over_;
  bool set_up_ = true;  // false: the child ended before it had handed its listener over
  RunOutcome outcome_;
  bool listener_ = true;
  // Below a supervisor of ours: what the child says of itself there.
  bool announces_ = false;
  child::LaunchOptions hello_;
  std::vector<const char*> outputs_;
  BudgetKeeper keeper_;  // the last: its thread uses what stands above
};

absl::Status Run::Prepare() {
  // One listener a task tree: below another one this run goes on without its own, and says so.
  const bool records = request_.policy.level != kernel::Level::kOff;
  listener_ = !request_.host.listener_above && records;
  announces_ = request_.host.outer_supervisor && !listener_;
  ASSIGN_OR_RETURN(policy_, WithPrivateDirectory(request_.policy, &private_));
  GrantOwnFiles(announcer_.own_files(), &policy_);
  const auto compile = [this](const policy::Policy* outer) {
    return policy::CompilePlan(policy_, request_.host,
                               {.listener = listener_ && outer == nullptr, .outer = outer, .graph = false});
  };
  ASSIGN_OR_RETURN(plan_, compile(nullptr));
  if (announces_) {
    policy::Policy outer;
    outer.denied_ioctls = policy::DefaultDeniedIoctls();
    ASSIGN_OR_RETURN(inside_, compile(&outer));
    outer.denied_calls.emplace();
    for (const policy::DeniedCall& call : policy::DefaultDeniedCalls())
      outer.denied_calls->push_back(call.name);
    ASSIGN_OR_RETURN(inside_enforce_, compile(&outer));
  }
  if (request_.argv.empty()) return absl::InvalidArgumentError("run: no command");
  prepared_ = std::make_unique<Prepared>(request_.argv, plan_.bytes);
  prepared_->Into(&context_);
  ASSIGN_OR_RETURN(ack_, MakeChannel());
  ASSIGN_OR_RETURN(number_, MakeChannel());
  ASSIGN_OR_RETURN(status_, MakeChannel());
  context_.ack_read = ack_.theirs.get();
  context_.ack_write_other = ack_.ours.get();
  context_.fd_write = number_.theirs.get();
  context_.fd_read_other = number_.ours.get();
  context_.status = status_.theirs.get();
  context_.send_listener = !request_.host.pidfd_getfd;
  context_.ruleset = plan_.ruleset.valid() ? plan_.ruleset.get() : -1;
  context_.expected_parent = getpid();
  context_.export_mode = request_.export_mode;
  hello_.role = static_cast<child::Role>(request_.begin.role);
  hello_.target = request_.begin.target.c_str();
  hello_.type = request_.begin.target_type.c_str();
  hello_.language = request_.begin.language.c_str();
  hello_.depfile = request_.begin.depfile.c_str();
  for (const std::string& output : request_.begin.outputs) outputs_.push_back(output.c_str());
  hello_.outputs = outputs_.data();
  hello_.output_count = outputs_.size();
  hello_.command = const_cast<char**>(context_.argv);
  hello_.command_count = request_.argv.size();
  group_ = GroupFor(request_.policy.budget, request_.cgroups && !request_.export_mode);
  if (request_.pty) {
    ASSIGN_OR_RETURN(pty_, PtyRelay::Open());
    context_.pty = pty_->terminal();
    context_.silent = true;  // behind row 3 its stderr is that terminal, and comes out on our stdout
  }
  return absl::OkStatus();
}

// ctest leaks its log as descriptor 3. Close-on-exec, since the pipeline still needs its own.
void Run::CloseInherited() const {
  if (begin_.role == access::Role::kTest) {
    child::CloseUnasked({});
  } else if (request_.policy.mode == policy::Mode::kEnforce) {
    const std::vector<int>& kept = request_.keep_fds;
    child::CloseUnasked({.numbers = kept.data(),
                         .count = kept.size(),
                         .makeflags = getenv("MAKEFLAGS"),
                         .command = begin_.role == access::Role::kRun ? context_.argv : nullptr});
  }
}

void Run::Child() {
  // The blocked signals are this process's own affair; row 4 resets them only where the policy says so.
  signals_.Restore();
  if (group_ != nullptr) group_->Enter();
  CloseInherited();
  child::RunPipeline(announces_ ? Announce() : PlanIn(plan_), context_);
}

// In the child, since the outer supervisor knows an action by the process that asks: as a launcher does. This
// run keeps its own policy, though; that of the outer one is in force already, and its plan is let go. What
// is left to do is in the plan that comes back.
const child::ChildPlan& Run::Announce() {
  uint32_t held = 0;
  context_.outer = child::Announce(hello_, held);
  const bool heard = context_.outer >= 0;
  // Either way: our parent waits for it, and in row 19 this process waits for our parent.
  (void)!TEMP_FAILURE_RETRY(write(context_.fd_write, &heard, 1));
  // The plans are this process's own copies.
  const bool refuses = (held & child::kReplyRefusesByDefault) != 0;
  const bool calls = (held & child::kReplyRefusesCalls) != 0;
  child::ChildPlan& plan = PlanIn(!refuses ? plan_ : calls ? inside_enforce_ : inside_);
  LeaveToOuter(held, &plan);
  return plan;
}

void Run::HearAnnouncement() {
  // One byte, 1 for heard; none from a child that was killed.
  char heard = 0;
  const bool told = TEMP_FAILURE_RETRY(read(number_.ours.get(), &heard, 1)) == 1;
  AddHole("no-listener",
          told && heard != 0
              ? "the record is with the Glovebox above this process: there this is an action of its own"
              : "the supervisor above this process did not answer");
}

void Run::AddHole(const char* kind, std::string why) {
  if (!request_.sink->Append(access::Hole{begin_.action, Now(), pid_, kind, std::move(why)})) {
    outcome_.sink_failed = true;
  }
  ++outcome_.holes;
}

absl::Status Run::Fork() {
  // Left-over processes come to us instead of init.
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  begin_ = request_.begin;
  begin_.time_ns = Now();
  begin_.argv = request_.argv;
  begin_.level = static_cast<uint8_t>(listener_ ? request_.policy.level : kernel::Level::kOff);
  begin_.shape = listener_ ? "notify" : "none";
  pid_ = fork();
  if (pid_ < 0) return ErrnoStatus("fork", request_.argv[0], errno);
  if (pid_ == 0) Child();
  begin_.pid = pid_;
  // Below a supervisor of ours the child leaves out what that one has in force: perhaps every filter.
  if (!announces_ && PlanIn(plan_).notify_filter.size != 0) strangers_.TellByFilters();
  limit_.Raise();  // of this process alone
  ack_.theirs.reset();
  number_.theirs.reset();
  status_.theirs.reset();
  outcome_.end.action = begin_.action;
  request_.sink->Append(begin_);
  if (!listener_ && !announces_) {
    AddHole("no-listener", request_.policy.level == kernel::Level::kOff
                               ? "the policy records nothing"
                               : "another listener stands above this process");
  }
  auto pidfd = kernel::OpenPidfd(pid_);
  if (!pidfd.ok()) {  // the child waits in its set-up, or is there at least: it is not reaped yet
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    return pidfd.status();
  }
  pidfd_ = *std::move(pidfd);
  KeepBudget();
  return absl::OkStatus();
}

void Run::KeepBudget() {
  // The child has entered it by itself, before it could start anything; asked once more, the kernel says
  // whether it could.
  if (group_ != nullptr && !group_->Take(pid_) && !kernel::HasEnded(pidfd_.get())) group_.reset();
  if (group_ == nullptr || !group_->counts_processes()) HoldForks(pid_, request_.policy.budget);
  keeper_.Add(begin_.action, request_.policy.budget, MembersBut(&strangers_), std::move(group_));
}

void Run::StartServing(UniqueFd listener) {
  resolver_ = MakeResolver();
  supervisor_ = Supervise(std::move(listener),
                          {begin_, policy_, context_.ruleset, request_.host, *request_.sink, announcer_,
                           *resolver_, /*inputs=*/nullptr, request_.shim, root_ended_, stop_, nullptr});
  // This thread's signals stay blocked in the new one: it takes none.
  std::promise<SupervisorResult> promise;
  served_ = promise.get_future();
  thread_ = std::thread([this, promise = std::move(promise)]() mutable {
    LetBeWoken();
    promise.set_value(supervisor_->Serve());
  });
}

absl::Status Run::Handshake() {
  if (!listener_) return absl::OkStatus();
  const HandOver how = context_.send_listener ? HandOver::kMessage : HandOver::kFetch;
  auto listener = TakeListener(number_.ours.get(), pidfd_.get(), how, &report_);
  if (listener.ok()) {
    StartServing(*std::move(listener));
    // Should it have been killed meanwhile, its wait status says so.
    (void)Acknowledge(ack_.ours.get());
    return absl::OkStatus();
  }
  ack_.ours.reset();  // end of file: a child that still waits gives up with EIO
  // Ended in its set-up: its own message is on stderr already, and its wait status is the answer.
  set_up_ = false;
  if (listener.status().code() == absl::StatusCode::kUnavailable) return absl::OkStatus();
  return listener.status();
}

// What a person sent to this process is meant for the command. What the terminal sent has reached it already:
// it is in our process group, unless it has a terminal of its own.
void Run::Forward(const siginfo_t& info) {
  if (!child::IsPassedOn(info, pty_ == nullptr)) return;
  syscall(SYS_pidfd_send_signal, pidfd_.get(), info.si_signo, nullptr, 0);
}

// Reaps what has ended; true when the command itself has. What it left behind comes to us as the subreaper,
// and on kernels before 6.11 the listener hangs up only when the last of them is reaped.
bool Run::Reap() {
  ReapOthers();
  pid_t got;
  do {
    got = wait4(pid_, &wait_status_, WNOHANG, &usage_);
  } while (got < 0 && errno == EINTR);
  reaped_ = got != 0;  // an error: another thread of this program was faster
  return reaped_;
}

void Run::WaitForCommand() {
  // SIGCHLD of several children can fall together, and one of a child that ended before the last look is
  // still pending: so the look comes first, then the sleep. The time-out is for an embedding program in which
  // another thread takes the SIGCHLD.
  const timespec second = {1, 0};
  while (!Reap()) {
    siginfo_t info = {};
    if (sigtimedwait(&signals_.taken(), &info, &second) > 0 && info.si_signo != SIGCHLD) Forward(info);
  }
}

bool Run::Gone(int ms) {
  if (!served_.valid()) return FindDescendants(&strangers_).empty();
  return served_.wait_for(std::chrono::milliseconds(ms)) == std::future_status::ready;
}

// The listener hangs up when the last process of the run is gone. What is still there after a short grace is
// left over.
void Run::EndLeftOver() {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(kLeftOverMs);
  while (!Gone(10) && std::chrono::steady_clock::now() < until) {
    ReapOthers();
    if (!served_.valid()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  root_ended_ = true;
  if (request_.leave != nullptr) LetLeftOverLive();
  for (int round = 0; round < kKillRounds && !Gone(0); ++round) {
    const std::vector<LeftOverProcess> left = FindDescendants(&strangers_);
    for (const LeftOverProcess& process : left) left_over_.emplace(process.pid, Describe(process));
    Kill(left);
    ReapOthers();
    if (left.empty() && Gone(20)) break;
  }
  // A task leaves its listener shortly before it can be reaped.
  for (int i = 0; i < 100 && !ReapOthers(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  // A task that no SIGKILL ends (it hangs in a file system) must not hold us for ever.
  stop_ = true;
  while (thread_.joinable() && !Gone(1)) Wake(thread_.native_handle());
  if (thread_.joinable()) thread_.join();
  for (auto& [pid, text] : left_over_) outcome_.end.left_over.push_back(std::move(text));
}

void Run::LetLeftOverLive() {
  if (Gone(0)) return;
  request_.leave(outcome_);
  while (!Gone(kOrphanMs)) {
    ReapOthers();
    if (!served_.valid()) std::this_thread::sleep_for(std::chrono::milliseconds(kOrphanMs));
  }
}

// Leaves the command itself, and strangers. True when nobody else is left.
bool Run::ReapOthers() {
  const pid_t command = reaped_ ? 0 : pid_;
  for (;;) {
    siginfo_t info = {};
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
      if (errno == EINTR) continue;
      return true;  // no child at all
    }
    // One that we do not take would be shown again and again.
    if (info.si_pid == 0 || info.si_pid == command || strangers_.Contains(info.si_pid)) break;
    ReapOther(info.si_pid);
  }
  bool left = false;
  for (const pid_t child : strangers_.OtherChildren()) {
    if (child != command && !ReapOther(child)) left = true;
  }
  return !left;
}

// False for one that still lives.
bool Run::ReapOther(pid_t child) {
  rusage usage = {};
  const pid_t got = wait4(child, nullptr, WNOHANG, &usage);
  if (got == child) {
    others_cpu_ns_ += CpuOf(usage);
    others_peak_bytes_ = std::max(others_peak_bytes_, PeakOf(usage));
  }
  return got != 0;
}

// How the command ended: known when it has, whatever it leaves behind.
void Run::FillEnd() {
  access::ActionEnd& end = outcome_.end;
  DrainReport(status_.ours.get(), &report_);
  if (context_.silent && report_.failed() != nullptr) {
    outcome_.failure = FailureLine(*report_.failed(), context_.program);
  }
  if (FillSetup(report_, ProgramOf(begin_), &end)) return;
  if (!set_up_ && WIFEXITED(wait_status_)) {
    end.kind = access::ActionEnd::Kind::kSandboxFailed;
    end.status = WEXITSTATUS(wait_status_);
    end.step = "the child ended during its set-up";
    return;
  }
  end.kind =
      WIFSIGNALED(wait_status_) ? access::ActionEnd::Kind::kSignaled : access::ActionEnd::Kind::kExited;
  end.status = WIFSIGNALED(wait_status_) ? WTERMSIG(wait_status_) : WEXITSTATUS(wait_status_);
}

// What all of it used: known when nobody is left.
void Run::FillUsage() {
  access::ActionEnd& end = outcome_.end;
  end.time_ns = Now();
  end.cpu_ns = CpuOf(usage_) + others_cpu_ns_;
  end.peak_bytes = std::max(PeakOf(usage_), others_peak_bytes_);
  CompleteEnd(request_.policy, plan_.unheld, CpuOf(usage_), 0, &keeper_, &end);
}

absl::StatusOr<RunOutcome> Run::Execute() {
  RETURN_IF_ERROR(Prepare());
  RETURN_IF_ERROR(Fork());
  if (announces_) HearAnnouncement();
  if (request_.policy.stop) {
    std::string why;
    outcome_.seized = SeizeStopped(pid_, &why);
    if (!why.empty()) AddHole("not-seized", std::move(why));
  }
  const absl::Status handshake = Handshake();
  if (pty_ != nullptr) pty_->Start();
  WaitForCommand();
  FillEnd();
  EndLeftOver();
  if (pty_ != nullptr) pty_->Stop();
  Refusals refusals;
  if (served_.valid()) {
    SupervisorResult result = served_.get();
    outcome_.accesses = result.accesses;
    outcome_.holes += result.holes;
    AddSeen(result, &outcome_.end);
    outcome_.sink_failed = outcome_.sink_failed || result.sink_failed;
    refusals = std::move(result.refusals);
  }
  FillUsage();
  outcome_.verdict = VerdictOf(refusals, outcome_.end);
  if (!request_.sink->Append(outcome_.end)) outcome_.sink_failed = true;
  if (!handshake.ok()) return handshake;
  return std::move(outcome_);
}

}  // namespace

absl::StatusOr<RunOutcome> RunSupervised(const RunRequest& request) { return Run(request).Execute(); }

}  // namespace glovebox::trace
