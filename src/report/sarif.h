// Findings as SARIF 2.1.0, in the part of it that GitHub's code scanning reads (docs/ci.md).
//
//   report::SarifOptions options = report::SarifOptionsFor(summary, GLOVEBOX_VERSION);
//   WriteFile("glovebox.sarif", report::SarifReport(summary, options));
//
// One result a finding, each with a place in a file: GitHub refuses a whole upload for one that has none. A
// result is the same one in the next build where Finding::id is, whatever became of lines above it.
#ifndef GLOVEBOX_REPORT_SARIF_H_
#define GLOVEBOX_REPORT_SARIF_H_

#include <cstddef>
#include <string>

#include "report/summary.h"
#include "verify/baseline.h"

namespace glovebox::report {

// GitHub refuses a run with more results, and an upload of more than 10 MB once gzip has been over it. Of
// names made at random a fifth is left then, of those of a build less.
inline constexpr size_t kSarifResults = 25'000;
inline constexpr size_t kSarifBytes = 45'000'000;

struct SarifOptions {
  std::string version = {};  // of Glovebox; empty: not told
  // The checkout, absolute: URIs are relative to it. Empty: the source directory of the run.
  std::string root = {};
  // What a finding points at that no line of a source and no policy made; relative to the source directory.
  std::string project_file = "CMakeLists.txt";
  // Where there is a baseline: it, and what comparing `summary.findings` with it said. Both outlive the call.
  const verify::Baseline* baseline = nullptr;
  const verify::BaselineResult* compared = nullptr;
  size_t most_results = kSarifResults;
  size_t most_bytes = kSarifBytes;
};

// With what the disk says: the root is the directory above the source that has a .git, and the project file
// one that is there.
SarifOptions SarifOptionsFor(const Summary& summary, const std::string& version);

// New ones come before known ones, errors before the rest. What is more than the limits above is left out,
// and a notification of the run says how much.
std::string SarifReport(const Summary& summary, const SarifOptions& options);

}  // namespace glovebox::report

#endif  // GLOVEBOX_REPORT_SARIF_H_
