#include "trace/supervisor.h"

#include <fcntl.h>

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
#include "policy/filters.h"
#include "trace/announcements.h"
#include "trace/clock.h"
#include "trace/handshake.h"
#include "trace/hello.h"
#include "trace/intent.h"
#include "trace/interpreter.h"
#include "trace/judge.h"
#include "trace/permissions.h"
#include "trace/predict.h"
#include "trace/proc_task.h"
#include "trace/process_table.h"
#include "trace/recent_links.h"
#include "trace/shims.h"

namespace glovebox::trace {
namespace {

// How often the ends of inner actions are looked for: often enough for their times to mean something, seldom
// enough to cost nothing (one poll).
constexpr uint64_t kSweepEvery = 128;
constexpr int kCallsAfterStop = 1000;
constexpr absl::string_view kAnnouncement(child::kAnnouncePath, sizeof(child::kAnnouncePath) - 1);

}  // namespace

class Supervisor::Impl final : private ShimSink {
 public:
  Impl(std::unique_ptr<kernel::NotifyListener> listener, const SupervisorOptions& options)
      : listener_(std::move(listener)),
        o_(options),
        processes_(options.root, options.action),
        shims_(options.shim, options.policy->gate, this),
        announced_(options.hello_ms) {
    ReadCredentials(0, false, &own_);
    ReadCredentials(0, true, &own_real_);
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
    HearAnnounced(/*all=*/true);
    if (announced_.RefuseKept(listener_.get()) > 0)
      AddHole(o_.action, o_.root, "announcement", "launchers waited for their turn");
    Sweep(true);
    result_.inner_actions = inner_.size();
    for (const auto& [action, inner] : inner_) result_.inner_complete += inner.whole ? 1 : 0;
    return std::move(result_);
  }

 private:
  struct Inner {
    std::string program;
    UniqueFd socket;  // what the launcher says of steps that failed after its announcement
    bool whole = true;
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
    Look(call, process, intent, time, memory.found(), step == Shims::Step::kOffer);
  }

  // Finds what the call means, records it, and answers. `known`: the memory that was read is the process's.
  void Look(const seccomp_notif& call, const Process& process, const Intent& intent, uint64_t time,
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
    if (intent.op == Op::kExec && !process.fresh) NoteCredentials(tid, process.tgid);
    const Sighting seen = Fill(intent, tid, process.tgid, &access);
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
    Record(intent, tid);
    recent_.Note(process, intent, access, seen.through_proc || tid != process.tgid, time);
    offer = offer && access.result == access::Result::kAbsent && own && !others_.contains(process.tgid);
    if (offer) shims_.Offered(process.tgid);
    if (intent.op == Op::kExec) {
      shims_.ExecNotified(process.tgid);
      processes_.ExecNotified(tid);  // `process` ends here
    }
    if (intent.refuse != 0 || offer) {
      listener_->Answer(call.id, 0, intent.refuse);
    } else {
      listener_->Continue(call.id);
    }
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
    const Sighting seen = Fill(intent, process.tgid, process.tgid, &access);
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
    if (process.fresh) Meet(process, tid);
    return &process;
  }

  // A process that was not seen before, also under a number that was.
  void Meet(const Process& process, pid_t tid) {
    NoteCredentials(tid, process.tgid);
    o_.resolver->ForgetProcess(process.tgid);
    recent_.Forget(process.tgid);
    shims_.Forget(process.tgid);
    orphans_.erase(process.tgid);
    // Without inner actions there is only one that it can belong to.
    if (process.orphan && !inner_.empty()) orphans_.insert(process.tgid);
    if (process.unknown) return;  // not a new one, perhaps
    const std::lock_guard<std::mutex> lock(met_mutex_);
    met_[process.tgid] = process.action;
  }

  struct Sighting {
    bool unresolved = false;    // it is not known which file a path means
    bool through_proc = false;  // it depends on who asks
  };

  CallerPermissions MakePermissions(const Intent& intent, pid_t tid) const {
    // access(2) asks with the real ids; faccessat2 can ask with the others.
    const bool real = intent.op == Op::kAccess && (intent.flags & AT_EACCESS) == 0;
    return {tid, real, real ? own_real_ : own_};
  }

  // A program that runs with other credentials than ours gets them before its exec, mostly: then each way is
  // looked at as well, which would cost too much for every call of everybody.
  void NoteCredentials(pid_t tid, pid_t tgid) {
    if (CallerPermissions(tid, false, own_).IsOwn()) {
      others_.erase(tgid);
    } else {
      others_.insert(tgid);
    }
  }

  // Paths, addresses and the prediction.
  Sighting Fill(const Intent& intent, pid_t tid, pid_t tgid, access::Access* access) {
    access->op = intent.op;
    access->syscall = intent.syscall;
    access->flags = intent.flags;
    for (std::string* text : {&access->path, &access->resolved, &access->path2, &access->resolved2})
      text->clear();
    access->sight = access::Sight::kPredicted;
    access->decision = access::Decision::kContinued;
    Resolved found[2];
    const size_t count = std::min<size_t>(intent.paths.size(), 2);
    Sighting seen;
    for (size_t i = 0; i < count; ++i) {
      found[i] = o_.resolver->Resolve(tid, tgid, intent.paths[i]);
      seen.unresolved =
          seen.unresolved || (found[i].error == ESRCH && intent.refuse == 0 && intent.invalid == 0);
      seen.through_proc = seen.through_proc || found[i].through_proc;
    }
    const Resolved* first = count > 0 ? &found[0] : nullptr;
    const Resolved* second = count > 1 ? &found[1] : nullptr;
    const CallerPermissions permissions = MakePermissions(intent, tid);
    if (others_.contains(tgid)) {
      for (size_t i = 0; i < count; ++i) permissions.JudgeWay(intent.paths[i].spelled, &found[i]);
    }
    Prediction prediction = Predict(intent, first, second, permissions);
    if (intent.op == Op::kExec && prediction.result == access::Result::kThere)
      prediction = PredictRun(intent, found[0], tid, tgid, permissions);
    access->result = prediction.result;
    access->error = prediction.error;
    if (intent.refuse == 0 && ChangesNames(intent, first, second)) Forget(intent.op);
    if (first != nullptr) {
      access->path = intent.paths[0].spelled;
      access->resolved = std::move(found[0].path);
    }
    if (second != nullptr) {
      access->path2 = intent.paths[1].spelled;
      access->resolved2 = std::move(found[1].path);
    } else if (!intent.text.empty()) {
      access->path2 = intent.text;
    }
    if (intent.refuse != 0) {
      access->result = access::Result::kRefused;
      access->error = intent.refuse;
      access->sight = access::Sight::kObserved;
      access->decision = access::Decision::kDenied;
    }
    return seen;
  }

  // What an exec meets behind the file that it names. An interpreter is no access of the call's own.
  Prediction PredictRun(const Intent& intent, const Resolved& program, pid_t tid, pid_t tgid,
                        const CallerPermissions& permissions) {
    constexpr uint64_t kCheckOnly = 0x10000;  // AT_EXECVE_CHECK (6.14): nothing is run
    if ((intent.flags & kCheckOnly) != 0) return Outcome(0);
    const auto find = [&](const std::string& spelled) {
      PathRef path;
      path.spelled = spelled;
      Resolved found = o_.resolver->Resolve(tid, tgid, path);
      if (others_.contains(tgid)) permissions.JudgeWay(spelled, &found);
      return found;
    };
    return Outcome(CheckInterpreters(intent.paths[0].spelled, program, permissions, find));
  }

  void Forget(Op op) {
    // kMount: setns and unshare as well.
    const bool views = op == Op::kMount || op == Op::kUmount || op == Op::kChroot;
    views ? o_.resolver->Forget() : o_.resolver->ForgetNames();
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
    const CallerPermissions permissions = MakePermissions(intent, tid);
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
          Resolved found = o_.resolver->Resolve(tid, access->pid, path);
          if (others_.contains(access->pid)) permissions.JudgeWay(path.spelled, &found);
          if (!failed) prediction = Predict(intent, &found, nullptr, permissions);
          access->resolved = std::move(found.path);
        }
        if (intent.refuse == 0) {
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

  void Append() {
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
    inner.program = std::string(ProgramOf(begin));
    // A launcher that announces itself in a fork waits for it as its subreaper (launch_test_role.h).
    if (!processes_.RegisterAction(tgid, begin.action, IsForkOfItsParent(tgid)))
      AddHole(begin.action, tgid, "announcement", "its process cannot be held: no descriptor is left");
    orphans_.erase(tgid);  // it has said itself whose it is
    {
      const std::lock_guard<std::mutex> lock(met_mutex_);
      met_[tgid] = begin.action;
    }
    if (!o_.announcer->ReplyTo(heard->socket.get(), *o_.policy, begin.action, begin.role))
      AddHole(begin.action, tgid, "announcement", "the launcher did not take its plan");
    inner.socket = std::move(heard->socket);
  }

  void Sweep(bool final) {
    drained_ns_ = Now();
    shims_.DrainAll();  // before the action ends that it belongs to
    for (EndedAction& ended : processes_.EndedActions(final)) {
      access::ActionEnd end;
      end.action = ended.action;
      end.time_ns = Now();
      end.kind = ended.kind;
      end.status = ended.status;
      end.left_over = std::move(ended.left_over);
      if (const auto inner = inner_.find(ended.action); inner != inner_.end()) {
        SetupReport report;
        if (inner->second.socket.valid()) DrainReport(inner->second.socket.get(), &report);
        if (FillSetup(report, inner->second.program, &end)) inner->second.whole = false;
        inner->second.socket.reset();
      }
      if (!o_.sink->Append(end)) result_.sink_failed = true;
    }
  }

  std::unique_ptr<kernel::NotifyListener> listener_;
  SupervisorOptions o_;
  ProcessTable processes_;
  Shims shims_;
  uint64_t drained_ns_ = 0;  // when what is taken from the rings was read
  Announcements announced_;
  RecentLinks recent_;
  access::Record record_ = access::Access{};  // the access at hand: its strings keep their room
  absl::flat_hash_set<pid_t> orphans_;        // to be told of with their first record
  absl::flat_hash_set<pid_t> others_;         // whose credentials are not ours, as last seen
  Credentials own_;
  Credentials own_real_;  // as access(2) takes them
  SupervisorResult result_;
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
