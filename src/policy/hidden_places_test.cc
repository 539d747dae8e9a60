#include "policy/hidden_places.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::policy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class HiddenPlacesTest : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::Create("hidden-places");
    ASSERT_OK(dir);
    dir_.emplace(*std::move(dir));
    top_ = RealPath(dir_->path());
    for (const char* name : {"a/one", "a/two", "b/one", "od*d"}) ASSERT_OK(MakeDirectories(Path(name)));
    for (const char* name : {"x.key", "a/one/y.key", "od*d/z.key"})
      ASSERT_OK(WriteFile(Path(name), "secret"));
  }
  std::string Path(absl::string_view name) const { return absl::StrCat(top_, "/", name); }
  static Policy Hiding(const std::vector<std::string>& patterns) {
    Policy policy = DefaultPolicy(Role::kRun);
    policy.mode = Mode::kEnforce;
    policy.hide_by_namespace = true;
    for (const std::string& pattern : patterns) policy.paths.push_back({PathAccess::kHidden, pattern, {}});
    return policy;
  }
  static std::vector<std::string> PlacesOf(const std::vector<std::string>& patterns) {
    return HiddenPlaces(Hiding(patterns), nullptr);
  }

  std::optional<TempDir> dir_;
  std::string top_;
};

TEST_F(HiddenPlacesTest, APathIsOneWhetherItIsThereOrNot) {
  EXPECT_THAT(PlacesOf({Path("x.key"), Path("none"), Path("a/**"), Path("x.key")}),
              ElementsAre(Path("a"), Path("none"), Path("x.key")));
  EXPECT_THAT(PlacesOf({Path("od\\*d")}), ElementsAre(Path("od*d")));
}

TEST_F(HiddenPlacesTest, APatternIsWhatFitsItNow) {
  EXPECT_THAT(PlacesOf({Path("*.key")}), ElementsAre(Path("x.key")));
  EXPECT_THAT(PlacesOf({Path("?/one")}), ElementsAre(Path("a/one"), Path("b/one")));
  EXPECT_THAT(PlacesOf({Path("?/one/**")}), ElementsAre(Path("a/one"), Path("b/one")));
  EXPECT_THAT(PlacesOf({Path("*/*/*.key")}), ElementsAre(Path("a/one/y.key")));
  EXPECT_THAT(PlacesOf({Path("od*/*")}), ElementsAre(Path("od*d/z.key")));
  EXPECT_THAT(PlacesOf({Path("none*")}), IsEmpty());
  ASSERT_OK(WriteFile(Path("y.key"), "secret"));
  EXPECT_THAT(PlacesOf({Path("*.key")}), ElementsAre(Path("x.key"), Path("y.key")));
}

TEST_F(HiddenPlacesTest, WholeTreesAreNotLookedThrough) {
  EXPECT_THAT(PlacesOf({Path("**/*.key"), "/**"}), IsEmpty());
}

TEST_F(HiddenPlacesTest, NothingIsCoveredWhereNothingIsHeldOrAsked) {
  Policy policy = Hiding({Path("a")});
  policy.mode = Mode::kReport;
  EXPECT_THAT(HiddenPlaces(policy, nullptr), IsEmpty());
  policy.mode = Mode::kEnforce;
  policy.hide_by_namespace = false;
  EXPECT_THAT(HiddenPlaces(policy, nullptr), IsEmpty());
  EXPECT_FALSE(HidesByNamespace(policy));
}

TEST_F(HiddenPlacesTest, WhatTheNamespaceAroundItCoversIsCovered) {
  Policy outer = Hiding({Path("a")});
  EXPECT_THAT(HiddenPlaces(Hiding({Path("a/one")}), &outer), IsEmpty());
  EXPECT_THAT(HiddenPlaces(Hiding({Path("a"), Path("b")}), &outer), ElementsAre(Path("a"), Path("b")));
  outer.best_effort = true;  // it may have gone without
  EXPECT_THAT(HiddenPlaces(Hiding({Path("a")}), &outer), ElementsAre(Path("a")));
  Policy inner = Hiding({Path("b")});
  inner.best_effort = true;
  EXPECT_THAT(HiddenPlaces(inner, &outer), IsEmpty()) << "it would be refused, on record";
  outer.mode = Mode::kReport;
  EXPECT_THAT(HiddenPlaces(inner, &outer), ElementsAre(Path("b")));
}

TEST_F(HiddenPlacesTest, OnlyOnePlaceNeedsNobodyElse) {
  EXPECT_TRUE(HidesByNamespace(Hiding({"/a/b", "/a/**"})));
  EXPECT_FALSE(HidesByNamespace(Hiding({"/a/b", "/a/*"})));
  EXPECT_FALSE(HidesByNamespace(Hiding({"/a/**/b"})));
  EXPECT_FALSE(HidesByNamespace(Hiding({"/**"})));
  Policy policy = Hiding({"/a/b"});
  policy.best_effort = true;
  EXPECT_FALSE(HidesByNamespace(policy));
}

}  // namespace
}  // namespace glovebox::policy
