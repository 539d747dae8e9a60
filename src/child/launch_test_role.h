// The part of the launcher that stays beside a test.
#ifndef GLOVEBOX_CHILD_LAUNCH_TEST_ROLE_H_
#define GLOVEBOX_CHILD_LAUNCH_TEST_ROLE_H_

#include <sys/types.h>

namespace glovebox::child {

// Forks. In the child it returns 0, with signals as they were and every descriptor above 2 closed (ctest
// leaks its log as fd 3); `parent` is then the process that stays. That one never returns: it passes on
// what somebody sends (passed_signals.h), reaps what is orphaned below it, and ends as the
// child did, by the same signal or with the same status. What still runs below it then is ended within 0.3 s
// before: it would keep ctest waiting for the end of the test's output. It prints nothing. Should it die of
// anything else, SIGKILL comes to the child (PR_SET_PDEATHSIG). On failure an errno.
int StayAndWait(pid_t& parent);

}  // namespace glovebox::child

#endif  // GLOVEBOX_CHILD_LAUNCH_TEST_ROLE_H_
