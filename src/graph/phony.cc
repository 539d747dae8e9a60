#include "graph/phony.h"

#include <algorithm>
#include <cstddef>

#include "absl/container/flat_hash_set.h"
#include "base/status.h"

namespace glovebox::graph {
namespace {

constexpr size_t kAtOnce = 200;

}  // namespace

absl::StatusOr<std::vector<std::string>> BehindPhony(const NinjaCall& call, const std::string& name) {
  ASSIGN_OR_RETURN(const std::string text, AskNinja(call, {"targets", "all"}));
  ASSIGN_OR_RETURN(const std::vector<TargetRule> targets, ParseTargetsAll(text));
  absl::flat_hash_set<std::string> phony;
  for (const TargetRule& target : targets) {
    if (target.rule == "phony") phony.insert(target.output);
  }
  std::vector<std::string> behind;
  absl::flat_hash_set<std::string> met = {name};
  std::vector<std::string> open;
  if (phony.contains(name)) open.push_back(name);
  while (!open.empty()) {
    // Each call reads the whole manifest: as many at once as a command line surely takes.
    const size_t from = open.size() - std::min(open.size(), kAtOnce);
    const std::vector<std::string> ask(open.begin() + static_cast<ptrdiff_t>(from), open.end());
    open.resize(from);
    std::vector<std::string> words = {"query"};
    words.insert(words.end(), ask.begin(), ask.end());
    ASSIGN_OR_RETURN(const std::string answer, AskNinja(call, words));
    ASSIGN_OR_RETURN(const std::vector<QueryEntry> entries, ParseQuery(answer, ask));
    for (const QueryEntry& entry : entries) {
      for (const std::string& input : entry.inputs) {
        if (met.insert(input).second) (phony.contains(input) ? open : behind).push_back(input);
      }
    }
  }
  return behind;
}

}  // namespace glovebox::graph
