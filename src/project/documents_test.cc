// What the documents show as a policy file is one: each ```toml block of README.md and docs loads by itself.
#include <algorithm>
#include <filesystem>
#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "project/policy_source.h"

namespace glovebox::project {
namespace {

struct Block {
  std::string place, language, text;
};

std::vector<Block> BlocksOf(const std::string& file) {
  std::vector<Block> blocks;
  const absl::StatusOr<std::string> text = ReadFile(file);
  EXPECT_OK(text);
  bool inside = false;
  int line = 0;
  for (absl::string_view row : absl::StrSplit(text.ok() ? *text : "", '\n')) {
    ++line;
    if (absl::ConsumePrefix(&row, "```")) {
      inside = !inside;
      if (inside) blocks.push_back({absl::StrCat(file, ":", line), std::string(row), ""});
    } else if (inside) {
      absl::StrAppend(&blocks.back().text, row, "\n");
    }
  }
  EXPECT_FALSE(inside) << file << " ends within a block";
  return blocks;
}

std::vector<Block> AllBlocks() {
  std::vector<std::string> files = {GLOVEBOX_TOP "/README.md"};
  for (const auto& entry : std::filesystem::directory_iterator(GLOVEBOX_TOP "/docs")) {
    if (entry.path().extension() == ".md") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  std::vector<Block> blocks;
  for (const std::string& file : files) {
    for (Block& block : BlocksOf(file)) blocks.push_back(std::move(block));
  }
  return blocks;
}

TEST(Documents, EachPolicyFileThatTheyShowLoads) {
  auto dir = TempDir::Create("glovebox-documents");
  ASSERT_OK(dir);
  const std::string file = absl::StrCat(dir->path(), "/shown.toml");
  int shown = 0;
  for (const Block& block : AllBlocks()) {
    if (block.language != "toml") continue;
    ++shown;
    ASSERT_OK(WriteFile(file, block.text));
    EXPECT_OK(PolicyOf({.named = file, .build_dir = dir->path()})) << block.place;
  }
  EXPECT_GE(shown, 4);
}

// Else the test above would not see it.
TEST(Documents, WhatLooksLikeAPolicyFileIsCalledToml) {
  const std::regex section("(^|\n)\\[\\[?(rule|allow|severity|test|edge|compile|link|custom|run|policy\\.)");
  for (const Block& block : AllBlocks()) {
    if (!std::regex_search(block.text, section)) continue;
    EXPECT_EQ(block.language, "toml") << block.place;
  }
}

}  // namespace
}  // namespace glovebox::project
