// The actions of the step table, by the file that holds them. Private to the pipeline.
#ifndef GLOVEBOX_CHILD_ACTIONS_H_
#define GLOVEBOX_CHILD_ACTIONS_H_

#include <cstddef>

#include "child/pipeline.h"

namespace glovebox::child {

using Plan = const ChildPlan&;
using Context = ChildContext&;

// steps_process.cc
StepResult SetName(Plan plan, Context context);
StepResult KeepPipeEnds(Plan plan, Context context);
StepResult SetParentDeathSignal(Plan plan, Context context);
StepResult TakeTerminal(Plan plan, Context context);
StepResult ResetSignals(Plan plan, Context context);
StepResult CloseStaticFds(Plan plan, Context context);
StepResult ClosePassedFds(Plan plan, Context context);
StepResult RememberExport(Plan plan, Context context);
StepResult HandThrough(Plan plan, Context context);
StepResult TakeEnvironment(Plan plan, Context context);
StepResult CallPreExec(Plan plan, Context context);
StepResult SetDumpable(Plan plan, Context context);
StepResult Stop(Plan plan, Context context);
StepResult ExitForExport(Plan plan, Context context);
StepResult Execute(Plan plan, Context context);

// namespaces.cc
StepResult EnterNamespaces(Plan plan, Context context);

// steps_confine.cc
StepResult GiveUpNewPrivileges(Plan plan, Context context);
StepResult LoadIoctlFilter(Plan plan, Context context);
StepResult LoadAppendOnlyFilter(Plan plan, Context context);
StepResult LoadKptrFilter(Plan plan, Context context);
StepResult EnterLandlock(Plan plan, Context context);
StepResult DenyTsc(Plan plan, Context context);
StepResult SetLimits(Plan plan, Context context);
StepResult DropCapabilities(Plan plan, Context context);

// steps_listener.cc
StepResult HandOverListener(Plan plan, Context context);
StepResult CloseHandshake(Plan plan, Context context);

// raw.cc
// Loads the filter of `span` with seccomp(2), the plan's SPEC_ALLOW added; what the call gives, -1 and errno
// on failure.
long LoadFilter(Plan plan, Span span, unsigned long flags);
// The same with the filter of row 20, with this process's number in it (ChildPlan::own_number).
long LoadNotifyFilter(Plan plan, unsigned long flags);
// Ignores SIGPIPE while it lives: a peer that has gone is an error with a message, not a silent death. Not
// part of WriteAll(), which may call nothing but write (row 20).
class PipeHold {
 public:
  PipeHold();
  ~PipeHold();
  PipeHold(const PipeHold&) = delete;
  PipeHold& operator=(const PipeHold&) = delete;

 private:
  bool held_;
  unsigned long before_[8] = {};  // the kernel's struct sigaction, long enough for every architecture
};
// Whole writes and reads, EINTR retried. 0 or an errno; end of file and a closed reader are EIO.
int WriteAll(int fd, const void* bytes, size_t size);
int ReadAll(int fd, void* bytes, size_t size);
// One message of `size` bytes with a descriptor beside it, in SCM_RIGHTS. 0 or an errno; a short one is EIO.
int SendWithDescriptor(int channel, const void* bytes, size_t size, int fd);
// Closes and forgets.
void CloseFd(int& fd);

}  // namespace glovebox::child

#endif  // GLOVEBOX_CHILD_ACTIONS_H_
