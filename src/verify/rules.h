// The rules that findings are of: what `glovebox explain RULE` tells, and what a policy file may grade.
#ifndef GLOVEBOX_VERIFY_RULES_H_
#define GLOVEBOX_VERIFY_RULES_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "verify/finding.h"

namespace glovebox::verify {

struct Rule {
  const char* id;
  Severity severity;    // unless the policy file has another
  const char* title;    // what is wrong, in half a sentence
  const char* so;       // why it matters, one line
  const char* repair;   // what mends it, one line; a family may have a better one for a finding
  const char* help;     // a paragraph or two
  const char* example;  // as a report prints it
};

// By family, then by weight. A rule keeps its id for ever: baselines and policy files name it.
absl::Span<const Rule> AllRules();
// Null: there is none.
const Rule* FindRule(absl::string_view id);

// All of it as text for people, without colour.
std::string ExplainRule(const Rule& rule);
// Every id and title, a line each.
std::string ListRules();
// What literature and people call several of the rules together ("network", "denied"): which they are, a line
// each, as text. Empty: no such family.
std::string ExplainFamily(absl::string_view name);

}  // namespace glovebox::verify

#endif  // GLOVEBOX_VERIFY_RULES_H_
