#include "project/edge_subject.h"

#include "gtest/gtest.h"

namespace glovebox::project {
namespace {

TEST(EdgeSubjectTest, TheNameOfTheRuleTellsRoleAndTarget) {
  const struct {
    const char* rule;
    policy::Role role;
    const char* target;
  } cases[] = {
      {"CXX_COMPILER__my_lib_Debug", policy::Role::kCompile, "my_lib"},
      {"CXX_COMPILER__app_", policy::Role::kCompile, "app"},
      {"CXX_COMPILER__app_unscanned_Release", policy::Role::kCompile, "app"},
      {"C_STATIC_LIBRARY_LINKER__my_lib_Debug", policy::Role::kLink, "my_lib"},
      {"CXX_EXECUTABLE_LINKER__app_RelWithDebInfo", policy::Role::kLink, "app"},
      {"cpp_COMPILER", policy::Role::kCompile, ""},
      {"cpp_LINKER", policy::Role::kLink, ""},
      {"CUSTOM_COMMAND", policy::Role::kCustom, ""},
      {"RERUN_CMAKE", policy::Role::kConfigure, ""},
      {"cc", policy::Role::kEdge, ""},
      {"", policy::Role::kEdge, ""},
  };
  for (const auto& one : cases) {
    graph::NinjaEdge edge;
    edge.rule = one.rule;
    edge.outputs = {"a", "b"};
    const policy::Subject subject = SubjectOfEdge(edge);
    EXPECT_EQ(subject.role, one.role) << one.rule;
    EXPECT_EQ(subject.target, one.target) << one.rule;
    EXPECT_EQ(subject.outputs, edge.outputs);
  }
}

}  // namespace
}  // namespace glovebox::project
