// Whose policy an edge of Ninja's graph has, by the name of its rule.
#ifndef GLOVEBOX_PROJECT_EDGE_SUBJECT_H_
#define GLOVEBOX_PROJECT_EDGE_SUBJECT_H_

#include "graph/ninja_graph.h"
#include "policy/policy_set.h"

namespace glovebox::project {

// CMake calls a rule CXX_COMPILER__TARGET_CONFIG, C_EXECUTABLE_LINKER__TARGET_CONFIG, CUSTOM_COMMAND,
// RERUN_CMAKE, Meson c_COMPILER, cpp_LINKER, CUSTOM_COMMAND: that gives the role, and CMake's compile and
// link rules the target (letters that a rule's name cannot hold stand there as CMake writes them). That of a
// custom target is in the name of what it stands for; that of a custom command the one that its launcher is
// told
// (--target=), which a CMake that does not expand <TARGET_NAME> there (3.25) leaves out. Any other rule is
// role edge.
policy::Subject SubjectOfEdge(const graph::NinjaEdge& edge);

}  // namespace glovebox::project

#endif  // GLOVEBOX_PROJECT_EDGE_SUBJECT_H_
