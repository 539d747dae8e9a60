// What the policy file says about findings: how grave each rule is, and what is let pass although it is one.
// Both judge what was seen (verify/); neither changes what a process may do.
#ifndef GLOVEBOX_POLICY_ALLOWANCE_H_
#define GLOVEBOX_POLICY_ALLOWANCE_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "policy/date.h"
#include "policy/policy.h"

namespace glovebox::policy {

enum class Severity { kOff, kWarning, kError };

// A finding that somebody answers for, until a day. Patterns that are empty hold for all.
struct Allowance {
  std::string rule;
  std::string path;                // a pattern over absolute paths
  std::string address;             // over addresses as records spell them ("inet:10.0.0.1:443")
  std::string target, edge, test;  // over names
  std::string owner, reason;
  Date expires;          // the last day on which it counts
  bool expired = false;  // it counts no more, and is told
  Origin origin;
  bool operator==(const Allowance&) const = default;
};

// All of a policy file that judges.
struct Terms {
  std::map<std::string, std::pair<Severity, Origin>>
      severities;  // by rule; one that is not there has its own
  std::vector<Allowance> allowances;
  bool tells_networks = false;  // the file says who may reach what: what it allows is no finding
  bool operator==(const Terms&) const = default;
};

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_ALLOWANCE_H_
