#include "graph/meson_info.h"

#include "base/files.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"

namespace glovebox::graph {
namespace {

TEST(MesonInfo, NamesBothDirectories) {
  ASSERT_OK_AND_ASSIGN(TempDir dir, TempDir::Create());
  EXPECT_FALSE(LoadMesonInfo(dir.path()).ok());
  ASSERT_OK(MakeDirectories(dir.path() + "/meson-info"));
  ASSERT_OK(WriteFile(dir.path() + "/meson-info/meson-info.json",
                      R"({"meson_version": {"full": "1.0.1"}, "directories": {"source": "/s p",
                      "build": "/s p/b", "info": "/s p/b/meson-info"}, "error": false})"));
  ASSERT_OK_AND_ASSIGN(const MesonInfo info, LoadMesonInfo(dir.path()));
  EXPECT_EQ(info.source_dir, "/s p");
  EXPECT_EQ(info.build_dir, "/s p/b");
}

TEST(MesonInfo, WhatIsNoneIsAnError) {
  for (const char* json :
       {"", "{", "[]", "null", "{}", R"({"directories": 1})", R"({"directories": {}})",
        R"({"directories": {"source": "/s"}})", R"({"directories": {"source": 1, "build": "/b"}})",
        R"({"directories": {"source": "s", "build": "/b"}})"}) {
    EXPECT_THAT(ParseMesonInfo(json),
                StatusIs(absl::StatusCode::kInvalidArgument, testing::HasSubstr("no source")))
        << json;
  }
}

}  // namespace
}  // namespace glovebox::graph
