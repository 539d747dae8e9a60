// Who comes before whom in an acyclic graph: answers for many pairs, without a search for each.
//
// Each node carries intervals of numbers (GRAIL: Yildirim, Chaoji, Zaki, "GRAIL: Scalable Reachability Index
// for Large Graphs", VLDB 2010): of a walk in some order, from the least number below the node to its own.
// Who is reached has its intervals inside of those of who reaches it, so one that sticks out says no. The
// first walk's own tree says yes. What neither decides is searched for, and the search turns away wherever an
// interval says no.
#ifndef GLOVEBOX_GRAPH_REACH_H_
#define GLOVEBOX_GRAPH_REACH_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace glovebox::graph {

// Not thread-safe: a search uses the object's own room.
class Reach {
 public:
  // `next[n]`: where one step leads from n, numbers below next.size(). Of a graph with a cycle the answers
  // are still those of a search, but slower.
  explicit Reach(std::vector<std::vector<uint32_t>> next);
  // Whether steps lead from `from` to `to`; from itself only by a cycle.
  bool Leads(uint32_t from, uint32_t to);
  size_t size() const { return next_.size(); }
  const std::vector<uint32_t>& Next(uint32_t node) const { return next_[node]; }

 private:
  static constexpr size_t kWalks = 3;
  struct Interval {
    uint32_t low = 0, high = 0;
  };
  struct Label {
    std::array<Interval, kWalks> walks;
    Interval tree;  // of the first walk's tree
  };
  void Walk(size_t number);
  bool MayLead(uint32_t from, uint32_t to) const;
  bool SurelyLeads(uint32_t from, uint32_t to) const;
  bool Search(uint32_t from, uint32_t to);

  std::vector<std::vector<uint32_t>> next_;
  std::vector<Label> labels_;
  bool cyclic_ = false;
  std::vector<uint32_t> seen_;  // the search that met a node last
  uint32_t searches_ = 0;
  std::vector<uint32_t> open_;
};

}  // namespace glovebox::graph

#endif  // GLOVEBOX_GRAPH_REACH_H_
