// A control group of one action: the kernel counts its memory and its processes, and holds the bounds.
#ifndef GLOVEBOX_TRACE_CGROUP_H_
#define GLOVEBOX_TRACE_CGROUP_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "base/unique_fd.h"
#include "policy/policy.h"

namespace glovebox::trace {

// Where this process's own group stands in a hierarchy.
struct GroupPlace {
  int version = 0;    // 2, 1; 0: nowhere
  std::string mount;  // "/sys/fs/cgroup/pids"
  std::string path;   // below it, "/" for the mount itself
  std::string directory() const { return path == "/" ? mount : mount + path; }
};

struct GroupPlaces {
  GroupPlace memory;
  GroupPlace processes;
};

// From the texts of /proc/self/cgroup and /proc/self/mountinfo. A controller of version 1 has a hierarchy of
// its own (or shares one); the others are in version 2's one.
GroupPlaces ParseGroupPlaces(absl::string_view self_cgroup, absl::string_view mountinfo);

// Where groups may be made: empty where not. A group has one manager (the kernel's single-writer rule):
// nothing is made in what systemd, a container's engine or another supervisor manages, but
//   - below our own group where that is the root of the hierarchy that we see,
//   - where it was delegated to us (systemd's Delegate=yes: the attribute trusted.delegate or user.delegate),
//   - where an ordinary user may write.
// Version 2 has no processes beside subgroups: what is made there stands beside our own group, in the parent,
// unless our own is the root. A controller that is not enabled there (cgroup.subtree_control) stays as it is.
GroupPlaces UsablePlaces(const GroupPlaces& own);

// The groups of one action, one for both controllers or one a hierarchy. Removed, with what still runs in
// them ended, by the destructor; those whose owner was killed, by the next that is made there.
//
// Thread-safe after Make() but for the destructor.
class ActionGroup {
 public:
  // Bounds it to what `budget` says. Null where neither controller can be had, or none is asked for.
  //   auto group = ActionGroup::Make(UsablePlaces(OwnPlaces()), policy.budget);
  static std::unique_ptr<ActionGroup> Make(const GroupPlaces& places, const policy::Budget& budget);
  ~ActionGroup();
  ActionGroup(const ActionGroup&) = delete;
  ActionGroup& operator=(const ActionGroup&) = delete;

  // Puts a process into it; all that it starts from then on is in it too. False where the kernel refuses.
  bool Take(pid_t pid);
  // Puts the calling process into it: between fork and exec, async-signal-safe.
  void Enter() const;

  bool counts_memory() const { return memory_ != nullptr; }
  bool counts_processes() const { return processes_ != nullptr; }
  int version() const { return hierarchies_[0]->version; }

  struct Usage {
    uint64_t memory = 0, peak_memory = 0;
    uint64_t tasks = 0, peak_tasks = 0;
    bool memory_over = false;  // the kernel has ended one of them for it
    bool tasks_over = false;   // the kernel has refused a fork for it
    uint64_t cpu_ns = 0;       // 0: not known
  };
  Usage Read() const;

  // SIGKILL to all in it; nothing is started in it any more. How many were there.
  size_t End();

 private:
  struct Hierarchy {
    int version = 0;
    std::string directory;
    UniqueFd entrance;  // cgroup.procs
  };
  ActionGroup() = default;
  bool Add(const GroupPlace& place, Hierarchy** made);

  std::vector<std::unique_ptr<Hierarchy>> hierarchies_;
  Hierarchy* memory_ = nullptr;
  Hierarchy* processes_ = nullptr;
};

// ParseGroupPlaces() of this process.
GroupPlaces OwnPlaces();

// Removes, below `directory`, the groups that an owner has left that is dead, and ends what still runs in
// them. How many.
size_t RemoveStaleGroups(const std::string& directory);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_CGROUP_H_
