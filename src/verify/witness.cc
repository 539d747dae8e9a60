#include "verify/witness.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace glovebox::verify {
namespace {

struct Row {
  absl::string_view rule;
  WitnessKind kind;
};

constexpr Row kRows[] = {
    {"missing-input", WitnessKind::kStale},      {"depfile-under-report", WitnessKind::kStale},
    {"ordered-undeclared", WitnessKind::kStale}, {"ordering-violation", WitnessKind::kTooEarly},
    {"latent-ordering", WitnessKind::kTooEarly}, {"double-write", WitnessKind::kLastWriter},
};

std::string RulesWithOne() {
  std::string names;
  for (const Row& row : kRows) absl::StrAppend(&names, names.empty() ? "" : ", ", row.rule);
  return names;
}

}  // namespace

absl::StatusOr<WitnessPlan> PlanWitness(const Finding& finding, const graph::BuildFacts& facts) {
  const auto row = std::find_if(std::begin(kRows), std::end(kRows),
                                [&finding](const Row& each) { return each.rule == finding.rule; });
  if (row == std::end(kRows) || finding.edges.empty() ||
      (row->kind != WitnessKind::kStale && finding.edges.size() < 2)) {
    return absl::InvalidArgumentError(absl::StrCat("there is no witness for a finding of ", finding.rule,
                                                   " like this one, only for ", RulesWithOne()));
  }
  WitnessPlan plan;
  plan.kind = row->kind;
  plan.file = finding.objects.empty() ? finding.object : finding.objects.front();
  plan.edge = &facts.ninja->edges()[finding.edges[0]];
  if (finding.edges.size() > 1) plan.other = &facts.ninja->edges()[finding.edges[1]];
  return plan;
}

}  // namespace glovebox::verify
