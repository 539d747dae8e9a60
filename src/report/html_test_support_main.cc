// Writes the page of a build that never ran, for the browser's test and for whoever works on the page.
//   report_html_sample small|known|hostile|tests|empty|NUMBER > page.html
#include <stdlib.h>

#include <iostream>
#include <string>

#include "report/html.h"
#include "report/html_test_support.h"

int main(int argc, char** argv) {
  namespace report = glovebox::report;
  const std::string kind = argc == 2 ? argv[1] : "";
  report::SampleBuild build;
  if (kind == "small") {
    build = report::SmallBuild();
  } else if (kind == "known") {
    build = report::KnownBuild();
  } else if (kind == "hostile") {
    build = report::HostileBuild();
  } else if (kind == "tests") {
    build = report::TestsBuild();
  } else if (kind == "empty") {
    build = report::EmptyBuild();
  } else if (const long edges = strtol(kind.c_str(), nullptr, 10); edges > 0) {
    build = report::LargeBuild(static_cast<size_t>(edges));
  } else {
    std::cerr << "usage: " << argv[0] << " small|known|hostile|tests|empty|NUMBER\n";
    return 2;
  }
  std::cout << report::HtmlReport(build.summary, build.edges, build.compared ? &*build.compared : nullptr)
            << std::flush;
  return std::cout.good() ? 0 : 1;
}
