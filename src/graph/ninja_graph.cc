#include "graph/ninja_graph.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <future>
#include <map>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/paths.h"
#include "base/status.h"
#include "graph/run_tool.h"

namespace glovebox::graph {

NinjaGraph::NinjaGraph(std::vector<NinjaEdge> edges, const std::string& build_dir,
                       std::vector<PhonyEdge> phony)
    : edges_(std::move(edges)), phony_(std::move(phony)), build_dir_(CleanPath(build_dir)) {
  for (size_t i = 0; i < phony_.size(); ++i) phony_by_name_.try_emplace(Normal(phony_[i].output), i);
  for (size_t i = 0; i < edges_.size(); ++i) {
    for (const std::string& output : edges_[i].outputs) by_output_.try_emplace(Normal(output), i);
    by_command_[edges_[i].command].push_back(i);
  }
}

std::string NinjaGraph::Normal(absl::string_view path) const {
  std::string clean = CleanPath(JoinPath(build_dir_, path));
  if (clean.size() > build_dir_.size() + 1 && IsUnder(clean, build_dir_)) {
    clean.erase(0, build_dir_ == "/" ? 1 : build_dir_.size() + 1);
  }
  return clean;
}

const NinjaEdge* NinjaGraph::ByOutput(absl::string_view path) const {
  const auto found = by_output_.find(Normal(path));
  return found == by_output_.end() ? nullptr : &edges_[found->second];
}

const PhonyEdge* NinjaGraph::PhonyOf(absl::string_view name) const {
  const auto found = phony_by_name_.find(Normal(name));
  return found == phony_by_name_.end() ? nullptr : &phony_[found->second];
}

std::vector<const NinjaEdge*> NinjaGraph::ByCommand(absl::string_view command) const {
  std::vector<const NinjaEdge*> found;
  const auto at = by_command_.find(std::string(command));
  if (at == by_command_.end()) return found;
  for (const size_t i : at->second) found.push_back(&edges_[i]);
  return found;
}

namespace {

// What one call may name: half of what the kernel takes for arguments and environment together (execve(2): a
// quarter of the stack's limit, 128 KiB at least). Each call has Ninja read the manifest anew.
size_t BatchBytes() {
  static const size_t bytes = std::clamp<int64_t>(sysconf(_SC_ARG_MAX) / 2, 64 << 10, 1 << 20);
  return bytes;
}

class Loader {
 public:
  explicit Loader(const NinjaCall& call) : call_(call) {}

  absl::StatusOr<NinjaGraph> Load() {
    // Each tool reads the whole manifest first: two at once.
    auto commands = std::async(std::launch::async, [this] { return Commands(); });
    ASSIGN_OR_RETURN(const std::string targets_text, Tool({"targets", "all"}));
    ASSIGN_OR_RETURN(const std::vector<TargetRule> targets, ParseTargetsAll(targets_text));
    std::vector<std::string> outputs;
    outputs.reserve(targets.size());
    for (const TargetRule& target : targets) outputs.push_back(target.output);
    RETURN_IF_ERROR(InBatches(outputs, [this](absl::Span<const std::string> batch) { return Query(batch); }));
    ASSIGN_OR_RETURN(const std::vector<CompdbEntry> compdb, commands.get());
    for (const CompdbEntry& entry : compdb) first_.emplace(entry.output, entry.command);
    SetPhonyApart();
    Join();
    RETURN_IF_ERROR(
        InBatches(asked_one_by_one_, [this](absl::Span<const std::string> batch) { return Ask(batch); }));
    return NinjaGraph(std::move(edges_), call_.build_dir, std::move(phony_));
  }

 private:
  absl::StatusOr<std::string> Tool(const std::vector<std::string>& words) const {
    return AskNinja(call_, words);
  }
  absl::StatusOr<std::vector<CompdbEntry>> Commands() const {
    ASSIGN_OR_RETURN(const std::string text, Tool({"compdb"}));
    return ParseCompdb(text);
  }

  template <typename F>
  static absl::Status InBatches(const std::vector<std::string>& names, const F& run) {
    size_t begin = 0, bytes = 0;
    for (size_t i = 0; i < names.size(); ++i) {
      bytes += names[i].size() + 1 + sizeof(char*);
      if (bytes < BatchBytes() && i + 1 < names.size()) continue;
      RETURN_IF_ERROR(run(absl::MakeConstSpan(names).subspan(begin, i + 1 - begin)));
      begin = i + 1;
      bytes = 0;
    }
    return absl::OkStatus();
  }

  absl::Status Query(absl::Span<const std::string> batch) {
    std::vector<std::string> words = {"query"};
    words.insert(words.end(), batch.begin(), batch.end());
    ASSIGN_OR_RETURN(const std::string text, Tool(words));
    ASSIGN_OR_RETURN(std::vector<QueryEntry> entries, ParseQuery(text, batch));
    std::move(entries.begin(), entries.end(), std::back_inserter(queried_));
    return absl::OkStatus();
  }

  void SetPhonyApart() {
    const auto first_phony = std::stable_partition(
        queried_.begin(), queried_.end(), [](const QueryEntry& entry) { return entry.rule != "phony"; });
    for (auto entry = first_phony; entry != queried_.end(); ++entry) {
      phony_.push_back({std::move(entry->output), std::move(entry->inputs), std::move(entry->order_only)});
    }
    queried_.erase(first_phony, queried_.end());
  }

  size_t NewEdge(const QueryEntry& entry, std::string command) {
    edges_.push_back({{entry.output}, entry.rule, std::move(command), entry.inputs, entry.order_only});
    edge_of_[entry.output] = edges_.size() - 1;
    return edges_.size() - 1;
  }
  void AddOutput(size_t edge, const std::string& output) {
    edges_[edge].outputs.push_back(output);
    edge_of_[output] = edge;
  }

  // Makes the edges that compdb knows and gives each its further outputs where that is clear.
  void Join() {
    using Key =
        std::tuple<absl::string_view, const std::vector<std::string>&, const std::vector<std::string>&>;
    std::map<Key, std::vector<size_t>> alike;
    for (const QueryEntry& entry : queried_) {
      const auto command = first_.find(entry.output);
      if (command == first_.end()) continue;
      alike[Key(entry.rule, entry.inputs, entry.order_only)].push_back(NewEdge(entry, command->second));
    }
    for (const QueryEntry& entry : queried_) {
      if (edge_of_.contains(entry.output)) continue;
      const auto group = alike.find(Key(entry.rule, entry.inputs, entry.order_only));
      if (group != alike.end() && group->second.size() == 1) {
        AddOutput(group->second.front(), entry.output);
      } else if (!IsSecondName(entry.output)) {
        waiting_[entry.output] = &entry;
        asked_one_by_one_.push_back(entry.output);
      }
    }
    AddSecondNames();
  }

  std::string Relative(const std::string& output) const {
    const std::string root = CleanPath(call_.build_dir) + "/";
    return absl::StartsWith(output, root) ? output.substr(root.size()) : "";
  }
  // CMake's "/build/x" beside "x".
  bool IsSecondName(const std::string& output) {
    const std::string relative = Relative(output);
    if (relative.empty()) return false;
    if (all_.empty()) {
      for (const QueryEntry& entry : queried_) all_.insert(entry.output);
    }
    return all_.contains(relative);
  }
  void AddSecondNames() {
    for (const QueryEntry& entry : queried_) {
      if (edge_of_.contains(entry.output) || waiting_.contains(entry.output)) continue;
      const auto first = edge_of_.find(Relative(entry.output));
      if (first != edge_of_.end()) AddOutput(first->second, entry.output);
    }
  }

  // Each edge answers once, whatever the number of its outputs among the names. As many lines as names: each
  // name has an edge of its own. Otherwise halve.
  absl::Status Ask(absl::Span<const std::string> names) {
    std::vector<std::string> words = {"commands", "-s", "--"};
    words.insert(words.end(), names.begin(), names.end());
    ASSIGN_OR_RETURN(const std::string text, Tool(words));
    std::vector<std::string> lines = absl::StrSplit(text, '\n');
    lines.pop_back();  // after the last newline
    if (lines.size() == names.size()) {
      for (size_t i = 0; i < names.size(); ++i) Answered(names[i], lines[i]);
    } else if (names.size() > 1) {
      RETURN_IF_ERROR(Ask(names.subspan(0, names.size() / 2)));
      RETURN_IF_ERROR(Ask(names.subspan(names.size() / 2)));
    }
    AddSecondNames();
    return absl::OkStatus();
  }

  // An edge of the same rule, command and inputs takes the name; else it is a new edge.
  void Answered(const std::string& name, const std::string& command) {
    const auto at = waiting_.find(name);
    const QueryEntry& entry = *at->second;
    waiting_.erase(at);
    for (size_t i = 0; i < edges_.size(); ++i) {
      const NinjaEdge& edge = edges_[i];
      if (edge.command == command && edge.rule == entry.rule && edge.inputs == entry.inputs &&
          edge.order_only == entry.order_only) {
        AddOutput(i, name);
        return;
      }
    }
    NewEdge(entry, command);
  }

  const NinjaCall& call_;
  absl::flat_hash_map<std::string, std::string> first_;  // compdb: first output -> command
  std::vector<QueryEntry> queried_;
  std::vector<std::string> asked_one_by_one_;
  absl::flat_hash_map<std::string, const QueryEntry*> waiting_;
  absl::flat_hash_set<std::string> all_;
  absl::flat_hash_map<std::string, size_t> edge_of_;
  std::vector<NinjaEdge> edges_;
  std::vector<PhonyEdge> phony_;
};

}  // namespace

absl::StatusOr<std::string> AskNinja(const NinjaCall& call, const std::vector<std::string>& words) {
  std::vector<std::string> argv = {call.ninja, "-n", "-f", call.manifest, "-t"};
  argv.insert(argv.end(), words.begin(), words.end());
  ASSIGN_OR_RETURN(ToolOutput output, RunTool(argv, call.build_dir));
  if (output.exit_status != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("ninja -t ", words.empty() ? "" : words[0], " in ", call.build_dir,
                     " failed: ", absl::StripAsciiWhitespace(output.err.empty() ? output.out : output.err)));
  }
  return std::move(output.out);
}

absl::StatusOr<NinjaGraph> LoadNinjaGraph(const NinjaCall& call) { return Loader(call).Load(); }

}  // namespace glovebox::graph
