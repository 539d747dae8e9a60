// Processes that outlive what started them: found below this process (a subreaper), ended, named.
#ifndef GLOVEBOX_TRACE_LEFT_OVER_H_
#define GLOVEBOX_TRACE_LEFT_OVER_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace glovebox::trace {

class Strangers;

struct LeftOverProcess {
  pid_t pid = 0;
  UniqueFd pidfd;
  std::string exe;  // empty when it could not be read
};

// Every living process below this one, from /proc: children, their children ... Who has ended is none.
// `strangers` and what is below them are left out (null: nothing).
std::vector<LeftOverProcess> FindDescendants(const Strangers* strangers = nullptr);

// SIGKILL to each, through its pidfd: never to a later process of the same number.
void Kill(const std::vector<LeftOverProcess>& processes);

// True for a process under a seccomp filter: what was launched by us is, a helper of the embedding program is
// not.
bool IsFiltered(pid_t pid);

// Reaps what was launched by us, was orphaned, came to this process as the subreaper, and has ended. Other
// children are left to whoever started them. Returns how many.
size_t ReapOrphans();

// "4711 /usr/bin/sleep"
std::string Describe(const LeftOverProcess& process);

// Adds a description, unless that process stands in the list already.
void AddLeftOver(std::vector<std::string>* all, std::string described);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_LEFT_OVER_H_
