// Where the policy of a build is written, and what its variables stand for there: policy/ is pure and knows
// no CMake, graph/ knows no policy.
#ifndef GLOVEBOX_PROJECT_POLICY_SOURCE_H_
#define GLOVEBOX_PROJECT_POLICY_SOURCE_H_

#include <string>

#include "absl/status/statusor.h"
#include "policy/policy_file.h"
#include "policy/policy_set.h"

namespace glovebox::project {

struct PolicyPlace {
  std::string named = {};       // by an option or a variable; empty: none is, and it is looked for
  std::string build_dir = {};   // absolute
  std::string source_dir = {};  // likewise, where CMake has not written it yet; empty: it is asked
  bool look = true;             // false: where none is named there is none
  // False: what is built in cannot count where there is no file (a launcher's, once a command of the build),
  // and the compilers need not be asked for then.
  bool built_in = true;
};

// A file that was found, not read yet.
struct FoundPolicy {
  std::string path;  // empty: there is none, and what is built in holds
  policy::PolicyFileOptions options;
};

// Of this machine's clock and time zone; Date() where it cannot be told: then nothing expires.
policy::Date Today();
// GLOVEBOX_POLICY, where it is set to something.
std::string PolicyFromEnvironment();

// Looks for glovebox.toml at the top of the source tree (CMake's home directory), or in a build directory
// that is not CMake's. A file that is named must be there: InvalidArgument says where it was named.
absl::StatusOr<FoundPolicy> FindPolicy(const PolicyPlace& place);

// InvalidArgument for what is wrong in the file, with file, line, column and the mend. A file that was found
// is "glovebox.toml" in the origins of its rules, and has its whole path in an error.
absl::StatusOr<policy::PolicySet> ReadPolicy(const FoundPolicy& found);

// Both.
//   ASSIGN_OR_RETURN(policy::PolicySet set, PolicyOf({.named = option, .build_dir = build_dir}));
absl::StatusOr<policy::PolicySet> PolicyOf(const PolicyPlace& place);

}  // namespace glovebox::project

#endif  // GLOVEBOX_PROJECT_POLICY_SOURCE_H_
