#include "verify/edge_states.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>
#include <variant>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "access/touch.h"
#include "base/paths.h"
#include "graph/utility_edges.h"
#include "verify/chance.h"

namespace glovebox::verify {
namespace {

class Judge {
 public:
  Judge(GraphCase* at, const std::vector<Finding>& before)
      : at_(*at), declared_(at->declared()), observed_(at->observed()) {
    for (const Finding& finding : before) {
      // What is not made, or made from what comes later, is not up to date either.
      if (finding.rule == "missing-output" || finding.rule == "ordering-violation" ||
          finding.rule == "latent-ordering" || finding.rule == "observed-cycle")
        told_.insert(static_cast<EdgeId>(finding.edges.front()));
    }
  }

  std::vector<Finding> Findings() {
    for (EdgeId edge = 0; edge < declared_.size(); ++edge) {
      if (graph::MakesManifest(declared_.Edge(edge))) LookAtConfigure(edge);
      if (!at_.IsJudged(edge)) continue;
      for (const size_t i : observed_.edges()[edge].seen) LookAtRead(observed_.seen()[i]);
      LookAtHoles(edge);
    }
    LookAtNetwork();
    LookAtDirt();
    return std::move(findings_);
  }

 private:
  void LookAtConfigure(EdgeId edge) {
    absl::flat_hash_set<PathId> listed;
    for (const std::string& name : declared_.facts().configure_inputs) {
      const graph::NamedFile file = declared_.facts().FileOf(name);
      listed.insert(at_.Find(file.path));
      if (!file.target.empty()) listed.insert(at_.Find(file.target));
    }
    for (const size_t i : observed_.edges()[edge].seen) {
      const Seen& seen = observed_.seen()[i];
      // Beside a manifest that another program writes its sources stand as well.
      const bool source =
          at_.PlaceOf(seen.path) == Place::kSource ||
          (at_.PlaceOf(seen.path) == Place::kBuild && declared_.Edge(edge).rule != "RERUN_CMAKE");
      if (seen.read == kNoRecord || !source || at_.IsDirectory(seen.path) ||
          declared_.MakerOf(seen.path) != kNoEdge || !at_.IsProjects(seen.path) || seen.wrote != kNoRecord ||
          listed.contains(seen.path) || declared_.Names(edge, seen.path))
        continue;
      Finding finding = at_.Make("generator-escape", edge, seen.path, seen.read);
      finding.what = absl::StrCat("the configure step reads ", at_.Short(seen.path),
                                  ", and does not run again when that changes");
      finding.repair = absl::StrCat("set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ",
                                    at_.Short(seen.path), ")");
      findings_.push_back(std::move(finding));
    }
  }

  void LookAtRead(const Seen& seen) {
    if (seen.read == kNoRecord || seen.told) return;
    const std::string& path = at_.paths().Path(seen.path);
    if (ChanceOf(path) != Chance::kNone) {
      Finding finding = at_.Make("nondeterminism-source", seen.edge, seen.path, seen.read);
      finding.what = absl::StrCat(at_.NameOf(seen.edge), " reads ", path,
                                  ", which says another thing each time or on "
                                  "each machine");
      findings_.push_back(std::move(finding));
      return;
    }
    const Place place = at_.PlaceOf(seen.path);
    const bool home = place == Place::kHome;
    if (seen.directory || IsKept(path) || (!home && (place != Place::kElsewhere || IsSystem(path)))) return;
    if (home && IsSettings(at_.input().places.BelowRoot(path))) return;
    if (declared_.Names(seen.edge, seen.path)) return;
    Finding finding = at_.Make("outside-read", seen.edge, seen.path, seen.read);
    finding.what = absl::StrCat(at_.NameOf(seen.edge), " is made from ", path,
                                ", which is neither the project's nor the system's");
    findings_.push_back(std::move(finding));
  }

  // The rule of what is done with an address, and what is done; empty: nothing that anybody else has to do
  // with. What is bound for this machine alone nobody else can reach.
  // An address on the network, where no policy file says who may reach what.
  void LookAtNetwork() {
    if (at_.input().terms.tells_networks) return;
    absl::flat_hash_set<std::tuple<EdgeId, absl::string_view, std::string>> told;
    for (size_t i = 0; i < at_.input().log.records.size(); ++i) {
      const auto* access = std::get_if<access::Access>(&at_.input().log.records[i]);
      if (access == nullptr || !access::IsInternet(access->path) || !access->rule.empty()) continue;
      const auto [rule, does] = NetworkUseOf(*access);
      const size_t action = rule.empty() ? kNoAction : at_.ActionOf(i);
      const EdgeId edge = action == kNoAction ? kNoEdge : observed_.EdgeOf(action);
      // What is sent to an address that was connected to is no second fault.
      const absl::string_view use = access->op == Op::kBind ? rule : absl::string_view();
      if (edge == kNoEdge || !at_.IsJudged(edge) || !told.insert({edge, use, access->path}).second) continue;
      Finding finding = at_.Make(rule, edge, access->path, i);
      finding.what = absl::StrCat(at_.NameOf(edge), " ", does, " ", access->path,
                                  access::IsLoopback(access->path) ? ", on this machine" : "");
      findings_.push_back(std::move(finding));
    }
  }

  void LookAtHoles(EdgeId edge) {
    absl::flat_hash_set<std::string> told;
    for (const size_t action : observed_.edges()[edge].actions) {
      const access::ActionBegin& begin = at_.input().table.actions[action].begin;
      if (begin.level != 0 || begin.shape.empty() || !told.insert("level off").second) continue;
      Finding finding = at_.Make("trace-incomplete", edge, std::string("level off"), kNoRecord);
      finding.what =
          absl::StrCat("nothing of what ", at_.NameOf(edge), " does is on record: its policy has level off");
      findings_.push_back(std::move(finding));
    }
    for (const size_t action : observed_.edges()[edge].actions) {
      for (const access::Hole& hole : at_.input().table.actions[action].holes) {
        if (!told.insert(hole.kind).second) continue;
        Finding finding = at_.Make("trace-incomplete", edge, hole.kind, kNoRecord);
        finding.what = absl::StrCat("not all of what ", at_.NameOf(edge), " does was seen: ", hole.detail);
        findings_.push_back(std::move(finding));
      }
    }
  }

  // Of the edges that this run made and that nobody has touched an input of since.
  void LookAtDirt() {
    for (const graph::DirtyEdge& dirty : declared_.facts().dirty) {
      const graph::NinjaEdge* ninja = declared_.facts().ninja->ByOutput(dirty.output);
      if (ninja == nullptr) {
        LookAtPhonyDirt(dirty);
        continue;
      }
      const auto edge = static_cast<EdgeId>(declared_.facts().ninja->NumberOf(*ninja));
      if (!at_.IsJudged(edge) || declared_.IsSymbolic(edge) || TouchedSince(dirty) ||
          !observed_.edges()[edge].succeeded || !told_.insert(edge).second)
        continue;
      if (DependsOnSymbolic(edge)) continue;
      const PathId path = at_.Find(declared_.facts().FileOf(dirty.output).path);
      Finding finding = at_.Make("perpetual-dirty", edge, path, kNoRecord);
      finding.what = absl::StrCat(dirty.output, " is never up to date: it ", dirty.reason,
                                  dirty.because.empty() ? "" : " ", dirty.because);
      findings_.push_back(std::move(finding));
    }
  }

  // A phony name that stands for nothing and is no file, and a file of a depfile that is gone: all that needs
  // it runs in each build.
  void LookAtPhonyDirt(const graph::DirtyEdge& dirty) {
    const PathId phony = at_.Find(declared_.facts().FileOf(dirty.output).path);
    if (phony == kNoPath) return;
    for (EdgeId edge = 0; edge < declared_.size(); ++edge) {
      if (!at_.IsJudged(edge) || declared_.IsSymbolic(edge) ||
          !(declared_.Names(edge, phony) || declared_.DepfileNames(edge, phony)) ||
          !told_.insert(edge).second)
        continue;
      Finding finding = at_.Make("perpetual-dirty", edge, declared_.Outputs(edge).front(), kNoRecord);
      finding.what =
          absl::StrCat(at_.NameOf(edge), " is never up to date: it ", dirty.reason, ", ", dirty.output);
      findings_.push_back(std::move(finding));
    }
  }

  // Somebody, who was no edge of the build, has edited the source since it began.
  bool TouchedSince(const graph::DirtyEdge& dirty) const {
    if (dirty.because.empty() || declared_.facts().ninja->ByOutput(dirty.because) != nullptr) return false;
    for (const size_t i : observed_.Of(at_.Find(declared_.facts().FileOf(dirty.because).path))) {
      if (observed_.seen()[i].wrote != kNoRecord) return false;
    }
    const auto& run = at_.input().table.run;
    return !run.has_value() || dirty.because_mtime_ns > run->start_unix_ns;
  }

  // A custom target's edge runs in each build, and what is made after it may be made again: that is asked
  // for.
  bool DependsOnSymbolic(EdgeId edge) {
    for (EdgeId other = 0; other < declared_.size(); ++other) {
      if (declared_.IsSymbolic(other) && declared_.Dirties(other, edge)) return true;
    }
    return false;
  }

  GraphCase& at_;
  Declared& declared_;
  const Observed& observed_;
  absl::flat_hash_set<EdgeId> told_;
  std::vector<Finding> findings_;
};

// What the run was asked to build, with all that this needs: the targets on its command line, else `all`
// where there is one, else everything.
std::vector<bool> EdgesAskedFor(GraphCase* at) {
  const Declared& declared = at->declared();
  const graph::NinjaGraph& ninja = *at->input().facts->ninja;
  std::vector<bool> asked(declared.size(), false);
  std::vector<std::string> names;
  if (at->input().table.run.has_value()) {
    const std::vector<std::string>& words = at->input().table.run->command;
    for (size_t i = 1; i < words.size(); ++i) {
      // "-C dir", "-j 4": Ninja's options with a value of their own.
      if (absl::StartsWith(words[i], "-")) {
        i += words[i].size() == 2 && absl::StrContains("CfjkldtwT", words[i][1]) ? 1 : 0;
      } else if (ninja.ByOutput(words[i]) != nullptr || ninja.PhonyOf(words[i]) != nullptr) {
        names.push_back(words[i]);
      }
    }
  }
  if (names.empty() && ninja.PhonyOf("all") != nullptr) names = {"all"};
  if (names.empty()) return std::vector<bool>(declared.size(), true);
  absl::flat_hash_set<std::string> met;
  while (!names.empty()) {
    const std::string name = std::move(names.back());
    names.pop_back();
    if (!met.insert(name).second) continue;
    const auto add = [&names](const std::vector<std::string>& more) {
      names.insert(names.end(), more.begin(), more.end());
    };
    if (const graph::NinjaEdge* edge = ninja.ByOutput(name); edge != nullptr) {
      if (asked[ninja.NumberOf(*edge)]) continue;
      asked[ninja.NumberOf(*edge)] = true;
      add(edge->inputs);
      add(edge->order_only);
    } else if (const graph::PhonyEdge* phony = ninja.PhonyOf(name); phony != nullptr) {
      add(phony->inputs);
      add(phony->order_only);
    }
  }
  return asked;
}

}  // namespace

absl::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kProved:
      return "proved";
    case Verdict::kViolated:
      return "violated";
    case Verdict::kIncomplete:
      break;
  }
  return "incomplete";
}

std::vector<Finding> EdgeStateFindings(GraphCase* at, const std::vector<Finding>& before) {
  return Judge(at, before).Findings();
}

namespace {

// Of an order or an input that is missing the edge that reads is at fault, and not the one that makes. Here
// each edge is: who writes what another one writes, and who is made from what the graph does not know.
bool IsSharedFault(const Finding& finding) {
  return finding.rule == "double-write" || finding.rule == "temp-collision" ||
         finding.rule == "write-after-read" || finding.rule == "undeclared-output";
}

// Indices into `findings`, by edge.
std::vector<std::vector<size_t>> FindingsOfEdges(const Observed& observed,
                                                 const std::vector<Finding>& findings) {
  std::vector<std::vector<size_t>> by_edge(observed.edges().size());
  for (size_t i = 0; i < findings.size(); ++i) {
    const Finding& finding = findings[i];
    if (finding.edges.empty()) {
      if (finding.action != kNoAction && observed.EdgeOf(finding.action) != kNoEdge)
        by_edge[observed.EdgeOf(finding.action)].push_back(i);
      continue;
    }
    const size_t at_fault = IsSharedFault(finding) ? finding.edges.size() : 1;
    for (size_t e = 0; e < at_fault; ++e) by_edge[finding.edges[e]].push_back(i);
  }
  return by_edge;
}

}  // namespace

std::vector<EdgeVerdict> EdgeVerdicts(GraphCase* at, const std::vector<Finding>& findings) {
  Declared& declared = at->declared();
  const Observed& observed = at->observed();
  const std::vector<std::vector<size_t>> by_edge = FindingsOfEdges(observed, findings);
  const std::vector<bool> asked = EdgesAskedFor(at);
  std::vector<EdgeVerdict> verdicts;
  std::vector<size_t> place(declared.size(), SIZE_MAX);
  std::vector<EdgeId> edges;
  for (EdgeId edge = 0; edge < declared.size(); ++edge) {
    const EdgeRun& run = observed.edges()[edge];
    if (declared.IsUtility(edge) || (!asked[edge] && !run.ran())) continue;
    place[edge] = verdicts.size();
    edges.push_back(edge);
    EdgeVerdict& verdict = verdicts.emplace_back();
    verdict.outputs = declared.Edge(edge).outputs;
    verdict.rule = declared.Edge(edge).rule;
    verdict.actions = run.actions;
    verdict.findings = by_edge[edge];
    verdict.where = at->input().facts->places[edge];
    const bool violated = std::any_of(by_edge[edge].begin(), by_edge[edge].end(), [&findings](size_t i) {
      return findings[i].severity >= Severity::kWarning && !IsGap(findings[i]);
    });
    if (violated) {
      verdict.verdict = Verdict::kViolated;
    } else if (!run.ran()) {
      verdict.why = "it did not run in this build";
    } else if (!run.why_incomplete.empty()) {
      verdict.why = run.why_incomplete;
    } else if (!run.succeeded) {
      verdict.why = "it did not end well";
    } else {
      verdict.verdict = Verdict::kProved;
    }
  }
  for (size_t i = 0; i < verdicts.size(); ++i) {
    for (const size_t before : declared.DirectlyBefore(edges[i])) {
      if (place[before] != SIZE_MAX) verdicts[i].after.push_back(place[before]);
    }
  }
  return verdicts;
}

}  // namespace glovebox::verify
