#include "cli/run_policy.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/plain_word.h"
#include "base/status.h"
#include "policy/budget_text.h"
#include "policy/endpoint.h"
#include "policy/limits.h"
#include "policy/measures.h"
#include "policy/network_rules.h"
#include "project/policy_source.h"

namespace glovebox::cli {
namespace {

const policy::Origin kCommandLine = {"command line", 0, 0};

// As the kernel would find it from here; what is missing at its end keeps its letters.
std::string AbsolutePath(const std::string& path) {
  const std::unique_ptr<char, decltype(&free)> cwd(getcwd(nullptr, 0), free);
  return RealPath(JoinPath(cwd != nullptr ? cwd.get() : "/", path));
}

absl::StatusOr<policy::PolicySet> SetFor(const RunOptions& o, const std::string& build_dir) {
  project::PolicyPlace place;
  place.named = o.policy.empty() ? project::PolicyFromEnvironment() : o.policy;
  place.build_dir = build_dir;
  place.source_dir = o.source_dir;
  place.look = o.launched || o.configure;
  place.built_in = o.mode == "enforce";
  return project::PolicyOf(place);
}

absl::Status AddBudget(const RunOptions& o, policy::Budget* budget) {
  const auto add = [](const std::string& text, absl::StatusOr<uint64_t> (*parse)(absl::string_view),
                      const char* option, std::optional<uint64_t>* value) {
    if (text.empty()) return absl::OkStatus();
    const auto read = parse(text);
    if (!read.ok()) return absl::InvalidArgumentError(absl::StrCat(option, ": ", read.status().message()));
    *value = *read;
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(add(o.wall_clock, policy::ParseDuration, "--wall-clock", &budget->wall_ns));
  RETURN_IF_ERROR(add(o.total_memory, policy::ParseSize, "--total-memory", &budget->memory_bytes));
  return add(o.total_processes, policy::ParseCount, "--total-processes", &budget->processes);
}

void Remove(policy::PathAccess access, std::vector<policy::PathRule>* paths) {
  paths->erase(std::remove_if(paths->begin(), paths->end(),
                              [access](const policy::PathRule& rule) { return rule.access == access; }),
               paths->end());
}

// The current directory's letters stand for themselves.
std::string AbsolutePattern(const std::string& pattern) {
  if (absl::StartsWith(pattern, "/")) return pattern;
  std::string text;
  for (const char letter : AbsolutePath(".")) {
    if (absl::StrContains("*?[\\", absl::string_view(&letter, 1))) text += '\\';
    text += letter;
  }
  return absl::StrCat(text, "/", pattern);
}

// The paths that were given are all that there are.
void ApplyPaths(const RunOptions& o, policy::Policy* policy) {
  std::vector<policy::PathRule>& paths = policy->paths;
  if (o.hide_by_namespace) policy->hide_by_namespace = true;
  if (!o.hide.empty()) Remove(policy::PathAccess::kHidden, &paths);
  for (const std::string& pattern : o.hide)
    paths.push_back({policy::PathAccess::kHidden, AbsolutePattern(pattern), kCommandLine});
  if (o.read.empty() && o.write.empty()) return;
  Remove(policy::PathAccess::kRead, &paths);
  Remove(policy::PathAccess::kWrite, &paths);
  for (const auto& [access, given] :
       {std::pair(policy::PathAccess::kRead, &o.read), std::pair(policy::PathAccess::kWrite, &o.write)}) {
    for (const std::string& path : *given) paths.push_back({access, AbsolutePath(path), kCommandLine});
  }
  policy->confine_files = true;
  policy->files_section = policy::kCommandLineSection;
}

absl::Status AddEndpoints(const RunOptions& o, std::vector<policy::Endpoint>* endpoints) {
  const std::pair<const char*, const std::vector<std::string>*> given[] = {{"--connect", &o.connect},
                                                                           {"--bind", &o.bind}};
  for (const auto& [option, texts] : given) {
    for (const std::string& text : *texts) {
      absl::StatusOr<std::vector<policy::Endpoint>> parsed = policy::ParseEndpoint(text);
      if (!parsed.ok())
        return absl::InvalidArgumentError(absl::StrCat(option, ": ", parsed.status().message()));
      for (policy::Endpoint& endpoint : *parsed) {
        endpoint.connect = texts == &o.connect;
        endpoint.bind = texts == &o.bind;
        endpoint.origin = kCommandLine;
        endpoints->push_back(std::move(endpoint));
      }
    }
  }
  return absl::OkStatus();
}

// As a policy file's `network` is read (policy/network_key.cc): it replaces the whole one before it, and
// without a mode the addresses are all that is.
absl::Status ApplyNetwork(const RunOptions& o, policy::Policy* policy) {
  if (o.network.empty() && o.connect.empty() && o.bind.empty() && !o.network_namespace)
    return absl::OkStatus();
  policy::Network network;
  network.origin = kCommandLine;
  network.section = policy::kCommandLineSection;
  network.own_namespace = o.network_namespace;
  RETURN_IF_ERROR(AddEndpoints(o, &network.endpoints));
  network.mode = network.endpoints.empty() ? policy::NetworkMode::kLoopback : policy::NetworkMode::kNamed;
  for (const policy::NetworkMode mode : {policy::NetworkMode::kAny, policy::NetworkMode::kNone,
                                         policy::NetworkMode::kUnix, policy::NetworkMode::kLoopback}) {
    if (o.network == policy::NetworkModeName(mode)) network.mode = mode;
  }
  if (network.mode == policy::NetworkMode::kAny && !network.endpoints.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--network any allows ", network.endpoints[0].text,
                     " already, and every other address: leave --network out to allow what --connect and "
                     "--bind name alone"));
  }
  const bool more = network.mode == policy::NetworkMode::kAny || network.mode == policy::NetworkMode::kNamed;
  if (network.own_namespace && more) {
    return absl::InvalidArgumentError(
        absl::StrCat("--network-namespace holds loopback only, and ",
                     o.network.empty() ? "--connect or --bind without --network" : "--network any",
                     " wants more: say --network loopback, or leave --network-namespace out"));
  }
  policy->network = std::move(network);
  return absl::OkStatus();
}

// What was given outranks; what was not says nothing.
absl::Status ApplyOptions(const RunOptions& o, policy::Policy* policy) {
  if (!o.keep.empty()) policy->keep_capabilities = o.keep;
  if (!o.drop.empty()) policy->drop_capabilities = o.drop;
  policy->environment.insert(policy->environment.end(), o.environment.begin(), o.environment.end());
  policy->stop = o.stop;
  policy->parent_death_signal = o.death_signal;
  const std::pair<bool, bool policy::Policy::*> switches[] = {
      {o.drop_all, &policy::Policy::drop_all_capabilities},
      {o.deny_tsc, &policy::Policy::deny_tsc},
      {o.append_only, &policy::Policy::append_only},
      {o.restrict_kptr, &policy::Policy::restrict_kptr},
      {o.restrict_prlimit, &policy::Policy::restrict_prlimit},
      {o.kernel_only, &policy::Policy::kernel_only},
      {o.scope_abstract, &policy::Policy::scope_abstract_unix},
      {o.ssb, &policy::Policy::ssb},
  };
  for (const auto& [given, member] : switches) {
    if (given) policy->*member = true;
  }
  if (o.no_signal_scope) policy->scope_signals = false;
  for (const std::string& text : o.limits) {
    ASSIGN_OR_RETURN(const policy::ParsedLimit limit, policy::ParseLimit(text));
    policy->limits[static_cast<size_t>(limit.limit)] = limit.value;
  }
  ApplyPaths(o, policy);
  RETURN_IF_ERROR(ApplyNetwork(o, policy));
  return AddBudget(o, &policy->budget);
}

}  // namespace

policy::Overrides OverridesOf(const RunOptions& o) {
  policy::Overrides overrides;
  for (const policy::Mode mode : {policy::Mode::kObserve, policy::Mode::kReport, policy::Mode::kEnforce}) {
    if (o.mode == policy::ModeName(mode)) overrides.mode = mode;
  }
  if (o.best_effort) overrides.best_effort = true;
  if (!o.level.empty()) {
    overrides.level = o.level == "full" || o.level == "strict" ? kernel::Level::kFull
                      : o.level == "off"                       ? kernel::Level::kOff
                                                               : kernel::Level::kOpen;
  }
  return overrides;
}

policy::Subject SubjectOf(const RunOptions& o) {
  return {policy::RoleOf(o.role).value_or(policy::Role::kRun), o.target, o.outputs, FromPlainWord(o.test),
          FromPlainWord(o.policy_name)};
}

absl::StatusOr<policy::Policy> PolicyFor(const RunOptions& o, const std::string& build_dir) {
  ASSIGN_OR_RETURN(const policy::PolicySet set, SetFor(o, build_dir));
  const policy::Subject subject = SubjectOf(o);
  RETURN_IF_ERROR(policy::CheckNamed(set, subject));
  policy::Policy policy = set.For(subject, OverridesOf(o)).policy;
  RETURN_IF_ERROR(ApplyOptions(o, &policy));
  return policy;
}

}  // namespace glovebox::cli
