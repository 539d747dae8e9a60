// Glovebox's own files, which stand before the commands of a build and which no policy has to name.
#ifndef GLOVEBOX_TRACE_OWN_FILES_H_
#define GLOVEBOX_TRACE_OWN_FILES_H_

#include <string>
#include <vector>

#include "policy/policy.h"

namespace glovebox::trace {

// The programs, preloaded libraries and CMake modules that were built or installed with this program; what is
// not there is left out.
std::vector<std::string> FindOwnFiles();

// Where the policy confines files: these may be read and run, each as the file it is and nothing beside it,
// by rules of origin "built in: glovebox's own". The shell of an edge starts the launcher within the action,
// and a launcher starts `glovebox`. What the policy hides stays hidden. Not for a path that an action could
// have chosen (a cache of the build directory): it would be granted to the next one.
//
//   GrantOwnFiles(FindOwnFiles(), &policy);  // before the policy is compiled, so that kernel and rulers
//   agree
void GrantOwnFiles(const std::vector<std::string>& files, policy::Policy* policy);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_OWN_FILES_H_
