// What came of one scenario of `glovebox selftest`, and of all of them together. Runs nothing: what a
// scenario printed is given.
#ifndef GLOVEBOX_CLI_SELFTEST_VERDICT_H_
#define GLOVEBOX_CLI_SELFTEST_VERDICT_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "graph/run_tool.h"

namespace glovebox::cli {

enum class Verdict {
  kHeld,      // it tried, and had no effect
  kRecorded,  // it had its effect, and is on record
  kWorks,     // an honest program did
  kKnown,     // known not to be held: docs/security.md
  kNotTried,  // this host, this user or this build cannot try it: speaks neither for the policy nor against
              // it
  kBroken,    // not what it shall be
};

const char* VerdictName(Verdict verdict);

struct Scenario {
  std::string name, family, tries, holds, options, record;
  std::string shown_options;  // with words for the places that the stage makes
  std::vector<std::string> needs;
  bool Needs(absl::string_view what) const;
  // What holds with no policy at all.
  bool IsDefault() const { return options.empty() && holds != "not"; }
};

struct Result {
  Verdict verdict = Verdict::kNotTried;
  std::string detail;
};

// `is_recorded` is asked only where the row wants a record and all else is as it shall be.
Result JudgeScenario(const Scenario& row, const graph::ToolOutput& output,
                     const std::function<bool()>& is_recorded);

// What the scenarios say together. Of the default policy as a whole only a run of all of them says something.
struct Claim {
  std::optional<bool> default_holds;  // absent: some scenarios alone, or nothing of it could be tried
  std::string text;                   // one sentence
  int exit_status = 0;                // 0, or kHostCannot
};

// `chosen`: named on the command line. `host_can`: a run can record here at all.
Claim SumUp(const std::vector<Scenario>& rows, const std::vector<Result>& results, bool chosen,
            bool host_can);

}  // namespace glovebox::cli

#endif  // GLOVEBOX_CLI_SELFTEST_VERDICT_H_
