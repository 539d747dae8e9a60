// The real Ninja: which one, and running it as if we were not there.
#ifndef GLOVEBOX_NINJA_WRAPPER_NINJA_PROCESS_H_
#define GLOVEBOX_NINJA_WRAPPER_NINJA_PROCESS_H_

#include <signal.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace glovebox::ninja {

// $GLOVEBOX_NINJA, else the first `ninja` or `ninja-build` on PATH that is not this very program. NotFound
// says what to do.
absl::StatusOr<std::string> FindNinja();

// False for an ELF program without an interpreter: LD_PRELOAD does not reach it. Pure; `bytes` are the first
// few kilobytes of the file. True for scripts, whose interpreter hands the variable on.
bool CanBePreloaded(absl::string_view bytes);

// `environment` with LD_PRELOAD = library before what stands there already, and the given variables.
std::vector<std::string> NinjaEnvironment(const std::vector<std::string>& environment,
                                          const std::string& library, const std::string& launcher,
                                          const std::string& collector);

// Blocks the signals that Ninja has to decide about, in this thread and all that it starts from then on: call
// it first of all. One that is ignored (`&` in a script, nohup) is held as well: Linux keeps a blocked signal
// though it is ignored, and Ninja, which inherits the disposition and the signal, decides: it takes INT, TERM
// and HUP whoever has ignored them. The old mask is given back for Ninja.
sigset_t HoldSignals();

// Runs Ninja in our process group, on our terminal, with all our inherited descriptors and the signal mask
// `mask`, until it ends. Signals from the terminal reach it by themselves; those that were sent to us alone
// are handed on, after a grace in which one that was sent to the whole group ends it. Returns its wait
// status. Only SIGINT, SIGTERM, SIGHUP and SIGQUIT are handed on; Ctrl-Z stops both, and with us the edges
// under way.
absl::StatusOr<int> RunNinja(const std::string& path, const std::vector<std::string>& arguments,
                             const std::vector<std::string>& environment, const sigset_t& mask);

// Becomes Ninja; returns the errno when that fails.
int ExecNinja(const std::string& path, const std::vector<std::string>& arguments,
              const std::vector<std::string>& environment);

// Ends this process as a process of that wait status ended: the same exit code, or the same signal.
[[noreturn]] void EndLike(int wait_status);

}  // namespace glovebox::ninja

#endif  // GLOVEBOX_NINJA_WRAPPER_NINJA_PROCESS_H_
