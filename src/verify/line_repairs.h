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

// The repair of one of the things that a line makes, and what its variables held when it made that one.
struct RepairOfOne {
  std::string instance;
  std::string text;
  graph::CMakeVariableValues variables;
};
// For each repair the text that stands for it and for one of every other instance, of which there are
// `instances`; empty where there is none. `roots` names the variables of the top directories and what they
// hold: as repairs spell paths.
//   {"a.h", "BYPRODUCTS ${CMAKE_BINARY_DIR}/a.log", {{"name", "a"}}},
//   {"b.h", "BYPRODUCTS ${CMAKE_BINARY_DIR}/b.log", {{"name", "b"}}}, 2
//     -> "BYPRODUCTS ${CMAKE_BINARY_DIR}/${name}.log", twice
std::vector<std::string> InVariables(const std::vector<RepairOfOne>& repairs, size_t instances,
                                     const graph::CMakeVariableValues& roots);

}  // namespace glovebox::verify

#endif  // GLOVEBOX_VERIFY_LINE_REPAIRS_H_
