// What each edge of the graph did to which path, over a whole run: the records, folded.
#ifndef GLOVEBOX_VERIFY_OBSERVED_H_
#define GLOVEBOX_VERIFY_OBSERVED_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "access/touch.h"
#include "verify/actions.h"
#include "verify/declared.h"
#include "verify/input.h"

namespace glovebox::verify {

// An index into Log::records. Half of a size_t: there is one Seen, with seven of them, for each path that an
// edge touched, and memory is what a large log is verified from.
using RecordNumber = uint32_t;
inline constexpr RecordNumber kNoRecord = static_cast<RecordNumber>(-1);

// One path by one edge. Each record is the first of its kind.
struct Seen {
  PathId path = kNoPath;
  EdgeId edge = kNoEdge;
  RecordNumber read = kNoRecord;  // read or run, before the edge had made or emptied it itself
  // Its content or its name was changed: made, emptied, opened for writing alone.
  RecordNumber wrote = kNoRecord;
  RecordNumber made = kNoRecord;     // a file that was not there before, or a name put on another one
  RecordNumber removed = kNoRecord;  // taken away, although the edge had not made it
  RecordNumber probed = kNoRecord;   // looked for and absent, before the edge made it
  RecordNumber listed = kNoRecord;   // a directory whose entries were asked for
  RecordNumber updated = kNoRecord;  // opened for reading and writing: either, or neither, as lock files are
  bool touched = false;              // looked at
  bool own = false;                  // made or emptied by this edge: what it reads there is its own
  bool alive = false;                // made, and not taken away by this edge
  bool directory = false;            // made as one
  bool imported = false;             // of `listed`: by a Python, which lists where it looks for modules
  bool told = false;                 // the policy has something against it, and says so itself

  // The edge has made what stands there, also where an earlier build had left a file of that name: it was
  // emptied first. Not what is added to a file, nor a lock. kNoRecord: it has not.
  RecordNumber leaves() const { return made != kNoRecord || !own ? made : wrote; }
};

struct EdgeRun {
  std::vector<size_t> actions;  // indices into ActionTable::actions, by their begin
  std::vector<size_t> seen;     // indices into Observed::seen()
  std::string why_incomplete;   // empty: seen in full
  bool succeeded = false;
  bool sub_build = false;  // it ran a build tool of its own: make, ninja, cargo ...
  bool cached = false;     // it ran a compiler cache, which reads other files than the compiler would
  bool ran() const { return !actions.empty(); }
};

// `input` and its facts must outlive it. Immutable once made.
class Observed {
 public:
  // `input.facts` is not null. Paths are added to `paths`.
  Observed(const Input& input, const Actions& actions, PathTable* paths);

  const std::vector<EdgeRun>& edges() const { return edges_; }
  const std::vector<Seen>& seen() const { return seen_; }
  // All that edges did to a path; indices into seen().
  const std::vector<size_t>& Of(PathId path) const;
  // Of these, those of edges that made it (Seen::leaves): few, where many have read it.
  const std::vector<size_t>& MakersOf(PathId path) const;
  EdgeId EdgeOf(size_t action) const { return edge_of_[action]; }

 private:
  void FindEdges(const Input& input, const Actions& actions);
  void Add(const access::Access& access, RecordNumber record, EdgeId edge);
  Seen* At(EdgeId edge, PathId path);
  void LinkTo(const access::Touches& touches);
  void Move(absl::string_view from, absl::string_view to, RecordNumber record, EdgeId edge);

  PathTable* paths_;
  std::vector<EdgeRun> edges_;
  std::vector<EdgeId> edge_of_;  // beside ActionTable::actions
  std::vector<Seen> seen_;
  // Beside edges_, into seen_: one small table each. Few edges run at a time, so that theirs stay in the
  // processor's caches.
  std::vector<absl::flat_hash_map<PathId, uint32_t>> of_edge_;
  absl::flat_hash_map<PathId, PathId> hard_links_;  // a name and another one of the same file
  std::vector<std::vector<size_t>> by_path_;
  absl::flat_hash_map<PathId, std::vector<size_t>> makers_;
};

}  // namespace glovebox::verify

#endif  // GLOVEBOX_VERIFY_OBSERVED_H_
