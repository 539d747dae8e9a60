// The condition of an if(), as far as what is known decides it.
#ifndef GLOVEBOX_GRAPH_CMAKE_CONDITION_H_
#define GLOVEBOX_GRAPH_CMAKE_CONDITION_H_

#include <vector>

#include "graph/cmake_lexer.h"
#include "graph/cmake_variables.h"

namespace glovebox::graph {

enum class CMakeTruth { kFalse, kTrue, kUnknown };

// NOT, AND, OR, parentheses, STREQUAL, constants and variables; all other tests are not known. `lookup` gives
// kAnyText for a variable that is not known, also where it may not be set at all.
CMakeTruth EvaluateCMakeCondition(const std::vector<CMakeArgument>& arguments, const CMakeLookup& lookup);

}  // namespace glovebox::graph

#endif  // GLOVEBOX_GRAPH_CMAKE_CONDITION_H_
