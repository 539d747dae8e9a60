#include "trace/process_table.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/unique_fd.h"
#include "kernel/process.h"
#include "trace/descriptor_limit.h"
#include "trace/pidfd_info.h"
#include "trace/proc_task.h"

namespace glovebox::trace {
namespace {

using access::ActionId;
// How long its parent may take to reap the first process.
constexpr int kReapMs = 200;
constexpr int kMaxClimb = 64;  // generations of unseen ancestors; deeper ones count as orphans

int OpenProcess(pid_t tgid) { return static_cast<int>(syscall(SYS_pidfd_open, tgid, 0)); }

bool NoneLeft(int error) { return error == EMFILE || error == ENFILE; }

}  // namespace

class ProcessTable::Impl {
 public:
  Impl(pid_t root, ActionId action) : root_(root), outer_(action) {
    Entry* entry = Add(root);
    if (entry != nullptr) {
      entry->process.action = action;
      entry->process.orphan = false;
    }
  }

  const Process& Find(pid_t tid, uint64_t now_ns);
  const Process* Assume(pid_t tid, uint64_t now_ns);
  void ExecNotified(pid_t tid) {
    Entry* entry = Trusted(tid);
    if (entry == nullptr) return;
    entry->memory.Drop();
    const bool by_leader = entry->process.tgid == tid && entry->exec != Exec::kByThread;
    entry->exec = by_leader ? Exec::kByLeader : Exec::kByThread;
  }
  bool Register(pid_t tgid, ActionId action, bool parent_stays);
  std::vector<EndedAction> EndedActions(bool final);
  std::vector<std::string> LeftOver(ActionId action, pid_t root);
  size_t pidfds() const { return entries_.size() + inner_.size() + keepers_.size(); }
  size_t size() const { return entries_.size(); }

 private:
  // An execve that was notified, and of which no call has told yet that it is over.
  enum class Exec : uint8_t { kNone, kByLeader, kByThread };
  struct Entry {
    Process process;
    UniqueFd pidfd;
    Exec exec = Exec::kByLeader;  // unread as yet
    bool seen = false;            // Find() has answered with it
    kernel::HeldMemory memory;
    uint64_t used = 0;
    uint64_t asked_ns = 0;  // when Find() last saw that the number means it
  };
  // What is remembered of a process without a descriptor.
  struct Parked {
    ActionId action = 0;
    bool orphan = false;
    uint64_t start = 0;  // 0: it was dead when it was parked
    uint64_t when = 0;
  };
  struct Inner {
    ActionId action = 0;
    pid_t root = 0;
    UniqueFd pidfd;
    bool ended = false;
    bool replaced = false;
  };

  // A launcher that stays behind as the subreaper of the inner action that its child became. Itself it
  // belongs to the action outside.
  struct Keeper {
    pid_t tgid = 0;
    ActionId action = 0;
    UniqueFd pidfd;
    bool nested = false;  // the inner action has had an inner action of its own
  };

  Entry* Trusted(pid_t tid);
  void LookAtProgram(pid_t tid, Entry* entry);
  Entry* Add(pid_t tgid);
  void Attribute(pid_t tgid, int pidfd, Process* out);
  void NameParent(pid_t parent, Process* out);
  bool FromGroup(pid_t tgid, Process* out);
  bool KnownAction(pid_t tgid, Process* out);
  bool FromKeeper(pid_t tgid, Process* out) const;
  void AddKeeper(pid_t tgid, int pidfd, ActionId action);
  HeldProcess KeeperOf(ActionId action) const;
  UniqueFd Hold(pid_t tgid);
  void MakeRoom();
  void Spare();
  void Evict();
  void Sweep();
  bool Park(pid_t tgid, const Entry& entry, bool alive);

  const pid_t root_;
  const pid_t self_ = getpid();
  const ActionId outer_;
  absl::flat_hash_map<pid_t, std::unique_ptr<Entry>> entries_;  // by tgid
  absl::flat_hash_map<pid_t, pid_t> threads_;                   // tid -> tgid, of tasks that lead no group
  absl::flat_hash_map<pid_t, Parked> parked_;
  std::vector<Inner> inner_;
  std::vector<Keeper> keepers_;
  uint64_t clock_ = 0;
  uint32_t exes_ = 0;  // given as exe_number
  Process unknown_;
};

// The living entry of a task, if it is certain that the number still means it.
ProcessTable::Impl::Entry* ProcessTable::Impl::Trusted(pid_t tid) {
  pid_t tgid = tid;
  const auto thread = threads_.find(tid);
  if (thread != threads_.end()) tgid = thread->second;
  const auto found = entries_.find(tgid);
  if (found == entries_.end()) return nullptr;
  if (kernel::HasEnded(found->second->pidfd.get())) {
    Park(tgid, *found->second, false);
    entries_.erase(found);
    if (thread != threads_.end()) threads_.erase(thread);
    return nullptr;
  }
  if (tgid != tid) {
    char path[64];
    std::snprintf(path, sizeof(path), "/proc/%d/task/%d", tgid, tid);
    if (::access(path, F_OK) != 0) {
      threads_.erase(thread);
      return nullptr;
    }
  }
  return found->second.get();
}

const Process* ProcessTable::Impl::Assume(pid_t tid, uint64_t now_ns) {
  const auto found = entries_.find(tid);
  if (found == entries_.end()) return nullptr;
  Entry& entry = *found->second;
  if (entry.exec != Exec::kNone || !entry.memory.is_open() || now_ns - entry.asked_ns >= kAssumeNs)
    return nullptr;
  entry.used = ++clock_;
  entry.process.fresh = false;
  return &entry.process;
}

const Process& ProcessTable::Impl::Find(pid_t tid, uint64_t now_ns) {
  ++clock_;
  Entry* entry = Trusted(tid);
  if (entry == nullptr) {
    pid_t tgid = tid;
    entry = Add(tid);
    if (entry == nullptr) {  // no group leader, or gone
      tgid = ReadTgid(tid);
      if (tgid > 0 && tgid != tid) entry = Trusted(tgid);
      if (tgid > 0 && entry == nullptr) entry = Add(tgid);
      if (entry != nullptr && tgid != tid) {
        if (threads_.size() >= kMaxParked) threads_.clear();
        threads_[tid] = tgid;
      }
    }
    if (entry == nullptr) {
      unknown_ = Process{};
      unknown_.tgid = tgid > 0 ? tgid : tid;
      unknown_.action = outer_;
      unknown_.unknown = unknown_.fresh = true;
      return unknown_;
    }
  }
  entry->used = clock_;
  entry->asked_ns = now_ns;
  entry->process.fresh = !entry->seen;
  entry->seen = true;
  LookAtProgram(tid, entry);
  return entry->process;
}

// The program whose call this is, and its memory.
void ProcessTable::Impl::LookAtProgram(pid_t tid, Entry* entry) {
  if (entry->exec != Exec::kNone) {
    std::string exe = ReadExe(entry->process.tgid);
    if (exe != entry->process.exe) entry->process.exe_number = ++exes_;
    entry->process.exe = std::move(exe);
    // Alone again, or the leader that asked for it: it is over.
    const bool leads = tid == entry->process.tgid;
    if (leads && (entry->exec == Exec::kByLeader || !HasThreads(tid))) entry->exec = Exec::kNone;
  }
  const bool certain = entry->exec == Exec::kNone;
  if (certain && !entry->memory.is_open()) {
    entry->memory.Open(entry->process.tgid);
    // Its number may have been another's; and a cache must not take what the call itself needs.
    if (kernel::HasEnded(entry->pidfd.get()) || DescriptorsAreScarce(entry->memory.fd(), kReserve))
      entry->memory.Drop();
  }
  entry->process.memory = certain ? &entry->memory : nullptr;
}

// A pidfd, for which others are given up where there are few.
UniqueFd ProcessTable::Impl::Hold(pid_t tgid) {
  UniqueFd pidfd(OpenProcess(tgid));
  if (pidfd.valid() ? DescriptorsAreScarce(pidfd.get(), kReserve) : NoneLeft(errno)) {
    Spare();
    if (!pidfd.valid()) pidfd.reset(OpenProcess(tgid));
  }
  return pidfd;
}

// Null when `tgid` leads no thread group, or has gone.
ProcessTable::Impl::Entry* ProcessTable::Impl::Add(pid_t tgid) {
  if (entries_.size() >= kMaxPidfds) MakeRoom();
  UniqueFd pidfd = Hold(tgid);
  if (!pidfd.valid()) return nullptr;
  auto entry = std::make_unique<Entry>();
  entry->process.tgid = tgid;
  entry->process.action = outer_;
  entry->used = clock_;
  if (tgid != root_ || entries_.contains(root_)) Attribute(tgid, pidfd.get(), &entry->process);
  // One that was known, parked, and has threads may be executing a program by one of them.
  if (HasThreads(tgid)) entry->exec = Exec::kByThread;
  entry->pidfd = std::move(pidfd);
  threads_.erase(tgid);
  parked_.erase(tgid);
  auto& place = entries_[tgid];
  place = std::move(entry);
  return place.get();
}

// Fills in the action of a process that is certainly known, alive or parked.
bool ProcessTable::Impl::KnownAction(pid_t tgid, Process* out) {
  if (const Entry* entry = Trusted(tgid)) {
    out->action = entry->process.action;
    out->orphan = entry->process.orphan;
    return true;
  }
  // The first of an inner action is held for its end: it is known without another descriptor.
  for (const Inner& inner : inner_) {
    if (inner.root != tgid || inner.replaced || !inner.pidfd.valid()) continue;
    if (kernel::HasEnded(inner.pidfd.get())) continue;
    out->action = inner.action;
    out->orphan = false;
    return true;
  }
  const auto parked = parked_.find(tgid);
  ProcStat stat;
  if (parked == parked_.end() || parked->second.start == 0) return false;
  if (!ReadProcStat(tgid, &stat) || stat.start != parked->second.start) return false;
  out->action = parked->second.action;
  out->orphan = parked->second.orphan;
  return true;
}

// Climbs from parent to parent. Sound against reuse: an ancestor counts only if it was still the parent, or
// had not ended, after its number had been read from the child.
void ProcessTable::Impl::Attribute(pid_t tgid, int pidfd, Process* out) {
  if (KnownAction(tgid, out)) return;  // parked
  UniqueFd held;
  int child_fd = pidfd;
  pid_t child = tgid;
  for (int i = 0; i < kMaxClimb; ++i) {
    const pid_t parent = ParentOf(child, child_fd);
    if (parent <= 1 || parent == self_) break;  // reparented to init or to us, the subreaper
    if (FromKeeper(parent, out)) return;
    if (KnownAction(parent, out)) return NameParent(parent, out);
    UniqueFd parent_fd = Hold(parent);
    if (!parent_fd.valid() || ParentOf(child, child_fd) != parent) {
      if (ParentOf(child, child_fd) == 0) break;
      continue;  // it died under our hands: the child has another parent now
    }
    held = std::move(parent_fd);
    child_fd = held.get();
    child = parent;
  }
  out->action = outer_;
  out->orphan = true;
  FromGroup(tgid, out);
}

void ProcessTable::Impl::NameParent(pid_t parent, Process* out) {
  out->parent = parent;
  const auto found = entries_.find(parent);
  const bool read = found != entries_.end() && found->second->exec == Exec::kNone;
  out->parent_exe = read ? found->second->process.exe : ReadExe(parent);
}

// Whoever is a keeper's child, and is not the inner action's first process (that one is known), came to it as
// an orphan from inside. Where there was an action inside the inner one, it may be that one's.
bool ProcessTable::Impl::FromKeeper(pid_t tgid, Process* out) const {
  for (const Keeper& keeper : keepers_) {
    if (keeper.tgid != tgid || kernel::HasEnded(keeper.pidfd.get())) continue;
    out->action = keeper.action;
    out->orphan = keeper.nested;
    return true;
  }
  return false;
}

void ProcessTable::Impl::AddKeeper(pid_t tgid, int pidfd, ActionId action) {
  const pid_t parent = ParentOf(tgid, pidfd);
  if (parent <= 1 || parent == self_) return;
  Keeper keeper{parent, action, Hold(parent), false};
  // Asked again with the pidfd in hand: then the number was the parent's all the time.
  if (!keeper.pidfd.valid() || ParentOf(tgid, pidfd) != parent) return;
  keepers_.push_back(std::move(keeper));
}

HeldProcess ProcessTable::Impl::KeeperOf(ActionId action) const {
  for (const Keeper& keeper : keepers_) {
    if (keeper.action == action) return {keeper.tgid, keeper.pidfd.get()};
  }
  return {};
}

// A daemon leaves its parents, seldom its session. The leader may be dead: its number stays taken while the
// group has members. It is a guess all the same (the leader may have been replaced unseen): orphan stays.
bool ProcessTable::Impl::FromGroup(pid_t tgid, Process* out) {
  for (const pid_t leader : {getpgid(tgid), getsid(tgid)}) {
    if (leader <= 0 || leader == tgid || leader == self_) continue;
    Process known;
    if (KnownAction(leader, &known)) {
      out->action = known.action;
      return true;
    }
    const auto parked = parked_.find(leader);
    if (parked != parked_.end() && parked->second.start == 0) {
      out->action = parked->second.action;
      return true;
    }
  }
  return false;
}

// False where a living one could not be known again: /proc/TGID/stat takes a descriptor for a moment.
bool ProcessTable::Impl::Park(pid_t tgid, const Entry& entry, bool alive) {
  if (parked_.size() >= kMaxParked) {
    // The older half goes; a full scan, but only once in kMaxParked / 2 processes.
    const uint64_t middle = clock_ > kMaxParked / 2 ? clock_ - kMaxParked / 2 : 0;
    absl::erase_if(parked_, [middle](const auto& one) { return one.second.when < middle; });
    if (parked_.size() >= kMaxParked) parked_.clear();
  }
  Parked parked{entry.process.action, entry.process.orphan, 0, clock_};
  ProcStat stat;
  if (alive && ReadProcStat(tgid, &stat) && !kernel::HasEnded(entry.pidfd.get())) parked.start = stat.start;
  if (alive && parked.start == 0 && !kernel::HasEnded(entry.pidfd.get())) return false;
  parked_[tgid] = parked;
  return true;
}

// One poll(2) for all.
void ProcessTable::Impl::Sweep() {
  std::vector<pollfd> fds;
  std::vector<pid_t> numbers;
  for (const auto& [tgid, entry] : entries_) {
    fds.push_back({entry->pidfd.get(), POLLIN, 0});
    numbers.push_back(tgid);
  }
  if (poll(fds.data(), fds.size(), 0) <= 0) return;
  for (size_t i = 0; i < fds.size(); ++i) {
    if (fds[i].revents == 0) continue;
    Park(numbers[i], *entries_[numbers[i]], false);
    entries_.erase(numbers[i]);
  }
  absl::erase_if(threads_, [this](const auto& one) { return !entries_.contains(one.second); });
}

void ProcessTable::Impl::MakeRoom() {
  Sweep();
  if (entries_.size() >= kMaxPidfds * 3 / 4) Evict();
}

// This process has hardly a descriptor left.
void ProcessTable::Impl::Spare() {
  for (const auto& [tgid, entry] : entries_) entry->memory.Drop();
  Sweep();
  Evict();
}

// Parks the half that was not used for longest, never the last one used.
void ProcessTable::Impl::Evict() {
  std::vector<std::pair<uint64_t, pid_t>> by_use;
  for (const auto& [tgid, entry] : entries_) {
    if (tgid != root_) by_use.emplace_back(entry->used, tgid);
  }
  std::sort(by_use.begin(), by_use.end());
  by_use.resize(by_use.size() / 2);
  for (const auto& [used, tgid] : by_use) {
    if (Park(tgid, *entries_[tgid], true)) entries_.erase(tgid);
  }
}

bool ProcessTable::Impl::Register(pid_t tgid, ActionId action, bool parent_stays) {
  keepers_.erase(std::remove_if(keepers_.begin(), keepers_.end(),
                                [](const Keeper& keeper) { return kernel::HasEnded(keeper.pidfd.get()); }),
                 keepers_.end());
  for (Inner& inner : inner_) {
    if (inner.root == tgid && !inner.replaced) inner.replaced = true;
  }
  Entry* entry = Trusted(tgid);
  if (entry == nullptr) entry = Add(tgid);
  if (entry == nullptr) {
    inner_.push_back({action, tgid, UniqueFd(), true, false});
    return false;
  }
  entry->used = ++clock_;  // others are evicted below, not this one
  for (Keeper& keeper : keepers_) keeper.nested = keeper.nested || keeper.action == entry->process.action;
  if (parent_stays) AddKeeper(tgid, entry->pidfd.get(), action);
  entry->process.action = action;
  entry->process.orphan = false;
  Inner inner{action, tgid, UniqueFd(fcntl(entry->pidfd.get(), F_DUPFD_CLOEXEC, 0)), false, false};
  if (!inner.pidfd.valid()) {
    Spare();
    inner.pidfd.reset(fcntl(entry->pidfd.get(), F_DUPFD_CLOEXEC, 0));
  }
  const bool held = inner.pidfd.valid();
  inner.ended = !held;
  inner_.push_back(std::move(inner));
  return held;
}

std::vector<EndedAction> ProcessTable::Impl::EndedActions(bool final) {
  std::vector<EndedAction> out;
  if (inner_.empty()) return out;
  std::vector<pollfd> fds;
  for (const Inner& inner : inner_) fds.push_back({inner.pidfd.get(), POLLIN, 0});  // -1 is passed over
  poll(fds.data(), fds.size(), 0);
  std::vector<Inner> still;
  for (size_t i = 0; i < inner_.size(); ++i) {
    Inner& inner = inner_[i];
    EndedAction one;
    one.action = inner.action;
    one.root = inner.root;
    const bool ended = inner.ended || fds[i].revents != 0;
    // The first one of all has made its last call, and ends just now.
    const bool ending = final && inner.root == root_;
    if ((ended || ending) && !inner.replaced)
      FillEnd(inner.pidfd.get(), KeeperOf(inner.action), ending ? kReapMs : 0, &one);
    // Ended and no answer: either this host never tells, or we came between zombie and reaping. Look once
    // more.
    const bool wait = ended && one.kind == access::ActionEnd::Kind::kUnknown && !inner.ended;
    if (!final && !inner.replaced && (!ended || wait)) {
      inner.ended = ended;
      still.push_back(std::move(inner));
      continue;
    }
    if (!inner.replaced) one.left_over = LeftOver(inner.action, inner.root);
    out.push_back(std::move(one));
  }
  inner_ = std::move(still);
  return out;
}

std::vector<std::string> ProcessTable::Impl::LeftOver(ActionId action, pid_t root) {
  Sweep();
  std::vector<std::string> out;
  for (const auto& [tgid, entry] : entries_) {
    if (entry->process.action != action || tgid == root) continue;
    out.push_back(absl::StrCat(tgid, " ", ReadExe(tgid)));
  }
  for (const auto& [tgid, parked] : parked_) {
    ProcStat stat;
    if (parked.action != action || parked.start == 0 || tgid == root) continue;
    if (!ReadProcStat(tgid, &stat) || stat.start != parked.start || IsGone(stat)) continue;
    out.push_back(absl::StrCat(tgid, " ", ReadExe(tgid)));
  }
  std::sort(out.begin(), out.end());
  return out;
}

ProcessTable::ProcessTable(pid_t root, ActionId action) : impl_(std::make_unique<Impl>(root, action)) {}
ProcessTable::~ProcessTable() = default;
const Process& ProcessTable::Find(pid_t tid, uint64_t now_ns) { return impl_->Find(tid, now_ns); }
const Process* ProcessTable::Assume(pid_t tid, uint64_t now_ns) { return impl_->Assume(tid, now_ns); }
void ProcessTable::ExecNotified(pid_t tid) { impl_->ExecNotified(tid); }
bool ProcessTable::RegisterAction(pid_t tgid, ActionId action, bool parent_stays) {
  return impl_->Register(tgid, action, parent_stays);
}
std::vector<EndedAction> ProcessTable::EndedActions(bool final) { return impl_->EndedActions(final); }
std::vector<std::string> ProcessTable::LeftOver(ActionId action) { return impl_->LeftOver(action, 0); }
size_t ProcessTable::pidfds() const { return impl_->pidfds(); }
size_t ProcessTable::size() const { return impl_->size(); }

}  // namespace glovebox::trace
