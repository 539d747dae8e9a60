#include "graph/manifest_scan.h"

#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::graph {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;

TEST(ScanManifest, TakesWhatTheToolsDoNotTell) {
  const auto read = [](const std::string& name) -> absl::StatusOr<std::string> {
    if (name == "rules.ninja") return "rule gen\n  command = x\n  restat = 1\n  depfile = $out.d\n";
    return absl::NotFoundError("no");
  };
  const auto flags = ScanManifest(
      "# a comment\n"
      "top = dir\n"
      "include rules.ninja\n"
      "include missing.ninja\n"
      "rule plain\n"
      "  command = y $in\n"
      "build a$ b | second: gen in $\n"
      "    in2 || c\n"
      "build plain.txt: plain x\n"
      "build ${top}/c$:d: plain x\n"
      "  restat = 1\n"
      "  dyndep = ${top}/x.dd\n"
      "build f: plain x\n"
      "  RSP = f.rsp\n"
      "  rspfile = $RSP\n"
      "build e: gen\n"
      "  depfile = $unknown/e.d\n"
      "pool p\n"
      "  depth = 1\n"
      "default e\n",
      read);
  EXPECT_THAT(flags, UnorderedElementsAre(Pair("a b", EdgeFlags{true, "", "a b.d", ""}),
                                          Pair("${top}/c:d", EdgeFlags{true, "", "", "dir/x.dd"}),
                                          Pair("f", EdgeFlags{false, "f.rsp", "", ""}),
                                          Pair("e", EdgeFlags{true, "", "", ""})));
}

TEST(ParseDyndep, TakesOutputsAndInputs) {
  const auto edges = ParseDyndep(
      "ninja_dyndep_version = 1.0\n"
      "build a.o | m.gcm n.gcm: dyndep | other.gcm\n"
      "  restat = 1\n"
      "build b.o: dyndep\n");
  ASSERT_OK(edges);
  EXPECT_THAT(*edges, ElementsAre(DyndepEdge{"a.o", {"m.gcm", "n.gcm"}, {"other.gcm"}, true},
                                  DyndepEdge{"b.o", {}, {}, false}));
  EXPECT_THAT(ParseDyndep("nonsense\n").status().message(), testing::HasSubstr("nonsense"));
}

}  // namespace
}  // namespace glovebox::graph
