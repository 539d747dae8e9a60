#include "graph/reach.h"

#include <algorithm>
#include <utility>

namespace glovebox::graph {

Reach::Reach(std::vector<std::vector<uint32_t>> next)
    : next_(std::move(next)), labels_(next_.size()), seen_(next_.size(), 0) {
  for (size_t walk = 0; walk < kWalks; ++walk) Walk(walk);
}

// Depth first, without recursion: a build may be a chain of a hundred thousand edges. Each walk takes roots
// and children in another order, so that what one interval leaves open another one decides.
void Reach::Walk(size_t number) {
  enum : uint8_t { kNew, kOpen, kDone };
  struct Frame {
    uint32_t node;
    size_t at;
    uint32_t tree_low;
  };
  const size_t n = next_.size();
  std::vector<uint8_t> state(n, kNew);
  std::vector<Frame> stack;
  uint32_t counter = 0;
  const auto enter = [&](uint32_t node) {
    state[node] = kOpen;
    labels_[node].walks[number].low = UINT32_MAX;
    stack.push_back({node, 0, counter});
  };
  for (size_t r = 0; r < n; ++r) {
    const size_t root = number % 2 == 0 ? n - 1 - r : r;
    if (state[root] != kNew) continue;
    enter(static_cast<uint32_t>(root));
    while (!stack.empty()) {
      Frame& frame = stack.back();
      const uint32_t node = frame.node;
      Interval& own = labels_[node].walks[number];
      const std::vector<uint32_t>& children = next_[node];
      if (frame.at < children.size()) {
        const size_t turn = number == 0 ? frame.at : children.size() - 1 - frame.at;
        const uint32_t child = children[(turn + number / 2) % children.size()];
        ++frame.at;
        if (state[child] == kNew) {
          enter(child);  // `frame` ends here
        } else if (state[child] == kDone) {
          own.low = std::min(own.low, labels_[child].walks[number].low);
        } else {
          cyclic_ = true;
        }
        continue;
      }
      own.high = counter++;
      own.low = std::min(own.low, own.high);
      if (number == 0) labels_[node].tree = {frame.tree_low, own.high};
      state[node] = kDone;
      const uint32_t low = own.low;
      stack.pop_back();
      if (!stack.empty()) {
        Interval& parent = labels_[stack.back().node].walks[number];
        parent.low = std::min(parent.low, low);
      }
    }
  }
}

bool Reach::MayLead(uint32_t from, uint32_t to) const {
  for (size_t walk = 0; walk < kWalks; ++walk) {
    const Interval& outer = labels_[from].walks[walk];
    const Interval& inner = labels_[to].walks[walk];
    if (inner.low < outer.low || inner.high > outer.high) return false;
  }
  return true;
}

bool Reach::SurelyLeads(uint32_t from, uint32_t to) const {
  return labels_[to].tree.high >= labels_[from].tree.low && labels_[to].tree.high < labels_[from].tree.high;
}

bool Reach::Leads(uint32_t from, uint32_t to) {
  if (!cyclic_) {
    if (from == to || !MayLead(from, to)) return false;
    if (SurelyLeads(from, to)) return true;
  }
  return Search(from, to);
}

bool Reach::Search(uint32_t from, uint32_t to) {
  ++searches_;
  open_.assign(1, from);
  while (!open_.empty()) {
    const uint32_t node = open_.back();
    open_.pop_back();
    for (const uint32_t child : next_[node]) {
      if (child == to) return true;
      if (seen_[child] == searches_) continue;
      seen_[child] = searches_;
      if (cyclic_) {
        open_.push_back(child);
        continue;
      }
      if (!MayLead(child, to)) continue;
      if (SurelyLeads(child, to)) return true;
      open_.push_back(child);
    }
  }
  return false;
}

}  // namespace glovebox::graph
