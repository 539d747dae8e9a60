#include "verify/witness.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/paths.h"

namespace glovebox::verify {
namespace {

struct Row {
  absl::string_view rule;
  WitnessKind kind;
};

constexpr Row kRows[] = {
    {"missing-input", WitnessKind::kStale},        {"depfile-under-report", WitnessKind::kStale},
    {"ordered-undeclared", WitnessKind::kStale},   {"ordering-violation", WitnessKind::kTooEarly},
    {"latent-ordering", WitnessKind::kTooEarly},   {"double-write", WitnessKind::kLastWriter},
    {"shadowing-write", WitnessKind::kEitherWay},  {"enumeration", WitnessKind::kEitherWay},
    {"write-after-read", WitnessKind::kEitherWay},
};

std::string RulesWithOne() {
  std::string names;
  for (const Row& row : kRows) absl::StrAppend(&names, names.empty() ? "" : ", ", row.rule);
  return names;
}

// What the edge makes in that directory; empty: nothing that it declares.
std::string MadeIn(const std::string& directory, const graph::NinjaEdge& edge,
                   const graph::BuildFacts& facts) {
  for (const std::string& output : edge.outputs) {
    std::string path = facts.FileOf(output).path;
    if (Dirname(path) == absl::StripSuffix(directory, "/")) return path;
  }
  return "";
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
  if (finding.rule == "write-after-read") {  // the writer is at fault, and stands first
    std::swap(plan.edge, plan.other);
    plan.made = finding.evidence.result == access::Result::kCreated;
  } else if (finding.rule == "enumeration") {
    plan.file = MadeIn(finding.object, *plan.other, facts);
    if (plan.file.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(plan.other->outputs.front(),
                                                     " declares nothing that it makes in ", finding.object,
                                                     ": there is no witness for that"));
    }
  }
  return plan;
}

}  // namespace glovebox::verify
