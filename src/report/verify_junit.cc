#include "report/verify_junit.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/bytes.h"
#include "report/findings.h"
#include "report/format.h"
#include "report/junit_xml.h"

namespace glovebox::report {
namespace {

using verify::EdgeVerdict;
using verify::Finding;
using verify::Severity;

constexpr size_t kInFull = 20;  // findings of a case that are told as the report does

uint64_t WallOf(const Input& input, const std::vector<size_t>& actions) {
  uint64_t wall_ns = 0;  // of the longest: the shell's, which holds the others
  for (const size_t index : actions) {
    if (index >= input.table.actions.size()) continue;
    const access::ActionRecord& action = input.table.actions[index];
    if (!action.end.has_value() || action.end->time_ns <= action.begin.time_ns) continue;
    wall_ns = std::max(wall_ns, action.end->time_ns - action.begin.time_ns);
  }
  return wall_ns;
}

class Cases {
 public:
  Cases(const Input& input, const Summary& summary, const verify::BaselineResult* compared)
      : input_(input), summary_(summary), compared_(compared) {}

  JUnitCase OfEdge(const EdgeVerdict& edge) const {
    JUnitCase out;
    out.name = edge.outputs.empty() ? edge.rule : edge.outputs.front();
    out.classname = absl::StrCat("glovebox.", edge.rule.empty() ? "edge" : edge.rule);
    out.wall_ns = WallOf(input_, edge.actions);
    out.lines.emplace_back(verify::VerdictName(edge.verdict));
    if (!edge.where.empty()) out.lines.push_back(absl::StrCat("declared by ", EscapeBytes(edge.where)));
    AddFindings(edge.findings, &out);
    if (out.failure.empty() && edge.verdict == verify::Verdict::kIncomplete) {
      out.error = edge.why.empty() ? "not all of it is known" : EscapeBytes(edge.why);
      out.type = "incomplete";
    }
    return out;
  }

  JUnitCase OfAction(const std::vector<size_t>& findings) const {
    const Finding& first = summary_.findings[findings.front()].finding;
    JUnitCase out;
    out.name = first.action_name.empty() ? first.rule : first.action_name;
    out.classname = "glovebox.no-edge";
    if (!first.where.empty()) out.lines.push_back(absl::StrCat("declared by ", EscapeBytes(first.where)));
    AddFindings(findings, &out);
    return out;
  }

 private:
  bool IsNew(size_t finding) const { return compared_ == nullptr || compared_->IsNew(finding); }

  // A new error counts for more than what is not known beside it.
  void AddFindings(const std::vector<size_t>& findings, JUnitCase* out) const {
    size_t fails = 0;
    std::string failure_type;
    for (const size_t index : findings) {
      if (index >= summary_.findings.size()) continue;
      const FindingFacts& facts = summary_.findings[index];
      const Finding& finding = facts.finding;
      if (verify::IsGap(finding)) {
        out->error = EscapeBytes(finding.what);
        out->type = "incomplete";
      } else if (finding.severity == Severity::kError && IsNew(index)) {
        if (fails++ == 0) {
          out->failure = EscapeBytes(finding.what);
          failure_type = EscapeBytes(finding.rule);
        }
        if (fails <= kInFull)
          out->details.emplace_back(absl::StripSuffix(FindingText(summary_, facts, {}), "\n"));
      } else {
        out->lines.push_back(absl::StrCat(IsNew(index) ? "" : "known ",
                                          verify::SeverityName(finding.severity), "[",
                                          EscapeBytes(finding.rule), "]: ", EscapeBytes(finding.what)));
      }
    }
    if (fails == 0) return;
    out->error.clear();
    out->type = failure_type;
    if (fails > 1) absl::StrAppend(&out->failure, ", and ", Count(fails - 1, "more error"));
    if (fails > kInFull)
      out->details.push_back(absl::StrCat("... and ", Count(fails - kInFull, "more error")));
  }

  const Input& input_;
  const Summary& summary_;
  const verify::BaselineResult* compared_;
};

// Those of no edge, by what the action is called, in the order in which they come.
std::vector<std::vector<size_t>> OfNoEdge(const Summary& summary) {
  std::vector<bool> told(summary.findings.size(), false);
  for (const EdgeVerdict& edge : summary.edges) {
    for (const size_t index : edge.findings) {
      if (index < told.size()) told[index] = true;
    }
  }
  std::vector<std::vector<size_t>> groups;
  absl::flat_hash_map<std::pair<access::ActionId, absl::string_view>, size_t> group_of;
  for (size_t i = 0; i < told.size(); ++i) {
    if (told[i]) continue;
    const FindingFacts& facts = summary.findings[i];
    const absl::string_view name = facts.action != 0 ? absl::string_view() : facts.finding.rule;
    const auto [group, fresh] = group_of.emplace(std::pair(facts.action, name), groups.size());
    if (fresh) groups.emplace_back();
    groups[group->second].push_back(i);
  }
  return groups;
}

}  // namespace

std::string VerifyJUnitXml(const Input& input, const Summary& summary,
                           const verify::BaselineResult* compared) {
  const Cases cases(input, summary, compared);
  JUnitSuite suite;
  for (const EdgeVerdict& edge : summary.edges) suite.Add(cases.OfEdge(edge));
  for (const std::vector<size_t>& group : OfNoEdge(summary)) suite.Add(cases.OfAction(group));
  return suite.Xml(summary.run.build_dir, summary.run.start_unix_ns);
}

}  // namespace glovebox::report
