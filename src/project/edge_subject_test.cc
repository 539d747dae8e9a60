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

TEST(EdgeSubjectTest, ACustomCommandsTargetIsWhatItsLauncherIsTold) {
  const struct {
    const char* command;
    const char* target;
  } cases[] = {
      {"cd /b && /opt/glovebox-launch --role=custom --target=gen --out=x -- /bin/cp a x", "gen"},
      {"cd /b && '/o p/glovebox-launch' --role=custom '--target=a b' -- cp a x", "a b"},
      {"cd /b && /opt/glovebox-launch --role=custom -- cc --target=x86", ""},
      {"cd /b && cc --target=x86", ""},
      {"cd /b && /opt/glovebox-launch --role=custom --target=TARGET_NAME --out=x -- cp a x", ""},
      {"", ""},
  };
  for (const auto& one : cases) {
    graph::NinjaEdge edge;
    edge.rule = "CUSTOM_COMMAND";
    edge.command = one.command;
    EXPECT_EQ(SubjectOfEdge(edge).target, one.target) << one.command;
  }
}

TEST(EdgeSubjectTest, ACustomTargetIsInTheNameOfWhatItStandsFor) {
  for (const char* output : {"CMakeFiles/docs", "sub/CMakeFiles/docs", "CMakeFiles/docs.util"}) {
    graph::NinjaEdge edge;
    edge.rule = "CUSTOM_COMMAND";
    edge.outputs = {output};
    EXPECT_EQ(SubjectOfEdge(edge).target, "docs") << output;
  }
}

}  // namespace
}  // namespace glovebox::project
