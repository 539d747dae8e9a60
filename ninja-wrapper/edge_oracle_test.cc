#include "edge_oracle.h"

#include <memory>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/paths.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::ninja {
namespace {

using graph::NinjaEdge;
using testing::ElementsAre;
using testing::IsEmpty;
using Kind = trace::ActionInputs::Kind;

class EdgeOracleTest : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::Create("edge-oracle-test");
    ASSERT_OK(dir);
    dir_ = std::make_unique<TempDir>(*std::move(dir));
    build_ = RealPath(dir_->path()) + "/b";
    source_ = RealPath(dir_->path()) + "/s";
    ASSERT_OK(MakeDirectories(build_));
    ASSERT_OK(MakeDirectories(source_));
    std::vector<NinjaEdge> edges = {
        {{"gen.h"}, "gen", "gen gen.h", {"../s/gen.in"}, {}},
        {{"late.h"}, "gen", "gen late.h", {}, {}},
        {{"a.o"}, "cc", "cc -MF a.d @a.rsp", {"../s/a.c"}, {"gen.h"}},
        {{"x1"}, "same", "same", {}, {}},
        {{"x2"}, "same", "same", {}, {}},
        {{"build.ninja"}, "RERUN_CMAKE", "cmake --regenerate-during-build", {}, {}},
    };
    oracle_ = std::make_unique<EdgeOracle>(std::make_shared<graph::NinjaGraph>(edges, build_), source_);
  }
  std::unique_ptr<trace::ActionInputs> Of(const std::string& command) {
    access::ActionBegin begin;
    begin.role = access::Role::kEdge;
    begin.argv = {"/bin/sh", "-c", command};
    return oracle_->InputsOf(begin);
  }
  std::unique_ptr<TempDir> dir_;
  std::string build_, source_;
  std::unique_ptr<EdgeOracle> oracle_;
};

TEST_F(EdgeOracleTest, AnEdgeIsKnownByItsCommandOrItsOutput) {
  EXPECT_NE(Of("gen gen.h"), nullptr);
  EXPECT_EQ(Of("unknown"), nullptr);
  EXPECT_EQ(Of("same"), nullptr) << "two edges have it";
  EXPECT_EQ(Of("cmake --regenerate-during-build"), nullptr);
  access::ActionBegin begin;
  begin.role = access::Role::kCompile;
  begin.cwd = build_;
  begin.outputs = {"a.o"};
  ASSERT_NE(oracle_->InputsOf(begin), nullptr);
  EXPECT_EQ(oracle_->InputsOf(begin)->Name(), "a.o");
}

TEST_F(EdgeOracleTest, EachFileHasItsKind) {
  const auto inputs = Of("cc -MF a.d @a.rsp");
  ASSERT_NE(inputs, nullptr);
  EXPECT_EQ(inputs->Look("/usr/include/stdio.h"), Kind::kNotOurs);
  EXPECT_EQ(inputs->Look(build_ + "/gen.h"), Kind::kOrdered);
  EXPECT_EQ(inputs->Look(build_ + "/late.h"), Kind::kUnordered);
  EXPECT_EQ(inputs->Look(build_ + "/a.rsp"), Kind::kNotOurs) << "Ninja's own";
  EXPECT_EQ(inputs->Look(source_ + "/a.c"), Kind::kDeclared);
  EXPECT_EQ(inputs->Look(source_ + "/a.h"), Kind::kUndeclared);
}

TEST_F(EdgeOracleTest, TheFreshDepfileNamesTheRest) {
  ASSERT_OK(WriteFile(source_ + "/a.h", ""));
  ASSERT_OK(WriteFile(source_ + "/b.h", ""));
  ASSERT_OK(WriteFile(build_ + "/a.d", "a.o: ../s/a.c ../s/../s/a.h\n"));
  const auto inputs = Of("cc -MF a.d @a.rsp");
  EXPECT_THAT(inputs->Missing({source_ + "/a.h", source_ + "/b.h"}), ElementsAre(source_ + "/b.h"));
  EXPECT_THAT(inputs->Missing({}), IsEmpty());
  EXPECT_THAT(Of("gen late.h")->Missing({source_ + "/a.h"}), ElementsAre(source_ + "/a.h"))
      << "it has no depfile";
}

}  // namespace
}  // namespace glovebox::ninja
