#include "cli/terms.h"

#include "cli/print.h"
#include "project/policy_source.h"
#include "report/findings.h"
#include "verify/input.h"

namespace glovebox::cli {
namespace {

// A file that cannot be read says so; the report is then without its grades and allowances.
verify::Terms TermsOf(const report::Input& input) {
  project::PolicyPlace place;
  place.named = project::PolicyFromEnvironment();
  place.build_dir = input.table.run.has_value() ? input.table.run->build_dir : "";
  place.look = !place.build_dir.empty();
  place.built_in = false;
  const auto set = project::PolicyOf(place);
  if (!set.ok()) {
    PrintError(set.status().message());
    return {};
  }
  return set->terms();
}

}  // namespace

report::Summary Judged(const report::Input& input, report::Depth depth) {
  return report::SummarizeAndJudge(input, TermsOf(input), depth);
}

}  // namespace glovebox::cli
