#include "trace/running_actions.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kernel/process.h"
#include "trace/proc_task.h"
#include "trace/wake.h"

namespace glovebox::trace {
namespace {

using Clock = std::chrono::steady_clock;

// Between looks at actions whose first process has just ended, and at tests of which something is left over.
constexpr int kSoonMs = 20;
// On kernels before 6.11 a listener hangs up only when the last of its tasks is reaped, and what was orphaned
// is ours to reap: looked for at this pace, and only while an action has outlived its first process.
constexpr int kOrphanMs = 100;

}  // namespace

void RunningActions::Add(access::ActionId id, RunningAction* action) {
  const std::lock_guard<std::mutex> lock(mutex_);
  running_[id] = action;
}

bool RunningActions::AddInnerTest(access::ActionId id, pid_t pid) {
  auto pidfd = kernel::OpenPidfd(pid);
  if (!pidfd.ok()) return false;
  auto test = std::make_unique<InnerTest>();
  test->pidfd = *std::move(pidfd);
  test->action.pidfd = test->pidfd.get();
  test->action.ends_left_over = MembersOfAction(access::Role::kTest, pid, nullptr);
  const std::lock_guard<std::mutex> lock(mutex_);
  running_[id] = &test->action;
  inner_[id] = std::move(test);
  return true;
}

std::vector<std::string> RunningActions::Remove(access::ActionId id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  running_.erase(id);
  inner_.erase(id);
  std::vector<std::string> ended = std::move(ended_by_us_[id]);
  ended_by_us_.erase(id);
  return ended;
}

int RunningActions::Wait(std::vector<pollfd>* fds, bool* orphans) {
  const std::lock_guard<std::mutex> lock(mutex_);
  int timeout = -1;
  *orphans = false;
  for (const auto& [id, action] : running_) {
    if (!action->root_gone) {
      fds->push_back({action->pidfd, POLLIN, 0});
      continue;
    }
    int pause = -1;
    if (!action->root_ended) {
      pause = kSoonMs;
      if (Clock::now() - action->root_ended_at > std::chrono::milliseconds(kLeftOverMs))
        action->root_ended = true;
    }
    if (action->root_ended && !receive_ends_) {
      pause = kOrphanMs;
      *orphans = true;
    }
    if (action->root_ended && action->ends_left_over != nullptr) pause = kSoonMs;
    if (pause >= 0) timeout = timeout < 0 ? pause : std::min(timeout, pause);
  }
  return timeout;
}

void RunningActions::NoteEnded() {
  const std::lock_guard<std::mutex> lock(mutex_);
  AllStats all;
  for (const auto& [id, action] : running_) {
    if (!action->root_gone && kernel::HasEnded(action->pidfd)) {
      action->root_gone = true;
      action->root_ended_at = Clock::now();
    }
    if (!action->root_ended || action->ends_left_over == nullptr) continue;
    if (all.empty()) all = AllProcesses();
    EndLeftOver(id, action, all);
  }
}

void RunningActions::EndLeftOver(access::ActionId id, RunningAction* action, const AllStats& all) {
  const std::vector<pid_t> left = action->ends_left_over->Among(all);
  for (const pid_t pid : left) {
    if (IsGone(all.at(pid))) continue;
    if (named_.insert(pid).second) ended_by_us_[id].push_back(absl::StrCat(pid, " ", ReadExe(pid)));
  }
  KillAmong(all, left);
}

void RunningActions::Name(const std::vector<LeftOverProcess>& ended) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const LeftOverProcess& process : ended) {
    for (const auto& [id, action] : running_) {
      if (action->supervisor == nullptr || action->supervisor->ActionOf(process.pid) == 0 ||
          !named_.insert(process.pid).second)
        continue;
      ended_by_us_[id].push_back(Describe(process));
    }
  }
}

bool RunningActions::IsRootOfAnother(pid_t pid, const RunningAction* self) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::any_of(running_.begin(), running_.end(), [pid, self](const auto& one) {
    const RunningAction& action = *one.second;
    return &action != self && action.supervisor != nullptr && action.root == pid &&
           !kernel::HasEnded(action.pidfd);
  });
}

void RunningActions::StopAll() {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& [id, action] : running_) {
    if (action->supervisor == nullptr) continue;
    action->stop = true;
    Wake(action->thread);
  }
}

std::unique_ptr<ActionMembers> MembersOfAction(access::Role role, pid_t pid,
                                               std::function<bool(pid_t)> adopted) {
  ProcStat stat;
  const bool stays = role == access::Role::kTest && IsForkOfItsParent(pid) && ReadProcStat(pid, &stat);
  return std::make_unique<ActionMembers>(stays ? stat.parent : pid, !stays, std::move(adopted));
}

MembersOf MembersBelow(access::Role role, pid_t pid, std::function<bool(pid_t)> adopted) {
  const std::shared_ptr<ActionMembers> members = MembersOfAction(role, pid, std::move(adopted));
  return [members](const AllStats& all) { return members->Among(all); };
}

}  // namespace glovebox::trace
