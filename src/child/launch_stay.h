// The part of the launcher that stays beside a command: beside every test, and beside whatever runs in mode
// enforce. It owns the exit status, what is printed behind the command's output, and the private directories.
#ifndef GLOVEBOX_CHILD_LAUNCH_STAY_H_
#define GLOVEBOX_CHILD_LAUNCH_STAY_H_

#include <sys/types.h>

#include "child/private_directory.h"

namespace glovebox::child {

struct StayOptions {
  // A test: its set-up's failure, a violation and a missing verdict end the launcher by SIGABRT, the one end
  // that no property of CTest turns into a pass (docs/ctest.md).
  bool test = false;
  // A test that sets something up for others: what it leaves behind stays, but in mode enforce. All else that
  // a command leaves behind is ended.
  bool fixture = false;
  bool measures = false;  // says on stdout what was measured (measurements.h)
};

// What the child tells the process that stays, right before its set-up, with the connection to the supervisor
// beside it (SCM_RIGHTS). Without it the child never got as far.
struct StayNote {
  uint32_t nested = 0;  // the supervisor is an outer action's
  uint32_t alone = 0;   // no supervisor after all: the child becomes `glovebox run --launched`
  uint32_t enforces = 0;
  uint32_t reserved = 0;
  PrivateDirectory directory;
};

// Forks. In the child it returns 0, with signals as they were and every descriptor above 2 closed (ctest
// leaks its log as fd 3) but `channel`, over which StayNote and StepFailures go; `parent` is then the process
// that stays. That one never returns: it passes on what somebody sends (passed_signals.h), reaps what is
// orphaned below it, waits for the supervisor's verdict, prints its text, and ends as the child did, by the
// same signal or with the same status, or as one that failed. It prints nothing where all is well. Should it
// die of anything else, SIGKILL comes to the child (PR_SET_PDEATHSIG). On failure an errno.
int StayAndWait(const StayOptions& options, pid_t& parent, int& channel);

// 0 or an errno. The channel stays open, for the pipeline.
int TellStayer(int channel, const StayNote& note, int connection);

// Ends this process by SIGABRT, without a core.
[[noreturn]] void AbortQuietly();

}  // namespace glovebox::child

#endif  // GLOVEBOX_CHILD_LAUNCH_STAY_H_
