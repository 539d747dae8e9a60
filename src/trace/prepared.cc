#include "trace/prepared.h"

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "child/environment.h"
#include "child/path_candidates.h"
#include "child/plan.h"

namespace glovebox::trace {

Prepared::Prepared(const std::vector<std::string>& words, const std::string& plan_bytes) {
  for (const std::string& word : words) argv_.push_back(const_cast<char*>(word.c_str()));
  argv_.push_back(nullptr);
  // As execvp: a program without a #! line is run by /bin/sh, which takes the candidate in its second word.
  static char shell[] = "/bin/sh";
  script_argv_.assign({shell, nullptr});
  script_argv_.insert(script_argv_.end(), argv_.begin() + 1, argv_.end());
  const auto* plan = reinterpret_cast<const child::ChildPlan*>(plan_bytes.data());
  const char* rules = plan_bytes.data() + plan->environment_rules.offset;
  const size_t rules_size = plan->environment_rules.size;
  environment_.resize(child::EnvironmentCapacity(environ, rules, rules_size));
  child::PrepareEnvironment(environ, rules, rules_size, environment_.data(), environment_.size());
  const char* path = child::EnvironmentValue(environment_.data(), "PATH");
  const child::CandidateRoom room = child::PathCandidateRoom(argv_[0], path);
  candidates_.resize(room.entries);
  text_.resize(room.bytes);
  child::PathCandidates(argv_[0], path, candidates_.data(), room.entries, text_.data(), room.bytes);
  passed_.resize(child::PassedFdCapacity(environ));
  passed_.resize(child::PassedFds(environ, passed_.data(), passed_.size()));
}

void Prepared::Into(child::ChildContext* context) {
  context->program = argv_[0];
  context->argv = argv_.data();
  context->script_argv = script_argv_.data();
  context->candidates = candidates_.data();
  context->environment = const_cast<char* const*>(environment_.data());
  context->passed_fds = passed_.data();
  context->passed_fd_count = passed_.size();
}

namespace {

uint32_t PrivateFlags(const policy::Policy& policy) {
  return (policy.private_tmp ? child::kPrivateTmp : 0u) | (policy.private_home ? child::kPrivateHome : 0u);
}

}  // namespace

absl::Status MakePrivateDirectory(policy::Policy* policy, child::PrivateDirectory* directory) {
  const uint32_t flags = PrivateFlags(*policy);
  if (flags == 0) return absl::OkStatus();
  const int error = child::MakePrivateDirectory(flags, *directory);
  if (error != 0) return ErrnoStatus("mkdir", "private directory", error);
  if (policy->confine_files) {
    const char* asked = policy->private_tmp ? "private-tmp" : "private-home";
    policy->paths.push_back({policy::PathAccess::kWrite, directory->path, {asked, 0, 0}});
  }
  return absl::OkStatus();
}

absl::StatusOr<policy::Policy> WithPrivateDirectory(policy::Policy policy,
                                                    child::PrivateDirectory* directory) {
  const uint32_t flags = PrivateFlags(policy);
  RETURN_IF_ERROR(MakePrivateDirectory(&policy, directory));
  if (flags == 0) return policy;
  char text[child::kPrivateRoom];
  const char* entries[child::kPrivateVariables];
  const size_t count = child::PrivateVariables(flags, *directory, text, entries);
  for (size_t i = 0; i < count; ++i) policy.environment.push_back(absl::StrCat("+", entries[i]));
  return policy;
}

}  // namespace glovebox::trace
