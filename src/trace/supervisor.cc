#include "trace/supervisor.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <mutex>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/status.h"
#include "base/unique_fd.h"
#include "child/shim_ring.h"
#include "child/wire.h"
#include "kernel/landlock.h"
#include "policy/filters.h"
#include "policy/hidden_places.h"
#include "policy/process_calls.h"
#include "trace/announcements.h"
#include "trace/budget.h"
#include "trace/clock.h"
#include "trace/handshake.h"
#include "trace/hello.h"
#include "trace/intent.h"
#include "trace/judge.h"
#include "trace/look.h"
#include "trace/lost_privileges.h"
#include "trace/outside.h"
#include "trace/proc_task.h"
#include "trace/process_table.h"
#include "trace/recent_links.h"
#include "trace/rulers.h"
#include "trace/shims.h"
#include "trace/supervised_action.h"

namespace glovebox::trace {
namespace {

// How often the ends of inner actions are looked for: often enough for their times to mean something, seldom
// enough to cost nothing (one poll).
constexpr uint64_t kSweepEvery = 128;
constexpr int kCallsAfterStop = 1000;
constexpr absl::string_view kAnnouncement(child::kAnnouncePath, sizeof(child::kAnnouncePath) - 1);

// What a level above the policy's records.
bool IsLook(Op op) {
  return op == Op::kStat || op == Op::kAccess || op == Op::kReadlink || op == Op::kGetXattr ||
         op == Op::kStatfs;
}

}  // namespace

class Supervisor::Impl final : private ShimSink {
 public:
  Impl(std::unique_ptr<kernel::NotifyListener> listener, const SupervisorOptions& options)
      : listener_(std::move(listener)),
        o_(options),
        processes_(options.root, options.action),
        shims_(options.shim, options.policy->gate, this),
        announced_(options.hello_ms),
        answers_looks_(options.policy->level < kernel::Level::kFull && policy::AnswersLooks(*options.policy)),
        look_(options.resolver) {
    ReadProcStat(o_.root, &begun_);
    if (o_.landlock_abi >= kernel::kLandlockAbiScope &&
        policy::ForetellsProcesses(*o_.policy, policy::ProcessUse::kAccess))
      outside_ = std::make_unique<Outside>(o_.root, o_.is_other);
    MakeRulersOf(options.policy, options.begin != nullptr ? *options.begin : access::ActionBegin());
  }

  access::ActionId ActionOf(pid_t pid) const {
    const std::lock_guard<std::mutex> lock(met_mutex_);
    const auto found = met_.find(pid);
    return found == met_.end() ? 0 : found->second;
  }

  SupervisorResult Serve() {
    seccomp_notif call;
    int patience = kCallsAfterStop;
    while (!result_.hung_up) {
      // What has come is served first; who calls without end must not hold us up.
      if (Stopped() && (listener_->Poll(0) <= 0 || --patience < 0)) break;
      if (!announced_.empty()) {
        const int ready = announced_.Wait(listener_.get());
        HearAnnounced(false);
        result_.hung_up = ready < 0;
        if (ready <= 0) continue;
      }
      const int error = listener_->Receive(&call);
      if (error == 0) {
        Handle(call);
        if (++result_.notifications % kSweepEvery == 0) Sweep(false);
      } else if (error == ENOENT) {
        // With a living listener: the caller was killed before we came.
        result_.hung_up = listener_->Poll(0) < 0;
      } else if (error != EINTR) {
        AddHole(o_.action, 0, "supervisor-lost", absl::StrCat("receive: ", ErrnoName(error)));
        break;
      }
    }
    if (!result_.hung_up && Stopped()) {
      result_.hung_up = listener_->Poll(0) < 0;
      if (!result_.hung_up) AddHole(o_.action, o_.root, "supervisor-lost", "stopped while a task lives");
    }
    // At once: the listener hangs up (since 6.11) before the parent hears of the end, and can reap it.
    if (result_.hung_up) result_.cpu_ns = CpuOf(o_.root, begun_);
    HearAnnounced(/*all=*/true);
    if (announced_.RefuseKept(listener_.get()) > 0)
      AddHole(o_.action, o_.root, "announcement", "launchers waited for their turn");
    Sweep(true);
    AskAtEnd(o_.action);
    result_.lost_privileges = lost_.Take(o_.action);
    result_.inner_actions = inner_.size();
    for (const auto& [action, inner] : inner_) result_.inner_complete += inner.whole ? 1 : 0;
    return std::move(result_);
  }

 private:
  struct Inner {
    access::ActionBegin begin;
    UniqueFd socket;  // what the launcher says of steps that failed after its announcement
    bool whole = true;
    // Its launcher stays beside it, and waits for a verdict of its own.
    bool test() const { return begin.role == access::Role::kTest; }
    Refusals refusals;
    std::vector<std::string> unheld;
    uint64_t accesses = 0;
  };

  bool Stopped() const { return o_.stop != nullptr && o_.stop->load(std::memory_order_relaxed); }

  void Handle(const seccomp_notif& call) {
    const uint64_t time = Now();
    const auto tid = static_cast<pid_t>(call.pid);
    const Process* const assumed = processes_.Assume(tid, time);
    const Process* caller = assumed != nullptr ? assumed : Find(tid, time);
    const kernel::HeldMemoryReader memory(caller->memory, *o_.memory);
    Intent intent = Decode(call, memory);
    if (assumed != nullptr && !memory.found()) caller = Find(tid, time);
    const Process& process = *caller;
    // What was asked before is told before, and in the tree of names that it was asked in.
    drained_ns_ = time;
    MayChangeNames(intent.op) ? shims_.DrainAll() : shims_.Drain(process.tgid);
    if (o_.announcer != nullptr && Names(intent, Op::kOpen, kAnnouncement)) {
      Announce(call, process);
      return;
    }
    const Shims::Step step = shims_.Next(process, intent);
    if (step == Shims::Step::kList || step == Shims::Step::kLibrary || step == Shims::Step::kRing) {
      shims_.Give(step, call, process, listener_.get());
      return;
    }
    if (step == Shims::Step::kHide || !Judge(*o_.policy, call, &intent) ||  // nothing to record
        (tid == process.tgid && recent_.Repeats(process, intent, time))) {
      listener_->Continue(call.id);
      return;
    }
    Serve(call, process, intent, time, memory.found(), step == Shims::Step::kOffer);
  }

  // Finds what the call means, records it, and answers. `known`: the memory that was read is the process's.
  void Serve(const seccomp_notif& call, const Process& process, const Intent& intent, uint64_t time,
             bool known, bool offer) {
    const auto tid = static_cast<pid_t>(call.pid);
    auto& access = std::get<access::Access>(record_);
    access.action = process.action;
    access.time_ns = time;
    access.pid = process.tgid;
    access.tid = tid;
    access.exe = process.exe;
    const bool unknown = process.unknown;
    const bool orphan = orphans_.contains(process.tgid);
    const bool late =
        process.tgid != o_.root && o_.root_ended != nullptr && o_.root_ended->load(std::memory_order_relaxed);
    if (intent.op == Op::kExec && !process.fresh) look_.NoteCredentials(tid, process.tgid);
    const Look::Sight& seen = look_.At(intent, tid, process.tgid);
    PutSight(intent, seen, &access);
    // Memory first, the question second: when the call no longer waits, what was read may be a later
    // process's.
    const bool own = known && tid == process.tgid && !seen.unresolved && intent.hole.empty();
    if (!(own && o_.wait_killable && IsAbsolute(intent)) && listener_->CheckValid(call.id) != 0) return;
    if (late && late_.insert(process.tgid).second)
      result_.left_over.push_back(absl::StrCat(access.pid, " ", access.exe));
    if (orphan) {
      orphans_.erase(process.tgid);
      AddHole(access.action, access.pid, "orphan",
              "its parents had ended before it was seen: it may belong to an inner action");
    }
    if (unknown && strangers_.insert(access.pid).second) {
      AddHole(access.action, access.pid, "process-unknown",
              "which process called cannot be told: it may belong to an inner action");
    }
    if (!intent.hole.empty())
      AddHole(access.action, access.pid, HoleKind(intent), absl::StrCat(intent.syscall, ": ", intent.hole));
    if (seen.unresolved) {
      AddHole(access.action, access.pid, "path-unresolved",
              absl::StrCat(intent.syscall, ": which file it means cannot be told"));
    }
    const Rulers* rulers = RulersOf(process.action);
    Ruling ruling;
    if (rulers != nullptr && intent.refuse == 0) {
      ruling = AskRulers(
          *rulers, {call, process, intent, seen.first(), seen.second(), seen.prediction, seen.unresolved});
      PutRuling(ruling, &access);
    }
    // Nothing that is worth a record.
    const bool unasked = intent.by_descriptor || intent.by_process || (answers_looks_ && IsLook(intent.op));
    if (unasked && intent.refuse == 0 && ruling.rule.empty())
      return AnswerAs(ruling, call.id, listener_.get());
    if (intent.op == Op::kExec && seen.first() != nullptr)
      RefusalsOf(access.action).Note(lost_.See(access, *seen.first()));
    Record(intent, tid);
    recent_.Note(process, intent, access, seen.through_proc || tid != process.tgid, time);
    offer = offer && access.result == access::Result::kAbsent && own && !look_.IsOther(process.tgid);
    if (offer) shims_.Offered(process.tgid);
    if (intent.op == Op::kExec) {
      shims_.ExecNotified(process.tgid);
      processes_.ExecNotified(tid);  // `process` ends here
    }
    if (intent.refuse != 0 || offer) {
      listener_->Answer(call.id, 0, intent.refuse);
    } else {
      AnswerAs(ruling, call.id, listener_.get());
    }
  }

  // `action.action` is 0 where nobody said what the outermost one is.
  void MakeRulersOf(const policy::Policy* policy, const access::ActionBegin& action) {
    const access::ActionId id = action.action != 0 ? action.action : o_.action;
    std::vector<const policy::Policy*>& chain = policies_[id];
    chain = {policy};
    if (const auto above = policies_.find(action.parent); above != policies_.end())
      chain.insert(chain.end(), above->second.begin(), above->second.end());
    const access::ActionBegin* outer = action.parent == o_.action ? o_.begin : nullptr;
    Rulers rulers =
        MakeRulers(chain, action, outer,
                   {listener_.get(), o_.memory, o_.resolver, o_.inputs, o_.ruleset, outside_.get()});
    if (!rulers.empty()) rulers_[id] = std::move(rulers);
  }

  // What the rulers know when an action has ended.
  void AskAtEnd(access::ActionId action) {
    const auto rulers = rulers_.find(action);
    if (rulers == rulers_.end()) return;
    for (const auto& ruler : rulers->second) {
      for (access::Access& found : ruler->AtEnd()) {
        found.action = action;
        found.time_ns = Now();
        record_ = std::move(found);
        Append();
      }
    }
    rulers_.erase(rulers);
  }
  const Rulers* RulersOf(access::ActionId action) const {
    if (rulers_.empty()) return nullptr;
    const auto found = rulers_.find(action);
    return found == rulers_.end() ? nullptr : &found->second;
  }

  // A readlink() at the gate: the way of a notified one, but for its result, which is known.
  void AddLink(const Process& process, absl::string_view path, int error) override {
    if (recent_.Repeats(process, path, drained_ns_)) return;
    Intent intent;
    intent.op = Op::kReadlink;
    intent.syscall = std::string(policy::kGateCall);
    PathRef& link = intent.paths.emplace_back();
    link.spelled = std::string(path);
    link.follow = false;
    auto& access = std::get<access::Access>(record_);
    access.action = process.action;
    access.time_ns = drained_ns_;
    access.pid = access.tid = process.tgid;
    access.exe = process.exe;
    const Look::Sight& seen = look_.At(intent, process.tgid, process.tgid);
    PutSight(intent, seen, &access);
    if (error != GLOVEBOX_SHIM_PENDING) {
      const Prediction outcome = Outcome(error);
      access.result = outcome.result;
      access.error = outcome.error;
      access.sight = access::Sight::kObserved;
    }
    Append();
    recent_.Note(process, intent, access, seen.through_proc, drained_ns_);
  }

  void RingDamaged(const Process& process) override {
    AddHole(process.action, process.tgid, "shim-damaged",
            "where the program says what it asks was overwritten");
  }

  const Process* Find(pid_t tid, uint64_t time) {
    const Process& process = processes_.Find(tid, time);
    if (process.fresh) Meet(process, tid, time);
    return &process;
  }

  // A process that was not seen before, also under a number that was.
  void Meet(const Process& process, pid_t tid, uint64_t time) {
    look_.NoteCredentials(tid, process.tgid);
    look_.ForgetProcess(process.tgid);
    recent_.Forget(process.tgid);
    shims_.Forget(process.tgid);
    orphans_.erase(process.tgid);
    // Without inner actions there is only one that it can belong to.
    if (process.orphan && !inner_.empty()) orphans_.insert(process.tgid);
    if (process.unknown) return;  // not a new one, perhaps
    if (process.parent != 0 && !o_.sink->Append(access::ProcessBegin{process.action, time, process.tgid,
                                                                     process.parent, process.parent_exe}))
      result_.sink_failed = true;
    const std::lock_guard<std::mutex> lock(met_mutex_);
    met_[process.tgid] = process.action;
  }

  // One record a call; one for each address where there are several (sendmmsg). A unix address that is a path
  // has been resolved like one: `paths` holds them in the order of `addresses`. Each has its own result; the
  // kernel ends at the first message that fails, so nothing is known of what stands behind it.
  void Record(const Intent& intent, pid_t tid) {
    if (intent.op == Op::kNone) return;
    if (intent.addresses.empty()) {
      Append();
      return;
    }
    auto* access = &std::get<access::Access>(record_);
    if (intent.addresses.size() > 1) access->path2.clear();
    size_t next = 0;
    bool failed = false;
    for (const std::string& address : intent.addresses) {
      access->path = address;
      if (intent.addresses.size() > 1) {
        access->resolved.clear();
        access->resolved2.clear();
        const bool is_path = next < intent.paths.size() && IsPathAddress(address, intent.paths[next].spelled);
        Prediction prediction;
        if (is_path) {
          const PathRef& path = intent.paths[next++];
          Resolved found;
          const Prediction met = look_.AtAddress(intent, path, tid, access->pid, &found);
          if (!failed) prediction = met;
          access->resolved = std::move(found.path);
        }
        if (access->decision == access::Decision::kContinued) {
          access->result = prediction.result;
          access->error = prediction.error;
          failed = failed || prediction.error != 0;
        }
      }
      Append();
    }
  }

  static bool IsPathAddress(absl::string_view address, absl::string_view path) {
    return absl::ConsumePrefix(&address, "unix:") &&
           (address == path || (absl::ConsumePrefix(&address, "./") && address == path));
  }

  void NoteRefusal(const access::Access& access) {
    if (access.rule.empty()) return;
    const auto policies = policies_.find(access.action);
    const bool enforces =
        policies != policies_.end() && policies->second.front()->mode == policy::Mode::kEnforce;
    RefusalsOf(access.action).Add(access, enforces);
  }

  // Where the one who waits for a verdict on the action is told.
  Refusals& RefusalsOf(access::ActionId action) {
    const auto inner = inner_.find(action);
    return inner != inner_.end() && inner->second.test() ? inner->second.refusals : result_.refusals;
  }

  void Append() {
    NoteRefusal(std::get<access::Access>(record_));
    if (!inner_.empty()) {
      const auto inner = inner_.find(std::get<access::Access>(record_).action);
      if (inner != inner_.end()) ++inner->second.accesses;
    }
    if (o_.sink->Append(record_)) {
      ++result_.accesses;
    } else {
      result_.sink_failed = true;
    }
  }

  void AddHole(access::ActionId action, pid_t pid, const char* kind, std::string detail) {
    ++result_.holes;
    if (const auto inner = inner_.find(action); inner != inner_.end()) inner->second.whole = false;
    access::Hole hole{action, Now(), pid, kind, std::move(detail)};
    if (!o_.sink->Append(hole)) result_.sink_failed = true;
  }

  // An inner launcher asks for its supervisor: it gets a socket as the result of its openat, on which it says
  // who it is.
  void Announce(const seccomp_notif& call, const Process& process) {
    const Process caller = process;  // the table moves on below
    Sweep(false);
    const std::string error = announced_.Take(listener_.get(), call, caller);
    if (!error.empty()) AddHole(caller.action, caller.tgid, "announcement", error);
  }

  // Whoever has said who he is; then those for whom there is room now.
  void HearAnnounced(bool all) {
    for (Announcements::Heard& heard : announced_.Hear(all)) Begin(&heard);
    seccomp_notif call;
    while (!all && announced_.NextKept(listener_.get(), &call)) Handle(call);
  }

  // Files what the launcher's process does from now on under an action of its own.
  void Begin(Announcements::Heard* heard) {
    if (!heard->hello.ok()) {
      if (heard->hello.status().code() != absl::StatusCode::kUnavailable)
        AddHole(heard->outer, heard->tgid, "announcement", std::string(heard->hello.status().message()));
      return;
    }
    const pid_t tgid = heard->tgid;
    access::ActionBegin begin = *std::move(heard->hello);
    begin.action = o_.announcer->NextAction();
    begin.parent = heard->outer;
    begin.time_ns = Now();
    begin.pid = tgid;
    FillCwd(heard->socket.get(), tgid, &begin);
    begin.level = static_cast<uint8_t>(o_.policy->level);
    begin.shape = "notify";
    if (!o_.sink->Append(begin)) result_.sink_failed = true;
    Inner& inner = inner_[begin.action];
    inner.begin = begin;
    // A launcher that announces itself in a fork waits for it as its subreaper (launch_stay.h).
    if (!processes_.RegisterAction(tgid, begin.action, IsForkOfItsParent(tgid)))
      AddHole(begin.action, tgid, "announcement", "its process cannot be held: no descriptor is left");
    orphans_.erase(tgid);  // it has said itself whose it is
    {
      const std::lock_guard<std::mutex> lock(met_mutex_);
      met_[tgid] = begin.action;
    }
    auto plan = o_.announcer->ReplyTo(heard->socket.get(), *o_.policy, begin);
    MakeRulersOf(plan.ok() ? plan->policy : o_.policy, begin);
    if (!plan.ok())
      AddHole(begin.action, tgid, "announcement",
              absl::StrCat("the launcher did not take its plan: ", plan.status().message()));
    if (plan.ok()) inner.unheld = std::move(plan->unheld);
    inner.socket = std::move(heard->socket);
  }

  void Sweep(bool final) {
    drained_ns_ = Now();
    shims_.DrainAll();  // before the action ends that it belongs to
    for (EndedAction& ended : processes_.EndedActions(final)) {
      AskAtEnd(ended.action);
      const auto found = inner_.find(ended.action);
      if (found == inner_.end()) continue;  // there is none that was not begun
      Inner& inner = found->second;
      access::ActionEnd end = EndOfInner(ended, ProgramOf(inner.begin), inner.socket.get());
      if (end.kind == access::ActionEnd::Kind::kSandboxFailed) inner.whole = false;
      if (o_.announcer != nullptr) o_.announcer->InnerEnded(&end);
      if (end.cpu_ns == 0 && ended.root == o_.root) end.cpu_ns = result_.cpu_ns;
      if (end.limit.empty()) {
        const Limits limits = LimitsInside(policies_[end.action]);
        end.limit = LimitThatEnded(limits, end, end.cpu_ns, TookNs(inner.begin, end.time_ns));
      }
      AddUnheld(inner.unheld, &end);
      AddUnheld(lost_.Take(ended.action), &end);
      if (!o_.sink->Append(end)) result_.sink_failed = true;
      if (inner.socket.valid()) SendVerdict(inner.socket.get(), inner.refusals, end, inner.accesses);
      inner.socket.reset();
    }
  }

  std::unique_ptr<kernel::NotifyListener> listener_;
  SupervisorOptions o_;
  ProcessTable processes_;
  Shims shims_;
  uint64_t drained_ns_ = 0;  // when what is taken from the rings was read
  Announcements announced_;
  const bool answers_looks_;  // more is notified than recorded
  RecentLinks recent_;
  access::Record record_ = access::Access{};  // the access at hand: its strings keep their room
  absl::flat_hash_set<pid_t> orphans_;        // to be told of with their first record
  Look look_;
  LostPrivileges lost_;
  std::unique_ptr<const Outside> outside_;  // null: nothing is foretold of calls on processes
  std::map<access::ActionId, std::vector<const policy::Policy*>> policies_;  // innermost first
  std::map<access::ActionId, Rulers> rulers_;  // of the actions whose policies hold something here
  SupervisorResult result_;
  ProcStat begun_;                           // the first process
  absl::flat_hash_set<pid_t> strangers_;     // a hole has told of them
  absl::flat_hash_set<pid_t> late_;          // reported in left_over
  std::map<access::ActionId, Inner> inner_;  // every inner action so far; few
  mutable std::mutex met_mutex_;
  absl::flat_hash_map<pid_t, access::ActionId> met_;  // guarded by met_mutex_
};

Supervisor::Supervisor(std::unique_ptr<kernel::NotifyListener> listener, const SupervisorOptions& options)
    : impl_(std::make_unique<Impl>(std::move(listener), options)) {}
Supervisor::~Supervisor() = default;
SupervisorResult Supervisor::Serve() { return impl_->Serve(); }
access::ActionId Supervisor::ActionOf(pid_t pid) const { return impl_->ActionOf(pid); }

}  // namespace glovebox::trace
