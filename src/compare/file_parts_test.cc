#include "compare/file_parts.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::compare {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::SizeIs;

std::string Member(const std::string& name, const std::string& bytes) {
  return absl::StrCat(
      absl::StrFormat("%-16s%-12d%-6d%-6d%-8s%-10d`\n", name, 0, 0, 0, "100644", bytes.size()), bytes,
      bytes.size() % 2 == 1 ? "\n" : "");
}

std::vector<std::string> Names(const std::vector<Part>& parts) {
  std::vector<std::string> names;
  for (const Part& part : parts) names.push_back(part.name);
  return names;
}

TEST(FileParts, AnArchiveHasItsMembersWithTheirLongNames) {
  const std::string archive = absl::StrCat("!<arch>\n", Member("//", "a_very_long_name.o/\n"),
                                           Member("/0", "one"), Member("b.o/", "two!"));
  const std::vector<Part> parts = PartsOf(archive);
  EXPECT_THAT(Names(parts),
              ElementsAre("//", "//", "a_very_long_name.o", "a_very_long_name.o", "b.o", "b.o"));
  EXPECT_EQ(parts[3].bytes, "one");
  EXPECT_EQ(archive.substr(parts[5].offset, 4), "two!");
}

TEST(FileParts, AnObjectHasItsSections) {
  const auto self = ReadFile("/proc/self/exe");
  ASSERT_OK(self);
  const std::vector<Part> parts = PartsOf(*self);
  EXPECT_THAT(Names(parts), Contains(".text"));
  EXPECT_THAT(Names(parts), Contains(".shstrtab"));
  for (const Part& part : parts) {
    EXPECT_EQ(self->substr(part.offset, part.bytes.size()), part.bytes);
    EXPECT_TRUE(part.follows || part.name != ".text");
    EXPECT_TRUE(part.texts || part.name != ".comment");
  }
}

// Whatever stands in it, each part lies within.
TEST(FileParts, ADamagedFileIsOnePart) {
  const auto self = ReadFile("/proc/self/exe");
  ASSERT_OK(self);
  const std::string damaged[] = {
      self->substr(0, 64),
      self->substr(0, self->size() / 2),
      self->substr(0, 40) + std::string(1000, '\xff'),
      "!<arch>\nshort",
      absl::StrCat("!<arch>\n", Member("a.o/", "x").substr(0, 40)),
      absl::StrCat("!<arch>\n", Member("a.o/", std::string(50, 'x')).substr(0, 80)),
      ""};
  for (const std::string& file : damaged) {
    const std::vector<Part> parts = PartsOf(file);
    ASSERT_THAT(parts, SizeIs(1));
    EXPECT_EQ(parts[0].bytes, file);
  }
}

}  // namespace
}  // namespace glovebox::compare
