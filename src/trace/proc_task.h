// What /proc tells of a task, by number: whoever asks makes sure, before or after, whose number it is.
#ifndef GLOVEBOX_TRACE_PROC_TASK_H_
#define GLOVEBOX_TRACE_PROC_TASK_H_

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace glovebox::trace {

struct ProcStat {
  char state = 0;
  bool exiting = false;  // it is on its way out (PF_EXITING), or its first thread is
  pid_t parent = 0;
  uint64_t start = 0;  // clock ticks after boot
  int exit_code = 0;
  uint64_t cpu_ns = 0;           // user and system, of all its threads, ended ones too
  uint64_t children_cpu_ns = 0;  // of the children that it has waited for, with theirs
  uint64_t threads = 0;
  uint64_t resident_bytes = 0;  // shared pages count in each process that has them
};

// False when the process has gone, or its file cannot be read.
bool ReadProcStat(pid_t pid, ProcStat* out);

// True for a process that runs nothing any more: a zombie, or one that was ended and is being taken down,
// which takes as long as it has memory (from 6.11 its listener has hung up before that). A process whose
// first thread alone has ended looks like a zombie too, and lives on in the others.
bool IsGone(const ProcStat& stat);

// CPU time of the process `pid`, that of `begun` once, and of what it has waited for; 0 where it has gone.
uint64_t CpuOf(pid_t pid, const ProcStat& begun);

// The numbers among the names of a directory of procfs; none where it cannot be read.
std::vector<pid_t> NumbersIn(const char* directory);

// Every process that there is, zombies too; by and by, so that one can have gone when another is read.
std::map<pid_t, ProcStat> AllProcesses();

// The child of `root` that `pid` is, or is below; 0 where it is not below `root`.
pid_t BranchOf(const std::map<pid_t, ProcStat>& all, pid_t pid, pid_t root);

// The words behind "\nName:" (`name`) in the text of a file like /proc/PID/status; views into it.
std::vector<absl::string_view> StatusWords(absl::string_view status, absl::string_view name);

// Thread group of a task, 0 when it has gone.
pid_t ReadTgid(pid_t tid);

// True when the process has more than one task.
bool HasThreads(pid_t tgid);

// The program that it runs, as /proc/TGID/exe names it, or another of its threads' where the first has ended;
// empty when that cannot be read.
std::string ReadExe(pid_t tgid);

// True for a process, stopped in a call, that runs its parent's program: it was forked by it and has not
// executed anything since.
bool IsForkOfItsParent(pid_t tgid);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_PROC_TASK_H_
