// The build as Ninja declares it, from Ninja's own mouth: the answers of a batch of `ninja -t` calls. No
// manifest is parsed here.
//
//   -t targets all        every output and its rule
//   -t query OUT...       the inputs of each output (explicit, implicit, order-only; those of depfiles are
//                         not among them)
//   -t compdb             the command of each edge that has an input, by its first output
//   -t commands -s OUT... the command of the edges without inputs
//
// Ninja's tools do not say which outputs belong together. Outputs of the same rule and inputs do, unless
// compdb knows several edges of that rule and inputs; those that are left are asked for one by one. CMake
// gives each custom output a second name, absolute: the same edge.
#ifndef GLOVEBOX_GRAPH_NINJA_GRAPH_H_
#define GLOVEBOX_GRAPH_NINJA_GRAPH_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace glovebox::graph {

// An edge with a command; phony ones are left out. Paths as Ninja spells them, raw bytes.
struct NinjaEdge {
  std::vector<std::string> outputs;  // the first is Ninja's first
  std::string rule;
  std::string command;              // what /bin/sh -c gets
  std::vector<std::string> inputs;  // explicit and implicit, not order-only
  std::vector<std::string> order_only;
  bool operator==(const NinjaEdge&) const = default;
};

// A name that stands for others: Ninja makes nothing for it.
struct PhonyEdge {
  std::string output;
  std::vector<std::string> inputs;
  std::vector<std::string> order_only;
  bool operator==(const PhonyEdge&) const = default;
};

// Immutable. Copy and share freely.
class NinjaGraph {
 public:
  // `build_dir` absolute: names below it are looked up by their relative spelling.
  NinjaGraph(std::vector<NinjaEdge> edges, const std::string& build_dir, std::vector<PhonyEdge> phony = {});
  const std::vector<NinjaEdge>& edges() const { return edges_; }
  const std::vector<PhonyEdge>& phony() const { return phony_; }
  const std::string& build_dir() const { return build_dir_; }
  // The edge that makes this file (relative to the build directory, or absolute); null: none does.
  const NinjaEdge* ByOutput(absl::string_view path) const;
  // What the phony `name` stands for; null: it is none.
  const PhonyEdge* PhonyOf(absl::string_view name) const;
  // The place of one of its own edges in edges().
  size_t NumberOf(const NinjaEdge& edge) const { return static_cast<size_t>(&edge - edges_.data()); }
  // A name as it is looked up: relative to the build directory where it lies below it,
  // else absolute.
  std::string Normal(absl::string_view path) const;
  // The edges with exactly this command: mostly one, several where the text is the same (`true`).
  std::vector<const NinjaEdge*> ByCommand(absl::string_view command) const;

 private:
  std::vector<NinjaEdge> edges_;
  std::vector<PhonyEdge> phony_;
  std::string build_dir_;
  absl::flat_hash_map<std::string, size_t> phony_by_name_;
  absl::flat_hash_map<std::string, size_t> by_output_;
  absl::flat_hash_map<std::string, std::vector<size_t>> by_command_;
};

// The parsers of the tools' answers. InvalidArgument names the tool and the line.
struct TargetRule {
  std::string output;
  std::string rule;
  bool operator==(const TargetRule&) const = default;
};
absl::StatusOr<std::vector<TargetRule>> ParseTargetsAll(absl::string_view text);

struct CompdbEntry {
  std::string command;
  std::string file;
  std::string output;
  bool operator==(const CompdbEntry&) const = default;
};
// Ninja's JSON keeps bytes that are no UTF-8 as they are, so this is no general JSON reader.
absl::StatusOr<std::vector<CompdbEntry>> ParseCompdb(absl::string_view text);

struct QueryEntry {
  std::string output;
  std::string rule;
  std::vector<std::string> inputs;
  std::vector<std::string> order_only;
  bool operator==(const QueryEntry&) const = default;
};
// `outputs`: what was asked for, in that order.
absl::StatusOr<std::vector<QueryEntry>> ParseQuery(absl::string_view text,
                                                   absl::Span<const std::string> outputs);

// How to reach a build's Ninja.
struct NinjaCall {
  std::string ninja = "ninja";           // path or name
  std::string build_dir;                 // existing directory
  std::string manifest = "build.ninja";  // -f, relative to build_dir
};
// What one of Ninja's tools says: `words` stand behind -t. Ninja is told that nothing is to be run (-n), so
// that a tool that opens the logs (deps) does not write to them. Errors as LoadNinjaGraph's.
absl::StatusOr<std::string> AskNinja(const NinjaCall& call, const std::vector<std::string>& words);
// Runs the tools. NotFound: no ninja, no directory. FailedPrecondition: Ninja refused, with its own words.
absl::StatusOr<NinjaGraph> LoadNinjaGraph(const NinjaCall& call);

}  // namespace glovebox::graph

#endif  // GLOVEBOX_GRAPH_NINJA_GRAPH_H_
