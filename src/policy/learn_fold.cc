#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/paths.h"
#include "policy/learn.h"

namespace glovebox::policy {

std::vector<std::string> Fold(const std::set<std::string>& paths, const std::set<std::string>& keep,
                              const std::function<size_t(const std::string&)>& entries) {
  std::set<std::string> folded = paths;
  // The deepest directories first: one that was folded is a child of the one above.
  std::set<std::pair<size_t, std::string>, std::greater<>> directories;  // by length of the path
  std::map<std::string, std::set<std::string>> children;
  for (const std::string& path : paths) {
    std::string child = path;
    for (std::string up(Dirname(path)); up.size() > 1; child = up, up = std::string(Dirname(up))) {
      children[up].insert(child);
      directories.insert({up.size(), up});
    }
  }
  const auto below = [&folded](const std::string& directory) {
    auto first = folded.lower_bound(directory + "/");
    auto last = folded.lower_bound(directory + "0");  // the byte after '/'
    return std::pair(first, last);
  };
  for (const auto& [length, directory] : directories) {
    if (keep.count(directory) != 0 || Dirname(directory) == "/") continue;
    const auto [first, last] = below(directory);
    const auto used = static_cast<size_t>(std::distance(first, last));
    if (used < 2) continue;
    const size_t all = entries ? entries(directory) : 0;
    const size_t direct = children[directory].size();
    if (used < kFoldAlways && (all == 0 || direct < 2 || direct * 2 < all)) continue;
    folded.erase(first, last);
    folded.insert(directory);
  }
  std::vector<std::string> out;
  for (const std::string& path : folded) {
    // Sorted, but "/a-b" stands between "/a" and "/a/b": look at all that may hold it.
    bool held = false;
    for (std::string up(Dirname(path)); up.size() > 1 && !held; up = std::string(Dirname(up)))
      held = folded.count(up) != 0;
    if (!held) out.push_back(path);
  }
  return out;
}

std::vector<std::string> NamePatterns(const std::set<std::string>& names, const std::set<std::string>& all) {
  constexpr size_t kWorthAPattern = 3;
  std::map<std::string, std::set<std::string>> suites;
  const auto suite_of = [](const std::string& name) {
    const size_t end = name.find_first_of("./");
    return end == std::string::npos ? name : name.substr(0, end + 1);
  };
  for (const std::string& name : names) suites[suite_of(name)].insert(name);
  std::vector<std::string> patterns;
  for (const auto& [suite, members] : suites) {
    const auto begins = [&suite = suite](const std::string& name) { return absl::StartsWith(name, suite); };
    const auto others = static_cast<size_t>(std::count_if(all.begin(), all.end(), begins));
    if (members.size() >= kWorthAPattern && others == members.size()) {
      patterns.push_back(absl::StrCat(suite, "*"));
    } else {
      patterns.insert(patterns.end(), members.begin(), members.end());
    }
  }
  return patterns;
}

}  // namespace glovebox::policy
