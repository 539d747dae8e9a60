#include "compare/compare.h"

#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "base/status.h"
#include "compare/causes.h"

namespace glovebox::compare {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

// 0: it is not there.
int64_t ChangedAt(const std::string& path) {
  struct stat status = {};
  if (lstat(path.c_str(), &status) != 0) return 0;
  return int64_t{status.st_mtim.tv_sec} * kSecond + status.st_mtim.tv_nsec;
}

bool IsThere(const std::string& path) {
  struct stat status = {};
  return lstat(path.c_str(), &status) == 0;
}

std::vector<VariableDifference> EnvironmentDifferences(const Side& a, const Side& b) {
  std::map<std::string, VariableDifference> differences;
  for (const auto& [name, digest] : a.witness.environment) {
    const auto other = b.witness.environment.find(name);
    if (other == b.witness.environment.end() || other->second != digest)
      differences[name] = {name, true, other != b.witness.environment.end()};
  }
  for (const auto& [name, digest] : b.witness.environment) {
    if (!a.witness.environment.contains(name)) differences[name] = {name, false, true};
  }
  std::vector<VariableDifference> list;
  list.reserve(differences.size());
  for (auto& [name, difference] : differences) list.push_back(std::move(difference));
  return list;
}

class Comparer {
 public:
  Comparer(const Side& a, const Side& b) : a_(a), b_(b), witness_(a.witness, b.witness) {}

  absl::StatusOr<Comparison> Run() {
    result_.one_directory = !a_.witness.build_dir.empty() && a_.witness.build_dir == b_.witness.build_dir;
    result_.environment_known = a_.environment_known && b_.environment_known;
    if (result_.environment_known) result_.environment = EnvironmentDifferences(a_, b_);
    partner_ = PairEdges(a_, b_);
    node_of_.assign(a_.edges.size(), kNoNode);
    FindLone();
    for (size_t i = 0; i < a_.edges.size(); ++i) {
      if (partner_[i] == kNoNode) continue;
      for (const std::string& made : a_.edges[i].made) maker_.try_emplace(made, i);
    }
    // What is declared outranks what was seen.
    for (size_t i = 0; i < a_.edges.size(); ++i) {
      if (partner_[i] == kNoNode) continue;
      for (const std::string& output : a_.edges[i].outputs) maker_[output] = i;
      RETURN_IF_ERROR(CompareOutputs(i));
    }
    for (size_t i = 0; i < a_.edges.size(); ++i) {
      if (partner_[i] != kNoNode) RETURN_IF_ERROR(CompareInputs(i));
    }
    result_.causes = FindCauses(&result_.nodes);
    return std::move(result_);
  }

 private:
  static bool IsBuilt(const EdgeSide& edge) {
    return edge.ran || std::any_of(edge.output_paths.begin(), edge.output_paths.end(), IsThere);
  }

  // Edges of one build alone, where that has made something of them.
  void FindLone() {
    std::vector<bool> paired(b_.edges.size(), false);
    for (size_t i = 0; i < a_.edges.size(); ++i) {
      if (partner_[i] != kNoNode) {
        paired[partner_[i]] = true;
      } else if (IsBuilt(a_.edges[i])) {
        result_.only_a.push_back(a_.edges[i].name);
      }
    }
    for (size_t i = 0; i < b_.edges.size(); ++i) {
      if (!paired[i] && IsBuilt(b_.edges[i])) result_.only_b.push_back(b_.edges[i].name);
    }
  }

  Node& NodeOf(size_t edge) {
    if (node_of_[edge] == kNoNode) {
      node_of_[edge] = result_.nodes.size();
      Node& node = result_.nodes.emplace_back();
      node.name = a_.edges[edge].name;
      node.where = a_.edges[edge].where;
      const EdgeSide& other = b_.edges[partner_[edge]];
      node.touched = a_.edges[edge].chances;
      node.touched.insert(node.touched.end(), other.chances.begin(), other.chances.end());
      std::sort(node.touched.begin(), node.touched.end());
      node.touched.erase(std::unique(node.touched.begin(), node.touched.end()), node.touched.end());
    }
    return result_.nodes[node_of_[edge]];
  }

  // Process numbers are an edge's own.
  absl::StatusOr<std::optional<FileDifference>> CompareFilesOf(size_t edge, const std::string& a,
                                                               const std::string& b) const {
    SideWitness side_a = a_.witness;
    SideWitness side_b = b_.witness;
    side_a.pids = a_.edges[edge].pids;
    side_b.pids = b_.edges[partner_[edge]].pids;
    return CompareFiles(a, b, Witness(side_a, side_b));
  }

  absl::Status CompareOutputs(size_t i) {
    const EdgeSide& a = a_.edges[i];
    const EdgeSide& b = b_.edges[partner_[i]];
    if (!IsBuilt(a) && !IsBuilt(b)) return absl::OkStatus();
    ++result_.pairs;
    if (a.command != b.command) {
      NodeOf(i).command_a = a.command;
      NodeOf(i).command_b = b.command;
    }
    if (result_.one_directory) return absl::OkStatus();
    for (size_t k = 0; k < std::min(a.output_paths.size(), b.output_paths.size()); ++k) {
      // An absolute output outside of both builds is one file.
      if (a.output_paths[k] == b.output_paths[k] ||
          (!IsThere(a.output_paths[k]) && !IsThere(b.output_paths[k])))
        continue;
      ++result_.outputs;
      if (a_.end_unix_ns != 0 && ChangedAt(a.output_paths[k]) > a_.end_unix_ns) ++result_.newer_a;
      if (b_.end_unix_ns != 0 && ChangedAt(b.output_paths[k]) > b_.end_unix_ns) ++result_.newer_b;
      ASSIGN_OR_RETURN(auto difference, CompareFilesOf(i, a.output_paths[k], b.output_paths[k]));
      if (!difference.has_value()) continue;
      ++result_.different;
      NodeOf(i).outputs.push_back({a.outputs[k], true, *std::move(difference)});
    }
    return absl::OkStatus();
  }

  absl::Status CompareInputs(size_t i) {
    const EdgeSide& a = a_.edges[i];
    const EdgeSide& b = b_.edges[partner_[i]];
    if (!a.ran || !b.ran) {
      if (IsBuilt(a) || IsBuilt(b)) ++result_.unread;
      return absl::OkStatus();
    }
    if (!a.why_incomplete.empty() || !b.why_incomplete.empty()) ++result_.partial;
    std::vector<InputDifference> inputs;
    for (const auto& [name, path] : a.reads) {
      const auto other = b.reads.find(name);
      if (other == b.reads.end()) {
        inputs.push_back({name, InputHow::kOnlyA, kNoNode});
        continue;
      }
      ASSIGN_OR_RETURN(const auto input, CompareInput(i, name, path, other->second));
      if (input.has_value()) inputs.push_back(*input);
    }
    for (const auto& [name, path] : b.reads) {
      if (!a.reads.contains(name)) inputs.push_back({name, InputHow::kOnlyB, kNoNode});
    }
    if (!inputs.empty()) NodeOf(i).inputs = std::move(inputs);
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<InputDifference>> CompareInput(size_t reader, const std::string& name,
                                                              const std::string& a, const std::string& b) {
    const auto known = inputs_.find(name);
    if (known != inputs_.end()) return IsOwn(reader, known->second) ? std::nullopt : known->second;
    std::optional<InputDifference> input;
    if (a == b) {
      const int64_t began = std::min(a_.start_unix_ns, b_.start_unix_ns);
      if (began != 0 && ChangedAt(a) > began) input = InputDifference{name, InputHow::kChanged, kNoNode};
    } else if (const auto maker = maker_.find(name); maker != maker_.end()) {
      RETURN_IF_ERROR(CompareMade(maker->second, name, a, b, &input));
    } else {
      ASSIGN_OR_RETURN(auto difference, CompareFiles(a, b, witness_));
      if (difference.has_value()) {
        input = InputDifference{name, InputHow::kContent, result_.nodes.size()};
        Node& node = result_.nodes.emplace_back();
        node.is_edge = false;
        node.name = name;
        node.outputs.push_back({name, false, *std::move(difference)});
      }
    }
    inputs_.emplace(name, input);
    return IsOwn(reader, input) ? std::nullopt : input;
  }

  // What an edge made before, and reads again, is none of its inputs.
  bool IsOwn(size_t reader, const std::optional<InputDifference>& input) const {
    return input.has_value() && input->node != kNoNode && input->node == node_of_[reader];
  }

  // A file of an edge: compared already where that declares it.
  absl::Status CompareMade(size_t maker, const std::string& name, const std::string& a, const std::string& b,
                           std::optional<InputDifference>* input) {
    const std::vector<std::string>& declared = a_.edges[maker].outputs;
    bool differs = false;
    if (std::find(declared.begin(), declared.end(), name) == declared.end()) {
      ASSIGN_OR_RETURN(auto difference, CompareFilesOf(maker, a, b));
      differs = difference.has_value();
      if (differs) NodeOf(maker).outputs.push_back({name, false, *std::move(difference)});
    } else if (node_of_[maker] != kNoNode) {
      const std::vector<OutputDifference>& outputs = result_.nodes[node_of_[maker]].outputs;
      differs = std::any_of(outputs.begin(), outputs.end(),
                            [&name](const OutputDifference& output) { return output.name == name; });
    }
    if (differs) *input = InputDifference{name, InputHow::kContent, node_of_[maker]};
    return absl::OkStatus();
  }

  const Side& a_;
  const Side& b_;
  Witness witness_;
  Comparison result_;
  std::vector<size_t> partner_;                     // beside a_.edges
  std::vector<size_t> node_of_;                     // likewise
  absl::flat_hash_map<std::string, size_t> maker_;  // by portable name: an edge of a_
  absl::flat_hash_map<std::string, std::optional<InputDifference>> inputs_;
};

}  // namespace

absl::string_view InputHowName(InputHow how) {
  static constexpr absl::string_view kNames[] = {"only-a", "only-b", "content", "changed"};
  return kNames[static_cast<size_t>(how)];
}

absl::StatusOr<Comparison> Compare(const Side& a, const Side& b) { return Comparer(a, b).Run(); }

}  // namespace glovebox::compare
