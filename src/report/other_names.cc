#include "report/other_names.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_split.h"
#include "access/touch.h"
#include "base/files.h"
#include "base/paths.h"
#include "report/findings.h"

namespace glovebox::report {
namespace {

using FileId = std::pair<uint64_t, uint64_t>;  // device and inode

struct Named {
  absl::flat_hash_set<absl::string_view> names;
  absl::flat_hash_map<FileId, absl::string_view> by_id;  // of the files alone
};

Named NamedFiles(const graph::BuildFacts& facts) {
  Named named;
  for (const auto& [spelling, file] : facts.files) {
    named.names.insert(file.path);
    if (file.links == 0) continue;
    // Of two names that the graph has for one file either will do, the same each time.
    const auto [at, made] = named.by_id.try_emplace(FileId(file.device, file.inode), file.path);
    if (!made) at->second = std::min<absl::string_view>(at->second, file.path);
  }
  return named;
}

// What was read and never changed, and is not called so by the graph.
absl::flat_hash_set<absl::string_view> OnlyRead(const access::Log& log, const Named& named) {
  absl::flat_hash_set<absl::string_view> read, changed;
  for (const access::Record& record : log.records) {
    const auto* access = std::get_if<access::Access>(&record);
    if (access == nullptr) continue;
    const access::Touches touches = access::TouchesOf(*access);
    for (const access::Touch& touch : touches.span()) {
      if ((touch.what & access::kWrites) != 0) changed.insert(touch.path);
      if ((touch.what & access::kReads) != 0 && !named.names.contains(touch.path)) read.insert(touch.path);
    }
  }
  absl::erase_if(read, [&changed](absl::string_view path) { return changed.contains(path); });
  return read;
}

}  // namespace

bool IsMountedTwice(absl::string_view mountinfo) {
  struct Mount {
    absl::string_view device, root;
  };
  std::vector<Mount> mounts;
  for (const absl::string_view line : absl::StrSplit(mountinfo, '\n')) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, absl::MaxSplits(' ', 5));
    if (words.size() > 4) mounts.push_back({words[2], words[3]});
  }
  for (size_t i = 0; i < mounts.size(); ++i) {
    for (size_t j = i + 1; j < mounts.size(); ++j) {
      const Mount &a = mounts[i], &b = mounts[j];
      if (a.device == b.device && (IsUnder(a.root, b.root) || IsUnder(b.root, a.root))) return true;
    }
  }
  return false;
}

absl::flat_hash_map<std::string, std::string> OtherNames(const Input& input) {
  absl::flat_hash_map<std::string, std::string> others;
  if (input.facts == nullptr) return others;
  const bool linked = std::any_of(input.facts->files.begin(), input.facts->files.end(),
                                  [](const auto& file) { return file.second.links > 1; });
  const bool mounted_twice = IsMountedTwice(ReadFile("/proc/self/mountinfo").value_or(""));
  if (!linked && !mounted_twice) return others;
  const Named named = NamedFiles(*input.facts);
  const verify::Places places = PlacesOf(input);
  for (const absl::string_view path : OnlyRead(input.log, named)) {
    const verify::Place place = places.Of(path);
    const bool ours = place == verify::Place::kSource || place == verify::Place::kBuild;
    if (!ours && !mounted_twice) continue;
    struct stat there = {};
    const std::string name(path);
    if (lstat(name.c_str(), &there) != 0 || !S_ISREG(there.st_mode)) continue;
    // Outside of the project a hard link is a store's or a cache's, which keeps its file when the project's
    // is made anew.
    if (!ours && there.st_nlink > 1) continue;
    const auto same = named.by_id.find(FileId(there.st_dev, there.st_ino));
    if (same != named.by_id.end()) others.emplace(name, same->second);
  }
  return others;
}

}  // namespace glovebox::report
