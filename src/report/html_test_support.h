// Builds that never ran, for the tests of the page (html.h), in C++ and in a browser.
#ifndef GLOVEBOX_REPORT_HTML_TEST_SUPPORT_H_
#define GLOVEBOX_REPORT_HTML_TEST_SUPPORT_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "report/summary.h"
#include "verify/baseline.h"
#include "verify/edge_verdict.h"

namespace glovebox::report {

struct SampleBuild {
  Summary summary;
  std::vector<verify::EdgeVerdict> edges;
  std::optional<verify::BaselineResult> compared;
};

// A small project: 20 edges, of which one reads a header that it does not declare, one reads $HOME, one goes
// to the network and one did not run.
SampleBuild SmallBuild();
// The same, and a baseline knows its first finding, and one that has gone.
SampleBuild KnownBuild();
// Names that try to be more than names.
SampleBuild HostileBuild();
const std::vector<std::string>& HostileNames();
// As many edges, and a finding of every tenth; every hundredth did not run.
SampleBuild LargeBuild(size_t edges);
// Two tests without an edge that get in each other's way, and a finding of no action at all.
SampleBuild TestsBuild();
// Nothing ran, nobody judged.
SampleBuild EmptyBuild();

}  // namespace glovebox::report

#endif  // GLOVEBOX_REPORT_HTML_TEST_SUPPORT_H_
