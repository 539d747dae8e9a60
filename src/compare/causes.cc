#include "compare/causes.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "verify/chance.h"

namespace glovebox::compare {
namespace {

using Reason = std::pair<Source, std::string>;

bool Touched(const Node& node, verify::Chance chance) {
  return std::any_of(node.touched.begin(), node.touched.end(),
                     [chance](const std::string& path) { return verify::ChanceOf(path) == chance; });
}

bool HasOtherCommand(const Node& node) { return !node.command_a.empty() || !node.command_b.empty(); }

// A file of the project that was edited between the two.
bool ReadChangedFiles(const Node& node) {
  return std::any_of(node.inputs.begin(), node.inputs.end(), [](const InputDifference& input) {
    return input.how == InputHow::kChanged && absl::StartsWith(input.name, "${");
  });
}

// A file of the project, or of its build, that is not the same or was read by one alone.
bool ReadOtherFiles(const Node& node) {
  return std::any_of(node.inputs.begin(), node.inputs.end(), [](const InputDifference& input) {
    return input.how == InputHow::kChanged ||
           (input.how != InputHow::kContent && absl::StartsWith(input.name, "${"));
  });
}

// What stands for bytes that nothing tells.
Reason Instead(const Node& node) {
  if (Touched(node, verify::Chance::kRandom)) return {Source::kRandom, ""};
  if (Touched(node, verify::Chance::kHost)) return {Source::kHost, ""};
  if (Touched(node, verify::Chance::kTime)) return {Source::kTime, ""};
  if (HasOtherCommand(node)) return {Source::kCommand, ""};
  return {ReadOtherFiles(node) ? Source::kInputs : Source::kUnknown, ""};
}

// All that tells its outputs apart.
std::set<Reason> ReasonsOf(const Node& node) {
  std::set<Reason> reasons;
  bool dark = false;
  for (const OutputDifference& output : node.outputs) {
    const std::vector<Spot>& spots = output.difference.spots;
    for (const Spot& spot : spots) {
      const bool chance = spot.source == Source::kDigits && Touched(node, verify::Chance::kRandom);
      if (spot.source == Source::kUnknown) {
        // In a text each difference counts; what else differs in a binary file may follow from what is told.
        dark = dark || spot.line > 0 || spots.size() == 1;
      } else if (chance) {
        reasons.insert({Source::kRandom, ""});
      } else {
        reasons.insert({spot.source, spot.source == Source::kEnvironment ? spot.detail : ""});
      }
    }
  }
  if (dark) reasons.insert(Instead(node));
  // Facts, whatever else differs.
  if (HasOtherCommand(node)) reasons.insert({Source::kCommand, ""});
  if (ReadChangedFiles(node)) reasons.insert({Source::kInputs, ""});
  return reasons;
}

class Finder {
 public:
  explicit Finder(std::vector<Node>* nodes)
      : nodes_(*nodes), known_(nodes_.size()), state_(nodes_.size(), 0) {}

  std::vector<Cause> Find() {
    for (Node& node : nodes_) {
      std::set<size_t> from;
      for (const InputDifference& input : node.inputs) {
        if (input.node != kNoNode && nodes_[input.node].outputs_differ()) from.insert(input.node);
      }
      node.from.assign(from.begin(), from.end());
    }
    for (size_t i = 0; i < nodes_.size(); ++i) Visit(i);
    return Gather();
  }

 private:
  // Depth first: all that a node reads is known before it. The nodes of a circle see what is known so far.
  void Visit(size_t i) {
    if (state_[i] != 0) return;
    state_[i] = 1;
    Node& node = nodes_[i];
    std::set<Reason> inherited;
    for (const size_t from : node.from) {
      Visit(from);
      inherited.insert(known_[from].begin(), known_[from].end());
    }
    known_[i] = inherited;
    if (!node.outputs_differ()) return;
    for (const Reason& reason : ReasonsOf(node)) {
      // What nothing tells follows from an input that differs, as far as anybody knows.
      const bool sure = reason.first < Source::kOrder || reason.first == Source::kMissing ||
                        reason.first == Source::kCommand || reason.first == Source::kInputs;
      if (!node.from.empty() && (!sure || inherited.count(reason) > 0)) continue;
      node.begins.push_back(reason);
      known_[i].insert(reason);
    }
  }

  std::vector<Cause> Gather() {
    std::map<Reason, std::set<size_t>> origins;
    for (size_t i = 0; i < nodes_.size(); ++i) {
      for (const Reason& reason : nodes_[i].begins) origins[reason].insert(i);
    }
    std::vector<Cause> causes;
    for (const auto& [reason, begin] : origins) {
      Cause cause;
      cause.source = reason.first;
      cause.detail = reason.second;
      cause.origins.assign(begin.begin(), begin.end());
      for (size_t i = 0; i < nodes_.size(); ++i) {
        if (nodes_[i].outputs_differ() && begin.count(i) == 0 && known_[i].count(reason) > 0)
          cause.reached.push_back(i);
      }
      causes.push_back(std::move(cause));
    }
    std::stable_sort(causes.begin(), causes.end(), [](const Cause& a, const Cause& b) {
      return a.origins.size() + a.reached.size() > b.origins.size() + b.reached.size();
    });
    return causes;
  }

  std::vector<Node>& nodes_;
  std::vector<std::set<Reason>> known_;  // of each node: what tells it apart, its own and through its inputs
  std::vector<char> state_;
};

}  // namespace

std::vector<Cause> FindCauses(std::vector<Node>* nodes) { return Finder(nodes).Find(); }

}  // namespace glovebox::compare
