// The judge: every family of findings, graded and let pass as the policy file has it.
//
//   const verify::Judgement verdict = verify::Verify({log, table, places, labels, tests, terms});
//   for (const verify::Finding& finding : verdict.findings) ...
//
// A family is a file that makes findings of an Input and its Actions; a new one gets a line in verify.cc and
// its rules a row in rule_table.h.
#ifndef GLOVEBOX_VERIFY_VERIFY_H_
#define GLOVEBOX_VERIFY_VERIFY_H_

#include <string>
#include <vector>

#include "verify/edge_verdict.h"
#include "verify/finding.h"
#include "verify/input.h"

namespace glovebox::verify {

struct Judgement {
  std::vector<Finding> findings;   // errors first, then as they happened
  size_t allowed = 0;              // let pass by allowances
  std::vector<EdgeVerdict> edges;  // of the graph, where it is known (Input::facts)
  size_t errors() const;
};

Judgement Verify(const Input& input);

}  // namespace glovebox::verify

#endif  // GLOVEBOX_VERIFY_VERIFY_H_
