// The actions under way, as a collector's threads share them: who has ended, what is left over of it.
#ifndef GLOVEBOX_TRACE_RUNNING_ACTIONS_H_
#define GLOVEBOX_TRACE_RUNNING_ACTIONS_H_

#include <poll.h>
#include <pthread.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "access/record.h"
#include "base/unique_fd.h"
#include "trace/budget.h"
#include "trace/left_over.h"
#include "trace/process_usage.h"
#include "trace/supervisor.h"

namespace glovebox::trace {

// One of them. Made by the worker that serves it; what is not atomic is RunningActions' own.
struct RunningAction {
  int pidfd = -1;                    // the worker's, of its first process; valid while it stands
  pid_t root = 0;                    // that process
  Supervisor* supervisor = nullptr;  // null: a test inside another action
  pthread_t thread{};
  std::atomic<bool> root_ended{false};  // SupervisorOptions::root_ended, stop
  std::atomic<bool> stop{false};
  // Set: what it leaves is ended as soon as it counts as left over (a test's), not at the end of the build.
  std::unique_ptr<ActionMembers> ends_left_over;

  std::chrono::steady_clock::time_point root_ended_at{};
  bool root_gone = false;
};

// Thread-safe.
class RunningActions {
 public:
  // How long a process of an action may still end after the first one before it counts as left over.
  static constexpr int kLeftOverMs = 100;

  // `receive_ends`: HostFeatures'.
  explicit RunningActions(bool receive_ends) : receive_ends_(receive_ends) {}

  void Add(access::ActionId id, RunningAction* action);
  // A test inside another action, whose first process `pid` waits for an answer: what it leaves is ended as
  // of any other. False where it cannot be held.
  bool AddInnerTest(access::ActionId id, pid_t pid);
  // "pid exe" of what was ended of it. From then on `action` is the worker's alone.
  std::vector<std::string> Remove(access::ActionId id);

  // For the watcher's poll: the first processes that live. Returns its time-out in ms, -1 for none; tells the
  // supervisors of actions that have outlived their first process. `orphans`: some may have to be reaped.
  int Wait(std::vector<pollfd>* fds, bool* orphans);
  // Notes whose first process has ended; ends what is left over of tests.
  void NoteEnded();
  // Of each the action that it belongs to is told, once, that it was ended.
  void Name(const std::vector<LeftOverProcess>& ended);
  // Whether that is the first process, and lives, of another action with a listener of its own than `self`.
  bool IsRootOfAnother(pid_t pid, const RunningAction* self);
  // Their supervisors stop.
  void StopAll();

 private:
  void EndLeftOver(access::ActionId id, RunningAction* action, const AllStats& all);

  const bool receive_ends_;
  std::mutex mutex_;  // guards all below, and what is not atomic of the actions
  std::map<access::ActionId, RunningAction*> running_;
  std::map<access::ActionId, std::vector<std::string>> ended_by_us_;
  std::set<pid_t> named_;
  struct InnerTest {
    UniqueFd pidfd;
    RunningAction action;
  };
  std::map<access::ActionId, std::unique_ptr<InnerTest>> inner_;
};

// What is below an action's first process; of a test, what is below the launcher that waits for it as a
// subreaper. `adopted`: which of our own orphans are its own; may be null. Made while `pid` lives.
std::unique_ptr<ActionMembers> MembersOfAction(access::Role role, pid_t pid,
                                               std::function<bool(pid_t)> adopted);
MembersOf MembersBelow(access::Role role, pid_t pid, std::function<bool(pid_t)> adopted);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_RUNNING_ACTIONS_H_
