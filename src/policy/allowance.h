// What the policy file says about findings: how grave each rule is, and what is let pass although it is one.
// Both judge what was seen (verify/); neither changes what a process may do.
#ifndef GLOVEBOX_POLICY_ALLOWANCE_H_
#define GLOVEBOX_POLICY_ALLOWANCE_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "policy/policy.h"

namespace glovebox::policy {

enum class Severity : uint8_t { kOff, kNote, kWarning, kError };

// A finding that somebody answers for. Every pattern that is not empty must match.
struct Allowance {
  std::string rule;  // a rule's id ("read-outside"), or "*"
  // Patterns, variables expanded: `*` and `?` stop at a slash, `**` does not. Of an address ("inet:10.*:443")
  // and of a name nothing stops them.
  std::string path;
  std::string target;
  std::string edge;  // an output of the edge, relative to the build directory or absolute
  std::string test;
  std::string owner;
  std::string reason;
  std::optional<std::chrono::sys_days> expires;  // the last day on which it counts; absent: for ever
  Origin origin;
  bool operator==(const Allowance&) const = default;
};

struct SeverityRule {
  Severity severity = Severity::kError;
  Origin origin;
  bool operator==(const SeverityRule&) const = default;
};

// All of a policy file that judges.
struct Terms {
  std::map<std::string, SeverityRule> severities;  // by rule; a rule that is not there has its own
  std::vector<Allowance> allowances;
  bool operator==(const Terms&) const = default;
};

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_ALLOWANCE_H_
