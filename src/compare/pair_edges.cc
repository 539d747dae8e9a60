#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_join.h"
#include "compare/compare.h"

namespace glovebox::compare {
namespace {

using Keys = absl::flat_hash_map<std::string, std::vector<size_t>>;

std::string KeyOf(const EdgeSide& edge, bool by_outputs) {
  return by_outputs ? absl::StrJoin(edge.outputs, "\n") : edge.command;
}

// Those that have no partner yet, by turns.
void PairBy(bool by_outputs, const Side& a, const Side& b, std::vector<bool>* taken,
            std::vector<size_t>* partner) {
  Keys keys;
  for (size_t i = 0; i < b.edges.size(); ++i) {
    if (!(*taken)[i]) keys[KeyOf(b.edges[i], by_outputs)].push_back(i);
  }
  absl::flat_hash_map<std::string, size_t> turns;
  for (size_t i = 0; i < a.edges.size(); ++i) {
    if ((*partner)[i] != kNoNode) continue;
    const std::string key = KeyOf(a.edges[i], by_outputs);
    const auto same = keys.find(key);
    if (same == keys.end()) continue;
    size_t& turn = turns[key];
    if (turn >= same->second.size()) continue;
    (*partner)[i] = same->second[turn++];
    (*taken)[(*partner)[i]] = true;
  }
}

}  // namespace

std::vector<size_t> PairEdges(const Side& a, const Side& b) {
  std::vector<size_t> partner(a.edges.size(), kNoNode);
  std::vector<bool> taken(b.edges.size(), false);
  PairBy(/*by_outputs=*/true, a, b, &taken, &partner);
  PairBy(/*by_outputs=*/false, a, b, &taken, &partner);
  return partner;
}

}  // namespace glovebox::compare
