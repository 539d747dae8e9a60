#include "report/source_place.h"

#include "gtest/gtest.h"

namespace glovebox::report {
namespace {

TEST(SourcePlace, IsReadFromWhatMadeAnAction) {
  const struct {
    const char* where;
    SourcePlace place;
  } rows[] = {{"/src/CMakeLists.txt:14 add_test", {"/src/CMakeLists.txt", 14, 0, "add_test"}},
              {"CMakeLists.txt:14 add_custom_command", {"CMakeLists.txt", 14, 0, "add_custom_command"}},
              {"/src/a b:7/x.cmake:3", {"/src/a b:7/x.cmake", 3, 0, ""}},
              {"/src/x:9:3 add_test", {"/src/x:9", 3, 0, "add_test"}},
              {"", {}},
              {"/src/CMakeLists.txt", {}},
              {"/src/CMakeLists.txt:", {}},
              {"/src/CMakeLists.txt:x", {}},
              {"/src/CMakeLists.txt:0 add_test", {}},
              {"/src/CMakeLists.txt:99999999999 add_test", {}},
              {":5 add_test", {}}};
  for (const auto& row : rows) EXPECT_EQ(PlaceOfWhere(row.where), row.place) << row.where;
}

TEST(SourcePlace, IsReadFromWhatThePolicySays) {
  const struct {
    const char* text;
    SourcePlace place;
  } rows[] = {{"glovebox.toml:12:3 write", {"glovebox.toml", 12, 3, ""}},
              {"/etc/g:1/p.toml:40:1", {"/etc/g:1/p.toml", 40, 1, ""}},
              {"p.toml:4:9 network connect inet:10.0.0.1:443", {"p.toml", 4, 9, ""}},
              {"built in", {}},
              {"built in inet:10.0.0.1:443", {}},
              {"command line", {}},
              {"p.toml:4", {}},
              {"p.toml:4:x", {}},
              {"p.toml:4:3x", {}},
              {"", {}}};
  for (const auto& row : rows) EXPECT_EQ(PlaceOfRule(row.text), row.place) << row.text;
}

}  // namespace
}  // namespace glovebox::report
