#include "verify/declared.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "base/paths.h"
#include "graph/utility_edges.h"

namespace glovebox::verify {
namespace {

void SortOnce(std::vector<PathId>* ids) {
  std::sort(ids->begin(), ids->end());
  ids->erase(std::unique(ids->begin(), ids->end()), ids->end());
}

bool Has(const std::vector<PathId>& sorted, PathId id) {
  return std::binary_search(sorted.begin(), sorted.end(), id);
}

}  // namespace

bool IsCustomCommand(const graph::NinjaEdge& edge) { return absl::StartsWith(edge.rule, "CUSTOM_COMMAND"); }
bool IsCompile(const graph::NinjaEdge& edge) { return absl::StrContains(edge.rule, "_COMPILER__"); }
bool IsLink(const graph::NinjaEdge& edge) { return absl::StrContains(edge.rule, "_LINKER__"); }
bool IsAutogen(const graph::NinjaEdge& edge) {
  return absl::StrContains(edge.command, " -E cmake_autogen ") ||
         absl::StrContains(edge.command, " -E cmake_autorcc ");
}
bool IsModuleScan(const graph::NinjaEdge& edge) { return absl::StrContains(edge.rule, "_SCAN__"); }
bool IsModuleDyndep(const graph::NinjaEdge& edge) { return absl::StrContains(edge.rule, "_DYNDEP__"); }

PathId PathTable::Intern(absl::string_view path) {
  const auto found = ids_.find(path);
  if (found != ids_.end()) return found->second;
  const auto id = static_cast<PathId>(paths_.size());
  paths_.emplace_back(path);
  ids_.emplace(paths_.back(), id);
  return id;
}

void PathTable::AddName(absl::string_view other, absl::string_view path) {
  const PathId id = Intern(path);
  others_.emplace_back(other);
  ids_.emplace(others_.back(), id);
}

PathId PathTable::Find(absl::string_view path) const {
  const auto found = ids_.find(path);
  return found == ids_.end() ? kNoPath : found->second;
}

Declared::Declared(const graph::BuildFacts& facts, PathTable* paths)
    : facts_(facts), paths_(paths), edges_(facts.ninja->edges().size()), order_({}), dirty_({}) {
  Number();
  NameEdges();
  FindUtilities();
  order_ = Graph(Way::kOrder);
  dirty_ = Graph(Way::kDirty);
}

const Declared::Node* Declared::NodeOf(const std::string& name) const {
  const auto found = nodes_.find(name);
  return found == nodes_.end() ? nullptr : &found->second;
}

// Ninja knows a node by its spelling, which its tools repeat. A name that is spelled in another way is found
// by the graph's own look-up.
void Declared::Number() {
  const std::vector<graph::NinjaEdge>& edges = facts_.ninja->edges();
  absl::flat_hash_map<const graph::PhonyEdge*, uint32_t> phony;
  const auto add = [&](const std::string& name) {
    if (nodes_.contains(name)) return;
    if (const graph::NinjaEdge* edge = facts_.ninja->ByOutput(name); edge != nullptr) {
      const auto number = static_cast<EdgeId>(facts_.ninja->NumberOf(*edge));
      nodes_[name] = {number, nullptr, number};
    } else if (const graph::PhonyEdge* one = facts_.ninja->PhonyOf(name); one != nullptr) {
      const auto [at, made] =
          phony.try_emplace(one, static_cast<uint32_t>(edges.size() + phony_nodes_.size()));
      if (made) phony_nodes_.push_back(one);
      nodes_[name] = {kNoEdge, one, at->second};
    }
  };
  const auto add_all = [&](const std::vector<std::string>& names) {
    for (const std::string& name : names) add(name);
  };
  for (const graph::NinjaEdge& edge : edges) {
    add_all(edge.outputs);
    add_all(edge.inputs);
    add_all(edge.order_only);
  }
  for (const auto& [output, inputs] : facts_.depfile_inputs) add_all(inputs);
  for (const graph::PhonyEdge& one : facts_.ninja->phony()) add(one.output);
  for (size_t i = 0; i < phony_nodes_.size(); ++i) {  // grows meanwhile
    const graph::PhonyEdge* one = phony_nodes_[i];
    add_all(one->inputs);
    add_all(one->order_only);
  }
}

void Declared::Intern(const std::string& name, std::vector<PathId>* ids) {
  const graph::NamedFile file = facts_.FileOf(name);
  ids->push_back(paths_->Intern(file.path));
  if (!file.target.empty()) ids->push_back(paths_->Intern(file.target));
}

// `met`: phony names; many edges stand behind few of them.
void Declared::AddNamed(const std::vector<std::string>& names, absl::flat_hash_set<std::string>* met,
                        std::vector<PathId>* named) {
  std::vector<const std::vector<std::string>*> open = {&names};
  while (!open.empty()) {
    const std::vector<std::string>& list = *open.back();
    open.pop_back();
    for (const std::string& name : list) {
      Intern(name, named);  // a phony name may also be a file that is there
      const Node* node = NodeOf(name);
      if (node != nullptr && node->phony != nullptr && met->insert(name).second)
        open.push_back(&node->phony->inputs);
    }
  }
}

void Declared::NameEdges() {
  const std::vector<graph::NinjaEdge>& edges = facts_.ninja->edges();
  for (EdgeId e = 0; e < edges.size(); ++e) {
    EdgeNames& names = edges_[e];
    // A link that is an output is made; what it leads to is somebody else's.
    for (const std::string& output : edges[e].outputs)
      names.outputs.push_back(paths_->Intern(facts_.FileOf(output).path));
    SortOnce(&names.outputs);
    for (const std::string& input : edges[e].inputs) {
      const Node* node = NodeOf(input);
      if (node == nullptr || node->phony == nullptr)
        names.inputs.push_back(paths_->Intern(facts_.FileOf(input).path));
    }
    absl::flat_hash_set<std::string> met;
    AddNamed(edges[e].inputs, &met, &names.named);
    SortOnce(&names.named);
    const auto deps = facts_.depfile_inputs.find(edges[e].outputs.front());
    names.has_depfile = deps != facts_.depfile_inputs.end();
    if (names.has_depfile) {
      for (const std::string& input : deps->second) Intern(input, &names.depfile);
      SortOnce(&names.depfile);
    }
  }
  maker_.assign(paths_->size(), kNoEdge);
  for (EdgeId e = 0; e < edges_.size(); ++e) {
    for (const PathId path : edges_[e].outputs) maker_[path] = e;
  }
  for (EdgeId e = 0; e < edges_.size(); ++e) {
    for (const auto* list : {&edges_[e].named, &edges_[e].depfile}) {
      for (const PathId path : *list) named_by_[path].push_back(e);
    }
  }
}

// CMake: `build CMakeFiles/NAME: CUSTOM_COMMAND`, of which nothing is made.
void Declared::FindUtilities() {
  const std::vector<graph::NinjaEdge>& edges = facts_.ninja->edges();
  for (EdgeId e = 0; e < edges.size(); ++e) edges_[e].utility = graph::IsUtility(edges[e]);
  // Steps of an ExternalProject that are to run each time (BUILD_ALWAYS) have stamps that nobody makes.
  for (EdgeId e = 0; e < edges.size(); ++e) {
    const std::string& output = edges[e].outputs.front();
    const bool target = Basename(Dirname(output)) == "CMakeFiles";
    edges_[e].symbolic = (target || IsStep(e)) && IsCustomCommand(edges[e]) && !facts_.FileOf(output).there;
  }
}

graph::Reach Declared::Graph(Way way) const {
  const std::vector<graph::NinjaEdge>& edges = facts_.ninja->edges();
  std::vector<std::vector<uint32_t>> next(edges.size() + phony_nodes_.size());
  const auto add = [&](uint32_t from, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      const Node* node = NodeOf(name);
      if (node == nullptr || node->number == from) continue;
      if (way == Way::kDirty && node->edge != kNoEdge && IsRestat(node->edge)) continue;
      next[from].push_back(node->number);
    }
  };
  for (uint32_t e = 0; e < edges.size(); ++e) {
    add(e, edges[e].inputs);
    if (way == Way::kOrder) add(e, edges[e].order_only);
    const auto deps = facts_.depfile_inputs.find(edges[e].outputs.front());
    if (way == Way::kDirty && deps != facts_.depfile_inputs.end()) add(e, deps->second);
  }
  for (size_t i = 0; i < phony_nodes_.size(); ++i) {
    const auto from = static_cast<uint32_t>(edges.size() + i);
    add(from, phony_nodes_[i]->inputs);
    if (way == Way::kOrder) add(from, phony_nodes_[i]->order_only);
  }
  for (std::vector<uint32_t>& steps : next) SortOnce(&steps);
  return graph::Reach(std::move(next));
}

bool Declared::Names(EdgeId edge, PathId path) const { return Has(edges_[edge].named, path); }
bool Declared::DepfileNames(EdgeId edge, PathId path) const { return Has(edges_[edge].depfile, path); }
bool Declared::Before(EdgeId first, EdgeId second) { return order_.Leads(second, first); }
bool Declared::BeforeByInputs(EdgeId first, EdgeId second) {
  if (!inputs_.has_value()) inputs_ = Graph(Way::kInputs);
  return inputs_->Leads(second, first);
}
bool Declared::IsOrderedByName(EdgeId first, EdgeId second) const {
  const std::vector<std::string>& names = Edge(second).order_only;
  return std::any_of(names.begin(), names.end(), [this, first](const std::string& name) {
    const Node* const node = NodeOf(name);
    return node != nullptr && node->edge == first;
  });
}
bool Declared::Dirties(EdgeId first, EdgeId second) { return dirty_.Leads(second, first); }

bool Declared::ChangeReaches(PathId path, EdgeId edge) {
  const auto by = named_by_.find(path);
  if (by == named_by_.end()) return false;
  return std::any_of(by->second.begin(), by->second.end(), [this, edge](EdgeId other) {
    return other == edge || (!IsRestat(other) && Dirties(other, edge));
  });
}

bool Declared::IsStep(EdgeId edge) const {
  return absl::EndsWith(Dirname(Edge(edge).outputs.front()), "-stamp");
}

bool Declared::IsRestat(EdgeId edge) const {
  const auto flags = facts_.flags.find(Edge(edge).outputs.front());
  return flags != facts_.flags.end() && flags->second.restat;
}

std::vector<size_t> Declared::DirectlyBefore(EdgeId edge) const {
  std::vector<size_t> before;
  std::vector<uint32_t> open = {edge};
  std::vector<uint32_t> met;
  while (!open.empty()) {
    const uint32_t node = open.back();
    open.pop_back();
    for (const uint32_t next : order_.Next(node)) {
      if (next < edges_.size()) {
        before.push_back(next);
      } else if (std::find(met.begin(), met.end(), next) == met.end()) {
        met.push_back(next);
        open.push_back(next);
      }
    }
  }
  std::sort(before.begin(), before.end());
  before.erase(std::unique(before.begin(), before.end()), before.end());
  return before;
}

}  // namespace glovebox::verify
