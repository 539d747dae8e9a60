// What a build directory has to be called by in a policy file: its targets, outputs and tests, and which
// section each test asks for. A name that is misspelt there selects nothing, and nobody would be told.
#ifndef GLOVEBOX_PROJECT_BUILD_NAMES_H_
#define GLOVEBOX_PROJECT_BUILD_NAMES_H_

#include <optional>
#include <string>
#include <vector>

#include "graph/ctest_info.h"
#include "graph/ninja_graph.h"
#include "policy/policy_set.h"

namespace glovebox::project {

struct BuildNames {
  std::optional<graph::NinjaGraph> graph;              // absent: Ninja could not be asked
  std::optional<std::vector<graph::CTestTest>> tests;  // absent: CTest could not
};

// Asks both about `build_dir` (absolute), where that changes nothing.
BuildNames LoadBuildNames(const std::string& build_dir);

// Whose policy a test has: its name, and the section that its launcher is told (CTest itself does not tell
// the property GLOVEBOX_POLICY). `launched`: it has one; CTest's hook gives none to a program that is not
// there yet.
struct TestSubject {
  policy::Subject subject;
  bool launched = false;
};
TestSubject SubjectOfTest(const graph::CTestTest& test);

// Null: there is none of that name.
const graph::CTestTest* FindTest(const std::vector<graph::CTestTest>& tests, const std::string& name);

// A note for each `target`, `edge` and `test` of the file that fits nothing there. Of what could not be asked
// nothing is said. Custom commands whose target CMake does not tell count by the names of all targets.
std::vector<policy::Notice> NotesOnNames(const policy::PolicySet& set, const BuildNames& build);

// An error for each test that asks for a section which the file does not have: it will not run. Its place is
// the line that made the test.
std::vector<policy::Notice> ErrorsOfTests(const policy::PolicySet& set, const BuildNames& build);

}  // namespace glovebox::project

#endif  // GLOVEBOX_PROJECT_BUILD_NAMES_H_
