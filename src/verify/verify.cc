#include "verify/verify.h"

#include <algorithm>
#include <future>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/paths.h"
#include "graph/utility_edges.h"
#include "policy/name_pattern.h"
#include "policy/path_match.h"
#include "verify/actions.h"
#include "verify/callers.h"
#include "verify/configure_step.h"
#include "verify/cross_tests.h"
#include "verify/edge_inputs.h"
#include "verify/edge_outputs.h"
#include "verify/edge_states.h"
#include "verify/graph_case.h"
#include "verify/line_repairs.h"
#include "verify/policy_findings.h"

namespace glovebox::verify {
namespace {

using policy::Allowance;

std::string DateText(const policy::Date& date) {
  return absl::StrFormat("%04d-%02d-%02d", date.year, date.month, date.day);
}

Severity Graded(policy::Severity severity) {
  switch (severity) {
    case policy::Severity::kOff:
      return Severity::kOff;
    case policy::Severity::kWarning:
      return Severity::kWarning;
    case policy::Severity::kError:
      return Severity::kError;
  }
  return Severity::kError;
}

class Clerk {
 public:
  Clerk(const Input& input, const Actions& actions)
      : input_(input), actions_(actions), needed_(input.terms.allowances.size(), 0) {
    for (const Allowance& allowance : input.terms.allowances) {
      auto path = policy::PathPattern::Parse(allowance.path);
      paths_.push_back(path.ok() ? std::optional(*std::move(path))
                                 : std::nullopt);  // empty, or refused before
    }
  }

  Judgement Judge(std::vector<Finding> findings) {
    Judgement verdict;
    for (Finding& finding : findings) {
      Grade(&finding);
      if (finding.severity == Severity::kOff) continue;
      if (IsAllowed(finding)) {
        ++verdict.allowed;
      } else {
        verdict.findings.push_back(std::move(finding));
      }
    }
    for (size_t i = 0; i < needed_.size(); ++i) {
      if (needed_[i] == 0) continue;
      Finding finding = Expired(input_.terms.allowances[i], needed_[i]);
      Grade(&finding);
      if (finding.severity != Severity::kOff) verdict.findings.push_back(std::move(finding));
    }
    std::stable_sort(verdict.findings.begin(), verdict.findings.end(),
                     [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
    return verdict;
  }

 private:
  void Grade(Finding* finding) const {
    const auto found = input_.terms.severities.find(finding->rule);
    if (found != input_.terms.severities.end()) finding->severity = Graded(found->second.first);
  }

  bool IsAllowed(const Finding& finding) {
    size_t expired = needed_.size();
    for (size_t i = 0; i < needed_.size(); ++i) {
      const Allowance& allowance = input_.terms.allowances[i];
      if (!Matches(i, finding)) continue;
      if (!allowance.expired) return true;
      // Of several that have expired the first one answers for it.
      expired = std::min(expired, i);
    }
    if (expired < needed_.size()) ++needed_[expired];
    return false;
  }

  bool Matches(size_t number, const Finding& finding) const {
    const Allowance& allowance = input_.terms.allowances[number];
    if (allowance.rule != "*" && allowance.rule != finding.rule) return false;
    return MatchesObject(number, finding) && MatchesAction(allowance, finding.action);
  }

  bool MatchesObject(size_t number, const Finding& finding) const {
    const Allowance& allowance = input_.terms.allowances[number];
    const auto match = [&, this](absl::string_view object) {
      const bool path = absl::StartsWith(object, "/");
      const std::string& pattern = path ? allowance.path : allowance.address;
      const std::string& other = path ? allowance.address : allowance.path;
      if (pattern.empty()) return other.empty();
      return path ? paths_[number].has_value() && paths_[number]->Matches(object)
                  : policy::MatchesName(pattern, object);
    };
    // A directory that files were folded into: each of them must be allowed.
    if (absl::EndsWith(finding.object, "/"))
      return std::all_of(finding.objects.begin(), finding.objects.end(), match);
    return match(finding.object);
  }

  // An allowance of an edge or a test covers what runs inside of it.
  bool MatchesAction(const Allowance& allowance, size_t action) const {
    bool target = allowance.target.empty();
    bool edge = allowance.edge.empty();
    bool test = allowance.test.empty();
    for (int depth = 0; action != kNoAction && depth < 64; ++depth, action = actions_.Parent(action)) {
      const access::ActionBegin& begin = actions_.Begin(action);
      target = target || policy::MatchesName(allowance.target, begin.target);
      for (const std::string& output : input_.labels[action].outputs) {
        edge = edge || policy::MatchesName(allowance.edge, output) ||
               policy::MatchesName(allowance.edge, CleanPath(JoinPath(begin.cwd, output)));
      }
      if (begin.role == access::Role::kTest)
        test = test || policy::MatchesName(allowance.test, actions_.TestName(action));
    }
    return target && edge && test;
  }

  Finding Expired(const Allowance& allowance, size_t count) const {
    const std::string day = DateText(allowance.expires);
    Finding finding = actions_.Make("allowance-expired", kNoAction, policy::OriginText(allowance.origin));
    // Where it stands in the file may change.
    finding.id = StableId(finding.rule, allowance.rule,
                          absl::StrCat(allowance.path, " ", allowance.target, " ", allowance.edge, " ",
                                       allowance.test, " ", day));
    finding.what =
        absl::StrCat("the allowance", allowance.owner.empty() ? "" : " of ", allowance.owner, " expired on ",
                     day, ", and ", count, count == 1 ? " finding needs it" : " findings need it",
                     allowance.reason.empty() ? "" : ": ", allowance.reason);
    finding.place = policy::OriginText(allowance.origin);
    return finding;
  }

  const Input& input_;
  const Actions& actions_;
  std::vector<std::optional<policy::PathPattern>> paths_;  // of the allowances
  std::vector<size_t> needed_;  // beside the allowances: findings that an expired one would have let pass
};

}  // namespace

namespace {

void Append(std::vector<Finding> more, std::vector<Finding>* findings) {
  findings->insert(findings->end(), std::make_move_iterator(more.begin()),
                   std::make_move_iterator(more.end()));
}

}  // namespace

size_t Judgement::errors() const {
  return static_cast<size_t>(std::count_if(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.severity == Severity::kError;
  }));
}

namespace {

// Those of the configure step, each once: CMake that ran within the build may have told it as well. They are
// of no action of the build's.
void AddConfigureStep(const Input& input, Judgement* judgement) {
  Judgement step = Verify(*input.configure);
  judgement->allowed += step.allowed;
  std::optional<size_t> manifest;
  for (size_t i = 0; input.facts != nullptr && i < input.facts->ninja->edges().size() && !manifest; ++i) {
    if (graph::MakesManifest(input.facts->ninja->edges()[i])) manifest = i;
  }
  for (Finding& finding : step.findings) {
    const bool known = std::any_of(judgement->findings.begin(), judgement->findings.end(),
                                   [&finding](const Finding& other) { return other.id == finding.id; });
    if (known) continue;
    finding.action = kNoAction;
    finding.others.clear();
    if (finding.rule == "generator-escape" && manifest.has_value()) finding.edges = {*manifest};
    judgement->findings.push_back(std::move(finding));
  }
  std::stable_sort(judgement->findings.begin(), judgement->findings.end(),
                   [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
}

}  // namespace

Judgement Verify(const Input& input) {
  const Actions actions(input);
  // Beside the judgement of the graph, where there is one: both only look at the input.
  const auto when = input.facts != nullptr ? std::launch::async : std::launch::deferred;
  auto of_actions = std::async(when, [&] {
    std::vector<Finding> found = PolicyFindings(input, actions);
    Append(CrossTestFindings(input, actions), &found);
    return found;
  });
  std::vector<Finding> of_graph;
  std::optional<GraphCase> graph;
  if (input.facts != nullptr) {
    graph.emplace(input, actions);
    std::vector<Finding> edges = EdgeInputFindings(&*graph);
    Append(EdgeOutputFindings(&*graph), &edges);
    Append(EdgeStateFindings(&*graph, edges), &edges);
    of_graph = std::move(edges);
  }
  std::vector<Finding> findings = of_actions.get();
  Append(std::move(of_graph), &findings);
  if (input.configure_facts != nullptr) Append(ConfigureFindings(input, actions), &findings);
  std::stable_sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    return a.evidence.time_ns < b.evidence.time_ns;
  });
  if (input.facts != nullptr) SpellForLines(input, &findings);
  TellCallers(input, &findings);
  Judgement judgement = Clerk(input, actions).Judge(std::move(findings));
  if (input.configure != nullptr) AddConfigureStep(input, &judgement);
  if (graph.has_value()) judgement.edges = EdgeVerdicts(&*graph, judgement.findings);
  return judgement;
}

}  // namespace glovebox::verify
