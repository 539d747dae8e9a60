#include "verify/line_repairs.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/paths.h"
#include "verify/fix.h"

namespace glovebox::verify {
namespace {

// A value as a repair spells it: below a top directory by that directory's variable.
std::string Spelled(const std::string& value, const graph::CMakeVariableValues& roots) {
  const std::pair<std::string, std::string>* nearest = nullptr;
  for (const auto& root : roots) {
    if (root.second.empty() || !IsUnder(value, root.second)) continue;
    if (nearest == nullptr || root.second.size() > nearest->second.size()) nearest = &root;
  }
  if (nearest == nullptr) return value;
  return absl::StrCat("${", nearest->first, "}", value.substr(nearest->second.size()));
}

// Where `value` stands in `text`, not within the name of a variable, nor in the first word.
std::vector<size_t> OffsetsOf(absl::string_view text, absl::string_view value) {
  std::vector<size_t> places;
  const size_t begin = std::min(text.find_first_of(" ("), text.size());
  for (size_t at = text.find(value, begin); at != absl::string_view::npos; at = text.find(value, at + 1)) {
    const size_t open = text.rfind("${", at);
    const bool in_name = open != absl::string_view::npos && open < at &&
                         text.find('}', open) != absl::string_view::npos && text.find('}', open) >= at;
    if (!in_name) places.push_back(at);
  }
  return places;
}

// The repair with the variable in the place of its value: everywhere, or in one place.
std::vector<std::string> Candidates(const std::string& text, const std::string& name,
                                    const std::string& value) {
  std::vector<std::string> candidates;
  const std::vector<size_t> places = OffsetsOf(text, value);
  const std::string variable = absl::StrCat("${", name, "}");
  for (auto at = places.rbegin(); at != places.rend(); ++at)
    candidates.push_back(std::string(text).replace(*at, value.size(), variable));
  if (places.size() > 1) {
    std::string everywhere = text;
    size_t after = std::string::npos;  // of two that overlap the later one counts
    for (auto at = places.rbegin(); at != places.rend(); ++at) {
      if (*at + value.size() > after) continue;
      everywhere.replace(*at, value.size(), variable);
      after = *at;
    }
    candidates.insert(candidates.begin(), std::move(everywhere));
  }
  return candidates;
}

std::vector<std::string> AllCandidates(const RepairOfOne& repair, const graph::CMakeVariableValues& roots) {
  std::vector<std::string> all;
  for (const auto& [name, value] : repair.variables) {
    if (absl::StartsWith(name, "CMAKE_")) continue;
    for (std::string& candidate : Candidates(repair.text, name, Spelled(value, roots)))
      all.push_back(std::move(candidate));
  }
  return all;
}

// Of a custom command the edge, of a target's edges the target: what the line makes one of, each time.
std::string InstanceOf(const graph::BuildFacts& facts, size_t edge) {
  const bool custom = absl::EndsWith(facts.places[edge], " add_custom_command");
  return custom || facts.targets[edge].empty() ? absl::StrCat("edge ", edge) : facts.targets[edge];
}

struct Line {
  std::set<std::string> instances;
  std::vector<Finding*> findings;
};

std::string KindOf(const Finding& finding) {
  return absl::StrCat(finding.rule, " ", finding.repair.substr(0, finding.repair.find_first_of(" (")));
}

// Of one kind.
void Spell(const graph::BuildFacts& facts, const Line& line, const std::vector<Finding*>& findings,
           const graph::CMakeVariableValues& roots) {
  std::map<std::string, std::set<std::string>> wanted;  // repair -> instances
  std::vector<RepairOfOne> repairs;
  repairs.reserve(findings.size());
  for (const Finding* finding : findings) {
    const size_t edge = finding->edges.front();
    repairs.push_back({InstanceOf(facts, edge), finding->repair,
                       facts.cmake.has_value() ? facts.cmake->VariablesOf(facts.ninja->edges()[edge])
                                               : graph::CMakeVariableValues()});
    wanted[finding->repair].insert(repairs.back().instance);
  }
  const std::vector<std::string> spelled = InVariables(repairs, line.instances.size(), roots);
  for (size_t i = 0; i < findings.size(); ++i) {
    std::string& repair = findings[i]->repair;
    if (wanted[repairs[i].text].size() == line.instances.size()) continue;  // the same for all
    repair = !spelled[i].empty() ? spelled[i]
                                 : absl::StrCat("for this one of the ", line.instances.size(),
                                                " that the line makes: ", repair);
  }
}

}  // namespace

std::vector<std::string> InVariables(const std::vector<RepairOfOne>& repairs, size_t instances,
                                     const graph::CMakeVariableValues& roots) {
  std::map<std::string, std::set<std::string>> shared;  // text -> instances that it may stand for
  std::vector<std::vector<std::string>> candidates;
  candidates.reserve(repairs.size());
  for (const RepairOfOne& repair : repairs) {
    candidates.push_back(AllCandidates(repair, roots));
    for (const std::string& candidate : candidates.back()) shared[candidate].insert(repair.instance);
  }
  std::vector<std::string> spelled(repairs.size());
  for (size_t i = 0; i < repairs.size(); ++i) {
    for (const std::string& candidate : candidates[i]) {
      // "DEPENDS ${table}" rather than "DEPENDS ${CMAKE_SOURCE_DIR}/tables/${name}.txt".
      const bool better = spelled[i].empty() || candidate.size() < spelled[i].size();
      if (better && shared[candidate].size() == instances) spelled[i] = candidate;
    }
  }
  return spelled;
}

void SpellForLines(const Input& input, std::vector<Finding>* findings) {
  const graph::BuildFacts& facts = *input.facts;
  std::map<std::string, Line> lines;
  for (Finding& finding : *findings) {
    if (finding.edges.empty() || !IsInCMakesWords(finding.repair)) continue;
    const std::string& place = facts.places[finding.edges.front()];
    if (!place.empty() && finding.where == place) lines[place].findings.push_back(&finding);
  }
  if (lines.empty()) return;
  for (size_t edge = 0; edge < facts.places.size(); ++edge) {
    const auto line = lines.find(facts.places[edge]);
    if (line != lines.end()) line->second.instances.insert(InstanceOf(facts, edge));
  }
  const graph::CMakeVariableValues roots = {{"CMAKE_SOURCE_DIR", input.places.source()},
                                            {"CMAKE_BINARY_DIR", facts.ninja->build_dir()}};
  for (const auto& [place, line] : lines) {
    if (line.instances.size() < 2) continue;
    // A line may have several faults: one rule and one kind of repair at a time.
    std::map<std::string, std::vector<Finding*>> kinds;
    for (Finding* finding : line.findings) kinds[KindOf(*finding)].push_back(finding);
    for (const auto& [kind, alike] : kinds) Spell(facts, line, alike, roots);
  }
}

}  // namespace glovebox::verify
