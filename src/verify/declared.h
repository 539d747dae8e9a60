// The graph as declared, by numbers: which edge makes a path, which paths it names, who comes before whom.
#ifndef GLOVEBOX_VERIFY_DECLARED_H_
#define GLOVEBOX_VERIFY_DECLARED_H_

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "graph/build_facts.h"
#include "graph/reach.h"

namespace glovebox::verify {

// Number of a path in a PathTable.
using PathId = uint32_t;
inline constexpr PathId kNoPath = UINT32_MAX;
// Number of an edge in NinjaGraph::edges().
using EdgeId = uint32_t;
inline constexpr EdgeId kNoEdge = UINT32_MAX;

// Paths as the kernel finds them, each once.
class PathTable {
 public:
  PathId Intern(absl::string_view path);
  // From now on `other`, which is new, is another name of `path`.
  void AddName(absl::string_view other, absl::string_view path);
  PathId Find(absl::string_view path) const;  // kNoPath: it is not there
  const std::string& Path(PathId id) const { return paths_[id]; }
  size_t size() const { return paths_.size(); }

 private:
  std::deque<std::string> paths_;  // stay where they are
  std::deque<std::string> others_;
  absl::flat_hash_map<absl::string_view, PathId> ids_;
};

// `facts` and `paths` must outlive it. Not thread-safe.
class Declared {
 public:
  Declared(const graph::BuildFacts& facts, PathTable* paths);

  // The edge that is declared to make it; kNoEdge: none.
  EdgeId MakerOf(PathId path) const { return path < maker_.size() ? maker_[path] : kNoEdge; }
  // Ninja names it for this edge: explicit or implicit, behind phony names too, or by dyndep; a link and what
  // it leads to are one. A change of it makes Ninja run the edge.
  bool Names(EdgeId edge, PathId path) const;
  // ... its depfile does.
  bool DepfileNames(EdgeId edge, PathId path) const;
  bool HasDepfile(EdgeId edge) const { return edges_[edge].has_depfile; }
  // Ninja ends `first` before it begins `second`, by what is declared; depfiles do not count, order-only
  // does.
  bool Before(EdgeId first, EdgeId second);
  // ... without any order-only input on the way.
  bool BeforeByInputs(EdgeId first, EdgeId second);
  // An output of `first` stands itself among the order-only inputs of `second`, not behind a phony name.
  bool IsOrderedByName(EdgeId first, EdgeId second) const;
  bool Ordered(EdgeId a, EdgeId b) { return a == b || Before(a, b) || Before(b, a); }
  // Whether a change of `path` makes Ninja run `edge`, by way of another edge that names it. Not through one
  // with restat, which may leave its outputs as they are.
  bool ChangeReaches(PathId path, EdgeId edge);
  // Whether a run of `first` makes Ninja run `second`, in the same way.
  bool Dirties(EdgeId first, EdgeId second);

  const std::vector<PathId>& Outputs(EdgeId edge) const { return edges_[edge].outputs; }
  const std::vector<PathId>& Depfile(EdgeId edge) const { return edges_[edge].depfile; }
  // The explicit and implicit inputs, phony names not unfolded.
  const std::vector<PathId>& Inputs(EdgeId edge) const { return edges_[edge].inputs; }
  // Edges that are declared to come directly before it, phony names unfolded.
  std::vector<size_t> DirectlyBefore(EdgeId edge) const;
  size_t size() const { return edges_.size(); }

  // What a person asks for by name, and CMake itself: `test`, `install`, `rebuild_cache`, the manifest's own
  // edge. They are no part of a build.
  bool IsUtility(EdgeId edge) const { return edges_[edge].utility; }
  // A custom target's edge: nothing is made of that name, and it always runs.
  bool IsSymbolic(EdgeId edge) const { return edges_[edge].symbolic; }
  // A step of an ExternalProject, coarse on purpose.
  bool IsStep(EdgeId edge) const;
  // Outputs that its command leaves alone make nothing after it dirty.
  bool IsRestat(EdgeId edge) const;
  const graph::BuildFacts& facts() const { return facts_; }
  const graph::NinjaEdge& Edge(EdgeId edge) const { return facts_.ninja->edges()[edge]; }

 private:
  struct EdgeNames {
    std::vector<PathId> outputs;
    std::vector<PathId> inputs;
    std::vector<PathId> named;    // sorted
    std::vector<PathId> depfile;  // sorted
    bool has_depfile = false;
    bool utility = false;
    bool symbolic = false;
  };
  struct Node {
    EdgeId edge = kNoEdge;
    const graph::PhonyEdge* phony = nullptr;
    uint32_t number = 0;  // in both graphs
  };
  const Node* NodeOf(const std::string& name) const;
  void Number();
  void NameEdges();
  void AddNamed(const std::vector<std::string>& names, absl::flat_hash_set<std::string>* met,
                std::vector<PathId>* named);
  void Intern(const std::string& name, std::vector<PathId>* ids);
  void FindUtilities();
  enum class Way : uint8_t { kOrder, kDirty, kInputs };
  graph::Reach Graph(Way way) const;

  const graph::BuildFacts& facts_;
  PathTable* paths_;
  std::vector<EdgeNames> edges_;
  std::vector<EdgeId> maker_;                         // by PathId
  absl::flat_hash_map<std::string, Node> nodes_;      // by spelling
  std::vector<const graph::PhonyEdge*> phony_nodes_;  // behind the edges' numbers
  absl::flat_hash_map<PathId, std::vector<EdgeId>> named_by_;
  graph::Reach order_;
  graph::Reach dirty_;
  std::optional<graph::Reach> inputs_;  // made when it is asked for
};

// CMake's rule names say what an edge does.
bool IsCustomCommand(const graph::NinjaEdge& edge);
bool IsCompile(const graph::NinjaEdge& edge);
bool IsLink(const graph::NinjaEdge& edge);
// CMake's AUTOMOC, AUTOUIC and AUTORCC: one step for all sources of a target, by a list that it keeps itself.
bool IsAutogen(const graph::NinjaEdge& edge);
// They find out which source needs which module, for C++ and Fortran: a scan of each source, and what makes a
// target's dyndep file of the scans.
bool IsModuleScan(const graph::NinjaEdge& edge);
bool IsModuleDyndep(const graph::NinjaEdge& edge);

}  // namespace glovebox::verify

#endif  // GLOVEBOX_VERIFY_DECLARED_H_
