#include "trace/collector.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "access/log.h"
#include "base/files.h"
#include "base/status.h"
#include "child/private_directory.h"
#include "child/wire.h"
#include "kernel/process.h"
#include "trace/budget.h"
#include "trace/cgroup.h"
#include "trace/clock.h"
#include "trace/descriptor_limit.h"
#include "trace/handshake.h"
#include "trace/hello.h"
#include "trace/left_over.h"
#include "trace/peer.h"
#include "trace/plan_store.h"
#include "trace/process_usage.h"
#include "trace/running_actions.h"
#include "trace/segment_pool.h"
#include "trace/signals_blocked.h"
#include "trace/supervised_action.h"
#include "trace/supervisor.h"
#include "trace/verdict.h"
#include "trace/wake.h"

namespace glovebox::trace {
namespace {

constexpr int kHelloMs = 10000;
// How long Ninja may take to reap an action's first process; its exit status is known only then.
constexpr int kReapMs = 200;
// How often it is looked whether who waits for an unseen action shall give up.
constexpr int kUnseenMs = 100;
constexpr int kKillRounds = 100;  // of 20 ms each

static_assert(static_cast<int>(access::Role::kConfigure) == static_cast<int>(child::Role::kConfigure));
static_assert(static_cast<int>(access::Role::kTest) == static_cast<int>(policy::Role::kTest));

// Somebody must hear whether it counts as failed, and remove what is its own.
bool NeedsStayer(const policy::Policy& policy) {
  return policy.mode == policy::Mode::kEnforce || policy.private_tmp || policy.private_home;
}

}  // namespace

class CollectorImpl final : public Collector, public Announcer {
 public:
  explicit CollectorImpl(CollectorOptions options)
      : o_(std::move(options)),
        plans_(o_.host, o_.policy_for, o_.own_files, o_.inputs != nullptr),
        segments_(o_.run_dir),
        running_(o_.host.receive_ends) {}
  ~CollectorImpl() override {
    if (!stopped_) Stop(-1, 0);
  }

  absl::Status Begin();
  const std::string& socket_path() const override { return socket_path_; }
  void AddHole(const access::Hole& hole) override;
  std::vector<std::string> EdgeCommands() const override {
    const std::lock_guard<std::mutex> lock(mutex_);
    return edge_commands_;
  }
  CollectorSummary Stop(int exit_status, int grace_ms) override;

  access::ActionId NextAction() override { return next_action_.fetch_add(1) + 1; }
  absl::StatusOr<InnerPlan> ReplyTo(int socket, const policy::Policy& outer,
                                    const access::ActionBegin& begin) override;
  void InnerEnded(access::ActionEnd* end) override;

 private:
  class Registered;
  void Watch();
  void Hand(UniqueFd connection);
  void Work();
  void Serve(UniqueFd connection, access::SegmentWriter* log, Resolver* resolver);
  void Supervise(UniqueFd listener, const access::ActionBegin& begin, const SealedPlan& plan,
                 const Peer& peer, int connection, std::unique_ptr<ActionGroup> group,
                 access::SegmentWriter* log, Resolver* resolver);
  void WaitUnseen(const access::ActionBegin& begin, const SealedPlan& plan, const Peer& peer, int connection,
                  access::SegmentWriter* log);
  std::unique_ptr<ActionGroup> EnterGroup(const policy::Budget& budget, pid_t pid) const;
  void Finish(const access::ActionEnd& finished, const SupervisorResult& result, access::SegmentWriter* log,
              int connection);
  void EndLeftOver();
  void Abandon();
  bool WaitIdle(int timeout_ms);

  const CollectorOptions o_;
  DescriptorLimit limit_;
  PlanStore plans_;
  SegmentPool segments_;
  RunningActions running_;
  std::unique_ptr<TempDir> socket_dir_;
  std::string socket_path_;
  UniqueFd listen_;
  UniqueFd wake_;
  std::atomic<access::ActionId> next_action_{0};
  std::thread watcher_;

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::deque<UniqueFd> waiting_;
  std::vector<std::thread> workers_;
  size_t idle_ = 0;
  size_t busy_ = 0;
  bool stopping_ = false;
  bool stopped_ = false;
  bool abandoned_ = false;     // Stop() waits no longer
  std::set<int> connections_;  // of launchers that are being set up
  CollectorSummary summary_;
  std::vector<std::string> edge_commands_;
  std::unique_ptr<access::SegmentWriter> main_;  // RunInfo, the caller's holes, RunEnd
  BudgetKeeper keeper_;
};

absl::StatusOr<std::unique_ptr<Collector>> Collector::Start(CollectorOptions options) {
  auto collector = std::make_unique<CollectorImpl>(std::move(options));
  RETURN_IF_ERROR(collector->Begin());
  return collector;
}

absl::Status CollectorImpl::Begin() {
  // A plan that cannot be made is an error now, not at the first compile.
  access::ActionBegin edge;
  edge.role = access::Role::kEdge;
  RETURN_IF_ERROR(plans_.Outermost(edge).status());
  ASSIGN_OR_RETURN(main_, access::SegmentWriter::Create(o_.run_dir, "main"));
  if (!main_->Append(o_.run)) return main_->status();
  ASSIGN_OR_RETURN(TempDir dir, TempDir::Create("glovebox"));
  socket_dir_ = std::make_unique<TempDir>(std::move(dir));
  socket_path_ = socket_dir_->path() + "/socket";
  ASSIGN_OR_RETURN(listen_, ListenForLaunchers(socket_path_));
  wake_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_.valid()) return ErrnoStatus("eventfd", "collector", errno);
  // What an action leaves behind comes to us instead of init: it is found, ended and reported.
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  const SignalsBlocked blocked;
  watcher_ = std::thread([this] { Watch(); });
  return absl::OkStatus();
}

// Accepts launchers, and notes when the first process of an action has ended.
void CollectorImpl::Watch() {
  for (;;) {
    std::vector<pollfd> fds = {{listen_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (stopping_) return;
    }
    bool orphans = false;
    const int timeout = running_.Wait(&fds, &orphans);
    if (poll(fds.data(), fds.size(), timeout) < 0) continue;
    uint64_t woken;
    if (orphans) ReapOrphans();
    if (fds[1].revents != 0) (void)!read(wake_.get(), &woken, sizeof woken);
    if (fds.size() > 2 || timeout >= 0) running_.NoteEnded();
    for (;;) {
      UniqueFd connection(accept4(listen_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!connection.valid()) {
        // Out of descriptors: the launcher waits in the backlog until one is free. A poll would not wait.
        const bool full = errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS;
        if (full) std::this_thread::sleep_for(std::chrono::milliseconds(10));
        break;
      }
      limit_.Raise();
      Hand(std::move(connection));
    }
  }
}

// To an idle worker, or to a new one: a launcher never waits for another action's end.
void CollectorImpl::Hand(UniqueFd connection) {
  const std::lock_guard<std::mutex> lock(mutex_);
  waiting_.push_back(std::move(connection));
  if (idle_ >= waiting_.size()) {
    changed_.notify_all();
    return;
  }
  try {
    workers_.emplace_back([this] { Work(); });
  } catch (const std::system_error&) {
    // No more threads: it waits for one that gets free, and fails where there is none at all.
    if (workers_.empty()) waiting_.clear();
  }
}

void CollectorImpl::Work() {
  LetBeWoken();
  // Both outlive the actions that pass through this thread: the cache of directories stays warm.
  const std::unique_ptr<Resolver> resolver = MakeResolver();
  access::SegmentWriter* log = segments_.Borrow();
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    ++idle_;
    changed_.wait(lock, [&] { return !waiting_.empty() || stopping_; });
    --idle_;
    if (waiting_.empty()) break;
    UniqueFd connection = std::move(waiting_.front());
    waiting_.pop_front();
    ++busy_;
    lock.unlock();
    log = segments_.Working(log);
    // The build must not fail because nothing can be recorded; but what runs unrecorded is told of.
    if (!log->status().ok()) AddHole({0, Now(), 0, "no-segment", std::string(log->status().message())});
    Serve(std::move(connection), log, resolver.get());
    lock.lock();
    --busy_;
    changed_.notify_all();
  }
  segments_.GiveBack(log);
}

// So that Stop() can end a set-up that its launcher does not: a shut-down socket reads as hung up.
class CollectorImpl::Registered {
 public:
  Registered(CollectorImpl* collector, int fd) : collector_(collector), fd_(fd) {
    const std::lock_guard<std::mutex> lock(collector_->mutex_);
    collector_->connections_.insert(fd_);
    if (collector_->abandoned_) shutdown(fd_, SHUT_RDWR);
  }
  ~Registered() {
    const std::lock_guard<std::mutex> lock(collector_->mutex_);
    collector_->connections_.erase(fd_);
  }

 private:
  CollectorImpl* collector_;
  int fd_;
};

void CollectorImpl::Serve(UniqueFd connection, access::SegmentWriter* log, Resolver* resolver) {
  const Registered registered(this, connection.get());
  auto peer = PeerOf(connection.get());
  bool stays = false;
  auto hello = ReadHello(connection.get(), kHelloMs, &stays);
  if (!peer.ok() || !hello.ok()) {
    const absl::Status& why = peer.ok() ? hello.status() : peer.status();
    SendRefusal(connection.get(), peer.ok() ? EPROTO : EPERM, why);
    AddHole({0, Now(), peer.ok() ? peer->pid : 0, "launcher", std::string(why.message())});
    return;
  }
  auto plan = plans_.Outermost(*hello);
  if (plan.ok() && !stays && NeedsStayer((*plan)->policy)) {
    // It comes again.
    (void)SendReply(connection.get(), {.flags = child::kReplyStay}, {});
    return;
  }
  access::ActionBegin begin = *std::move(hello);
  begin.action = NextAction();
  begin.time_ns = Now();
  begin.pid = peer->pid;
  FillCwd(connection.get(), peer->pid, &begin);
  begin.mode = plan.ok() ? policy::ModeName((*plan)->policy.mode) : "";
  begin.shape = plan.ok() && !(*plan)->listens ? "none" : "notify";
  if (plan.ok()) {
    begin.level = static_cast<uint8_t>((*plan)->listens ? (*plan)->policy.level : kernel::Level::kOff);
  }
  log->Append(begin);
  if (begin.role == access::Role::kEdge && !begin.argv.empty()) {
    const std::lock_guard<std::mutex> lock(mutex_);
    edge_commands_.push_back(begin.argv.back());
  }
  access::ActionEnd end;
  end.action = begin.action;
  end.kind = access::ActionEnd::Kind::kSandboxFailed;
  if (!plan.ok()) {
    SendRefusal(connection.get(), ENOSYS, plan.status());
    end.status = ENOSYS;
    end.step = std::string(plan.status().message());
    Finish(end, {}, log, connection.get());
    return;
  }
  const HandOver how = o_.host.pidfd_getfd ? HandOver::kFetch : HandOver::kMessage;
  const uint32_t flags = how == HandOver::kMessage ? child::kReplySendListener : 0u;
  SetupReport report;
  // Before it has its plan: it has started nothing yet.
  std::unique_ptr<ActionGroup> group = EnterGroup((*plan)->policy.budget, peer->pid);
  const absl::Status sent = SendPlan(**plan, connection.get(), begin.action, flags);
  if (!(*plan)->listens) {
    keeper_.Add(begin.action, (*plan)->policy.budget, MembersBelow(begin.role, peer->pid, nullptr),
                std::move(group));
    WaitUnseen(begin, **plan, *peer, connection.get(), log);
    return;
  }
  absl::StatusOr<UniqueFd> listener = absl::UnavailableError("the launcher was killed");
  if (sent.ok()) listener = TakeListener(connection.get(), peer->pidfd.get(), how, &report);
  if (listener.ok() && !Acknowledge(connection.get()).ok()) {
    listener = absl::UnavailableError("the launcher was killed");
  }
  if (!listener.ok()) {
    if (!FillSetup(report, ProgramOf(begin), &end)) {
      end.status = EIO;
      end.step = std::string(listener.status().message());
    }
    Finish(end, {}, log, connection.get());
    return;
  }
  Supervise(*std::move(listener), begin, **plan, *peer, connection.get(), std::move(group), log, resolver);
}

std::unique_ptr<ActionGroup> CollectorImpl::EnterGroup(const policy::Budget& budget, pid_t pid) const {
  std::unique_ptr<ActionGroup> group = GroupFor(budget, o_.cgroups);
  if (group != nullptr && !group->Take(pid)) group.reset();
  if (group == nullptr || !group->counts_processes()) HoldForks(pid, budget);
  return group;
}

// Below a foreign listener: the action runs, and the log says that nobody saw what it did.
void CollectorImpl::WaitUnseen(const access::ActionBegin& begin, const SealedPlan& plan, const Peer& peer,
                               int connection, access::SegmentWriter* log) {
  SupervisorResult result;
  result.holes = 1;
  result.sink_failed = !log->Append(
      access::Hole{begin.action, Now(), peer.pid, "no-listener", "another listener stands above"});
  for (bool waits = true; waits;) {
    pollfd ended = {peer.pidfd.get(), POLLIN, 0};
    waits = poll(&ended, 1, kUnseenMs) <= 0;
    const std::lock_guard<std::mutex> lock(mutex_);
    waits = waits && !abandoned_;
  }
  access::ActionEnd end = EndOf(begin, peer, connection, kReapMs);
  CompleteEnd(plan.policy, plan.unheld, end.cpu_ns, TookNs(begin, end.time_ns), &keeper_, &end);
  Finish(end, result, log, connection);
}

void CollectorImpl::Supervise(UniqueFd listener, const access::ActionBegin& begin, const SealedPlan& plan,
                              const Peer& peer, int connection, std::unique_ptr<ActionGroup> group,
                              access::SegmentWriter* log, Resolver* resolver) {
  RunningAction active;
  const auto is_other = [this, &active](pid_t pid) { return running_.IsRootOfAnother(pid, &active); };
  const std::unique_ptr<Supervisor> supervisor = trace::Supervise(
      std::move(listener), {begin, plan.policy, plan.ruleset.get(), o_.host, *log, *this, *resolver,
                            o_.inputs, o_.shim, active.root_ended, active.stop, is_other});
  active.pidfd = peer.pidfd.get();
  active.root = peer.pid;
  active.supervisor = supervisor.get();
  active.thread = pthread_self();
  const auto adopted = [&supervisor](pid_t pid) { return supervisor->ActionOf(pid) != 0; };
  if (begin.role == access::Role::kTest)
    active.ends_left_over = MembersOfAction(begin.role, peer.pid, adopted);
  running_.Add(begin.action, &active);
  keeper_.Add(begin.action, plan.policy.budget, MembersBelow(begin.role, peer.pid, adopted),
              std::move(group));
  const uint64_t one = 1;
  (void)!write(wake_.get(), &one, sizeof one);  // the watcher has one more process to look at
  SupervisorResult result = supervisor->Serve();
  access::ActionEnd end = EndOf(begin, peer, connection, kReapMs);
  end.cpu_ns = result.cpu_ns;
  CompleteEnd(plan.policy, plan.unheld, end.cpu_ns, TookNs(begin, end.time_ns), &keeper_, &end);
  for (std::string& process : running_.Remove(begin.action)) AddLeftOver(&end.left_over, std::move(process));
  AddSeen(result, &end);
  // Where its launcher was killed nobody else does. Before the verdict: after it that one looks for it.
  if (result.hung_up) child::RemovePrivateDirectory(plan.directory);
  Finish(end, result, log, connection);
}

void CollectorImpl::Finish(const access::ActionEnd& finished, const SupervisorResult& result,
                           access::SegmentWriter* log, int connection) {
  access::ActionEnd end = finished;
  if (end.time_ns == 0) end.time_ns = Now();
  const bool taken = log->Append(end) && !result.sink_failed;
  SendVerdict(connection, result.refusals, end, result.accesses);
  const std::lock_guard<std::mutex> lock(mutex_);
  summary_.actions += 1 + result.inner_actions;
  const bool whole = taken && result.holes == 0 && end.kind != access::ActionEnd::Kind::kSandboxFailed;
  summary_.complete += result.inner_complete + (whole ? 1 : 0);
  summary_.accesses += result.accesses;
  summary_.holes += result.holes;
  for (const std::string& process : end.left_over) summary_.left_over.push_back(process);
  if (!taken) summary_.log.Update(log->status());
}

absl::StatusOr<InnerPlan> CollectorImpl::ReplyTo(int socket, const policy::Policy& outer,
                                                 const access::ActionBegin& begin) {
  ASSIGN_OR_RETURN(const SealedPlan* const plan, SendInnerPlan(plans_, outer, socket, begin));
  keeper_.Add(begin.action, plan->policy.budget, MembersBelow(begin.role, begin.pid, nullptr), nullptr);
  if (begin.role == access::Role::kTest && running_.AddInnerTest(begin.action, begin.pid)) {
    const uint64_t one = 1;
    (void)!write(wake_.get(), &one, sizeof one);
  }
  return InnerPlan{&plan->policy, plan->unheld};
}

void CollectorImpl::InnerEnded(access::ActionEnd* end) {
  keeper_.Remove(end->action).Into(end);
  const std::vector<std::string> ended = running_.Remove(end->action);
  for (const std::string& process : ended) AddLeftOver(&end->left_over, process);
  const std::lock_guard<std::mutex> lock(mutex_);
  summary_.left_over.insert(summary_.left_over.end(), ended.begin(), ended.end());
}

void CollectorImpl::AddHole(const access::Hole& hole) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++summary_.holes;
  if (!main_->Append(hole)) summary_.log.Update(main_->status());
}

bool CollectorImpl::WaitIdle(int timeout_ms) {
  std::unique_lock<std::mutex> lock(mutex_);
  return changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                           [&] { return busy_ == 0 && waiting_.empty(); });
}

// Ends what still runs below us and under a filter, as often as it takes: a process can start another before
// it is killed.
void CollectorImpl::EndLeftOver() {
  int nobody = 0;  // rounds in a row in which there was nothing to end: what still runs is not below us
  for (int round = 0; round < kKillRounds && nobody < 5; ++round) {
    std::vector<LeftOverProcess> left = FindDescendants();
    left.erase(std::remove_if(left.begin(), left.end(),
                              [](const LeftOverProcess& process) { return !IsFiltered(process.pid); }),
               left.end());
    running_.Name(left);
    nobody = left.empty() ? nobody + 1 : 0;
    Kill(left);
    ReapOrphans();
    if (WaitIdle(20)) return;
  }
}

// What is not below us, or does not die, is let go: its next notified call fails, its action has a hole.
void CollectorImpl::Abandon() {
  while (!WaitIdle(2)) {
    const std::lock_guard<std::mutex> lock(mutex_);
    abandoned_ = true;
    for (const int connection : connections_) shutdown(connection, SHUT_RDWR);
    running_.StopAll();
  }
}

CollectorSummary CollectorImpl::Stop(int exit_status, int grace_ms) {
  if (!WaitIdle(grace_ms)) EndLeftOver();
  Abandon();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  const uint64_t one = 1;
  (void)!write(wake_.get(), &one, sizeof one);
  if (watcher_.joinable()) watcher_.join();
  // Whoever comes too late is refused, it does not wait in a backlog that nobody serves.
  listen_.reset();
  socket_dir_.reset();
  std::vector<std::thread> workers;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    workers.swap(workers_);
  }
  for (std::thread& worker : workers) worker.join();
  const std::lock_guard<std::mutex> lock(mutex_);
  if (stopped_) return summary_;
  stopped_ = true;
  limit_.Restore();
  summary_.log.Update(segments_.SealAll());
  access::RunEnd end;
  end.time_ns = Now();
  end.exit_status = exit_status;
  end.segments = segments_.count() + 1;  // and this one
  if (main_ != nullptr) {
    if (!main_->Append(end)) summary_.log.Update(main_->status());
    summary_.log.Update(main_->Seal());
  }
  return summary_;
}

}  // namespace glovebox::trace
