// Everything that a forked child reads, laid out before the fork: it may allocate nothing.
#ifndef GLOVEBOX_TRACE_PREPARED_H_
#define GLOVEBOX_TRACE_PREPARED_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "child/context.h"
#include "child/private_directory.h"
#include "policy/policy.h"

namespace glovebox::trace {

// Argument vectors, PATH candidates, the environment by the plan's rules, descriptors named in GLOVEBOX_*_FD.
// `words` and `plan_bytes` must outlive it.
class Prepared {
 public:
  Prepared(const std::vector<std::string>& words, const std::string& plan_bytes);
  void Into(child::ChildContext* context);

 private:
  std::vector<char*> argv_;
  std::vector<char*> script_argv_;
  std::vector<const char*> environment_;
  std::vector<const char*> candidates_;
  std::vector<char> text_;
  std::vector<int> passed_;
};

// Makes the private TMPDIR and HOME that the policy asks for and, where it confines files, grants them: the
// kernel ties a grant to what is there. The caller removes the directory.
absl::Status MakePrivateDirectory(policy::Policy* policy, child::PrivateDirectory* directory);

// The same, and returns the policy with rules for the environment that name them, too.
absl::StatusOr<policy::Policy> WithPrivateDirectory(policy::Policy policy,
                                                    child::PrivateDirectory* directory);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_PREPARED_H_
