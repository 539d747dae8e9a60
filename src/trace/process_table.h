// Who makes a notified call: task number -> process, program, and the action that it belongs to.
#ifndef GLOVEBOX_TRACE_PROCESS_TABLE_H_
#define GLOVEBOX_TRACE_PROCESS_TABLE_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "access/record.h"
#include "kernel/process.h"
#include "trace/ended_action.h"

namespace glovebox::trace {

struct Process {
  pid_t tgid = 0;
  std::string exe;  // as /proc/TGID/exe names it ("... (deleted)" when it was removed); empty: unreadable
  uint32_t exe_number = 0;  // another one for another exe, within one table
  access::ActionId action = 0;
  // The parents had died before this process was first seen, and nothing (a subreaper of ours, the leader of
  // its group or session) tells for certain whose it is: `action` is the best guess, at worst the outermost.
  bool orphan = false;
  // Nobody could tell which process the call comes from (no descriptor was left to ask with, or the task is
  // gone): `action` is the outermost, `exe` empty, and either may be wrong.
  bool unknown = false;
  // True in the answer of the one Find() that saw the process for the first time (a reused number counts as a
  // new process): the moment for Resolver::ForgetProcess() and for noting an orphan.
  bool fresh = false;
  // The nearest of its ancestors that had been seen when it was (0: none, or it is not known), and what that
  // one ran then.
  pid_t parent = 0;
  std::string parent_exe;
  // Its memory, kept open; null where it is not certain whose program the call comes from. Good as long as
  // the reference.
  kernel::HeldMemory* memory = nullptr;
};

// Not thread-safe: one a supervisor thread. Makes no call that can block.
//
// Identity: a process is known by a pidfd that was opened while it was alive, never by its number alone. A
// notified task is alive and stopped in its call; so when the pidfd that was kept for its number has not
// ended (one poll(2), about 0.3 us, and Assume() where that was asked a moment ago), the number cannot have
// been reused, and the entry is the task's own. A task that is no group leader is known through its process:
// it must still stand in /proc/TGID/task. A process whose pidfd had to be given up (see below) is known by
// number and start time.
//
// Bounds: at most kMaxPidfds processes have a descriptor for themselves and one for their memory; the dead
// are swept away, the least recently used living ones are parked without a descriptor. Where the process has
// few descriptors (`ulimit -n 64`) it holds fewer, so that kReserve stay free for who resolves the call: its
// memories go first, they save time only. Of the dead, the action is kept for the last kMaxParked processes:
// their group or session can outlive them.
//
//   const Process& process = table.Find(notification.pid);
//   if (intent.op == Op::kExec) table.ExecNotified(notification.pid);
class ProcessTable {
 public:
  static constexpr size_t kMaxPidfds = 64;
  static constexpr size_t kMaxParked = 4096;
  static constexpr int kReserve = 16;
  static constexpr uint64_t kAssumeNs = 3'000'000;

  // `root` is the first process of `action`, alive (or a zombie) now.
  ProcessTable(pid_t root, access::ActionId action);
  ~ProcessTable();
  ProcessTable(const ProcessTable&) = delete;
  ProcessTable& operator=(const ProcessTable&) = delete;

  // The process of a task that is stopped in a notified call. The reference is good until the next call on
  // this table. A task that has died meanwhile (a killed tracee) gives what is known, at least {tid, "",
  // outer action}. The action of a new process is its nearest known ancestor's.
  // `now_ns` is the time of the call, for Assume(); 0: nothing is to be assumed from it.
  const Process& Find(pid_t tid, uint64_t now_ns = 0);

  // The process that Find() gave for this number less than kAssumeNs ago, without asking whether it lives;
  // null where that is not known, or leaves a doubt (a thread, an exec that is not over). It is the caller's
  // if Process::memory can be read: the address space ends with its last process, and no number comes round
  // in that time. Where nothing could be read, ask Find().
  //
  // Who picks process numbers (clone3's set_tid, which takes CAP_CHECKPOINT_RESTORE) and keeps the address
  // space of the dead with CLONE_VM can pass for it that long. Whoever shares an address space so can also
  // change the name under a call that goes on: in a recording, neither is new.
  const Process* Assume(pid_t tid, uint64_t now_ns);

  // The task is about to execute a program: its exe is read again at each Find() until the leader of its
  // group has called, which is after the exec or its failure; another thread's call may still come from
  // before. An exec by another thread, which takes the leader's number, is over when the leader calls and is
  // alone.
  void ExecNotified(pid_t tid);

  // From now on process `tgid`, and each process first seen below it later, belongs to `action`; the outer
  // action's other processes are untouched. Call it while `tgid` is stopped in its announcement. A second
  // registration of the same process replaces the first, which is then reported as ended (kUnknown).
  //
  // `parent_stays`: the launcher that forked `tgid` waits for it as a subreaper (a test's). It belongs to the
  // outer action, and what comes to it as an orphan to `action`; where that one has had inner actions of its
  // own, which of them it is cannot be told, and the process is an `orphan`.
  //
  // False where the process cannot be held (it is dead, or no descriptor is left): what it does from now on
  // may be filed under the action outside.
  bool RegisterAction(pid_t tgid, access::ActionId action, bool parent_stays = false);

  // The inner actions whose first process has ended since the last call, each once; one poll(2), nothing when
  // there is no inner action: call it each few hundred notifications and whenever the listener is idle. A
  // process that is not reaped yet is held back for a better answer, unless `final`: then everything that is
  // left is reported, what still runs as kUnknown.
  std::vector<EndedAction> EndedActions(bool final = false);

  // "pid exe" of all processes of `action` that were seen and still run, without its first process.
  std::vector<std::string> LeftOver(access::ActionId action);

  size_t pidfds() const;  // for tests and for reports
  size_t size() const;    // known living processes

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_PROCESS_TABLE_H_
