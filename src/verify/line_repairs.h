// A line of a project in a function, a macro or a loop makes several edges or targets. What mends one of them
// stands at that line for all of them, so it must be said in the variables that the line names.
#ifndef GLOVEBOX_VERIFY_LINE_REPAIRS_H_
#define GLOVEBOX_VERIFY_LINE_REPAIRS_H_

#include <string>
#include <vector>

#include "graph/cmake_script.h"
#include "verify/finding.h"
#include "verify/input.h"

namespace glovebox::verify {

// Spells the repairs of findings about edges anew where their line makes several: in its variables where all
// that the line makes have the same fault, "for this one of the 12 that the line makes: BYPRODUCTS ..." where
// that cannot be said. A repair that is the same for all stays as it is.
void SpellForLines(const Input& input, std::vector<Finding>* findings);

// One repair in the place of several; empty: there is none. `root` names the variables of the two top
// directories and what they hold: as repairs spell paths.
//   {"BYPRODUCTS ${CMAKE_BINARY_DIR}/a.log", {{"name", "a"}}},
//   {"BYPRODUCTS ${CMAKE_BINARY_DIR}/b.log", {{"name", "b"}}}  ->  "BYPRODUCTS
//   ${CMAKE_BINARY_DIR}/${name}.log"
struct RepairOfOne {
  std::string text;
  graph::CMakeVariableValues variables;
};
std::string InVariables(const std::vector<RepairOfOne>& repairs, const graph::CMakeVariableValues& roots);

}  // namespace glovebox::verify

#endif  // GLOVEBOX_VERIFY_LINE_REPAIRS_H_
